"""Thinking a reminder through: to whom, in which language, by which channel, when.

Nothing is stored here, so a preview and a creation cannot come to different results.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from database.session import ScopedSession
from models.contact import Contact
from models.establishment import Establishment, Sender
from models.reminder import Channel
from schemas.reminder import ReminderIn
from services.allowed_times import allowed_times
from services.contact import find_contact
from services.errors import Invalid
from services.policy import wishes
from services.recurrence import check_rule, following
from services.template import render
from utils.clock import HOLIDAY, QUIET_HOURS, local_time
from utils.email_address import normalise_email
from utils.languages import VOICES, language_name
from utils.phone import InvalidPhone, normalise_phone
from utils.sms_encoding import analyse, fold_french

SHORTEST_VALIDITY = timedelta(minutes=1)
LONGEST_VALIDITY = timedelta(days=7)
FARTHEST = timedelta(days=2 * 366)


@dataclass(frozen=True)
class Senders:
    """What the establishment sends from, by channel; a channel that is missing cannot be used."""

    by_channel: dict[str, Sender]

    def can_receive(self, channel: str) -> bool:
        """True when an answer can come back on a channel."""
        sender = self.by_channel.get(channel)
        return sender is not None and sender.can_receive


@dataclass(frozen=True)
class Plan:
    """A reminder thought through: what will be said to whom, when and how."""

    contact: Contact | None
    phone: str | None
    email: str | None
    channels: list[str]
    language: str
    message: str
    rrule: str | None
    scheduled_time: datetime
    due_at: datetime
    validity: timedelta
    deferred: str | None
    local_time: str
    encoding: str | None
    segments: int | None


def plan(
    session: ScopedSession,
    establishment: Establishment,
    senders: Senders,
    wanted: ReminderIn,
    now: datetime,
) -> Plan:
    """Think a reminder through without storing anything; raises `Invalid` with the field."""
    contact = find_contact(session, wanted.patient_id) if wanted.patient_id else None
    phone, email = _addresses(wanted, contact, establishment.region)
    channels = _channels(wanted, phone, email, senders)
    language, message = _words(wanted, contact, establishment, channels)
    validity = wanted.valid_for
    if validity is None:
        validity = timedelta(seconds=establishment.validity_seconds)
    check_validity(validity)
    wishes(wanted)
    scheduled = moment_of(wanted.scheduled_time, establishment)
    rule = (
        check_rule(wanted.rrule, scheduled.astimezone(establishment.zone)) if wanted.rrule else None
    )
    first = first_time(scheduled, rule, establishment, validity, now)
    due_at, deferred = due_time(establishment, first, validity, now, contact)
    sms = analyse(sms_text(establishment, language, message)) if Channel.sms in channels else None
    return Plan(
        contact=contact,
        phone=phone,
        email=email,
        channels=channels,
        language=language,
        message=message,
        rrule=rule,
        scheduled_time=first,
        due_at=due_at,
        validity=validity,
        deferred=deferred,
        local_time=local_time(due_at, establishment.zone).strftime("%Y-%m-%d %H:%M"),
        encoding=sms.encoding if sms else None,
        segments=sms.segments if sms else None,
    )


def check_validity(validity: timedelta) -> None:
    """Refuse a validity window that is too short to be met or too long to be sensible."""
    if not SHORTEST_VALIDITY <= validity <= LONGEST_VALIDITY:
        raise Invalid("Between one minute and seven days.", field="valid_for", code="out_of_range")


def sms_text(establishment: Establishment, language: str, message: str) -> str:
    """What really goes out by SMS: French folded to GSM-7 if the establishment says so."""
    if language == "fra" and establishment.fold_french_sms:
        return fold_french(message)
    return message


_SUBJECTS = {"fra": "Rappel : {}", "eng": "Reminder: {}"}


def email_subject(establishment: Establishment, language: str) -> str:
    """What stands above an e-mail, in the message's language; it tells who, never why.

    Nobody here writes a sentence in Duala, Basaa or Ewondo: there it is the name alone.
    """
    return _SUBJECTS.get(language, "{}").format(establishment.name)


def _addresses(
    wanted: ReminderIn, contact: Contact | None, region: str
) -> tuple[str | None, str | None]:
    """Where it may go: what the request says for this reminder only, else the contact's own."""
    phone = contact.phone.value if contact and contact.phone else None
    email = contact.email.value if contact and contact.email else None
    if wanted.phone_number:
        try:
            phone = normalise_phone(wanted.phone_number, region)
        except InvalidPhone as error:
            raise Invalid(str(error), field="phone_number", code="phone_invalid") from None
    if wanted.email:
        email = normalise_email(wanted.email)
        if email is None:
            raise Invalid("This is not an e-mail address.", field="email", code="email_invalid")
    if phone is None and email is None:
        raise Invalid(
            "Give a phone number or an e-mail address, or the reference of a contact who has one.",
            field="phone_number",
            code="no_address",
        )
    return phone, email


