"""Jobs on inbound messages: ask a provider's own list for those that never reached us."""

from __future__ import annotations

from collections.abc import Sequence

from models.establishment import Sender
from schemas.sender_credentials import ANDROID
from services.inbound.provider_list import Look, look_of, looked, take_in, unknown
from services.inbound.voice import Piece
from services.webhook.android import has_own_list
from utils.logs import get_logger
from utils.senders import Inbox, Received
from utils.twilio_media import Attached
from utils.twilio_recordings import RecordingsAway
from workers.context import Context, get_context
from workers.errands import errand

log = get_logger("careloop.worker")


@errand
def ask(establishment_id: int, ids: list[int]) -> None:
    """Look through the lists of some senders; no transaction is open while a provider is asked.

    Killed anywhere, the next look begins where the last whole one ended.
    """
    context = get_context()
    settled_after = context.settings.engine.inbound_after
    for sender_id in ids:
        with context.database.service() as session:
            look = look_of(session, sender_id, settled_after)
        if look is not None and look.sender.establishment_id == establishment_id:
            _look_through(context, look)


def _look_through(context: Context, look: Look) -> None:
    sender = look.sender
    client = context.sender(sender.establishment_id, sender.channel, sender.id)
    if not isinstance(client, Inbox) or not _is_its_own(context, sender):
        return
    listed = client.received(look.since, look.until)
    if listed is None:
        return  # not just now: the next look asks for the same span
    if not _store(context, look, listed):
        return  # the next look finds what is not here yet
    with context.database.service() as session:
        looked(session, look)


def _is_its_own(context: Context, sender: Sender) -> bool:
    return sender.provider != ANDROID or has_own_list(context.directory, sender)


def _store(context: Context, look: Look, listed: list[Received]) -> bool:
    """Take in what is missing; False when of some it cannot be said what is attached to them."""
    number = look.sender.establishment_id
    with context.database.establishment(number) as session:
        missing = unknown(session, look.sender, listed)
    count, whole = 0, True
    for found in missing:
        try:
            pieces = [Piece(*one) for one in _attached(context, look, found)]
        except RecordingsAway:
            whole = False
            continue
        with context.database.establishment(number) as session:
            count += take_in(session, look.sender, found, pieces)
    if count:
        log.warning("messages found that never reached us", establishment=number, messages=count)
    return whole


def _attached(context: Context, look: Look, found: Received) -> Sequence[Attached]:
    """What is attached to a message of the list; no transaction is open.

    A phone names nothing of it: it stays there, and staff are told that there is something.
    """
    if not found.media or look.sender.provider == ANDROID:
        return ()
    media = context.media_of(look.sender.establishment_id, look.sender.id)
    return media.attached(found.provider_id)
