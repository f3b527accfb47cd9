"""Establishments as an operator sets them up, and their settings as administrators keep them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from database.session import ScopedSession
from models.due import Due
from models.establishment import (
    AnsweringMachines,
    AskOneWay,
    Establishment,
    InboundCalls,
    UnknownChoice,
)
from schemas.establishment import MAY_BE_NONE, EstablishmentChange, EstablishmentOut
from services.audit import audit
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal
from services.policy import apply_policy
from services.thresholds import Thresholds, apply_thresholds
from services.timing import check_validity
from utils.clock import parse_window, write_window
from utils.languages import UnknownLanguage, parse_language
from utils.text import TextRefused, clean_text

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_AS_THEY_ARE = (
    "anonymous_feedback",
    "fold_french_sms",
    "inbound_calls",
    "call_backs_per_hour",
    "answering_machines",
    "ask_one_way",
)
DAILY_CAP = 4
"""Messages to one address on one local day, where nobody says otherwise."""


def new_establishment(
    *, slug: str, name: str, time_zone: str, languages: str, quiet_hours: str, region: str
) -> Establishment:
    """A checked row, not stored; raises `Invalid` with the field."""
    if len(slug) > 63 or not _SLUG.fullmatch(slug):
        raise Invalid("Small letters, digits and hyphens, at most 63.", field="slug")
    if not re.fullmatch(r"[A-Z]{2}", region):
        raise Invalid("Two capital letters (ISO 3166), such as CM.", field="region")
    start, end = parse_quiet_hours(quiet_hours)
    return Establishment(
        slug=slug,
        name=_name(name),
        region=region,
        time_zone=_time_zone(time_zone),
        languages=parse_languages(languages.split(",")),
        quiet_start=start,
        quiet_end=end,
        daily_cap=DAILY_CAP,
    )


def refuse_taken_slug(session: Session, slug: str) -> None:
    """Raise `Conflict` when an establishment has this slug."""
    if session.scalar(select(Establishment.id).where(Establishment.slug == slug)) is not None:
        raise Conflict("Another establishment has this slug.", code="slug_taken", field="slug")


def by_slug(session: Session, slug: str) -> Establishment:
    """The establishment with a slug; raises `NotFound`."""
    found = session.scalar(select(Establishment).where(Establishment.slug == slug))
    if found is None:
        raise NotFound("establishment")
    return found


def apply(found: Establishment, wanted: EstablishmentChange) -> None:
    """Change the settings that were named; raises `Invalid` with the field."""
    for field in wanted.model_fields_set - MAY_BE_NONE:
        if getattr(wanted, field) is None:
            raise Invalid("This cannot be empty.", field=field, code="missing")
    if wanted.name is not None:
        found.name = wanted.name
    if wanted.time_zone is not None:
        found.time_zone = _time_zone(wanted.time_zone)
    if wanted.languages is not None:
        found.languages = _each_once(wanted.languages)
    if "quiet_hours" in wanted.model_fields_set:
        found.quiet_start, found.quiet_end = parse_quiet_hours(wanted.quiet_hours or "none")
    if "daily_cap" in wanted.model_fields_set:
        found.daily_cap = wanted.daily_cap
    if wanted.valid_for is not None:
        check_validity(wanted.valid_for)
        found.validity_seconds = int(wanted.valid_for.total_seconds())
    for name in _AS_THEY_ARE:
        if (value := getattr(wanted, name)) is not None:
            setattr(found, name, value)
    apply_policy(found, wanted)
    apply_thresholds(found, _thresholds(wanted))


def _thresholds(wanted: EstablishmentChange) -> Thresholds:
    def seconds(length: timedelta | None) -> int | None:
        return None if length is None else int(length.total_seconds())

    return Thresholds(
        alarm_failing_share=wanted.alarm_failing_share,
        alarm_failing_count=wanted.alarm_failing_count,
        alarm_window=seconds(wanted.alarm_window),
        alarm_late_after=seconds(wanted.alarm_late_after),
        alarm_unknown_count=wanted.alarm_unknown_count,
        alarm_unknown_after=seconds(wanted.alarm_unknown_after),
    )


def set_default(session: Session, found: Establishment, default: bool) -> None:
    """Say whether plain paths mean this establishment; there is one at most."""
    if default:
        session.execute(update(Establishment).values(is_default=False))
    found.is_default = default


def read(session: ScopedSession, principal: Principal) -> EstablishmentOut:
    """The settings of the principal's establishment."""
    return view(session.get_one(Establishment, principal.establishment_id))


