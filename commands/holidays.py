"""An establishment's holidays: the local days on which nothing goes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import rules_said_plainly

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_DAY = typer.Argument(help="2026-12-25")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("list-holidays")(list_holidays)
    app.command("add-holiday")(add_holiday)
    app.command("remove-holiday")(remove_holiday)


def list_holidays(slug: str) -> None:
    """Show the days on which an establishment sends nothing."""
    from services.establishment.holiday import listed

    with _opened(slug) as (session, number):
        for holiday in listed(session, number):
            again = " (every year)" if holiday.every_year else ""
            typer.echo(f"{holiday.day} {holiday.name}{again}")


def add_holiday(
    slug: str,
    day: Annotated[str, _DAY],
    name: str,
    *,
    every_year: Annotated[bool, typer.Option(help="the same day every year")] = False,
) -> None:
    """Let an establishment send nothing on a local day."""
    from schemas.establishment import HolidayIn
    from services.establishment.holiday import add

    with _opened(slug) as (session, number):
        wanted = {"day": day, "name": name, "every_year": every_year}
        add(session, number, HolidayIn.model_validate(wanted))
    typer.echo("added; running processes see it within seconds")


def remove_holiday(slug: str, day: Annotated[str, _DAY]) -> None:
    """Take a day out of an establishment's holidays."""
    from datetime import date

    from services.errors import Invalid
    from services.establishment.holiday import remove

    with _opened(slug) as (session, number):
        try:
            taken_out = date.fromisoformat(day)
        except ValueError as error:
            raise Invalid("Write a day as 2026-12-25.", field="day") from error
        remove(session, number, taken_out)
    typer.echo("removed; running processes see it within seconds")


@contextmanager
def _opened(slug: str) -> Iterator[tuple[Session, int]]:
    """A transaction of the owner, and the number of an establishment."""
    from sqlalchemy.orm import Session

    from config.settings import get_settings
    from database.engine import owner_engine
    from services.establishment.settings import by_slug

    with (
        rules_said_plainly(),
        Session(owner_engine(get_settings().database)) as session,
        session.begin(),
    ):
        yield session, by_slug(session, slug).id
