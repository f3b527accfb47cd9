"""One run: reminders, the monkey, rest, judgement. Everything that is chance comes from the seed.

What differs between two runs of one seed is only who was how quick.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.cast import PATIENCE
from tests.chaos.hospital import Hospital, next_minute
from tests.chaos.judge import COUNTS, Judge, Verdict
from tests.chaos.listener import Listener
from tests.chaos.monkey import HANG, Monkey
from tests.chaos.script import DAILY_CAP, HOUR, NORTH, SOUTH, WEST, Case, Script
from tests.chaos.stage import LISTED_LATE, Stage
from tests.tree import wait_for
from utils.spool_segment import count_frames


@dataclass(frozen=True)
class Size:
    """How long and how large a run is. `seconds` is how long reminders fall due."""

    reminders: int = 170
    recurring: int = 9
    seconds: float = 14.0
    rounds: int = 1
    workers: int = 3
    schedulers: int = 2


SHORT = Size()


@dataclass
class Report:
    """What a run has to tell."""

    seed: int
    size: Size
    seconds: float
    verdict: Verdict
    reached: dict[str, int]
    deaths: int
    acts: list[str]
    held_back: int = 0
    unexpected: list[str] = field(default_factory=list)

    @property
    def not_reached(self) -> list[str]:
        return [point for point, times in self.reached.items() if not times]

    @property
    def clean(self) -> bool:
        """Every promise was kept, and at every point somebody died."""
        return self.verdict.clean and not self.not_reached

    def counts(self) -> dict[str, int]:
        """How often each promise was broken."""
        return {name: len(found) for name, found in self.verdict.found.items()}

    def __str__(self) -> str:
        verdict = self.verdict
        states = ", ".join(f"{n} {state}" for state, n in sorted(verdict.states.items()))
        lines = [
            f"chaos: seed {self.seed}, {self.seconds:.0f} s, {self.deaths} processes died",
            *(f"  {act}" for act in self.acts),
            f"  points reached by a kill: {len(self.reached) - len(self.not_reached)}"
            f" of {len(self.reached)}",
            *(f"    {point:28}{times:4}" for point, times in self.reached.items()),
            f"  reminders accepted  {verdict.reminders:6}",
            f"  deliveries          {sum(verdict.states.values()):6}  ({states})",
            f"  with the carrier    {verdict.accepted:6}",
            f"  unknown, with a task{verdict.unknown_with_task:6}",
            f"  sender was suspended{self.held_back:6}",
            *(f"  {name:20}{len(verdict.found[name]):6}  {what}" for name, what in COUNTS.items()),
        ]
        for name, found in verdict.found.items():
            lines += [f"  {name}: {what}" for what in found[:5]]
        if self.unexpected:
            lines.append(f"  ended by themselves: {', '.join(sorted(set(self.unexpected)))}")
        return "\n".join(lines)


def run(folder: Path, seed: int, size: Size = SHORT) -> Report:
    """One whole run. Raises when something never happens that a run waits for."""
    began = time.monotonic()
    with Stage(folder, seed, workers=size.workers, schedulers=size.schedulers) as stage:
        hospital = Hospital(stage)
        try:
            return _Run(stage, hospital, seed, size).whole(began)
        finally:
            hospital.close()


class _Run:
    def __init__(self, stage: Stage, hospital: Hospital, seed: int, size: Size) -> None:
        self.stage, self.hospital, self.size, self.seed = stage, hospital, size, seed
        self.script = Script(seed)
        self.monkey = Monkey(stage, hospital, self.script, seed)
        self.quiet: dict[int, tuple[float, float]] = {}

    def whole(self, began: float) -> Report:
        self._open()
        listener = Listener(self.stage)
        for _ in range(self.size.rounds):
            self._round()
        self.monkey.rest()
        self._settle()
        listener.stop()
        verdict = Judge(
            self.hospital,
            self.script.cases,
            self.stage.ledger,
            listener.heard,
            self.quiet,
        ).judge()
        return Report(
            seed=self.seed,
            size=self.size,
            seconds=time.monotonic() - began,
            verdict=verdict,
            reached=dict(self.stage.cast.reached),
            deaths=sum(slot.deaths for slot in self.stage.cast.slots.values()),
            acts=self.monkey.acts,
            held_back=self.hospital.held_back(),
            unexpected=self.stage.cast.unexpected,
        )

    def _open(self) -> None:
        now = time.time()
        edge = next_minute(now + 15 + (60 if self.size.rounds > 1 else 0))
        self.quiet = {
            SOUTH: (edge, edge + 3 * HOUR),
            WEST: (next_minute(now - HOUR), next_minute(now + 3 * HOUR)),
        }
        self.hospital.open(self.quiet)
        night = [
            *(self.script.case("night", now - 5, establishment=WEST) for _ in range(6)),
            *(
                self.script.case("deferred", now - 5, establishment=WEST, valid_for=6 * HOUR)
                for _ in range(6)
            ),
        ]
        self.hospital.plant(night)
        self.monkey.learn_ends()
        self.stage.start()
        self.hospital.log_in()

    def _round(self) -> None:
        """One go of the whole programme: the script runs by while the monkey acts."""
        start = time.time() + 1.0
        recurring = self.script.recurring(self.size.recurring, start + 1)
        stream = self.script.stream(self.size.reminders, start, self.size.seconds)
        stream += self.script.crowd(3 * DAILY_CAP, start, self.size.seconds / 3)
        self.monkey.learn_ends()
        self.hospital.plant(recurring)
        self.stage.cast.arm(self.monkey.every_point(self.script.dice))
        posted = self.hospital.post_all(stream)
        side = [
            threading.Thread(target=self._staff, args=(stream, start), daemon=True),
            threading.Thread(target=self.monkey.moody, args=(self.size.seconds,), daemon=True),
        ]
        for thread in side:
            thread.start()
        self.monkey.pause_some()
        self._programme()
        for done in posted:
            done.result(PATIENCE)
        for thread in side:
            thread.join(PATIENCE + self.size.seconds)
        self._reach_every_point()

    def _programme(self) -> None:
        monkey = self.monkey
        acts: list[Callable[[], None]] = [
            monkey.flush_redis,
            monkey.restart_redis,
            monkey.restart_postgres,
            monkey.hang_redis,
            monkey.kill_api,
            monkey.repeat_jobs,
            monkey.repeat_jobs,
            monkey.blackout,
            *([monkey.kill_somebody] * 4),
        ]
        self.script.dice.shuffle(acts)
        for act in acts:
            monkey.act(act)
            time.sleep(self.script.dice.uniform(0.1, 0.6))

    def _staff(self, stream: list[Case], start: float) -> None:
        """Cancellations, changes, opt-outs: some long before a reminder is due, some too late."""
        dice = self.script.dice
        todo: list[tuple[float, Callable[[], None]]] = []
        for case in dice.sample(stream, len(stream) // 4):
            if case.shares is not None:
                continue
            when = case.at - dice.choice((0.0, 0.3, 2.0, 4.0))
            move = dice.choice(("cancel", "change", "stop", "stop"))
            later = case.at + dice.uniform(1, 3)
            todo.append((when, self._deed(move, case, later)))
        for when, deed in sorted(todo, key=lambda one: one[0]):
            time.sleep(max(0.0, when - time.time()))
            deed()

    def _deed(self, move: str, case: Case, later: float) -> Callable[[], None]:
        def deed() -> None:
            if not case.accepted:
                return
            if move == "cancel":
                self.hospital.cancel(case)
            elif move == "change":
                self.hospital.change(case, later)
            elif "sms" in case.channels or "voice" in case.channels:
                self.hospital.opt_out(case)

        return deed

    def _reach_every_point(self) -> None:
        """Go on with a little traffic, and with accidents, until somebody died at every point,
        and everybody who was to stand still did."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            left = self.stage.cast.left_to_reach()
            if not left and not self.monkey.paused:
                return
            self.monkey.mood(
                ({"kind": "accept_then_drop", "probability": 0.5},),
                {"mode": "never", "probability": 0.5},
                LISTED_LATE,
            )
            if any("release" in point for point in left):
                with self.stage.redis_hangs():  # what is due now cannot be handed over
                    self._post_more()
                    time.sleep(HANG)
            else:
                self._post_more()
            time.sleep(0.5)

    def _post_more(self) -> None:
        more = self.script.stream(4, time.time(), 0.5)
        for case in more:
            case.end = "delivered"
        for done in self.hospital.post_all(more):
            done.result(PATIENCE)

    def _settle(self) -> None:
        """Wait until neither the engine nor the carrier has anything left to do."""
        try:
            wait_for(self._settled, "everything to settle", PATIENCE, every=0.3)
        except AssertionError:
            left = ", ".join(f"{count} {what}" for what, count in self._unsettled().items())
            self.monkey.acts.append(f"not settled: {left or 'the carrier'}")

    def _settled(self) -> bool:
        if self._unsettled() or self._spooled():
            return False
        ledger = self.stage.ledger()
        moving = ("queued", "sent", "accepted", "initiated", "ringing", "in-progress", "sending")
        return not any(e["state"] in moving and e["channel"] != "email" for e in ledger)

    def _spooled(self) -> int:
        """Callbacks that were acknowledged and still wait on the disk for their delivery."""
        spool = self.stage.folder / "data" / "spool"
        return sum(count_frames(path) for path in spool.glob("*.spool"))

    def _unsettled(self) -> Counter[str]:
        """Deliveries that are under way, or that the engine will touch before the quiet ends."""
        total: Counter[str] = Counter()
        for house in (NORTH, SOUTH, WEST):
            rows = self.hospital.sql(
                f"""select d.channel || ' ' || d.status || case
                        when u.claimed_until < 'infinity' then ', claimed'
                        when u.line is not null then ', in a line'
                        when u.asks then ', to be asked about'
                        when u.due_at > now() then ', due later'
                        when u.due_at is not null then ', due'
                        else ', forgotten' end
                from est_{house}.deliveries d
                left join shared.due u on u.establishment_id = {house} and u.delivery_id = d.id
                where d.status in ('queued', 'sending')
                    or u.claimed_until < 'infinity'
                    or d.status <> 'sent' and u.due_at < now() + interval '30 minutes'"""
            )
            total.update(what for (what,) in rows)
        return total
