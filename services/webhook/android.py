"""What an Android phone tells of itself: messages that came in, and what became of ours.

Source: https://docs.sms-gate.app/features/webhooks/ and the app's own `SmsEventPayload.kt`. The
phone repeats an event for two days until it gets a 2xx, under the same id; a webhook that was
registered twice brings everything twice, under two ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from models.establishment import Sender
from schemas.sender_credentials import ANDROID, AndroidCredentials
from services.establishment.directory import Directory
from services.inbound.messages import InboundMessage
from services.inbound.twin import twin_of
from services.webhook.callback import StatusNews
from utils.android_inbox import picture_name
from utils.android_status import word_of

_STATES = {
    "sms:sent": "Sent",
    "sms:delivered": "Delivered",
    "sms:failed": "Failed",
    "sms:cancelled": "Cancelled",
}
_MESSAGES = frozenset({"sms:received", "mms:received"})
_ID = re.compile(r"[!-~]{1,100}")
_KEPT = (
    "messageId", "transactionId", "message", "subject", "sender", "phoneNumber", "simNumber",
    "receivedAt", "reason",
)  # fmt: skip
"""Of a payload: pictures are not kept, and a spool has little room."""
_OLDEST = timedelta(days=3)
"""How long ago a phone's own time for a message is believed: longer than it repeats an event."""


@dataclass(frozen=True, slots=True)
class AndroidEvent:
    """One event of a phone, as JSON can carry it. `payload` holds what we use, and no more."""

    id: str
    event: str
    payload: Mapping[str, Any]

    @property
    def is_message(self) -> bool:
        """True when somebody wrote to the phone."""
        return self.event in _MESSAGES

    @property
    def _picture(self) -> bool:
        return self.event == "mms:received"

    @property
    def is_status(self) -> bool:
        """True when it tells what became of a message that the phone was given."""
        return self.event in _STATES

    @property
    def sim(self) -> int | None:
        """Which SIM of the phone it is about, where the phone knows."""
        number = self.payload.get("simNumber")
        return number if isinstance(number, int) and not isinstance(number, bool) else None

    @property
    def message_id(self) -> str:
        """The id that the message was given to the phone with."""
        return self._text("messageId")

    def _text(self, *names: str) -> str:
        """The first of some fields that holds text."""
        values = (self.payload.get(name) for name in names)
        return next((value for value in values if isinstance(value, str)), "")

    def inbound(self, sender: Sender, came: datetime) -> InboundMessage:
        """The message that somebody wrote to a sender; `came` is when we heard of it."""
        picture = self._picture
        from_ = self._text("sender", "phoneNumber").strip()
        return InboundMessage(
            provider=ANDROID,
            provider_id=self.id,
            channel=sender.channel,
            to=sender.address,
            from_=from_,
            body=self._text("subject") if picture else self._text("message"),
            received_at=_believed(self._text("receivedAt"), came),
            media=1 if picture else 0,
            twin=self._twin(sender, from_),
        )

    def _twin(self, sender: Sender, from_: str) -> str | None:
        """What the phone itself tells messages apart by, so that ours are as many as its own."""
        at = _moment(self._text("receivedAt"))
        name, words = self.message_id, self._text("message")
        if self._picture:  # its list tells no subject from the want of one
            name, words = self._text("transactionId"), ""
        if not name or at is None:
            return None
        return twin_of(sender, from_, picture_name(name) if self._picture else name, at, words)

    def news(self, sender: Sender, attempt: int | None) -> StatusNews:
        """What became of a message that went out from a sender: one whose id names a delivery."""
        word, code = word_of(_STATES[self.event], self._text("reason"))
        return StatusNews(
            kind="message",
            provider_id=self.message_id,
            status=word,
            code=code,
            sender=sender.address,
            attempt=attempt,
            provider=ANDROID,
            event_id=self.id,
        )


def read_event(document: object) -> AndroidEvent | None:
    """An event out of a webhook's JSON; None for what lacks what every event has."""
    if not isinstance(document, dict):
        return None
    number, event, payload = (document.get(name) for name in ("id", "event", "payload"))
    if not isinstance(number, str) or not _ID.fullmatch(number):
        return None
    if not isinstance(event, str) or not isinstance(payload, dict):
        return None
    return AndroidEvent(number, event, {name: payload[name] for name in _KEPT if name in payload})


def phone_of(sender: Sender) -> AndroidCredentials | None:
    """How a sender's phone is reached; None for what is no phone, or is not known any more."""
    if sender.provider != ANDROID or sender.credentials is None:
        return None
    try:
        return AndroidCredentials.model_validate(sender.credentials)
    except ValidationError:
        return None


def number_of(directory: Directory, named: Sender, sim: int | None) -> Sender:
    """Whose number an event is about: a phone with two SIMs is two senders, and tells of both.

    `named` is the one in the webhook's address. A SIM that is nobody's counts as its: what a
    patient wrote is never thrown away.
    """
    here = phone_of(named)
    if sim is None or here is None or here.sim in (None, sim):
        return named
    for other in directory.senders(named.establishment_id).by_id.values():
        there = phone_of(other)
        if there is not None and there.sim == sim and there.same_phone(here):
            return other
    return named


def _believed(told: str, came: datetime) -> datetime:
    """When a message came to the phone: its own word, unless its clock or the network's is off."""
    at = _moment(told)
    return at if at is not None and came - _OLDEST <= at <= came else came


def _moment(told: str) -> datetime | None:
    """A time of a phone's; None for what is none, or of no zone."""
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return None
    return None if at.tzinfo is None else at


def has_own_list(directory: Directory, sender: Sender) -> bool:
    """True when what a phone lists can be told to be this sender's.

    Of two senders on one phone each takes its own SIM's; where one of them does not name its SIM,
    nobody knows whose a message is that was stored before, and it might be stored again.
    """
    here = phone_of(sender)
    if here is None:
        return False
    others = [
        there
        for other in directory.senders(sender.establishment_id).by_id.values()
        if other.id != sender.id and (there := phone_of(other)) and there.same_phone(here)
    ]
    return not others or (here.sim is not None and all(there.sim for there in others))
