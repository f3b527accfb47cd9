"""The clock: claims what is due and hands it to the workers; sweeps up after crashes.

Any number may run. Between two claims it sleeps until the next thing is due, and is woken by
NOTIFY when something earlier was stored.
"""

from __future__ import annotations

import select
import signal
import threading
import time
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from types import FrameType
from typing import Any, TypeVar

import psycopg2
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config.settings import EngineSettings
from database.away import is_lost
from database.engine import DatabaseNotReady
from database.listen import listening_connection
from database.session import Job
from models.establishment import Establishment
from models.reminder import Channel
from services import dispatch
from services.alarm import alarms as alarm
from services.alarm.mail import administrators
from services.campaign.campaigns import find_expandable
from services.conversation import GOES_ON_FOR, end_stale, find_unheard
from services.delivery.sweep import resume_series, sweep
from services.dispatch.gate import ClaimGate
from services.feedback.feedbacks import find_unprocessed
from services.feedback.upload import find_complete, forget_expired, join_feedback
from services.idempotency import forget_old
from services.inbound.provider_list import take_due
from services.inbound.voice import find_voices
from services.overview.health import webhooks_turned_away
from services.phone.calls import end_idle
from services.phone.fetching import find_recordings
from utils.failpoint import reached
from utils.logs import get_logger
from utils.senders import LISTING
from utils.spool import nothing_spooled
from workers.context import Context, get_context
from workers.heartbeat import Heartbeat
from workers.names import ASK_INBOUND, ASK_RECEIPTS, RECONCILE, SEND
from workers.rests import Rests

CHANNEL = "careloop_due"
AWAY_SECONDS = 2.0
TIDY_SECONDS = 3600.0
GATHER_SECONDS = 0.01
"""Rounds that left nothing due are at least so far apart, and once more so far for each job that
waits behind what was handed over, up to `LONGEST_GATHER`: what falls due in between goes out in
one batch."""
LONGEST_GATHER = 9
BACKLOG_SECONDS = 0.05
"""How often to look for room in the queue while more is due than fits in."""
INBOUND_SECONDS = 1.0
"""How often to see whether a look at an inbound list is due."""
GATE_SECONDS = 0.25
"""How often to look whether the gate is open again, and the queue is back."""

UNHEARD_SECONDS = 15.0
"""A message that nobody has heard for so long has lost its job."""

T = TypeVar("T")
log = get_logger("careloop.scheduler")


class Found(IntEnum):
    """What a round found due, and handed over."""

    nothing = 0
    all = 1
    a_part = 2
    """A batch was full: more is due already."""


