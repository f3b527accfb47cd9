"""Messages that came in: strictly in order for each address, each in a transaction of its own.

The message is noted as handled in the transaction that stores what it says and what is replied:
a crash before the commit leaves it unheard, and it is heard again; after it there is nothing left
to do.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, text, update

from database.session import ScopedSession
from models.address import Address
from models.conversation import Conversation
from models.establishment import Establishment
from models.message import Message
from models.task import LOOK_AT_MESSAGE
from services.conversation.ending import end
from services.conversation.routing import route
from services.conversation.turn import GOES_ON_FOR, Turn
from services.inbound.messages import HEAR
from services.task import open_task
from utils.crypto import CannotDecrypt

SWEEP_AT_ONCE = 500
MOST_TRIES = 5

_UNHEARD = (Message.direction == "in", Message.handled_at.is_(None))
_ONE_AT_A_TIME = text(
    "select pg_advisory_xact_lock("
    "hashtextextended('careloop:hear:' || :place || ':' || :address, 0))"
)


def hear(session: ScopedSession, establishment: Establishment, message_id: int) -> bool:
    """Handle the earliest message of an address that was not heard, up to this one.

    True when this one still waits: call again, in another transaction. A second process waits here
    until the first has committed, and then finds what that one left.
    """
    address_id = session.scalar(
        select(Message.address_id).where(*_UNHEARD, Message.id == message_id)
    )
    if address_id is None:
        _hear_nobody(session, message_id)
        return False
    _wait_in_line(session, address_id)
    message = session.scalar(
        select(Message)
        .where(*_UNHEARD, Message.address_id == address_id, Message.id <= message_id)
        .order_by(Message.id)
        .limit(1)
    )
    if message is None:
        return False
    address = session.get_one(Address, address_id)
    now = session.now()
    turn = Turn(session, establishment, message, address, now, _open_one(session, message))
    route(turn)
    message.handled_at = now
    session.flush()
    return message.id != message_id


def _wait_in_line(session: ScopedSession, address_id: int) -> None:
    """Let nobody else hear this address until the transaction ends.

    An advisory lock, not one on the address's row: a reply's delivery must not wait for its own
    conversation, nor a receipt that brings a carrier's opt-out.
    """
    session.execute(_ONE_AT_A_TIME, {"place": session.establishment_id, "address": address_id})


def _open_one(session: ScopedSession, message: Message) -> Conversation | None:
    """The conversation that is under way with an address; one of yesterday has ended."""
    found = session.scalar(
        select(Conversation)
        .where(
            Conversation.address_id == message.address_id,
            Conversation.channel == message.channel,
            Conversation.ended_at.is_(None),
        )
        .with_for_update()
    )
    if found is not None and found.last_at < session.now() - GOES_ON_FOR:
        end(session, found)
        return None
    return found


def _hear_nobody(session: ScopedSession, message_id: int) -> None:
    """A message from what is no number, a company's name: staff read it."""
    found = session.scalar(
        select(Message.id)
        .where(*_UNHEARD, Message.id == message_id, Message.address_id.is_(None))
        .with_for_update()
    )
    if found is not None:
        _put_aside(session, found)


def note_failure(session: ScopedSession, message_id: int) -> None:
    """Hearing failed through a fault of ours: after some tries staff read the message instead.

    So that one message cannot hold up those that came after it for ever. Nothing of it is opened
    here but its words at the end: what cannot be opened may be the fault.
    """
    address_id = session.scalar(
        select(Message.address_id).where(*_UNHEARD, Message.id == message_id)
    )
    if address_id is not None:
        _wait_in_line(session, address_id)
    first = session.scalar(
        select(Message.id)
        .where(*_UNHEARD, Message.address_id == address_id, Message.id <= message_id)
        .order_by(Message.id)
        .limit(1)
        .with_for_update()
    )
    if first is None:
        return
    tries = session.scalar(
        update(Message)
        .where(Message.id == first)
        .values(tries=Message.tries + 1)
        .returning(Message.tries)
    )
    if tries is not None and tries >= MOST_TRIES:
        _put_aside(session, first)


def _put_aside(session: ScopedSession, message_id: int) -> None:
    """Have staff read a message that no conversation could be held about."""
    try:
        row = session.execute(
            select(Message.written_from, Message.body).where(Message.id == message_id)
        ).one()
        words = "\n".join(filter(None, row)) or None
    except CannotDecrypt:
        words = None
    open_task(session, LOOK_AT_MESSAGE, f"{LOOK_AT_MESSAGE}:m{message_id}", note=words)
    session.execute(update(Message).where(Message.id == message_id).values(handled_at=func.now()))


def find_unheard(session: ScopedSession, after: float) -> int:
    """Hand messages over again whose job was lost `after` seconds ago; how many there were."""
    ids = session.scalars(
        select(Message.id)
        .where(*_UNHEARD, Message.at < func.now() - timedelta(seconds=after))
        .order_by(Message.id)
        .limit(SWEEP_AT_ONCE)
    ).all()
    if ids:
        session.enqueue(HEAR, *ids)
    return len(ids)
