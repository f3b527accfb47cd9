"""The monkey: everything that goes wrong in a run, one act after the other or all at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests import http
from tests.chaos.cast import PATIENCE, Slot
from tests.chaos.hospital import Hospital
from tests.chaos.script import NORTH, SOUTH, Case, Script
from tests.chaos.stage import LEASE, LISTED_LATE, TAKEN_LATE, Stage
from tests.tree import wait_for
from utils.failpoint import DELIVERY

CALLBACKS: tuple[dict[str, Any], ...] = (
    {"mode": "normal"},
    {"mode": "late", "delay_ms": 1500},
    {"mode": "twice", "delay_ms": 700},
    {"mode": "shuffled", "delay_ms": 900},
    {"mode": "never", "probability": 0.5},
)
MUTE: tuple[dict[str, Any], ...] = ({"kind": "status", "status": 503},)
"""Nothing is answered: senders are suspended, and what is due then waits."""
FAULTS: tuple[tuple[dict[str, Any], ...], ...] = (
    (),
    MUTE,
    ({"kind": "status", "status": 503, "probability": 0.4},),
    ({"kind": "status", "status": 500, "probability": 0.4, "after_accept": True},),
    ({"kind": "status", "status": 429, "retry_after": 1, "probability": 0.5},),
    ({"kind": "accept_then_drop", "probability": 0.4},),
    ({"kind": "drop", "probability": 0.3},),
    # Taken, but later than anybody waited for the answer, or asked for the first time.
    ({"kind": "slow", "seconds": TAKEN_LATE, "after_accept": False, "probability": 0.4},),
    ({"kind": "slow", "seconds": 3.0, "probability": 0.4},),
)
ON = ("messages.create", "calls.create", "mail.send")
MET = 8
"""How many messages the carrier is to take in each of its moods, if there is time."""
LETTERS = 40
"""E-mails that fall due while some stand still: about half of what is sent then."""
HANG = 1.6  # seconds: longer than anybody waits for Redis
PAUSES = (
    "worker.before_call",
    *(["worker.before_outcome"] * 3),
    "reconcile.after_ask",
    "scheduler.after_claim",
)
"""Where a process may stand still for longer than its lease, while others end what it began. Three
with outcomes to tell: one of them shall have an e-mail's, of which the provider tells nobody."""


