"""What the carrier holds: messages, calls, mails, recordings. Times are UNIX seconds."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar

API = "/2010-04-01"  # every path of Twilio's REST API begins with its version

MESSAGE_ENDED = frozenset({"delivered", "undelivered", "failed", "canceled", "received", "read"})
PHONE_ENDED = frozenset({"Delivered", "Failed", "Cancelled", "Received"})
CALL_ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def new_sid(prefix: str) -> str:
    """A provider's identifier: two letters and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex


def iso(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc2822(seconds: float | None) -> str | None:
    """`Thu, 24 Aug 2023 05:01:45 +0000`, as all dates of this API are."""
    if seconds is None:
        return None
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC))


@dataclass(slots=True, kw_only=True)
class Entry:
    """What every accepted thing has, whatever its channel (sms, voice, email, whatsapp)."""

    kind: ClassVar[str] = ""

    sid: str
    channel: str
    direction: str
    sender: str
    to: str
    body: str = ""
    state: str = "queued"
    accepted_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    status_callback: str = ""
    deleted: bool = False

    def extra(self) -> dict[str, Any]:
        """What only this kind of entry has to tell the reader of the ledger."""
        return {}

    def change(self, state: str) -> None:
        """Move to a state and note when."""
        self.state = state
        self.updated_at = time.time()

    def as_ledger(self) -> dict[str, Any]:
        """The shape of GET /simulator/ledger."""
        return {
            "id": self.sid,
            "channel": self.channel,
            "direction": self.direction,
            "from": self.sender,
            "to": self.to,
            "body": self.body,
            "time": iso(self.accepted_at),
            "state": self.state,
            "status_callback": self.status_callback,
            "extra": self.extra(),
        }

    def as_document(self) -> dict[str, Any]:
        """Plain values of every field, for the ledger file."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(slots=True, kw_only=True)
class Message(Entry):
    """An SMS, MMS or WhatsApp message. `validity` is in seconds, as ValidityPeriod is.

    `template`: its words are an approved template's, which WhatsApp lets through at any time.
    """

    kind: ClassVar[str] = "message"

    num_segments: int = 1
    encoding: str = "GSM-7"
    media_urls: list[str] = field(default_factory=list)
    template: bool = False
    messaging_service_sid: str = ""
    validity: int = 36_000
    sent_at: float | None = None
    error_code: int | None = None
    opt_out_type: str = ""
    automatic: bool = False  # the carrier's own answer to a keyword: in no list of the API

    def extra(self) -> dict[str, Any]:
        """Segments, encoding, and why it failed."""
        return {
            "num_segments": self.num_segments,
            "encoding": self.encoding,
            "error_code": self.error_code,
            "media_urls": self.media_urls,
            "messaging_service_sid": self.messaging_service_sid or None,
            "validity_period": self.validity,
            "opt_out_type": self.opt_out_type or None,
            "automatic": self.automatic,
            "deleted": self.deleted,
        }


@dataclass(slots=True, kw_only=True)
class PhoneMessage(Entry):
    """An SMS that an Android phone sends or got: one entry for each recipient.

    `own_id` is the id that it was given with, `device` whose it is; `states` when it came into
    each state (ISO 8601); `ttl` is in seconds, None: it waits for ever. One that came in has the
    number that the app gives it, and `received_at` (ISO 8601); something attached (MMS) makes
    `own_id` the network's name for it, and `size` its bytes.
    """

    kind: ClassVar[str] = "phone"

    own_id: str
    device: str
    sim: int = 1
    num_segments: int = 1
    encoding: str = "GSM-7"
    reason: str = ""
    report: bool = True
    checked: bool = True
    ttl: float | None = None
    states: dict[str, str] = field(default_factory=dict)
    received_at: str = ""
    size: int = 0

    def change(self, state: str) -> None:
        """Move to a state and note when it was first there."""
        Entry.change(self, state)
        self.states.setdefault(state, iso(self.updated_at))

    def extra(self) -> dict[str, Any]:
        """The phone, segments, encoding, and why it failed."""
        return {
            "gateway": self.device,
            "message_id": self.own_id,
            "sim": self.sim,
            "num_segments": self.num_segments,
            "encoding": self.encoding,
            "reason": self.reason or None,
            "ttl": self.ttl,
        }


@dataclass(slots=True, kw_only=True)
class Call(Entry):
    """A phone call. `body` grows with the words spoken; `timeout` is seconds of ringing."""

    kind: ClassVar[str] = "call"

    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    fallback_method: str = "POST"
    status_callback_method: str = "POST"
    status_callback_events: list[str] = field(default_factory=lambda: ["completed"])
    timeout: int = 60
    machine_detection: str = ""
    answered_by: str = ""
    record: bool = False
    recording_status_callback: str = ""
    recording_status_callback_method: str = "POST"
    started_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    sequence: int = 0
    error_code: int | None = None
    error_message: str = ""
    digits: str = ""
    waiting_for: str = ""
    language: str = ""
    recording_sids: list[str] = field(default_factory=list)

    def extra(self) -> dict[str, Any]:
        """What the call is doing, and what has been keyed and recorded."""
        return {
            "duration": self.duration(),
            "digits": self.digits,
            "waiting_for": self.waiting_for,
            "language": self.language,
            "answered_by": self.answered_by or None,
            "error_code": self.error_code,
            "error_message": self.error_message or None,
            "recordings": self.recording_sids,
            "url": self.url or None,
            "twiml": self.twiml or None,
        }

    def duration(self) -> int | None:
        """Whole seconds from answer to end; None while it lasts or if never answered."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return max(0, round(self.ended_at - self.answered_at))


@dataclass(slots=True, kw_only=True)
class Mail(Entry):
    """An e-mail taken by SendGrid's API or by SMTP. `body` is its text, decoded."""

    kind: ClassVar[str] = "mail"

    provider: str = "smtp"
    subject: str = ""
    html: str = ""
    message_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    custom_args: dict[str, str] = field(default_factory=dict)
    categories: list[str] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)
    from_name: str = ""

    def extra(self) -> dict[str, Any]:
        """The parts of a mail beyond its text."""
        return {
            "provider": self.provider,
            "subject": self.subject,
            "html": self.html,
            "message_id": self.message_id,
            "headers": self.headers,
            "custom_args": self.custom_args,
            "categories": self.categories,
            "attachments": self.attachments,
            "from_name": self.from_name,
        }


@dataclass(slots=True, kw_only=True)
class Attachment:
    """Something that a person attached to a message; kept in memory only."""

    sid: str
    message_sid: str
    content_type: str
    data: bytes
    created_at: float = field(default_factory=time.time)


@dataclass(slots=True, kw_only=True)
class Recording:
    """Audio that a caller left. `duration` is in seconds, `wav` is 8 kHz mono 16-bit PCM."""

    kind: ClassVar[str] = "recording"

    sid: str
    call_sid: str
    duration: int
    wav: bytes = b""
    text: str = ""
    source: str = "RecordVerb"
    status: str = "completed"
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    deleted: bool = False
