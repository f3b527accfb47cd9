"""Which of an establishment's senders a delivery goes out from.

First the one that was written to, while it works; else one that can do what is needed, in this
order: not shut out, not out of reach, meant for the contact's operator, lowest priority number.
Where two are as good, an address always hears from the same one. A sender for another operator, or
one that is shut out, is better than none: the first costs more, the second is tried again in time.
On WhatsApp nobody may write to a patient but the number that they have written to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from models.establishment import Sender
from models.reminder import Channel

WRITTEN = frozenset({Channel.sms, Channel.whatsapp})
"""Channels on which an answer must find its way back; a call is answered by its keys."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one delivery needs of its sender.

    `sender_id` is the one that it must go out from if that works; `address_id` tells addresses
    apart, no more.
    """

    channel: str
    sender_id: int | None = None
    two_way: bool = False
    operator: str | None = None
    address_id: int = 0


ANY = frozenset[int]()


class SenderChoice:
    """The senders of one establishment. Never changed: thread-safe.

    Those that are out of use are known by their number only: what went out from them may still
    have to be asked about.
    """

    def __init__(self, senders: Iterable[Sender] = ()) -> None:
        self.by_id = {sender.id: sender for sender in senders}
        self._by_channel: dict[str, list[Sender]] = defaultdict(list)
        in_use = [sender for sender in self.by_id.values() if sender.active]
        for sender in sorted(in_use, key=lambda one: (one.priority, one.id)):
            self._by_channel[sender.channel].append(sender)
        self.by_operator = any(
            sender.operators and len(self._by_channel[sender.channel]) > 1 for sender in in_use
        )
        """True when a choice may depend on whose subscriber somebody is."""
        self.suspended = any(sender.suspended_at is not None for sender in in_use)

    def on(self, channel: str) -> list[Sender]:
        """The senders on a channel, the first to be taken first."""
        return self._by_channel.get(channel, [])

    def of_channel(self, channel: str) -> list[Sender]:
        """All that ever sent on a channel, in use or not."""
        return [sender for sender in self.by_id.values() if sender.channel == channel]

    def sending(self, channel: str, address: str) -> Sender | None:
        """Who sends from an address, in use or not; one that is not given up before another."""
        found = [s for s in self.by_id.values() if (s.channel, s.address) == (channel, address)]
        return min(found, key=lambda one: (one.retired_at is not None, -one.id), default=None)

    def two_way(self, channel: str) -> bool:
        """True when an answer can come back on a channel."""
        return channel == Channel.voice or any(sender.can_receive for sender in self.on(channel))

    def choose(self, need: Need, away: Collection[int] = ANY) -> Sender | None:
        """The sender for a need; None when no sender can do what is needed.

        `away` are senders that could not be reached a moment ago.
        """
        written_to = self.by_id.get(need.sender_id or 0)
        if written_to is not None and _works(written_to, need, away):
            return written_to
        fitting = self._fitting(need)
        if len(fitting) < 2:  # nearly always
            return fitting[0] if fitting else None
        return _best(fitting, need, away)

    def preferred(self, need: Need) -> Sender | None:
        """The one that would be taken if all of them worked."""
        written_to = self.by_id.get(need.sender_id or 0)
        fitting = self._fitting(need)
        if written_to in fitting:
            return written_to
        key = [(_distance(sender, need.operator), sender.priority) for sender in fitting]
        equals = [s for s, rank in zip(fitting, key, strict=True) if rank == min(key)]
        return equals[need.address_id % len(equals)] if equals else None

    def _fitting(self, need: Need) -> list[Sender]:
        """The senders that can do what is needed, whether they work just now or not."""
        senders = self.on(need.channel)
        if need.channel == Channel.whatsapp:  # nobody else may write to them there
            return [sender for sender in senders if sender.id == need.sender_id]
        if need.channel not in WRITTEN or not (need.two_way or need.sender_id):
            return senders
        answerable = [sender for sender in senders if sender.can_receive]
        return answerable if need.two_way else answerable or senders


def _works(sender: Sender, need: Need, away: Collection[int]) -> bool:
    return (
        sender.active
        and sender.channel == need.channel
        and sender.suspended_at is None
        and sender.id not in away
        and (sender.can_receive or not need.two_way or need.channel not in WRITTEN)
    )


def _best(fitting: list[Sender], need: Need, away: Collection[int]) -> Sender:
    def rank(sender: Sender) -> tuple[bool, bool, int, int]:
        shut_out = sender.suspended_at is not None
        return shut_out, sender.id in away, _distance(sender, need.operator), sender.priority

    best = min(map(rank, fitting))
    equals = [sender for sender in fitting if rank(sender) == best]
    return equals[need.address_id % len(equals)]


def _distance(sender: Sender, operator: str | None) -> int:
    """0 for the contact's own operator, 1 for everybody's sender, 2 for another operator's."""
    if not sender.operators:
        return 1
    return 0 if operator in sender.operators else 2
