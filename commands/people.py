"""Establishments, their users and senders, and contacts from a file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import progress_bar, rules_said_plainly

if TYPE_CHECKING:
    from models.establishment import Sender

PASSWORD_VARIABLE = "CARELOOP_USER_PASSWORD"  # noqa: S105 - its name, not a password
_SLUG = typer.Option("--establishment", help="the establishment's slug")
_QUIET = typer.Option(help="local time, 20:00-07:00, or none")
_UNKNOWN = typer.Option(help="give_up, or resend: once more, a possible double is accepted")
_LANGUAGES = typer.Option(help="in order of preference, e.g. duala,french,english")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("create-establishment")(create_establishment)
    app.command("list-establishments")(list_establishments)
    app.command("set-establishment")(set_establishment)
    app.command("set-sender")(set_sender)
    app.command("create-user")(create_user)
    app.command("set-password")(set_password)
    app.command("import-contacts")(import_contacts)


def create_establishment(
    slug: str,
    name: str,
    *,
    time_zone: Annotated[str, typer.Option()] = "Africa/Douala",
    languages: Annotated[str, _LANGUAGES] = "french,english",
    quiet_hours: Annotated[str, _QUIET] = "20:00-07:00",
    region: Annotated[str, typer.Option(help="country of its phone numbers")] = "CM",
) -> None:
    """Make a hospital or clinic, with a schema and a role of its own."""
    from sqlalchemy.orm import Session

    from config.settings import get_settings
    from database.engine import owner_engine
    from services.establishment.founding import create_establishment as found
    from services.establishment.settings import new_establishment, refuse_taken_slug

    engine = owner_engine(get_settings().database)
    with rules_said_plainly():
        row = new_establishment(
            slug=slug,
            name=name,
            time_zone=time_zone,
            languages=languages,
            quiet_hours=quiet_hours,
            region=region,
        )
        with Session(engine) as session:
            refuse_taken_slug(session, slug)
        number = found(engine, row)
    typer.echo(f"establishment {slug} made, number {number}")


def list_establishments() -> None:
    """Show every establishment and what it sends from."""
    from config.settings import get_settings
    from database.engine import service_engine
    from database.session import Database
    from services.establishment.directory import Directory
    from services.establishment.settings import policy_line
    from utils.languages import language_name

    directory = Directory(Database(service_engine(get_settings().database)))
    for place in directory.all():
        quiet = f"{place.quiet_start:%H:%M}-{place.quiet_end:%H:%M}" if place.quiet_end else "none"
        senders = [
            f"{channel} from {sender.address}"
            f"{' (gives receipts)' if sender.gives_receipts else ''}{_suspension(sender)}"
            for channel in ("sms", "voice", "email")
            if (sender := directory.sender(place.id, channel)) is not None
        ]
        typer.echo(
            f"{place.slug} (number {place.id}{', default' if place.is_default else ''}):"
            f" {place.name}; {place.time_zone};"
            f" {', '.join(map(language_name, place.languages))}; quiet hours {quiet};"
            f" daily cap {place.daily_cap or 'none'};"
            f" anonymous feedback {'on' if place.anonymous_feedback else 'off'};"
            f" {policy_line(place)};"
            f" {', '.join(senders) or 'sends nothing'}"
        )


def _suspension(sender: Sender) -> str:
    if sender.suspended_at is None:
        return ""
    return f" (SUSPENDED since {sender.suspended_at:%Y-%m-%d %H:%M} UTC: {sender.suspended_code})"


def set_establishment(
    slug: str,
    *,
    name: Annotated[str | None, typer.Option()] = None,
    languages: Annotated[str | None, _LANGUAGES] = None,
    quiet_hours: Annotated[str | None, _QUIET] = None,
    daily_cap: Annotated[
        str | None, typer.Option(help="messages to one address on one day, or none")
    ] = None,
    valid_for: Annotated[
        str | None, typer.Option(help="not sent later than so long after its time, e.g. PT4H")
    ] = None,
    anonymous_feedback: Annotated[bool | None, typer.Option()] = None,
    fold_sms: Annotated[
        bool | None, typer.Option(help="write French SMS without ê, ç and the like: cheaper")
    ] = None,
    default: Annotated[bool | None, typer.Option(help="plain paths mean this one")] = None,
    receipt_window: Annotated[
        str | None,
        typer.Option(help="PT30M; with no receipt by then another channel may take over"),
    ] = None,
    max_attempts: Annotated[
        str | None, typer.Option(help="of one message on one channel, or none: while it is valid")
    ] = None,
    call_again_after: Annotated[
        str | None, typer.Option(help="PT15M, when nobody picks up")
    ] = None,
    call_again_at_most: Annotated[int | None, typer.Option(help="times; 0: never")] = None,
    escalate: Annotated[
        bool | None, typer.Option(help="a task for staff when no channel reached anybody")
    ] = None,
    unknown_after: Annotated[
        str | None, typer.Option(help="PT1H; what stays unknown so long is ended as chosen below")
    ] = None,
    unknown_sms: Annotated[str | None, _UNKNOWN] = None,
    unknown_calls: Annotated[str | None, _UNKNOWN] = None,
    unknown_email: Annotated[str | None, _UNKNOWN] = None,
    ask_one_way: Annotated[
        str | None, typer.Option(help="a question nobody could answer: refuse, or drop")
    ] = None,
) -> None:
    """Change what is given, leave the rest."""
    from sqlalchemy.orm import Session

    from config.settings import get_settings
    from database.engine import owner_engine
    from schemas.establishment import EstablishmentChange
    from services.establishment.settings import apply, by_slug, set_default
    from services.sync.down import cache_name
    from utils.shared_cache import SharedCache
    from workers.queue import connect

    given = {
        "name": name,
        "languages": None if languages is None else languages.split(","),
        "quiet_hours": quiet_hours,
        "daily_cap": daily_cap,
        "valid_for": valid_for,
        "anonymous_feedback": anonymous_feedback,
        "fold_french_sms": fold_sms,
        "receipt_window": receipt_window,
        "max_attempts": max_attempts,
        "call_again_after": call_again_after,
        "call_again_at_most": call_again_at_most,
        "escalate": escalate,
        "unknown_after": unknown_after,
        "unknown_sms": unknown_sms,
        "unknown_voice": unknown_calls,
        "unknown_email": unknown_email,
        "ask_one_way": ask_one_way,
    }
    said = {field: value for field, value in given.items() if value is not None}
    with (
        rules_said_plainly(),
        Session(owner_engine(get_settings().database)) as session,
        session.begin(),
    ):
        wanted = EstablishmentChange.model_validate(
            {field: None if value == "none" else value for field, value in said.items()}
        )
        found = by_slug(session, slug)
        number = found.id
        apply(found, wanted)
        if default is not None:
            set_default(session, found, default)
    SharedCache(connect(get_settings().redis)).forget(cache_name(number))
    typer.echo(f"establishment {slug} changed; running processes see it within seconds")


def set_sender(
    slug: str,
    channel: str,
    address: str,
    *,
    provider: Annotated[str, typer.Option()] = "twilio",
    can_receive: Annotated[bool, typer.Option(help="answers reach us")] = False,
    rate: Annotated[
        float | None, typer.Option(min=0, max=10_000, help="messages a second; 0: no limit")
    ] = None,
) -> None:
    """Let an establishment send from a number or address on sms, voice or email."""
    from sqlalchemy.orm import Session

    from config.settings import get_settings
    from database.engine import owner_engine
    from services.establishment.founding import set_sender as store
    from services.establishment.settings import by_slug
    from services.sender.address import sender_address

    with (
        rules_said_plainly(),
        Session(owner_engine(get_settings().database)) as session,
        session.begin(),
    ):
        place = by_slug(session, slug)
        store(
            session,
            place.id,
            channel,
            sender_address(place, channel, address),
            provider,
            can_receive=can_receive,
            rate_per_second=rate,
        )
    typer.echo(f"{slug} sends on {channel} from this address now")


def create_user(
    email: str,
    *,
    establishment: Annotated[str, _SLUG],
    role: Annotated[str, typer.Option(help="admin, staff or viewer")] = "staff",
    name: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Make a member of staff. The password comes from CARELOOP_USER_PASSWORD, else it is asked.

    Never from the command line: other people on the machine can read that.
    """
    from sqlalchemy.orm import Session

    from config.settings import get_settings
    from database.engine import owner_engine
    from models.user import Role
    from services.establishment.settings import by_slug
    from services.people.user import create_user as store

    if role not in list(Role):
        raise SystemExit("role: admin, staff or viewer")
    password = _asked_password()
    with (
        rules_said_plainly(),
        Session(owner_engine(get_settings().database)) as session,
        session.begin(),
    ):
        place = by_slug(session, establishment)
        user = store(session, place.id, email=email, password=password, role=Role(role), name=name)
        number = user.id
    typer.echo(f"user {number} is {role} at {establishment}")


