"""Campaigns that staff have drafted: counted, started, paused, resumed, cancelled, watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from commands.opened import opened
from commands.output import progress_bar, rules_said_plainly

if TYPE_CHECKING:
    from commands.opened import Opened
    from database.session import ScopedSession
    from models.campaign import Campaign
    from models.establishment import Establishment
    from schemas.campaign import CampaignPreview, Progress
    from services.identity import Principal

LOOK_EVERY = 1.0
"""Seconds between two looks at a campaign that is watched."""

_Slug = Annotated[str, typer.Option("--establishment", help="the establishment's slug")]
_Number = Annotated[int, typer.Argument(min=1, help="the campaign's number, as `list` shows it")]
_Watch = Annotated[
    bool,
    typer.Option("--watch", help="show a bar until it is over; Ctrl-C only looks away"),
]

campaigns = typer.Typer(help="One message to many contacts, at a pace.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(campaigns, name="campaigns")


@campaigns.command("list")
def list_(*, establishment: _Slug) -> None:
    """Show the campaigns, the newest first."""
    from services.campaign.view import summaries

    with rules_said_plainly():
        found = opened(establishment)
        with found.database.establishment(found.place.id) as session:
            rows = summaries(session, status=None, cursor=None, limit=200).items
    for row in rows:
        typer.echo(f"{row.id} {row.name}: {row.status}, {row.total} recipients")


@campaigns.command("preview")
def preview(number: _Number, *, establishment: _Slug) -> None:
    """Count who would get what, and who not and why. Nothing is stored or sent."""
    from models.reminder import Channel
    from services.campaign import campaigns as service
    from services.campaign.preview import preview, recipients_of

    with rules_said_plainly():
        found = opened(establishment)
        channels = {c for c in Channel if found.directory.sender(found.place.id, c)}
        with found.database.establishment(found.place.id) as session:
            campaign = service.read(session, number)
            whom = recipients_of(session, campaign)
            counted = preview(session, found.place, channels, campaign, whom, session.now())
    for line in _counted(counted):
        typer.echo(line)


def _counted(counted: CampaignPreview) -> list[str]:
    from utils.languages import language_name

    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"

    chose_another = sum(row.chose_another for row in counted.languages)
    languages = {language_name(row.language): row.recipients for row in counted.languages}
    pace = counted.pace
    return [
        f"{counted.recipients} of {counted.contacts} contacts would get a message",
        f"  left out   {listed({why.value: n for why, n in counted.excluded.items()})}",
        f"  languages  {listed(languages)}; {chose_another} chose another one",
        f"  channels   {listed({one.value: n for one, n in counted.channels.items()})}",
        f"  SMS        {counted.segments_total} segments ({listed(counted.encodings)})",
        f"  daily cap  {counted.daily_cap_reached} have had their messages of today",
        f"  pace       {pace.rate_per_minute} a minute, {pace.local_start}"
        f" to {pace.local_end or 'never'}",
        f"  {pace.summary}",
    ]


@campaigns.command("start")
def start(number: _Number, *, establishment: _Slug, watch: _Watch = False) -> None:
    """Fix who gets a drafted campaign, and let it run."""
    from services.campaign import campaigns as service

    _take(
        establishment,
        number,
        lambda session, _, cli: (service.start(session, number, None, cli), None),
        watch=watch,
    )


@campaigns.command("pause")
def pause(number: _Number, *, establishment: _Slug) -> None:
    """Let nothing more leave."""
    from services.campaign import campaigns as service

    _take(establishment, number, lambda session, _, cli: service.pause(session, number, None, cli))


@campaigns.command("resume")
def resume(number: _Number, *, establishment: _Slug, watch: _Watch = False) -> None:
    """Go on, at the pace, from now."""
    from services.campaign import campaigns as service

    _take(
        establishment,
        number,
        lambda session, place, cli: (service.resume(session, place, number, None, cli), None),
        watch=watch,
    )


@campaigns.command("cancel")
def cancel(number: _Number, *, establishment: _Slug) -> None:
    """Cancel what has not left."""
    from services.campaign import campaigns as service

    _take(establishment, number, lambda session, _, cli: service.cancel(session, number, None, cli))


@campaigns.command("progress")
def progress(number: _Number, *, establishment: _Slug, watch: _Watch = False) -> None:
    """Show how far a campaign is."""
    with rules_said_plainly():
        _show(opened(establishment), number, watch=watch)


def _take(
    establishment: str,
    number: int,
    step: Callable[[ScopedSession, Establishment, Principal], tuple[Campaign, int | None]],
    *,
    watch: bool = False,
) -> None:
    """Take a step in a campaign's life, and show where it is then."""
    from services.identity import Principal

    with rules_said_plainly():
        found = opened(establishment)
        with found.database.establishment(found.place.id) as session:
            _, gone = step(session, found.place, Principal(found.place.id, "cli"))
        if gone is not None:
            typer.echo(f"{gone} had left: they are with the carrier")
        _show(found, number, watch=watch)


def _show(found: Opened, number: int, *, watch: bool) -> None:
    look = _look(found, number)
    if watch:
        with progress_bar("messages") as advance:
            while look.goes_on:
                advance(_settled(look.progress), look.progress.total)
                time.sleep(LOOK_EVERY)
                look = _look(found, number)
            advance(_settled(look.progress), look.progress.total)
    typer.echo(f"campaign {number} is {look.status}: {_far(look.progress)}")


class _Look(NamedTuple):
    """A campaign at one moment; `goes_on` until it is paused or over, or its validity is."""

    status: str
    progress: Progress
    goes_on: bool


def _look(found: Opened, number: int) -> _Look:
    from models.campaign import CampaignStatus
    from services.campaign import campaigns as service
    from services.campaign.view import progress

    with found.database.establishment(found.place.id) as session:
        campaign = service.read(session, number)
        in_time = campaign.valid_until is not None and session.now() < campaign.valid_until
        goes_on = campaign.status == CampaignStatus.running and in_time
        return _Look(campaign.status, progress(session, found.place, campaign), goes_on)


def _settled(far: Progress) -> int:
    """Recipients of whom nothing more is to be sent."""
    return far.total - far.to_come - far.queued - far.sending


def _far(far: Progress) -> str:
    counts = {
        "to come": far.to_come,
        "queued": far.queued,
        "sending": far.sending,
        "sent": far.sent,
        "delivered": far.delivered,
        "failed": far.failed,
        "expired": far.expired,
        "cancelled": far.cancelled,
        "left out": sum(far.excluded.values()),
    }
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join((f"{far.total} recipients", *parts))
