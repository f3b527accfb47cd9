"""From which sender each delivery of a batch goes out: decided in memory, without a question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from models.establishment import Sender
from services.sender.choice import WRITTEN, Need, SenderChoice
from utils.crypto import get_cipher
from utils.operators import operator_of

Take = Callable[[int, float, int], int]
"""`take(sender's number, messages a second, wanted)` gives how many may be sent at this moment."""


def _as_many_as_come(line: int, rate: float, wanted: int) -> int:  # noqa: ARG001 - as `Take` has it
    return wanted


@dataclass(frozen=True, slots=True)
class Routes:
    """An establishment's senders, those out of reach just now, and where a paced one gets tokens.

    `drop_questions`: what asks goes out from a sender that takes in no answer, where there is no
    other, without its question. `probes` are deliveries that try a suspended sender, each with
    that sender's number.
    """

    senders: SenderChoice
    take: Take = _as_many_as_come
    away: Collection[int] = frozenset()
    drop_questions: bool = False
    probes: Mapping[int, int] = field(default_factory=dict)

    @property
    def by_operator(self) -> bool:
        """True when the numbers must be known for the choice."""
        return self.senders.by_operator

    def chosen(self, rows: Sequence[Any]) -> dict[int, Sender]:
        """The sender of each locked delivery that has one, by the delivery's number."""
        found = ((row.id, self._sender(row)) for row in rows)
        return {number: sender for number, sender in found if sender is not None}

    def _sender(self, row: Any) -> Sender | None:
        if row.id in self.probes:
            return self.senders.by_id.get(self.probes[row.id])
        need = Need(
            row.channel,
            sender_id=row.sender_id,
            two_way=row.expects_reply,
            operator=_operator(row.number),
            address_id=row.address_id,
        )
        return self.for_need(need)

    def for_need(self, need: Need) -> Sender | None:
        """The sender for what a delivery needs; None when none can do it."""
        sender = self.senders.choose(need, self.away)
        if sender is None and self.drop_questions and need.two_way:
            return self.senders.choose(replace(need, two_way=False), self.away)
        return sender


NOWHERE = Routes(SenderChoice())


def can_ask(row: Any, sender: Sender) -> bool:
    """True when a question may stand in what a sender sends."""
    return bool(row.expects_reply) and (sender.can_receive or row.channel not in WRITTEN)


def _operator(number: Any) -> str | None:
    """Whose subscriber a sealed number is; it comes only where that matters."""
    if number is None:
        return None
    return operator_of(get_cipher().open(bytes(number), "addresses.value").decode())
