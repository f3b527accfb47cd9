"""Periods in whole local days of an establishment, as people ask for them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from models.establishment import Establishment
from services.errors import Invalid
from utils.clock import moment_at, within_reach


def days_between(
    establishment: Establishment, first: date | None, last: date | None
) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first local day to the end of the last one, as moments.

    Raises `Invalid` on `query.from` or `query.to`.
    """
    if first is not None and last is not None and first > last:
        raise Invalid("`from` is not after `to`.", field="query.from", code="period_reversed")
    return (
        _midnight(establishment, first, 0, "query.from") if first else None,
        _midnight(establishment, last, 1, "query.to") if last else None,
    )


def refuse_out_of_reach(day: date, field: str) -> None:
    """Raise `Invalid` on `field` for a day that nobody can mean."""
    if not within_reach(day):
        raise Invalid("This day is out of range.", field=field)


def _midnight(establishment: Establishment, day: date, later: int, field: str) -> datetime:
    refuse_out_of_reach(day, field)
    wall = datetime.combine(day + timedelta(days=later), time())
    return moment_at(wall, establishment.zone)
