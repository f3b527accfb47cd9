"""One house has an enormous backlog due, another ten reminders: who waits for whom?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
BOUND = BATCH * (int(ENGINE["ENGINE_OUTSTANDING_BATCHES"]) + SCHEDULERS)
"""What may stand in the queue before the ten, and what each scheduler is claiming just then."""
_FIRST = 1_000_000


@dataclass(frozen=True)
class Fairness:
    """`overtaken`: how many of the backlog went out between the ten's due time and the last."""

    backlog: int
    overtaken: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"fairness: {self.backlog} due in one house, {FEW} in another: these were with the"
            f" carrier after {self.overtaken} of the others (at most {BOUND}), {self.seconds:.1f} s"
        )


def fairness(folder: Path, backlog: int) -> Fairness:
    """Have a backlog under way, then let the ten fall due, and look at the carrier's ledger."""
    with Stage(folder, 0, workers=WORKERS, schedulers=SCHEDULERS) as stage:
        hospital = Hospital(stage)
        try:
            return _measure(stage, hospital, backlog)
        finally:
            hospital.close()


def _measure(stage: Stage, hospital: Hospital, backlog: int) -> Fairness:
    script = Script(0)
    later = next_minute(time.time() + 6 * HOUR)
    hospital.open(dict.fromkeys((SOUTH, WEST), (later, later + HOUR)))
    Monkey(stage, hospital, script, 0).mood((), CALLBACKS[-1])
    far = time.time() + HOUR
    few = [script.case("few", far, establishment=SOUTH) for _ in range(FEW)]
    hospital.plant([script.case("backlog", time.time()), *few])
    _multiply(hospital, backlog)
    stage.start()
    wait_for(lambda: len(_sent(stage, NORTH)) > 2 * BATCH, "the backlog to move", PATIENCE)
    ((due,),) = hospital.sql(
        f"update shared.due set due_at = now() where establishment_id = {SOUTH}"
        " returning extract(epoch from now())::float"
    )[:1]
    hospital.sql("select pg_notify('careloop_due', '')")
    wait_for(lambda: len(_sent(stage, SOUTH)) == FEW, "the ten", PATIENCE)
    last = max(_sent(stage, SOUTH))
    overtaken = sum(due <= at <= last for at in _sent(stage, NORTH))
    return Fairness(backlog, overtaken, last - due)


def _sent(stage: Stage, house: int) -> list[float]:
    """When the carrier accepted what a house sent."""
    mark = f"delivery={house}."
    return [
        datetime.fromisoformat(entry["time"]).timestamp()
        for entry in stage.ledger()
        if mark in entry["status_callback"]
    ]


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
