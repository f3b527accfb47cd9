"""Establishments as an operator sets them up: checked words in, rows out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.establishment import Establishment, UnknownChoice
from services.contact import normal_email, normal_phone
from services.errors import Conflict, Invalid, NotFound
from services.policy import (
    CALL_AGAIN_AFTER,
    CALL_AGAIN_AT_MOST,
    MAX_ATTEMPTS,
    RECEIPT_WINDOW,
    UNKNOWN_AFTER,
    Bounds,
)
from utils.clock import InvalidDuration, parse_duration
from utils.languages import UnknownLanguage, parse_language
from utils.text import TextRefused, clean_text

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class EstablishmentChange:
    """What an operator wants changed; None leaves a thing as it is."""

    name: str | None = None
    languages: str | None = None
    quiet_hours: str | None = None
    anonymous_feedback: bool | None = None
    fold_french_sms: bool | None = None
    default: bool | None = None
    receipt_window: str | None = None
    max_attempts: str | None = None
    call_again_after: str | None = None
    call_again_at_most: int | None = None
    escalate: bool | None = None
    unknown_after: str | None = None
    unknown_sms: str | None = None
    unknown_voice: str | None = None
    unknown_email: str | None = None


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


def change_establishment(session: Session, slug: str, wanted: EstablishmentChange) -> Establishment:
    """Change what was asked for; raises `NotFound`, `Invalid` with the field."""
    found = by_slug(session, slug)
    if wanted.name is not None:
        found.name = _name(wanted.name)
    if wanted.languages is not None:
        found.languages = parse_languages(wanted.languages.split(","))
    if wanted.quiet_hours is not None:
        found.quiet_start, found.quiet_end = parse_quiet_hours(wanted.quiet_hours)
    if wanted.anonymous_feedback is not None:
        found.anonymous_feedback = wanted.anonymous_feedback
    if wanted.fold_french_sms is not None:
        found.fold_french_sms = wanted.fold_french_sms
    if wanted.default is not None:
        if wanted.default:  # there is one at most
            session.execute(update(Establishment).values(is_default=False))
        found.is_default = wanted.default
    _change_policy(found, wanted)
    session.flush()
    return found


def _change_policy(place: Establishment, wanted: EstablishmentChange) -> None:
    """What becomes of deliveries after a provider was called (`services/policy.py`)."""
    if wanted.receipt_window is not None:
        place.receipt_window_seconds = _seconds(wanted.receipt_window, RECEIPT_WINDOW)
    if wanted.max_attempts is not None:
        place.max_attempts = _attempts(wanted.max_attempts)
    if wanted.call_again_after is not None:
        place.call_again_after = _seconds(wanted.call_again_after, CALL_AGAIN_AFTER)
    if wanted.call_again_at_most is not None:
        place.call_again_at_most = CALL_AGAIN_AT_MOST.check(wanted.call_again_at_most)
    if wanted.escalate is not None:
        place.escalate = wanted.escalate
    if wanted.unknown_after is not None:
        place.unknown_after_seconds = _seconds(wanted.unknown_after, UNKNOWN_AFTER)
    for field in ("unknown_sms", "unknown_voice", "unknown_email"):
        choice = getattr(wanted, field)
        if choice is not None:
            setattr(place, field, _choice(choice, field))


def _seconds(writing: str, bounds: Bounds) -> int:
    try:
        return bounds.check(int(parse_duration(writing).total_seconds()))
    except InvalidDuration as error:
        raise Invalid(str(error), field=bounds.field, code=error.code) from error


def _attempts(writing: str) -> int | None:
    if writing.strip().lower() == "none":
        return None
    if not re.fullmatch(r"\d{1,9}", writing):
        raise Invalid("A whole number, or none.", field=MAX_ATTEMPTS.field)
    return MAX_ATTEMPTS.check(int(writing))


def _choice(writing: str, field: str) -> UnknownChoice:
    try:
        return UnknownChoice(writing)
    except ValueError as error:
        raise Invalid("give_up or resend.", field=field) from error


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


def sender_address(place: Establishment, channel: str, address: str) -> str:
    """What a channel sends from, in one writing; raises `Invalid`.

    A number is E.164; a name of letters (an alphanumeric sender) is kept as it is.
    """
    if channel not in ("sms", "voice", "email"):
        raise Invalid("sms, voice or email.", field="channel")
    if channel == "email":
        return normal_email(address, "address")
    if channel == "sms" and re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", address):
        return address
    return normal_phone(address, place.region, "address")


def parse_quiet_hours(writing: str) -> tuple[time | None, time | None]:
    """`20:00-07:00` in local time, or `none`; raises `Invalid`."""
    if writing.strip().lower() == "none":
        return None, None
    found = _HOURS.fullmatch(writing.strip())
    if found is None:
        raise Invalid("Write 20:00-07:00, or none.", field="quiet_hours")
    hours = list(map(int, found.groups()))
    start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if start == end:
        raise Invalid("Quiet all day long would send nothing.", field="quiet_hours")
    return start, end


def parse_languages(writing: Sequence[str]) -> list[str]:
    """ISO 639-3 codes in order of preference, from names or codes; raises `Invalid`."""
    try:
        codes = [parse_language(part) for part in writing]
    except UnknownLanguage as error:
        raise Invalid(str(error), field="languages", code=error.code) from error
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
