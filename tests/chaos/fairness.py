"""One house has an enormous backlog due, another ten reminders: who waits for whom?

Once while the carrier takes everything, and once while it takes in calls from the first house and
answers none, so that each holds its place until it is given up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.chaos.cast import PATIENCE
from tests.chaos.hospital import Hospital, next_minute
from tests.chaos.monkey import CALLBACKS, Monkey
from tests.chaos.script import HOUR, NORTH, SOUTH, WEST, Script
from tests.chaos.stage import ENGINE, Stage
from tests.tree import wait_for

FEW = 10
SCHEDULERS = 2
BATCH = int(ENGINE["ENGINE_BATCH"])
WORKERS = 2
BOUND = BATCH * (int(ENGINE["ENGINE_OUTSTANDING_BATCHES"]) + 2 * SCHEDULERS)
"""What may stand in the queue before the ten, and what each scheduler claims in the round in which
they fall due and in the next one, which finds them."""
MUCH = {"ENGINE_OUTSTANDING_BATCHES": "20", "ENGINE_SILENT_AFTER": "0"}
"""Enough in the queue to keep the workers for a minute, with calls that nobody answers. The silent
sender is not suspended: how places are shared is what is measured, not that nobody needs them."""
BOUND_SILENT = WORKERS * int(ENGINE["ENGINE_CONCURRENCY"])
"""The calls that take the places of those which are given up at that moment."""
SILENT = ({"kind": "slow", "seconds": 60.0, "after_accept": False},)
_FIRST = 1_000_000


@dataclass(frozen=True)
class Fairness:
    """`overtaken`: how many of the backlog were begun between the ten's due time and the last."""

    backlog: int
    overtaken: int
    bound: int
    seconds: float
    carrier: str

    def __str__(self) -> str:
        return (
            f"fairness, {self.carrier}: {self.backlog} due in one house, {FEW} in another: these"
            f" were with the carrier after {self.overtaken} of the others (at most {self.bound}),"
            f" {self.seconds:.1f} s"
        )

    @property
    def kept(self) -> bool:
        return self.overtaken <= self.bound


def fairness(folder: Path, backlog: int) -> Fairness:
    """Have a backlog under way, then let the ten fall due, and look at the carrier's ledger."""
    with Stage(folder, 0, workers=WORKERS, schedulers=SCHEDULERS) as stage:
        hospital = Hospital(stage)
        try:
            _open(stage, hospital, backlog, "sms")
            wait_for(lambda: len(_sent(stage, NORTH)) > 2 * BATCH, "the backlog to move", PATIENCE)
            due, last = _wait_for_the_few(stage, hospital)
            overtaken = sum(due <= at <= last for at in _sent(stage, NORTH))
            return Fairness(backlog, overtaken, BOUND, last - due, "which takes everything")
        finally:
            hospital.close()


def fairness_in_silence(folder: Path, backlog: int) -> Fairness:
    """The same while the first house's carrier answers no call; the ten are e-mails."""
    with Stage(folder, 0, workers=WORKERS, schedulers=SCHEDULERS, engine=MUCH) as stage:
        hospital = Hospital(stage)
        try:
            monkey = _open(stage, hospital, backlog, "email")
            monkey.mood(SILENT, CALLBACKS[-1], on=("messages.create", "messages.list"))
            wait_for(lambda: _begun(hospital) >= BOUND_SILENT, "every place to be held", PATIENCE)
            due, last = _wait_for_the_few(stage, hospital)
            overtaken = _begun(hospital, due, last)
            return Fairness(backlog, overtaken, BOUND_SILENT, last - due, "which answers nothing")
        finally:
            hospital.close()


def _open(stage: Stage, hospital: Hospital, backlog: int, channel: str) -> Monkey:
    """The backlog is due; the ten, on a channel of theirs, are not yet. All is started."""
    script = Script(0)
    later = next_minute(time.time() + 6 * HOUR)
    hospital.open(dict.fromkeys((SOUTH, WEST), (later, later + HOUR)))
    monkey = Monkey(stage, hospital, script, 0)
    monkey.mood((), CALLBACKS[-1])
    far = time.time() + HOUR
    few = [script.case("few", far, establishment=SOUTH, channels=(channel,)) for _ in range(FEW)]
    hospital.plant([script.case("backlog", time.time()), *few])
    _multiply(hospital, backlog)
    stage.start()
    return monkey


def _wait_for_the_few(stage: Stage, hospital: Hospital) -> tuple[float, float]:
    """Let the ten fall due; when that was, and when the carrier took the last of them."""
    ((due,),) = hospital.sql(
        f"update shared.due set due_at = now() where establishment_id = {SOUTH}"
        " returning extract(epoch from now())::float"
    )[:1]
    hospital.sql("select pg_notify('careloop_due', '')")
    wait_for(lambda: len(_sent(stage, SOUTH)) == FEW, "the ten", PATIENCE)
    return due, max(_sent(stage, SOUTH))


def _sent(stage: Stage, house: int) -> list[float]:
    """When the carrier accepted what a house sent."""
    return [
        datetime.fromisoformat(entry["time"]).timestamp()
        for entry in stage.ledger()
        if _reference(entry).startswith(f"{house}.")
    ]


def _reference(entry: dict[str, Any]) -> str:
    """Which delivery of ours the carrier's entry is: `<establishment>.<delivery>...`."""
    mail = entry["extra"].get("custom_args", {}).get("delivery")
    return str(mail or entry["status_callback"].partition("delivery=")[2])


def _begun(hospital: Hospital, since: float = 0.0, until: float = 1e11) -> int:
    """How many attempts of the first house's were begun between two times."""
    ((count,),) = hospital.sql(
        f"select count(*) from est_{NORTH}.delivery_events where status = 'sending'"
        " and at between to_timestamp(%s) and to_timestamp(%s)",
        since,
        until,
    )
    return int(count)


def _multiply(hospital: Hospital, count: int) -> None:
    """Copies of the one planted reminder, each to an address of its own."""
    same = f"{_FIRST} + i"
    house = f"est_{NORTH}"
    _copy(
        hospital,
        f"{house}.addresses",
        count,
        id=same,
        value_index="sha256(convert_to('copy ' || i, 'UTF8'))",
    )
    _copy(
        hospital,
        f"{house}.reminders",
        count,
        id=same,
        client_id="gen_random_uuid()",
        phone_id=same,
    )
    _copy(hospital, f"{house}.deliveries", count, id=same, reminder_id=same, address_id=same)
    _copy(hospital, "shared.due", count, delivery_id=same, establishment_id=str(NORTH))
    hospital.sql("analyze")


def _copy(hospital: Hospital, table: str, count: int, **own: str) -> None:
    """Copies of a table's first row; `own` are the columns that differ, as SQL with a number i."""
    schema, _, name = table.partition(".")
    columns = [
        column
        for (column,) in hospital.sql(
            "select column_name from information_schema.columns"
            " where table_schema = %s and table_name = %s and is_generated = 'NEVER'",
            schema,
            name,
        )
    ]
    key = "establishment_id, delivery_id" if name == "due" else "id"
    hospital.sql(
        f"insert into {table} ({', '.join(columns)}) overriding system value"
        f" select {', '.join(own.get(column, f't.{column}') for column in columns)}"
        f" from (select * from {table} order by {key} limit 1) t, generate_series(1, {count}) i"
    )
