"""From which figures on people are told, and what is raised now."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.output import rules_said_plainly


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("set-alarms")(set_alarms)


def set_alarms(
    slug: str,
    *,
    failing_share: Annotated[float | None, typer.Option(help="0.2: a fifth did not arrive")] = None,
    failing_count: Annotated[int | None, typer.Option(help="fewer deliveries tell nothing")] = None,
    window: Annotated[int | None, typer.Option(help="seconds looked back for that share")] = None,
    late: Annotated[int | None, typer.Option(help="seconds after its time")] = None,
    unknown_count: Annotated[int | None, typer.Option(help="unknown deliveries at a time")] = None,
    unknown_age: Annotated[int | None, typer.Option(help="seconds, of the oldest one")] = None,
) -> None:
    """Change from which figures on an establishment's administrators are told."""
    from sqlalchemy.orm import Session

    from config.settings import get_settings
    from database.engine import owner_engine
    from services.alarm.settings import change_thresholds
    from services.thresholds import Thresholds

    wanted = Thresholds(failing_share, failing_count, window, late, unknown_count, unknown_age)
    with (
        rules_said_plainly(),
        Session(owner_engine(get_settings().database)) as session,
        session.begin(),
    ):
        place = change_thresholds(session, slug, wanted)
        said = (
            f"{slug}: told from {place.alarm_failing_share:.0%} of at least"
            f" {place.alarm_failing_count} deliveries in {place.alarm_window_seconds} s lost,"
            f" {place.alarm_late_seconds} s late, {place.alarm_unknown_count} unknown or one for"
            f" {place.alarm_unknown_seconds} s"
        )
    typer.echo(said)
