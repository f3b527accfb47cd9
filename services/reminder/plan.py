"""Thinking a reminder through: to whom, in which language, by which channel, when.

Nothing is stored here, so a preview and a creation cannot come to different results.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from database.session import ScopedSession
from models.contact import Contact
from models.establishment import AskOneWay, Establishment, Sender
from models.reminder import Channel
from schemas.reminder import ReminderIn
from services.allowed_times import allowed_times
from services.contact.contacts import find_contact
from services.errors import Invalid
from services.policy import wishes
from services.reminder.reply_hint import with_keys
from services.reminder.times import Times, times_of
from services.sms import sms_text
from services.template import render
from utils.clock import AllowedTimes, local_time
from utils.email_address import normalise_email
from utils.languages import VOICES, language_name
from utils.phone import InvalidPhone, normalise_phone
from utils.sms_encoding import analyse

TimesOf = Callable[[AllowedTimes, Establishment, ReminderIn, datetime], Times]
"""Says when a reminder goes out."""


@dataclass(frozen=True)
class Senders:
    """What the establishment sends from, by channel; a channel that is missing cannot be used.

    `two_way` are the channels on which an answer can come back.
    """

    by_channel: dict[str, Sender]
    two_way: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """A reminder thought through: what will be said to whom, when and how."""

    contact: Contact | None
    phone: str | None
    email: str | None
    channels: list[str]
    language: str
    message: str
    times: Times
    asks: bool
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
    times_of: TimesOf = times_of,
    ahead: Sequence[Channel] = (),
) -> Plan:
    """Think a reminder through without storing anything; raises `Invalid` with the field.

    `ahead` are channels of the phone that are tried before those that the request says or leaves
    to us: a conversation that is under way there.
    """
    _refuse_mismatched(wanted)
    contact = find_contact(session, wanted.patient_id) if wanted.patient_id else None
    phone, email = _addresses(wanted, contact, establishment.region)
    channels = _channels(wanted, phone, email, senders, ahead)
    asks = _asks(wanted, establishment, channels[0], senders)
    language, message = _words(wanted, contact, establishment, channels)
    wishes(wanted)
    times = times_of(allowed_times(establishment, contact), establishment, wanted, now)
    first = times.deliveries[0]
    by_sms = message
    if asks and Channel.sms in senders.two_way:
        by_sms = with_keys(session, message, language)
    sms = analyse(sms_text(establishment, language, by_sms)) if Channel.sms in channels else None
    return Plan(
        contact=contact,
        phone=phone,
        email=email,
        channels=channels,
        language=language,
        message=message,
        times=times,
        asks=asks,
        deferred=first.deferred,
        local_time=local_time(first.due_at, establishment.zone).strftime("%Y-%m-%d %H:%M"),
        encoding=sms.encoding if sms else None,
        segments=sms.segments if sms else None,
    )


def _refuse_mismatched(wanted: ReminderIn) -> None:
    """Refuse fields that go together and do not, or that say the same thing twice."""
    if wanted.message is None and wanted.template is None:
        raise Invalid("Give `message`, or `template`.", field="message", code="missing")
    if wanted.message is not None and wanted.template is not None:
        raise _given_twice("template", "Give either `message` or `template`.")
    if wanted.exdates is not None and wanted.rrule is None:
        raise Invalid("`exdates` are occurrences of an `rrule`.", field="rrule", code="missing")
    if wanted.event_time is not None and wanted.before is None:
        raise Invalid("`event_time` needs `before`.", field="before", code="missing")
    if wanted.before is not None and wanted.event_time is None:
        raise Invalid("`before` needs `event_time`.", field="event_time", code="missing")
    if wanted.event_time is not None:
        for field in ("scheduled_time", "rrule"):
            if getattr(wanted, field) is not None:
                raise _given_twice(field, f"Give either `event_time` or `{field}`.")


def _given_twice(field: str, detail: str) -> Invalid:
    return Invalid(detail, field=field, code="given_twice")


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
    wanted: ReminderIn,
    phone: str | None,
    email: str | None,
    senders: Senders,
    ahead: Sequence[Channel],
) -> list[str]:
    """The channels in order of fallback. A call only when asked for."""
    possible = {Channel.sms: phone, Channel.voice: phone, Channel.email: email}
    if wanted.channels is None:
        chosen = [
            c for c in (Channel.sms, Channel.email) if possible[c] and c in senders.by_channel
        ]
    else:
        chosen = list(wanted.channels)
    check_channels(chosen, {channel for channel in possible if possible[channel]}, senders)
    chosen = [*ahead, *chosen]
    if not chosen:
        raise Invalid(
            "The establishment has no sender that could reach this address.",
            field="channels",
            code="channel_without_sender",
        )
    return [channel.value for channel in chosen]


def check_channels(
    chosen: Iterable[Channel], with_address: Container[Channel], senders: Senders
) -> None:
    """Refuse a channel that has no address to go to, or nothing to be sent from."""
    for channel in chosen:
        if channel not in with_address:
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


def check_voice(language: str) -> None:
    """Refuse free text for a call in a language that no voice speaks."""
    if language not in VOICES:
        raise Invalid(
            f"A call in {language_name(language)} needs a recording: no voice speaks it.",
            field="channels",
            code="voice_needs_recording",
        )


def _asks(wanted: ReminderIn, establishment: Establishment, channel: str, senders: Senders) -> bool:
    """Whether an answer is asked for. A sender that cannot receive is never used to ask."""
    if not wanted.expects_reply:
        return False
    return can_answer(establishment, channel, senders, field="expects_reply")


def can_answer(establishment: Establishment, channel: str, senders: Senders, *, field: str) -> bool:
    """Whether an answer can come back on a channel; raises `Invalid` on `field` where the
    establishment does not drop the question then."""
    if channel in senders.two_way:
        return True
    if establishment.ask_one_way == AskOneWay.drop:
        return False
    raise Invalid(
        f"No answer can come back to the establishment's {channel} senders: use another channel,"
        " send it without the question, or add a sender that receives.",
        field=field,
        code="sender_cannot_receive",
    )


def _words(
    wanted: ReminderIn, contact: Contact | None, establishment: Establishment, channels: list[str]
) -> tuple[str, str]:
    """The language, chosen once, and the whole message in it."""
    first_choice = wanted.language or (contact.language if contact else None)
    preferred = [code for code in (first_choice, *establishment.languages) if code]
    if wanted.template is not None:
        return render(wanted.template, wanted.parameters, preferred)
    language, message = preferred[0], wanted.message or ""
    if Channel.voice in channels:
        check_voice(language)
    return language, message
