"""What an establishment sends from: listed, entered, changed, retired.

Credentials are never arguments: other people on the machine can read those. They come from
CARELOOP_SENDER_<NAME>, else they are asked, secret ones without being shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.opened import opened
from commands.output import rules_said_plainly

if TYPE_CHECKING:
    from database.session import ScopedSession
    from models.establishment import Establishment, Sender
    from services.identity import Principal
    from services.sender.provider import Provider

VARIABLE = "CARELOOP_SENDER_"
_LABEL = typer.Option(help="what staff call it")
_RECEIVES = typer.Option(help="answers, by voice calls, reach us")
_PER_SECOND = typer.Option(min=0, max=1000, help="messages a second; 0: no limit")
_PER_MINUTE = typer.Option(min=0, max=60_000, help="messages a minute; 0: no limit")
_PRIORITY = typer.Option(help="the lowest is taken first; equals share the work")
_OPERATORS = typer.Option("--operator", help="whose subscribers it is for, e.g. mtn; repeatable")
_NUMBER = typer.Argument(help="as list-senders shows it")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("list-senders")(list_senders)
    app.command("add-sender")(add_sender)
    app.command("change-sender")(change_sender)
    app.command("retire-sender")(retire_sender)


def list_senders(
    slug: str,
    *,
    retired: Annotated[bool, typer.Option(help="also those that were given up")] = False,
) -> None:
    """Show what an establishment sends from, in the order of the choice."""
    from services.sender.senders import listed

    with _opened(slug) as at:
        for sender in listed(at.session, retired=retired):
            typer.echo(_line(sender))


def add_sender(
    slug: str,
    channel: Annotated[str, typer.Argument(help="sms, voice, email or whatsapp")],
    address: Annotated[str, typer.Argument(help="number, name of letters, or e-mail address")],
    *,
    provider: Annotated[
        str | None, typer.Option(help="twilio, android, sendgrid or smtp; left out: the usual one")
    ] = None,
    label: Annotated[str | None, _LABEL] = None,
    can_receive: Annotated[bool | None, _RECEIVES] = None,
    rate: Annotated[float | None, _PER_SECOND] = None,
    rate_per_minute: Annotated[float | None, _PER_MINUTE] = None,
    priority: Annotated[int, _PRIORITY] = 10,
    operators: Annotated[list[str] | None, _OPERATORS] = None,
    own_account: Annotated[
        bool, typer.Option(help="credentials of its own; an Android phone always has some")
    ] = False,
) -> None:
    """Let an establishment send from one more number or address on a channel."""
    from config.settings import get_settings
    from models.reminder import Channel
    from schemas.sender import SenderIn
    from services.errors import Invalid
    from services.sender.provider import provider_for
    from services.sender.senders import create

    given: dict[str, Any] = {"channel": channel, "address": address}
    given |= {"label": label, "can_receive": can_receive, "priority": priority}
    given |= {"operators": operators or []} | _rate(rate, rate_per_minute)
    with _opened(slug) as at:
        if channel not in list(Channel):
            raise Invalid("sms, voice, email or whatsapp.", field="channel")
        carrier = provider_for(Channel(channel), provider, get_settings())
        if own_account or (carrier.needed and channel in carrier.own):
            given["credentials"] = _asked(carrier)
        wanted = SenderIn.model_validate(given)
        made = create(at.session, at.place, wanted, carrier, at.cli)
        line = _line(made)
    typer.echo(f"added: {line}")
    _seen_soon()


def change_sender(
    slug: str,
    number: Annotated[int, _NUMBER],
    *,
    label: Annotated[str | None, _LABEL] = None,
    can_receive: Annotated[bool | None, _RECEIVES] = None,
    rate: Annotated[float | None, _PER_SECOND] = None,
    rate_per_minute: Annotated[float | None, _PER_MINUTE] = None,
    priority: Annotated[int | None, _PRIORITY] = None,
    operators: Annotated[list[str] | None, _OPERATORS] = None,
    everybodys: Annotated[bool, typer.Option(help="for no operator's subscribers alone")] = False,
    active: Annotated[
        bool | None,
        typer.Option("--in-use/--out-of-use", help="in use: also one that was retired"),
    ] = None,
    lift: Annotated[bool, typer.Option(help="what the provider shut out is tried again")] = False,
    own_account: Annotated[bool, typer.Option(help="ask for credentials of its own")] = False,
    shared_account: Annotated[bool, typer.Option(help="go by the account of the settings")] = False,
) -> None:
    """Change what is given of a sender, leave the rest."""
    from schemas.sender import SenderChange
    from services.sender.provider import PROVIDERS
    from services.sender.senders import change, read

    given = {"label": label, "can_receive": can_receive, "priority": priority, "active": active}
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    said |= _rate(rate, rate_per_minute)
    if label == "":
        said["label"] = None
    if operators or everybodys:
        said["operators"] = [] if everybodys else operators
    if lift:
        said["suspended"] = False
    if shared_account:
        said["credentials"] = None
    if own_account:
        with _opened(slug) as at:
            provider = PROVIDERS[read(at.session, number).provider]
        said["credentials"] = _asked(provider)  # no transaction waits for who types
    with _opened(slug) as at:
        changed = change(
            at.session,
            at.place,
            number,
            SenderChange.model_validate(said),
            expected_version=None,
            principal=at.cli,
        )
        line = _line(changed)
    typer.echo(f"changed: {line}")
    _seen_soon()


def retire_sender(slug: str, number: Annotated[int, _NUMBER]) -> None:
    """Take a sender away: one that was never used is deleted, any other kept for the record."""
    from services.sender.senders import retire

    with _opened(slug) as at:
        outcome = retire(at.session, number, expected_version=None, principal=at.cli)
    typer.echo(outcome)
    _seen_soon()


def _rate(per_second: float | None, per_minute: float | None) -> dict[str, float | None]:
    """What was said of the rate; both at once are refused by the schema."""
    given = {"rate_per_second": per_second, "rate_per_minute": per_minute}
    return {name: value or None for name, value in given.items() if value is not None}


def _asked(provider: Provider) -> dict[str, Any]:
    """Credentials from the environment, else typed; left empty what may be missing."""
    from services.sender.provider import credential_fields

    answers = {}
    for field in credential_fields(provider):
        value = os.environ.get(f"{VARIABLE}{field.name.upper()}")
        if value is None:
            what = f"{field.name} ({field.hint}{'' if field.required else '; may be left empty'})"
            value = typer.prompt(
                what, default=None if field.required else "", hide_input=field.secret
            )
        if value:
            answers[field.name] = value
    return answers


def _line(sender: Sender) -> str:
    """A sender in a line; of its credentials no more than that it has some."""
    rate = sender.rate_per_second
    facts = (
        f"{sender.id} {sender.channel} {sender.address}",
        sender.label,
        f"by {sender.provider}",
        f"place {sender.priority}",
        "receives" if sender.can_receive else None,
        "gives receipts" if sender.gives_receipts else None,
        f"{rate:g} a second" if rate else None,
        f"for {', '.join(sender.operators)}" if sender.operators else None,
        "account of its own" if sender.has_credentials else None,
        None if sender.active or sender.retired_at else "OUT OF USE",
        f"RETIRED {sender.retired_at:%Y-%m-%d}" if sender.retired_at else None,
        f"SUSPENDED: {sender.suspended_code}" if sender.suspended_at else None,
    )
    return "; ".join(fact for fact in facts if fact)


def _seen_soon() -> None:
    typer.echo("running processes see it within seconds")


@dataclass
class _At:
    session: ScopedSession
    place: Establishment
    cli: Principal


@contextmanager
def _opened(slug: str) -> Iterator[_At]:
    """A unit of work of an establishment."""
    from services.identity import Principal

    with rules_said_plainly():
        found = opened(slug)
        with found.database.establishment(found.place.id) as session:
            yield _At(session, found.place, Principal(found.place.id, "cli"))
