"""What patients write to us: stored once, whoever brings it, and handed over to be heard.

A webhook, the spool of an outage, a provider's own list and an Android gateway all end here. The
same message may come by several of them, several times and at once: the unique key of
`webhook_events` lets one through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.address import Address
from models.establishment import Sender
from models.message import Message, WebhookEvent
from services.contact.address import address_for, opt_out
from services.establishment.directory import Directory
from services.inbound.voice import Piece, note_voices
from utils.phone import InvalidPhone, normalise_phone

HEAR = "workers.conversation.hear"
INBOUND = "inbound"
RECEIVED, TWIN = "received", "twin"
CARRIER_STOP = "STOP"
"""The carrier has already stopped this address, and answered it."""

LONGEST_BODY = 16_000
"""Characters that are kept. Carriers put together 1,600 at most."""
MOST_MEDIA = 100
_LONGEST_NAME = 64
_E164 = re.compile(r"\+[1-9]\d{7,14}")
_OPT_OUT_TYPES = frozenset({CARRIER_STOP, "START", "HELP"})


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message as its carrier tells it.

    `to` is the number of ours that was written to, `from_` who wrote: usually a number in E.164,
    but a short code or a company's name comes, too. `media` counts what was attached, `pieces` are
    those that the carrier names: a voice among them is fetched later. `opt_out_type` is what the
    carrier took it for and has answered already. `twin` tells the message itself apart where one
    may be told of more than once, under an id each time.
    """

    provider: str
    provider_id: str
    channel: str
    to: str
    from_: str
    body: str
    received_at: datetime
    media: int = 0
    pieces: tuple[Piece, ...] = ()
    opt_out_type: str | None = None
    twin: str | None = None


def written_to(directory: Directory, channel: str, to: str) -> Sender | None:
    """The sender whose number was written to; None for a number that is nobody's.

    A WhatsApp message to a number that is entered for SMS only is still its establishment's.
    """
    return directory.called(channel, to) or directory.called("sms", to)


def store(session: ScopedSession, sender: Sender, inbound: InboundMessage) -> Message | None:
    """Keep a message and have it heard once this is committed; None for a repeat.

    One from what is no number is kept without an address: staff read it, nobody answers it. What
    the carrier took for a stop stops here, in the same transaction: no reminder is quicker.
    """
    if not _first(session, inbound):
        return None
    number = _number(inbound.from_)
    address = None if number is None else address_for(session, "phone", number)
    if address is not None and inbound.opt_out_type == CARRIER_STOP:
        _stop(session, address)
    message = Message(
        direction="in",
        channel=inbound.channel,
        provider=inbound.provider,
        provider_id=inbound.provider_id,
        at=inbound.received_at,
        address_id=address.id if address else None,
        written_from=None if address else _storable(inbound.from_)[:_LONGEST_NAME],
        sender_id=sender.id,
        body=_storable(inbound.body)[:LONGEST_BODY],
        media=max(0, min(inbound.media, MOST_MEDIA)),
        opt_out_type=inbound.opt_out_type if inbound.opt_out_type in _OPT_OUT_TYPES else None,
    )
    session.add(message)
    session.flush()
    note_voices(session, message, inbound.pieces)
    session.enqueue(HEAR, message.id)
    return message


def _first(session: ScopedSession, inbound: InboundMessage) -> bool:
    """True for whoever notes this message first; others wait for its commit and get False."""
    if not _noted(session, inbound, RECEIVED, inbound.provider_id):
        return False
    return inbound.twin is None or _noted(session, inbound, TWIN, inbound.twin)


def _noted(session: ScopedSession, inbound: InboundMessage, status: str, external_id: str) -> bool:
    noted = session.scalar(
        insert(WebhookEvent)
        .values(
            provider=inbound.provider,
            kind=INBOUND,
            external_id=external_id,
            status=status,
            received_at=inbound.received_at,
        )
        .on_conflict_do_nothing()
        .returning(WebhookEvent.id)
    )
    return noted is not None


def _stop(session: ScopedSession, address: Address) -> None:
    """Locked as the engine locks it: what is being marked as sending at this moment was first."""
    session.refresh(address, with_for_update=True)
    opt_out(address, "carrier")


def _number(written: str) -> str | None:
    """The E.164 form of who wrote; None for what is no number.

    A carrier knows numbers that our tables do not know yet: its own E.164 is believed.
    """
    try:
        return normalise_phone(written)
    except InvalidPhone:
        return written if _E164.fullmatch(written) else None


def _storable(text: str) -> str:
    """Without what neither PostgreSQL nor UTF-8 can keep: NUL and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
