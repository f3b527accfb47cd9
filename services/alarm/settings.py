"""From which figures on an establishment's people are told."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from models.establishment import Establishment
from services.errors import Invalid
from services.establishment.settings import by_slug

_MOST = 31 * 24 * 3600


@dataclass(frozen=True)
class Thresholds:
    """What an operator wants changed; None leaves a figure as it is."""

    alarm_failing_share: float | None = None
    alarm_failing_count: int | None = None
    alarm_window_seconds: int | None = None
    alarm_late_seconds: int | None = None
    alarm_unknown_count: int | None = None
    alarm_unknown_seconds: int | None = None


def change_thresholds(session: Session, slug: str, wanted: Thresholds) -> Establishment:
    """Change what was asked for; raises `NotFound`, `Invalid` with the field."""
    place = by_slug(session, slug)
    for name, value in asdict(wanted).items():
        if value is None:
            continue
        most = 1 if name == "alarm_failing_share" else _MOST
        if not 0 < value <= most:
            raise Invalid(f"More than 0, at most {most}.", field=name.removeprefix("alarm_"))
        setattr(place, name, value)
    session.flush()
    return place
