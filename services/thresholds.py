"""From which figures on an establishment's people are told (`services/alarm/alarms.py`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from models.establishment import Establishment
from services.errors import Invalid

LONGEST = 31 * 24 * 3600
_COLUMNS = {
    "alarm_window": "alarm_window_seconds",
    "alarm_late_after": "alarm_late_seconds",
    "alarm_unknown_after": "alarm_unknown_seconds",
}


@dataclass(frozen=True)
class Thresholds:
    """What is to be changed; None leaves a figure as it is. Times are in seconds."""

    alarm_failing_share: float | None = None
    alarm_failing_count: int | None = None
    alarm_window: int | None = None
    alarm_late_after: int | None = None
    alarm_unknown_count: int | None = None
    alarm_unknown_after: int | None = None


def apply_thresholds(place: Establishment, wanted: Thresholds) -> None:
    """Change what was asked for; raises `Invalid` with the field."""
    for name, value in asdict(wanted).items():
        if value is None:
            continue
        most = 1 if name == "alarm_failing_share" else LONGEST
        if not 0 < value <= most:
            raise Invalid(f"More than 0, at most {most}.", field=name, code="out_of_range")
        setattr(place, _COLUMNS.get(name, name), value)