class Scheduler:
    """One scheduler. `run` returns after `stop`."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.engine: EngineSettings = context.settings.engine
        self.heartbeat = Heartbeat(context.database, "scheduler")
        self._stopped = threading.Event()
        self._alarm = Alarm(context)
        self.gate = ClaimGate(
            context.database, partial(nothing_spooled, context.settings.storage.spool)
        )
        self._rests = Rests()
        self._next_sweep = 0.0
        self._next_look = 0.0
        self._next_tidying = 0.0
        self._next_inbound = 0.0

    def stop(self, *_signal: int | FrameType | None) -> None:
        """End after the present round. Safe as a signal handler."""
        self._stopped.set()
        self._alarm.ring()

    def run(self) -> None:
        """Claim, sweep, sleep; for ever, whatever the database does."""
        log.info("scheduler started")
        while not self._stopped.is_set():
            try:
                found = self.round()
                if found is Found.nothing:
                    self._alarm.wait(self._pause())
                if found is not Found.a_part:
                    self._gather(found)
            except (DBAPIError, PoolTimeout, DatabaseNotReady, psycopg2.Error) as error:
                log.warning("database unavailable", error=type(error).__name__)
                self.gate.lost()
                self._alarm.reset()
                self._stopped.wait(AWAY_SECONDS)
        self._alarm.reset()
        log.info("scheduler stopped")

    def _gather(self, found: Found) -> None:
        """Let a little more fall due: the more, the more jobs still wait for a worker anyway.

        Not by `_stopped`: a signal that comes while its lock is held here would wait for ever.
        """
        waiting = self.context.queue.depth() if found is Found.all else None
        time.sleep(GATHER_SECONDS * (1 + min(waiting or 0, LONGEST_GATHER)))

    def round(self) -> Found:
        """Sweep if it is time, then give every establishment one batch."""
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + self.engine.sweep
            self.heartbeat.beat()
            self._sweep()
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + self.engine.alarms
            self.look()
        if time.monotonic() >= self._next_tidying:
            self._next_tidying = time.monotonic() + TIDY_SECONDS
            self._tidy()
        if not self._may_claim():
            return Found.nothing
        if time.monotonic() >= self._next_inbound:
            self._next_inbound = time.monotonic() + INBOUND_SECONDS
            self._ask_inbound()
        due = dispatch.establishments_due(self.context.database)
        return max(
            (self._apart(one.id, "claim", partial(self._serve, one), Found.nothing) for one in due),
            default=Found.nothing,
        )

    def _apart(self, establishment_id: int, step: str, work: Callable[[], T], otherwise: T) -> T:
        """Do something for one establishment; whatever is wrong there keeps no other waiting.

        Raises what says that PostgreSQL is away: that is nobody's own.
        """
        if self._rests.rests(establishment_id):
            return otherwise
        try:
            done = work()
        except Exception as error:
            if is_lost(error):
                raise
            self._rests.failed(establishment_id, step, error)
            return otherwise
        self._rests.worked(establishment_id, step)
        return done

    def _may_claim(self) -> bool:
        """False while a stop may be spooled, or nobody would take what is claimed.

        Claimed and given back, every look would leave two events in each delivery's trace.
        """
        return self.gate.is_open() and self.context.queue.answers()

    def _pause(self) -> float:
        """Seconds to sleep: until the next thing is due or the next sweep, at most `poll`."""
        waits = [self.engine.poll, self._next_sweep - time.monotonic()]
        until_due = dispatch.seconds_to_next(self.context.database)
        if not self._may_claim():
            waits.append(GATE_SECONDS)
        elif until_due is not None:
            # Overdue and yet not claimed: every place in the queue is taken.
            waits.append(until_due if until_due > 0 else BACKLOG_SECONDS)
        return max(0.0, min(waits))

    def _sweep(self) -> None:
        for establishment in self.context.directory.all():
            work = partial(self._sweep_up, establishment.id)
            self._apart(establishment.id, "sweep", work, None)

    def _sweep_up(self, establishment_id: int) -> None:
        with self.context.database.establishment_briefly(establishment_id) as session:
            found = sweep(session, ask_after=self.engine.ask_after, lease=self.engine.claim_lease)
            find_unprocessed(session)
            find_complete(session)
            join_feedback(session)
            find_expandable(session, self.engine.claim_lease)
            find_recordings(session)
            find_voices(session)
            find_unheard(session, min(self.engine.claim_lease, UNHEARD_SECONDS))
            end_stale(session, GOES_ON_FOR)
            if found:
                reached("sweep.before_commit")
        if found:
            reached("sweep.after_commit")
            log.info("leases ran out", establishment=establishment_id, deliveries=found)

    def look(self) -> None:
        """See what is worth an alarm at each establishment, and what no longer is."""
        context = self.context
        with context.database.service() as session:
            to_tell = administrators(session)
            turned_away = webhooks_turned_away(session)
        for place in context.directory.all():
            told = to_tell.get(place.id, [])
            work = partial(self._look_at, place, told, turned_away=turned_away)
            self._apart(place.id, "alarms", work, None)

    def _look_at(self, place: Establishment, to_tell: list[int], *, turned_away: bool) -> None:
        mails = self.context.sender(place.id, Channel.email) is not None
        with self.context.database.establishment_briefly(place.id) as session:
            alarm.look(session, place, to_tell, mails=mails, turned_away=turned_away)

    def _ask_inbound(self) -> None:
        """Have the lists looked through of what patients wrote, where that is due."""
        with self.context.database.service() as session:
            due = take_due(session, sorted(LISTING), self.engine.inbound)
        for establishment_id, sender_id in due:
            self.context.queue.put(Job(ASK_INBOUND, establishment_id, (sender_id,)))

    def _tidy(self) -> None:
        """Forget kept answers and half uploads of long ago; have series that stand go on."""
        for establishment in self.context.directory.all():
            work = partial(self._tidy_up, establishment.id)
            self._apart(establishment.id, "tidy", work, None)
        with self.context.database.service() as session:
            forget_old(session)

    def _tidy_up(self, establishment_id: int) -> None:
        with self.context.database.establishment_briefly(establishment_id) as session:
            forget_old(session)
            forget_expired(session)
            end_idle(session, session.now())
            found = resume_series(session)
        if found:
            log.warning("series stood", establishment=establishment_id, reminders=found)

    def _serve(self, due: dispatch.HasDue) -> Found:
        """Claim one batch for one establishment and hand it over."""
        database, queue, engine = self.context.database, self.context.queue, self.engine
        establishment_id = due.id
        with database.establishment_in_order(establishment_id) as session:
            claimed = dispatch.claim(
                session,
                batch=engine.batch,
                outstanding=engine.batch * engine.outstanding_batches,
                lease=engine.claim_lease,
            )
            reached("scheduler.in_claim")
        reached("scheduler.after_claim")
        handed = False
        jobs = (
            (SEND, claimed.to_send),
            (RECONCILE, claimed.to_reconcile),
            (ASK_RECEIPTS, claimed.to_ask),
        )
        for name, ids in jobs:
            if not ids:
                continue
            put = queue.put if due.under_way or name != SEND else queue.put_first
            if put(Job(name, establishment_id, ids)):
                handed = True
            else:
                reached("scheduler.before_release")
                with database.establishment_by_key(establishment_id) as session:
                    dispatch.release(session, ids, "queue unreachable")
                reached("scheduler.after_release")
        reached("scheduler.after_enqueue")
        if not handed:
            return Found.nothing
        full = sum(len(ids) for _, ids in jobs) >= engine.batch
        return Found.a_part if full else Found.all


class Alarm:
    """Sleeps on a LISTEN connection, so that a NOTIFY ends the sleep."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._connection: Any = None
        self._stopped = threading.Event()

    def wait(self, seconds: float) -> None:
        """Sleep until somebody notifies, or at most `seconds`."""
        if seconds <= 0 or self._stopped.is_set():
            return
        if self._connection is None:
            self._connection = listening_connection(self._context.database.engine, CHANNEL)
        readable, _, _ = select.select([self._connection], [], [], seconds)
        if readable:
            self._connection.poll()
            self._connection.notifies.clear()

    def ring(self) -> None:
        """End the sleeping for good (a signal handler interrupts the select by itself)."""
        self._stopped.set()

    def reset(self) -> None:
        """Let go of a connection that may be broken."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def main() -> None:
    """Run a scheduler until SIGTERM or SIGINT."""
    scheduler = Scheduler(get_context())
    signal.signal(signal.SIGTERM, scheduler.stop)
    signal.signal(signal.SIGINT, scheduler.stop)
    scheduler.heartbeat.insist(scheduler.context.settings, scheduler._stopped)
    scheduler.run()
