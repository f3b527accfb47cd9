"""What the clock and the workers ask reads what it needs, however much is due.

Counted is what the tables and their indexes gave out, as PostgreSQL counts it, with 20,000 due and
under each state that its statistics may be in. No time is looked at.

Each of these was broken once, and a test here failed:
- `any(array(select delivery_id from ready))` -> a join with `ready` in `_CLAIMED` (as things were,
  with fresh statistics; planned while nothing was due);
- `enable_sort` left on in `database/session.py` (analysed when empty: the backlog is sorted);
- `any(array(select id from moved))` -> a join with `moved` in `_STAMP` (planned for an empty one);
- `order by ... limit 1` -> a count in `_SOMEBODY_WAITS` (a long line).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from models.delivery import DeliveryStatus as S
from services import dispatch
from services.sender.settlement import Settlement
from tests.fixtures import NORTH
from tests.services.deliveries import begin, claim, make

BACKLOG = 20_000
BATCH, GROUP = 100, 50
MOST_READ = 15 * BATCH
"""Rows and index entries, of all tables together, for what is asked about one batch."""

_FILL = f"""
    set local session_replication_role = replica;
    insert into est_{NORTH}.addresses (kind, value, value_index)
        select 'phone', value, decode(md5(random()::text), 'hex')
        from est_{NORTH}.addresses, generate_series(1, :count) n
        where id = (select min(id) from est_{NORTH}.addresses where kind = 'phone');
    insert into est_{NORTH}.reminders (client_id, fingerprint, message, language, scheduled_time,
            phone_id, channels, validity_seconds, expects_reply, status, created_by, version)
        select gen_random_uuid(), fingerprint, message, r.language, scheduled_time, a.id, channels,
            validity_seconds, expects_reply, status, created_by, version
        from est_{NORTH}.addresses a, est_{NORTH}.reminders r
        where r.id = (select min(id) from est_{NORTH}.reminders)
            and a.kind = 'phone' and a.id > (
                select max(address_id) from est_{NORTH}.deliveries
            );
    with made as (
        insert into est_{NORTH}.deliveries (reminder_id, occurrence, channel, address_id, status,
                due_at, valid_until, attempt)
            select r.id, scheduled_time, 'sms', phone_id, 'scheduled', scheduled_time,
                scheduled_time + interval '4 h', 0
            from est_{NORTH}.reminders r
            where r.id > (select max(reminder_id) from est_{NORTH}.deliveries)
            returning id, due_at
    )
    insert into shared.due (establishment_id, delivery_id, due_at, line, claimed_until)
        select {NORTH}, id, due_at, :line, case when :line > 0 then timestamptz 'infinity' end
        from made
"""
_TABLES = ", ".join(
    ["shared.due"]
    + [f"est_{NORTH}.{name}" for name in ("deliveries", "reminders", "addresses", "messages")]
)
_READ = """
    select relname, seq_tup_read from pg_stat_user_tables where seq_tup_read > 0
    union all
    select indexrelname, idx_tup_read from pg_stat_user_indexes where idx_tup_read > 0
"""
# As after a restore: nothing is known, not even how many rows there were.
_FORGET = """
    delete from pg_statistic where starelid = any(cast(:tables as regclass[]));
    update pg_class set reltuples = -1, relpages = 0 where oid = any(cast(:tables as regclass[]))
"""
# As after each night: whatever was in the queue is gone, its pages are not.
_BELIEVED_EMPTY = """
    update pg_class set reltuples = 0, relpages = 1 where oid = 'shared.due'::regclass
"""


class Backlog:
    """The northern hospital's, as its planner knows it."""

    def __init__(self, database: Any, owner: Any) -> None:
        self.database, self._owner = database, owner
        self.line: int | None = None

    def run(self, *statements: str, **values: Any) -> None:
        with self._owner.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)
            _count_at_once(connection)  # else counted with what is measured later

    def fill(self, count: int = BACKLOG) -> None:
        self.run(_FILL, count=count, line=self.line)

    def forget(self) -> None:
        self.run(_FORGET, tables="{" + _TABLES + "}")

    def analyse(self) -> None:
        self.run(f"analyze {_TABLES}")

    @contextmanager
    def reads_little(self, what: str) -> Iterator[None]:
        """Fails when more is read inside than a batch needs."""
        before = self._read()
        yield
        read = self._read() - before
        assert read.total() <= MOST_READ, f"{what}: {read}"

    def _read(self) -> Counter[str]:
        with self._owner.begin() as connection:
            return Counter(dict(connection.execute(text(_READ)).all()))


