"""Jobs on conversations: hear what came in. Ids in, nothing out."""

from __future__ import annotations

from services import conversation
from utils.failpoint import reached
from utils.logs import get_logger
from workers.context import get_context

MOST_BEFORE = 100
"""Messages of one address that are heard before a given one; the rest is the sweep's."""

log = get_logger("careloop.worker")


def hear(establishment_id: int, ids: list[int]) -> None:
    """Handle messages, those that came before them first.

    Killed anywhere, a message is handled with its reply or not at all; the scheduler hands it over
    again.
    """
    for message_id in ids:
        _hear_up_to(establishment_id, message_id)


def _hear_up_to(establishment_id: int, message_id: int) -> None:
    context = get_context()
    place = context.directory.get(establishment_id)
    for _ in range(MOST_BEFORE):
        try:
            reached("conversation.before_hear")
            with context.database.establishment(establishment_id) as session:
                more = conversation.hear(session, place, message_id)
                reached("conversation.before_commit")
            reached("conversation.after_commit")
        except Exception:  # counted, so that one message cannot stop its address; raised again
            with context.database.establishment(establishment_id) as session:
                conversation.note_failure(session, message_id)
            raise
        if not more:
            log.info("message heard", establishment=establishment_id, message=message_id)
            return