def _asked_password() -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    return given or str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def set_password(
    email: str,
    *,
    generate: Annotated[bool, typer.Option("--generate", help="make one up and print it")] = False,
) -> None:
    """Give somebody who forgot theirs another password, and end their sign-ins.

    It comes from CARELOOP_USER_PASSWORD, else it is asked; or it is made up with --generate.
    """
    from config.settings import get_settings
    from database.engine import service_engine
    from database.session import Database
    from services.people.user import set_password as store

    password = secrets.token_urlsafe(12) if generate else _asked_password()
    database = Database(service_engine(get_settings().database))
    with rules_said_plainly(), database.service() as session:
        store(session, email, password)
    typer.echo("password set; their sign-ins have ended, within seconds")
    if generate:
        typer.echo(f"it is {password} (ask them to change it)")


def import_contacts(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    *,
    establishment: Annotated[str, _SLUG],
    strict: Annotated[bool, typer.Option(help="store nothing when a line is refused")] = False,
) -> None:
    """Import contacts from CSV: all good lines in one transaction, every other one reported.

    The report names line, field and reason, never what stood there. Exit code 2 when a line was
    refused.
    """
    from config.settings import get_settings
    from database.engine import service_engine
    from database.session import Database
    from services.contact.importing import import_contacts as store
    from services.establishment.directory import Directory
    from services.identity import Principal

    database = Database(service_engine(get_settings().database))
    content = file.read_bytes()
    with rules_said_plainly(), progress_bar("contacts") as advance:
        place = Directory(database).by_slug(establishment)
        with database.establishment(place.id) as session:
            report = store(
                session,
                place.region,
                content,
                Principal(place.id, "cli"),
                strict=strict,
                progress=advance,
                reported=None,
            )
    for refused in report.refused:
        typer.echo(
            f"line {refused.line}, {refused.field or 'whole line'}: {refused.reason}"
            f" [{refused.code}]",
            err=True,
        )
    done = "" if report.stored else "nothing stored: "
    typer.echo(
        f"{done}{report.lines} lines: {report.created} created, {report.unchanged} here already,"
        f" {report.refused_count} refused; {report.ignored_columns} column(s) not known"
    )
    if report.refused_count:
        raise SystemExit(2)
