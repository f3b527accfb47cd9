"""Establishments, known without asking the database each time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from database.session import Database
from models.establishment import Establishment, Sender
from services.errors import NotFound
from services.sender.choice import Need, SenderChoice

KNOWN_FOR = 5.0
"""Seconds for which an establishment's facts are kept in a process."""


@dataclass(frozen=True)
class _Known:
    by_id: dict[int, Establishment]
    senders: dict[int, SenderChoice]
    at: float


_NONE = SenderChoice()
# A schema is committed whole, with its tables and rights, after the establishment's row.
_FOUNDED = text("exists (select from pg_namespace where nspname = 'est_' || establishments.id)")


class Directory:
    """All establishments, their holidays and senders, read again every few seconds. Thread-safe.

    One that is being made, or was cut off while it was, is not there yet: nothing could be asked
    of it, and whoever goes through all of them would stop at it.

    Kept values are detached rows, never changed. When PostgreSQL is away the last known facts
    stay good: a webhook must find its establishment to be spooled.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._keeping = Lock()
        self._known: _Known | None = None
        self._change = object()

    @property
    def fresh(self) -> bool:
        """True when a question is answered from memory, without waiting for the database."""
        known = self._known
        return known is not None and time.monotonic() - known.at < KNOWN_FOR

    def get(self, establishment_id: int) -> Establishment:
        """One establishment; raises `NotFound`."""
        found = self._read().by_id.get(establishment_id)
        if found is None:
            raise NotFound("establishment")
        return found

    def by_slug(self, slug: str) -> Establishment:
        """The establishment of a public path; raises `NotFound`."""
        for establishment in self._read().by_id.values():
            if establishment.slug == slug:
                return establishment
        raise NotFound("establishment")

    def default(self) -> Establishment:
        """The only establishment, else the default one; raises `NotFound`."""
        everyone = list(self._read().by_id.values())
        chosen = everyone if len(everyone) == 1 else [e for e in everyone if e.is_default]
        if not chosen:
            raise NotFound("establishment")
        return chosen[0]

    def all(self) -> list[Establishment]:
        """Every establishment, by number."""
        return list(self._read().by_id.values())

    def senders(self, establishment_id: int) -> SenderChoice:
        """What an establishment sends from, and which of them a delivery goes out from."""
        return self._read().senders.get(establishment_id, _NONE)

    def sender(self, establishment_id: int, channel: str) -> Sender | None:
        """What an establishment sends from on a channel, first of all; None when it cannot.

        One that is suspended only where there is no other.
        """
        return self.senders(establishment_id).choose(Need(channel))

    def called(self, channel: str, address: str) -> Sender | None:
        """Whose number was called or written to; None for a number that is nobody's.

        One in use before one that is not, one that can receive before another that shares it. What
        is retired still has patients who write to it, until somebody else has its number.
        """
        found = [
            sender
            for choice in self._read().senders.values()
            for sender in choice.by_id.values()
            if sender.channel == channel and sender.address == address
        ]
        return min(
            found,
            key=lambda one: (
                one.retired_at is not None,
                not one.active,
                not one.can_receive,
                one.id,
            ),
            default=None,
        )

    def sender_by_id(self, sender_id: int) -> Sender | None:
        """One sender, whoever's it is and in use or not; None when there is none."""
        for choice in self._read().senders.values():
            if sender_id in choice.by_id:
                return choice.by_id[sender_id]
        return None

    def suspended(self, establishment_id: int) -> bool:
        """True when the provider shut out any of an establishment's senders."""
        return self.senders(establishment_id).suspended

    def forget(self) -> None:
        """Read again at the next question: something was changed here."""
        with self._keeping:
            self._change = object()
            self._known = None

    def _read(self) -> _Known:
        known = self._known
        if known is not None and time.monotonic() - known.at < KNOWN_FOR:
            return known
        with self._lock:
            known = self._known
            if known is None or time.monotonic() - known.at >= KNOWN_FOR:
                change = self._change
                known = self._load()
                with self._keeping:
                    if change is self._change:  # else it may be from before what was changed
                        self._known = known
            return known

    def _load(self) -> _Known:
        with self._database.service() as session:
            everyone = (
                select(Establishment).where(_FOUNDED).options(selectinload(Establishment.holidays))
            )
            rows = session.scalars(everyone.order_by(Establishment.id)).all()
            senders = session.scalars(select(Sender).order_by(Sender.id)).all()
            session.expunge_all()
        own: dict[int, list[Sender]] = {}
        for sender in senders:
            own.setdefault(sender.establishment_id, []).append(sender)
        choices = {number: SenderChoice(theirs) for number, theirs in own.items()}
        return _Known({row.id: row for row in rows}, choices, time.monotonic())