def _channels(
    wanted: ReminderIn, phone: str | None, email: str | None, senders: Senders
) -> list[str]:
    """The channels in order of fallback. A call only when asked for."""
    possible = {Channel.sms: phone, Channel.voice: phone, Channel.email: email}
    if wanted.channels is None:
        chosen = [
            c for c in (Channel.sms, Channel.email) if possible[c] and c in senders.by_channel
        ]
    else:
        chosen = list(wanted.channels)
    for channel in chosen:
        if not possible[channel]:
            raise Invalid(
                f"There is no address for the channel {channel.value}.",
                field="channels",
                code="channel_without_address",
            )
        if channel not in senders.by_channel:
            raise Invalid(
                f"The establishment has no sender for the channel {channel.value}.",
                field="channels",
                code="channel_without_sender",
            )
    if not chosen:
        raise Invalid(
            "The establishment has no sender that could reach this address.",
            field="channels",
            code="channel_without_sender",
        )
    if wanted.expects_reply and not senders.can_receive(chosen[0]):
        raise Invalid(
            f"No answer can come back to the establishment's {chosen[0].value} sender.",
            field="expects_reply",
            code="sender_cannot_receive",
        )
    return [channel.value for channel in chosen]


def _words(
    wanted: ReminderIn, contact: Contact | None, establishment: Establishment, channels: list[str]
) -> tuple[str, str]:
    """The language, chosen once, and the whole message in it."""
    first_choice = wanted.language or (contact.language if contact else None)
    preferred = [code for code in (first_choice, *establishment.languages) if code]
    if wanted.template is not None:
        return render(wanted.template, wanted.parameters, preferred)
    language, message = preferred[0], wanted.message or ""
    if Channel.voice in channels and language not in VOICES:
        raise Invalid(
            f"A call in {language_name(language)} needs a recording: no voice speaks it.",
            field="channels",
            code="voice_needs_recording",
        )
    return language, message


def moment_of(value: datetime, establishment: Establishment) -> datetime:
    """A time in UTC; without an offset it is the establishment's local time."""
    local = value if value.tzinfo else value.replace(tzinfo=establishment.zone)
    try:
        return local.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(
            "This time is out of range.", field="scheduled_time", code="scheduled_time_out_of_range"
        ) from error


def first_time(
    scheduled: datetime,
    rule: str | None,
    establishment: Establishment,
    validity: timedelta,
    now: datetime,
) -> datetime:
    """The first occurrence that can still go out; raises `Invalid` when there is none."""
    if scheduled - now > FARTHEST:
        raise Invalid(
            "More than two years ahead.", field="scheduled_time", code="scheduled_time_too_far"
        )
    if scheduled > now - validity:
        return scheduled
    upcoming = None
    if rule and now - scheduled <= FARTHEST:  # every occurrence since then is counted
        upcoming = following(rule, scheduled, now - validity, establishment.zone)
    if upcoming is None:
        raise Invalid(
            "This time has passed, and the message would no longer be valid.",
            field="scheduled_time",
            code="scheduled_time_past",
        )
    return upcoming


_OVER = {QUIET_HOURS: "they end", HOLIDAY: "it is over"}
_BEFORE = {QUIET_HOURS: "they begin", HOLIDAY: "it begins"}


def due_time(
    establishment: Establishment,
    scheduled: datetime,
    validity: timedelta,
    now: datetime,
    contact: Contact | None = None,
) -> tuple[datetime, str | None]:
    """When it really goes out, and why not when it was asked for.

    Deferred past quiet hours (the establishment's, the contact's) and holidays; where it would no
    longer be valid then, brought forward before them; raises `Invalid` where that has passed.
    """
    times = allowed_times(establishment, contact)
    wanted = max(scheduled, now)
    why = times.refusal(wanted)
    if why is None:
        return wanted, None
    allowed = times.next_allowed(wanted)
    if allowed is not None and allowed < scheduled + validity:
        return allowed, f"{why}: goes out when {_OVER[why]}"
    before = times.last_allowed(wanted, since=now)
    if before is not None:
        return before, f"{why}: goes out before {_BEFORE[why]}"
    raise Invalid(
        f"This falls into {'a' if why == HOLIDAY else 'the'} {why} and would no longer be valid"
        " afterwards.",
        field="scheduled_time",
        code=why.replace(" ", "_"),
    )