def change(
    session: ScopedSession,
    wanted: EstablishmentChange,
    *,
    expected_version: int | None,
    principal: Principal,
    campaigns_under_way: int,
) -> EstablishmentOut:
    """Change settings of the principal's establishment; raises `Conflict` on a stale version.

    What waits already is judged by the new settings when its time comes. `campaigns_under_way` is
    the establishment's own to know: the service role sees no rows of it.
    """
    found = session.get_one(Establishment, principal.establishment_id, with_for_update=True)
    if expected_version is not None and expected_version != found.version:
        raise Conflict(
            "Somebody has changed these settings meanwhile: read them again.",
            code="changed_meanwhile",
        )
    if wanted.time_zone not in (None, found.time_zone):
        _refuse_while_something_waits(session, found.id, campaigns_under_way)
    before = _facts(found)
    apply(found, wanted)
    session.flush()
    session.outdate_devices(found.id)
    audit(
        session, principal, "change", "establishment", found.id, before=before, after=_facts(found)
    )
    return view(found)


def _refuse_while_something_waits(
    session: ScopedSession, establishment_id: int, campaigns_under_way: int
) -> None:
    """What waits was planned by the old clock, and a series counts its days by it.

    A campaign has its hour from its start on, and rows in the due queue only when that has come.
    """
    waiting = select(Due.delivery_id).where(Due.establishment_id == establishment_id)
    if campaigns_under_way or session.scalar(waiting.limit(1)) is not None:
        raise Conflict(
            "Messages wait that were planned by the present time zone. It can be changed when"
            " nothing waits to be sent.",
            code="messages_waiting",
            field="time_zone",
        )


def view(found: Establishment) -> EstablishmentOut:
    """An establishment's settings as they are shown."""
    return EstablishmentOut(
        slug=found.slug,
        name=found.name,
        region=found.region,
        time_zone=found.time_zone,
        languages=found.languages,
        quiet_hours=write_window(found.quiet_start, found.quiet_end),
        daily_cap=found.daily_cap,
        valid_for=found.validity_seconds,
        event_margin=found.event_margin_seconds,
        anonymous_feedback=found.anonymous_feedback,
        fold_french_sms=found.fold_french_sms,
        receipt_window=found.receipt_window_seconds,
        max_attempts=found.max_attempts,
        call_again_after=found.call_again_after,
        call_again_at_most=found.call_again_at_most,
        escalate=found.escalate,
        unknown_after=found.unknown_after_seconds,
        unknown_sms=UnknownChoice(found.unknown_sms),
        unknown_voice=UnknownChoice(found.unknown_voice),
        unknown_email=UnknownChoice(found.unknown_email),
        inbound_calls=InboundCalls(found.inbound_calls),
        call_backs_per_hour=found.call_backs_per_hour,
        answering_machines=AnsweringMachines(found.answering_machines),
        ask_one_way=AskOneWay(found.ask_one_way),
        alarm_failing_share=round(found.alarm_failing_share, 4),
        alarm_failing_count=found.alarm_failing_count,
        alarm_window=found.alarm_window_seconds,
        alarm_late_after=found.alarm_late_seconds,
        alarm_unknown_count=found.alarm_unknown_count,
        alarm_unknown_after=found.alarm_unknown_seconds,
        version=found.version,
    )


def _facts(found: Establishment) -> dict[str, Any]:
    return view(found).model_dump(mode="json", exclude={"version"})


def policy_line(place: Establishment) -> str:
    """An establishment's policy as one line for an operator."""
    again = f"calls again {place.call_again_at_most} times after {place.call_again_after} s"
    return ", ".join(
        (
            f"receipts within {place.receipt_window_seconds} s",
            f"at most {place.max_attempts} attempts"
            if place.max_attempts
            else "attempts unbounded",
            again if place.call_again_at_most else "calls once",
            f"failures {'make tasks' if place.escalate else 'make no tasks'}",
            f"unknown after {place.unknown_after_seconds} s: sms {place.unknown_sms},"
            f" calls {place.unknown_voice}, email {place.unknown_email}",
        )
    )


def parse_quiet_hours(writing: str) -> tuple[time | None, time | None]:
    """`20:00-07:00` in local time, or `none`; raises `Invalid`."""
    if writing.strip().lower() == "none":
        return None, None
    try:
        return parse_window(writing.strip())
    except ValueError as error:
        reason = str(error)
        raise Invalid(f"{reason.capitalize()}, or none.", field="quiet_hours") from error


def parse_languages(writing: Sequence[str]) -> list[str]:
    """ISO 639-3 codes in order of preference, from names or codes; raises `Invalid`."""
    try:
        return _each_once([parse_language(part) for part in writing])
    except UnknownLanguage as error:
        raise Invalid(str(error), field="languages", code=error.code) from error


def _each_once(codes: list[str]) -> list[str]:
    if len(set(codes)) != len(codes):
        raise Invalid("A language stands there twice.", field="languages")
    return codes


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("No such time zone; write Africa/Douala.", field="time_zone") from error
    return name


def _name(text: str) -> str:
    try:
        name = clean_text(text.strip(), 200)
    except TextRefused as error:
        raise Invalid(error.reason, field="name", code=error.code) from error
    if not name:
        raise Invalid("The name is empty.", field="name")
    return name