def _count_at_once(connection: Any) -> None:
    """Have PostgreSQL add up what a transaction read when it ends, not within a second."""
    connection.exec_driver_sql("select pg_catalog.pg_stat_force_next_flush()")


@pytest.fixture
def backlog(database: Any, owner: Any) -> Iterator[Backlog]:
    """One delivery that is due, on a connection that has planned nothing yet."""
    make(database)
    database.engine.dispose()
    event.listen(database.engine, "commit", _count_at_once)
    yield Backlog(database, owner)
    event.remove(database.engine, "commit", _count_at_once)
    database.engine.dispose()
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set rate_per_second = null, line_opens_at = null")
        )


def never_analysed(backlog: Backlog) -> None:
    backlog.forget()
    backlog.fill()


def analysed_when_empty(backlog: Backlog) -> None:
    backlog.analyse()
    backlog.fill()


def analysed_now(backlog: Backlog) -> None:
    backlog.fill()
    backlog.analyse()


def planned_when_nothing_was_due(backlog: Backlog) -> None:
    backlog.run("delete from shared.due where delivery_id > 1")
    backlog.fill(200)
    backlog.analyse()
    backlog.run("delete from shared.due where delivery_id > 3", _BELIEVED_EMPTY)
    send(backlog)
    backlog.fill()


STATES = [never_analysed, analysed_when_empty, analysed_now, planned_when_nothing_was_due]


def send(backlog: Backlog) -> tuple[int, ...]:
    """Claim a batch and send a part of it, as a scheduler and a worker do; what was claimed."""
    database = backlog.database
    with backlog.reads_little("who has something due"):
        assert dispatch.establishments_due(database)
    with backlog.reads_little("when the next is due"):
        assert (dispatch.seconds_to_next(database) or 0) < 0
    with backlog.reads_little("claim"):
        claimed = claim(database, batch=BATCH, outstanding=2 * BATCH).to_send
    with backlog.reads_little("begin"):
        attempts = begin(database, claimed[:GROUP])
    assert len(attempts) == len(claimed[:GROUP])
    outcomes = [
        Settlement(one.delivery_id, one.attempt, status, "twilio", f"SM{one.delivery_id}")
        for one, status in zip(attempts, [S.sent, S.unknown] * GROUP, strict=False)
    ]
    with backlog.reads_little("outcome"), database.establishment_by_key(NORTH) as session:
        dispatch.conclude(session, outcomes, ask_after=10)
    with backlog.reads_little("release"), database.establishment_by_key(NORTH) as session:
        dispatch.release(session, claimed[GROUP:], "worker stopped")
    return claimed


@pytest.mark.parametrize("known", STATES)
def test_a_batch_reads_a_batch(backlog: Backlog, known: Callable[[Backlog], None]) -> None:
    known(backlog)
    for _ in range(2):  # what the first one left behind is stepped over
        assert len(send(backlog)) == BATCH


@pytest.mark.parametrize("known", STATES)
def test_a_long_line_is_not_read_either(backlog: Backlog, known: Callable[[Backlog], None]) -> None:
    backlog.run("update shared.senders set rate_per_second = 20 where id = 1")
    backlog.line = 1
    known(backlog)
    for _ in range(2):
        backlog.run("update shared.senders set line_opens_at = null where id = 1")
        with backlog.reads_little("who has something due"):
            dispatch.establishments_due(backlog.database)
        with backlog.reads_little("when the next is due"):
            assert dispatch.seconds_to_next(backlog.database) is not None
        with backlog.reads_little("claim"):
            assert claim(backlog.database, batch=BATCH, outstanding=2 * BATCH).to_send
