"""Links for patients' own phones: made for a QR code, listed, revoked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from commands.opened import Opened, opened
from commands.output import rules_said_plainly

if TYPE_CHECKING:
    from database.session import ScopedSession
    from services.identity import Principal


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("create-link")(create_link)
    app.command("list-links")(list_links)
    app.command("revoke-link")(revoke_link)


def create_link(
    slug: str,
    name: str,
    *,
    department: Annotated[str | None, typer.Option(help="a department's code")] = None,
) -> None:
    """Make a link for a QR code. What it holds is shown this once."""
    from schemas.link import LinkIn
    from services.establishment.department import department_by_code
    from services.people.link import app_path, create

    with _opened(slug) as (found, session, cli):
        if department is not None:
            with found.database.establishment(cli.establishment_id) as own:
                department_by_code(own, department)
        made = create(session, LinkIn(name=name, department=department), cli)
        number = made.link.id
    typer.echo(f"link {number}: {app_path(slug, department, made.token)}")


def list_links(slug: str) -> None:
    """Show an establishment's links, the newest first."""
    from services.people.link import listed

    with _opened(slug) as (_, session, cli):
        for link in listed(session, cli, cursor=None, limit=200).items:
            typer.echo(f"{link.id} {link.name}: {link.status}")


def revoke_link(slug: str, number: int) -> None:
    """End a link: what is printed of it opens nothing any more."""
    from services.people.link import revoke

    with _opened(slug) as (_, session, cli):
        revoke(session, number, cli)
    typer.echo("revoked; running processes see it within seconds")


@contextmanager
def _opened(slug: str) -> Iterator[tuple[Opened, ScopedSession, Principal]]:
    from services.identity import Principal

    with rules_said_plainly():
        found = opened(slug)
        with found.database.service() as session:
            yield found, session, Principal(found.place.id, "cli")
