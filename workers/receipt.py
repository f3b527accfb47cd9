"""Jobs on receipts: ask the provider what became of what was sent. Ids in, nothing out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from services.delivery.receipt import (
    Answer,
    Wanted,
    list_span,
    look_later,
    take_in,
    wanted_receipts,
)
from utils.logs import get_logger
from utils.senders import Passed, Receipts, Sender
from workers.asking import answers
from workers.context import get_context
from workers.errands import errand

LIST_PAYS_FROM = 5
"""So many questions at once cost more than one page of the provider's list."""

log = get_logger("careloop.worker")


@errand
def ask(establishment_id: int, ids: list[int]) -> None:
    """Ask for the receipts of some deliveries; no transaction is open while that is done.

    Killed anywhere, the lease runs out and they are asked for again: asking changes nothing.
    """
    context = get_context()
    with context.database.establishment(establishment_id) as session:
        wanted = wanted_receipts(session, ids)
    told = []
    for (channel, sender_id), ones in groupby(sorted(wanted, key=_sender), key=_sender):
        sender = context.sender(establishment_id, channel, sender_id or None)
        told += _ask(sender, list(ones))
    with context.database.establishment(establishment_id) as session:
        look_later(session, [answer for answer in told if answer.settles_nothing])
    settling = [answer for answer in told if not answer.settles_nothing]
    for answer in settling:
        with context.database.establishment(establishment_id) as session:
            take_in(session, answer)
    log.info(
        "receipts asked for",
        establishment=establishment_id,
        deliveries=len(wanted),
        unanswered=sum(answer.passed is None for answer in told),
        settled=len(settling),
    )


def _sender(wanted: Wanted) -> tuple[str, int]:
    return wanted.channel, wanted.sender_id or 0


def _ask(sender: Sender | None, wanted: Sequence[Wanted]) -> list[Answer]:
    """What a provider says of what went out from one sender: by its list, else one by one."""
    now = datetime.now(UTC)
    if not isinstance(sender, Receipts):
        return [Answer(one, None, now) for one in wanted]
    listed: dict[str, Passed] = {}
    if len(wanted) >= LIST_PAYS_FROM:
        found = sender.receipts(*list_span(wanted, now))
        listed = {passed.provider_id: passed for passed in found}
    known = [
        Answer(one, listed[one.provider_id], now) for one in wanted if one.provider_id in listed
    ]
    others = [one for one in wanted if one.provider_id not in listed]
    asked = answers(others, lambda one: sender.receipt(one.provider_id))
    return known + [Answer(one, passed, now) for one, passed in asked]