class Monkey:
    """Its moods come from the seed; the same acts in the same order."""

    def __init__(self, stage: Stage, hospital: Hospital, script: Script, seed: int) -> None:
        self.stage, self.hospital, self.script = stage, hospital, script
        self.dice = random.Random(f"monkey {seed}")
        self.acts: list[str] = []
        self.paused: set[Slot] = set()
        self._outcomes: dict[str, Any] = {}
        self._seed = seed
        self._moods = 0
        self._since = time.monotonic()

    # ── the carrier ──

    def learn_ends(self) -> None:
        """Tell the carrier which addresses end badly."""
        for case in self.script.cases:
            if case.end != "delivered":
                for address in (case.phone, case.email):
                    self._outcomes[address] = {"outcome": case.end}
        self.mood((), CALLBACKS[0])

    def mood(
        self,
        faults: tuple[dict[str, Any], ...],
        callbacks: dict[str, Any],
        listed_late: float = 0.0,
        on: Sequence[str] = ON,
    ) -> None:
        """How the carrier behaves from now on, where; its list is behind by so many seconds."""
        self._moods += 1
        http.put(
            f"{self.stage.simulator_url}/behaviour",
            json={
                "faults": [fault | {"on": where} for fault in faults for where in on],
                "callbacks": callbacks,
                "listed_ms": round(listed_late * 1000),
                "outcomes": self._outcomes,
                "voice": {"answer": "auto", "ring_ms": 50, "pace": 0.05},
                "seed": self._seed * 1000 + self._moods,
            },
            timeout=30,
        ).raise_for_status()

    def moody(self, seconds: float) -> None:
        """Every way in which a carrier fails, and in which callbacks come, in turn."""
        callbacks = list(CALLBACKS) * 2
        self.dice.shuffle(callbacks)
        for faults, how in zip(self.dice.sample(FAULTS, len(FAULTS)), callbacks, strict=False):
            self.mood(faults, how, self.dice.choice((0.0, LISTED_LATE)))
            lasts = self._until_held_back if faults is MUTE else self._until_met
            lasts(seconds / len(FAULTS))

    def _until_met(self, seconds: float) -> None:
        """A mood lasts so long, and on a busy machine until some messages have met with it."""
        enough = self._taken() + MET
        deadline = time.monotonic() + 3 * seconds
        time.sleep(seconds)
        while self._taken() < enough and time.monotonic() < deadline:
            time.sleep(0.1)

    def _until_held_back(self, seconds: float) -> None:
        """Silence lasts until somebody waits for a suspended sender, if anything is due."""
        before = self.hospital.held_back()
        deadline = time.monotonic() + 6 * seconds
        time.sleep(seconds)
        while self.hospital.held_back() == before and time.monotonic() < deadline:
            time.sleep(0.1)

    def _taken(self) -> int:
        """How much the carrier has accepted so far."""
        told = http.get(f"{self.stage.simulator_url}/health", timeout=30).json()
        return int(told["entries"])

    # ── acts ──

    def act(self, what: Callable[[], None]) -> None:
        """Carry out one act, and note it."""
        began = time.monotonic()
        what()
        now = time.monotonic()
        self.acts.append(f"{began - self._since:5.1f} s {what.__name__} ({now - began:.1f} s)")

    def flush_redis(self) -> None:
        self.stage.flush_redis()

    def restart_redis(self) -> None:
        self.stage.restart(self.stage.redis, 0.5)

    def restart_postgres(self) -> None:
        self.stage.restart(self.stage.postgres, 0.5)

    def hang_redis(self) -> None:
        """Jobs reach Redis after their sender has given up: they are there, and released, too."""
        with self.stage.redis_hangs():
            time.sleep(HANG)

    def kill_api(self) -> None:
        self.stage.cast.kill("api-1")

    def kill_somebody(self) -> None:
        self.stage.cast.kill(self.dice.choice(["api-1", "scheduler-1", "worker-1", "worker-2"]))

    def repeat_jobs(self) -> None:
        """Hand deliveries over again, whatever their state: a job is only a hint."""
        from config.settings import RedisSettings
        from database.session import Job
        from workers.names import RECONCILE, SEND
        from workers.queue import JobQueue, connect

        connection = connect(RedisSettings(REDIS_URL=self.stage.redis.url))
        queue = JobQueue(connection)
        rows = self.hospital.sql("select id from est_1.deliveries order by id desc limit 60")
        ids = tuple(number for (number,) in rows)
        for name in (SEND, RECONCILE, SEND):
            queue.put(Job(name, NORTH, ids))
        connection.close()

    def blackout(self) -> None:
        """All workers away while messages lie in the queue: meanwhile validity ends, patients say
        stop, staff cancel and change. When the workers are back, none of these may go out."""
        self.stage.cast.keep_down("worker")
        ends = time.time() + 4.0
        stale = self.script.short_lived(5, ends)
        stopped, cancelled, changed = (
            [self.script.case(kind, time.time()) for _ in range(4)]
            for kind in ("stop", "cancel", "change")
        )
        fresh: list[Case] = [*stale, *stopped, *cancelled, *changed]
        for done in self.hospital.post_all(fresh):
            done.result()
        self._wait_until_claimed(fresh)
        for case in stopped:
            self.hospital.opt_out(case)
        for case in cancelled:
            self.hospital.cancel(case)
        for case in changed:
            self.hospital.change(case, time.time() + 1)
        time.sleep(max(0.0, ends + 0.5 - time.time()))
        self.stage.cast.let_up("worker")

    def _wait_until_claimed(self, cases: list[Case]) -> None:
        """Until a scheduler has handed them over, if it can: places in the queue are few."""
        numbers = [case.reminder for case in cases if case.accepted]
        deadline = time.monotonic() + 1.5

        def claimed() -> bool:
            ((waiting,),) = self.hospital.sql(
                "select count(*) from est_1.deliveries"
                " where reminder_id = any(%s) and status = 'scheduled'",
                numbers,
            )
            return waiting == 0 or time.monotonic() > deadline

        wait_for(claimed, "the queue", PATIENCE)

    # ── those who stand still ──

    def pause_some(self) -> None:
        """Processes that will stand still in mid-step, as on a machine that is suspended."""
        self.hospital.plant(self.script.letters(LETTERS, time.time() + 0.5, 6.0))
        for number, point in enumerate(PAUSES):
            role = point.partition(".")[0].replace("reconcile", "worker")
            slot = self.stage.cast.add(f"{role}-paused-{number}", role, CARELOOP_PAUSE_AT=point)
            self.paused.add(slot)
        threading.Thread(target=self._continue_late, name="continue", daemon=True).start()

    def _continue_late(self) -> None:
        """Continue each when its lease has run out and the others have finished what it began."""
        since: dict[str, float] = {}
        while self.paused:
            for slot in list(self.paused):
                if not self.stage.cast.stands_still(slot):
                    continue
                began = since.setdefault(slot.name, time.time())
                if time.time() - began > LEASE + 1 and not self._left_undone(began):
                    self.stage.cast.go_on(slot)
                    seconds = time.time() - began
                    self.acts.append(f"{'':8}{slot.name} stood still for {seconds:.0f} s")
                    self.paused.discard(slot)
            time.sleep(0.3)

    def _left_undone(self, before: float) -> int:
        """Deliveries that were begun before a time and whose end is open and near: one that came
        back from the carrier may wait until the quiet hours end."""
        counts = [
            self.hospital.sql(
                f"""select count(*) from est_{house}.deliveries d left join shared.due u
                on u.establishment_id = {house} and u.delivery_id = d.id
                where d.attempted_at < to_timestamp(%s) + interval '1 second'
                and (d.status in ('queued', 'sending')
                    or d.status = 'scheduled' and u.due_at < now() + interval '1 minute'
                    or d.status = 'unknown' and u.delivery_id is not null)""",
                before,
            )[0][0]
            for house in (NORTH, SOUTH)
        ]
        return sum(counts)

    # ── the whole ──

    def rest(self) -> None:
        """Everything that was broken is whole again."""
        self.mood((), CALLBACKS[0])
        self.paused.clear()
        self.stage.cast.calm()

    def every_point(self, dice: random.Random) -> list[str]:
        """All points in an order of the seed, those that need an accident before them last."""
        late = ("sweep", "reconcile", "scheduler.before_release", "scheduler.after_release")
        points = list(DELIVERY)
        dice.shuffle(points)
        return sorted(points, key=lambda point: point.startswith(late))
