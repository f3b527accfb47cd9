"""The hot path of sending, statement by statement, in real transactions.

Each of these was broken once, and a test here failed:
- `limit (select places from room)` in `_CLAIM` -> `limit :batch` (too much outstanding);
- `and claimed_until is null` left out of `_CLAIM` (claimed twice);
- `for update of d for share of a` -> `for update of d` (a message after an opt-out);
- `a.opted_out_at is not null` -> `false`; `d.valid_until <= now()` -> `false`; the quiet hours'
  `'scheduled'` -> `'sending'`; the quiet hours' `'expired'` -> `'scheduled'`;
- `and d.status = 'queued'` left out of `_BEGIN` (a late job sends; two workers send twice);
- `d.status = 'sending' or ...` -> `true` in `_OUTCOME` (a slow answer takes a receipt back);
- `and n.attempt = d.attempt` left out of `_OUTCOME` (a stale attempt counts);
- `else m.retry_at` -> `else now()` in `_OUTCOME` (no back-off);
- `outcome.retry_after or` left out of `workers/delivery.py` (a provider's Retry-After ignored);
- `>= :batch then :batch` in `_CLAIM` -> any room there is (a backlog is claimed in crumbs);
- `least(..., d.valid_until)` left out of `_OUTCOME` (expires long after its time);
- `queue.answers()` left out of the scheduler (a trace that grows as long as Redis is away);
- `is_away(error)` -> `False` in `workers.delivery` (a known outcome is lost with a connection);
- `dispatch.release` left out of `workers.delivery.stop` (a stopped worker keeps its claims).
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, text

from models.delivery import Delivery
from models.delivery import DeliveryStatus as S
from services import dispatch
from services.contact.address import address_for, opt_out
from services.delivery.moves import lock_delivery
from services.delivery.news import provider_news
from services.delivery.sweep import sweep
from services.dispatch import HasDue
from services.overview.health import check
from tests.fixtures import NORTH, SOUTH, owned
from tests.services.deliveries import (
    PHONE,
    FakeSender,
    ask_now,
    begin,
    begun,
    causes,
    claim,
    conclude,
    delivery,
    due,
    make,
    now,
    reminder_status,
    sent,
    until_blocked,
)
from tests.tree import wait_for
from utils.senders import Outbound, Outcome, Verdict


@pytest.fixture
def sender(database: Any) -> Iterator[Callable[..., FakeSender]]:
    """Has the worker's code call a sender that keeps to a script."""
    from workers.context import get_context

    context = get_context()
    row = context.directory.sender(NORTH, "sms")
    assert row is not None
    key = ("sms", row.address)

    def use(*answers: Outcome | Exception) -> FakeSender:
        fake = FakeSender(*answers)
        context.senders[key] = fake
        return fake

    yield use
    context.senders.pop(key, None)


def test_a_claim_takes_a_batch_of_what_is_due_once(database: Any) -> None:
    ids = make(database, 5)
    make(database, 1, due_in=60)
    first, second = claim(database, batch=3), claim(database, batch=3)
    assert sorted(first.to_send + second.to_send) == ids
    assert claim(database).to_send == ()
    assert {delivery(database, number).status for number in ids} == {S.queued}


def test_a_claim_leaves_no_more_outstanding_than_allowed(database: Any) -> None:
    make(database, 10)
    taken = [len(claim(database, batch=4, outstanding=6).to_send) for _ in range(3)]
    assert taken == [4, 0, 0]  # no room for a whole batch: it waits until there is


def test_two_schedulers_at_once_do_not_both_take_the_room_that_is_left(database: Any) -> None:
    make(database, 10)
    with database.establishment(NORTH) as session:
        first = dispatch.claim(session, batch=4, outstanding=6, lease=60)
        assert claim(database, batch=4, outstanding=6).to_send == ()
    assert len(first.to_send) == 4
    assert claim(database, batch=4, outstanding=6).to_send == ()  # no room, and nobody's turn
    assert len(claim(database, batch=4, outstanding=8).to_send) == 4


def test_who_has_nothing_under_way_comes_first(database: Any) -> None:
    make(database, 9)
    assert claim(database, batch=3).to_send
    make(database, 1, establishment=SOUTH)
    assert dispatch.establishments_due(database) == [
        HasDue(SOUTH, under_way=False),
        HasDue(NORTH, under_way=True),
    ]


def test_every_establishment_gets_a_batch_whatever_the_others_have(
    database: Any, redis: Redis
) -> None:
    from workers.context import get_context
    from workers.names import SEND
    from workers.queue import QUEUE_NAME
    from workers.scheduler import Found, Scheduler

    make(database, 30)
    make(database, 3, establishment=SOUTH)
    context = get_context()
    engine = context.settings.engine.model_copy(update={"batch": 5, "outstanding_batches": 2})
    settings = context.settings.model_copy(update={"engine": engine})
    scheduler = Scheduler(dataclasses.replace(context, settings=settings))
    assert scheduler.round() is Found.a_part  # more is due: the next round comes at once
    queue = Queue(QUEUE_NAME, connection=redis, serializer=JSONSerializer)

    def batches() -> list[tuple[int, int]]:
        """To send; a round may have other jobs besides, such as a look at a carrier's list."""
        sending = [job for job in queue.jobs if job.func_name == SEND]
        return [(job.args[0], len(job.args[1])) for job in sending]

    assert sorted(batches()) == [(NORTH, 5), (SOUTH, 3)]
    for _ in range(3):
        scheduler.round()
    assert sum(count for number, count in batches() if number == NORTH) == 10


def test_the_first_batch_of_an_establishment_goes_before_the_next_of_another(
    database: Any, redis: Redis
) -> None:
    from workers.context import get_context
    from workers.names import SEND
    from workers.queue import QUEUE_NAME
    from workers.scheduler import Scheduler

    context = get_context()
    engine = context.settings.engine.model_copy(update={"batch": 5})
    settings = context.settings.model_copy(update={"engine": engine})
    scheduler = Scheduler(dataclasses.replace(context, settings=settings))
    make(database, 10)
    scheduler.round()
    scheduler.round()
    make(database, 1, establishment=SOUTH)
    make(database, 5)
    scheduler.round()
    queue = Queue(QUEUE_NAME, connection=redis, serializer=JSONSerializer)
    sending = [job.args[0] for job in queue.jobs if job.func_name == SEND]
    assert sending == [SOUTH, NORTH, NORTH, NORTH]


def test_a_round_that_handed_over_all_lets_more_fall_due(database: Any) -> None:
    """Or, with a few due at any moment, each would be claimed, handed over and stamped alone."""
    from workers.context import get_context
    from workers.scheduler import Found, Scheduler

    make(database, 3)
    scheduler = Scheduler(get_context())
    assert scheduler.round() is Found.all
    assert scheduler.round() is Found.nothing


def test_while_the_queue_is_away_nothing_is_claimed_again_and_again(
    database: Any, redis: Redis
) -> None:
    from workers.context import get_context
    from workers.queue import JobQueue
    from workers.scheduler import Found, Scheduler

    class Door(Redis):
        """A connection to a server that is away until somebody opens."""

        open = False

        def execute_command(self, *args: Any, **options: Any) -> Any:
            if not self.open:
                raise ConnectionError
            return super().execute_command(*args, **options)

    (number,) = make(database)
    door = Door(connection_pool=redis.connection_pool)
    scheduler = Scheduler(dataclasses.replace(get_context(), queue=JobQueue(door)))
    assert [scheduler.round() for _ in range(4)] == [Found.nothing] * 4
    assert causes(database, number) == ["scheduled", "due", "queue unreachable"]
    scheduler.context.queue._away_until = 1.0  # it has been left alone for long enough
    assert scheduler.round() is Found.nothing
    assert len(causes(database, number)) == 3  # asked before anything is claimed
    door.open, scheduler.context.queue._away_until = True, 1.0
    assert scheduler.round() is Found.all


def test_what_may_go_out_is_stamped(database: Any) -> None:
    (number,) = make(database)
    claim(database)
    (attempt,) = begin(database, [number])
    assert (attempt.delivery_id, attempt.attempt, attempt.to) == (number, 1, PHONE)
    assert (attempt.message, attempt.language) == ("Rappel", "fra")
    assert 3590 <= attempt.seconds_valid <= 3600
    found = delivery(database, number)
    assert (found.status, found.attempt) == (S.sending, 1)
    assert found.attempted_at is not None


def test_an_address_that_said_stop_gets_nothing(database: Any) -> None:
    (number,) = make(database)
    claim(database)
    with database.establishment(NORTH) as session:
        opt_out(address_for(session, "phone", PHONE), "STOP")
    assert begin(database, [number]) == []
    assert delivery(database, number).status == S.suppressed
    assert due(database, number) is None
    assert reminder_status(database, number) == "failed"


def test_an_opt_out_that_commits_while_the_worker_begins_counts(database: Any) -> None:
    (number,) = make(database)
    claim(database)
    with ThreadPoolExecutor(1) as worker:
        with database.establishment(NORTH) as session:
            opt_out(address_for(session, "phone", PHONE), "STOP")
            session.flush()
            beginning = worker.submit(begin, database, [number])
            with pytest.raises(TimeoutError):
                beginning.result(0.5)  # it waits for this transaction
        assert beginning.result(5) == []
    assert delivery(database, number).status == S.suppressed


def test_what_is_past_its_validity_expires(database: Any) -> None:
    (number,) = make(database, due_in=-120, validity=60)
    claim(database)
    assert begin(database, [number]) == []
    assert delivery(database, number).status == S.expired
    assert due(database, number) is None
    assert reminder_status(database, number) == "expired"


def test_a_late_job_whose_claim_was_swept_does_nothing(database: Any, owner: Any) -> None:
    (number,) = make(database)
    claim(database)
    with owned(owner) as connection:
        connection.execute(text("update shared.due set claimed_until = now() - interval '1 s'"))
    with database.establishment(NORTH) as session:
        assert sweep(session, ask_after=10) == 1
    assert begin(database, [number]) == []
    assert delivery(database, number).status == S.scheduled
    assert claim(database).to_send == (number,)


def test_what_is_being_sent_is_not_released(database: Any) -> None:
    """Redis took a job, its answer was lost: the scheduler gives back what a worker has begun."""
    (number,) = make(database)
    claim(database)
    begin(database, [number])
    with database.establishment(NORTH) as session:
        dispatch.release(session, [number], "queue unreachable")
    assert delivery(database, number).status == S.sending
    assert claim(database).to_send == ()


def test_a_claim_from_before_the_servers_start_is_void(database: Any, owner: Any) -> None:
    (number,) = make(database)
    claim(database)
    with owned(owner) as connection:
        connection.execute(text("update shared.due set claimed_until = pg_postmaster_start_time()"))
    assert begin(database, [number]) == []
    assert delivery(database, number).status == S.queued  # the sweeper makes it due again


def test_a_callback_that_was_faster_than_the_answer_stays(database: Any) -> None:
    number = begun(database)
    with database.establishment(NORTH) as session:
        locked = lock_delivery(session, number)
        provider_news(
            session, locked, "delivered", cause="callback", provider="twilio", provider_id="SM1"
        )
    conclude(database, number, S.sent, provider_id="SM1")
    found = delivery(database, number)
    assert (found.status, found.provider_id) == (S.delivered, "SM1")
    assert causes(database, number).count("answer") == 0


def test_a_stale_attempt_is_ignored(database: Any) -> None:
    number = begun(database)
    conclude(database, number, S.scheduled, code="unreachable", retry_in=0)
    claim(database)
    begin(database, [number])
    conclude(database, number, S.failed, attempt=1, code="late")
    assert delivery(database, number).status == S.sending
    conclude(database, number, S.sent, attempt=2, provider_id="SM2")
    assert delivery(database, number).status == S.sent


def test_a_retry_waits_for_its_time(database: Any) -> None:
    number = begun(database)
    earliest = now() + timedelta(seconds=60)
    conclude(database, number, S.scheduled, code="unreachable", retry_in=60)
    waiting = due(database, number)
    assert waiting is not None
    assert earliest <= waiting.due_at <= now() + timedelta(seconds=60)
    assert waiting.claimed_until is None
    assert delivery(database, number).error_code == "unreachable"
    assert claim(database).to_send == ()


def test_what_would_be_tried_after_its_validity_comes_back_when_that_ends(database: Any) -> None:
    """Staff see that it expired when it does, not ten minutes later."""
    number = begun(database, validity=60)
    conclude(database, number, S.scheduled, code="unreachable", retry_in=600)
    waiting = due(database, number)
    assert waiting is not None
    assert waiting.due_at == delivery(database, number).valid_until
    assert waiting.due_at == delivery(database, number).due_at


def test_a_provider_says_when_to_come_again(
    database: Any, sender: Callable[..., FakeSender]
) -> None:
    from workers.delivery import finish, send

    sender(Outcome(Verdict.throttled, code="429", retry_after=120))
    (number,) = make(database)
    claim(database)
    send(NORTH, [number])
    finish()
    waiting = due(database, number)
    assert waiting is not None
    assert timedelta(seconds=110) < waiting.due_at - now() <= timedelta(seconds=126)
    assert delivery(database, number).status == S.scheduled


def test_two_workers_on_the_same_deliveries_send_each_once(
    database: Any, sender: Callable[..., FakeSender]
) -> None:
    from workers.delivery import finish, send

    fake = sender()
    ids = make(database, 40)
    claim(database)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait(5)
        send(NORTH, ids)

    with ThreadPoolExecutor(2) as workers:
        for done in [workers.submit(work), workers.submit(work)]:
            done.result(20)
    finish()
    references = [message.reference for message in fake.given]
    assert sorted(references) == sorted(f"1.{number}" for number in ids)
    assert {delivery(database, number).status for number in ids} == {S.sent}


def test_one_broken_call_does_not_take_its_group_with_it(
    database: Any, sender: Callable[..., FakeSender]
) -> None:
    from workers.delivery import finish, send

    sender(KeyError("ours"))
    ids = make(database, 5)
    claim(database)
    send(NORTH, ids)
    finish()
    found = sorted(delivery(database, number).status for number in ids)
    assert found == [S.sending] + [S.sent] * 4


def test_an_outcome_is_not_lost_with_a_connection(
    database: Any,
    owner: Any,
    sender: Callable[..., FakeSender],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PostgreSQL is restarted while it is being stored: else it would be asked about."""
    from workers.delivery import finish, send

    fake, lock = sender(), owner.connect()
    answer = fake.send

    def locked(message: Outbound) -> Outcome:
        lock.execute(text("select from est_1.deliveries for update"))
        return answer(message)

    monkeypatch.setattr(fake, "send", locked)
    (number,) = make(database)
    claim(database)
    send(NORTH, [number])
    try:
        until_blocked(owner)
        with owner.begin() as connection:
            connection.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and wait_event_type = 'Lock'"
                )
            )
    finally:
        lock.rollback()
        lock.close()
    finish()
    assert len(fake.given) == 1
    assert delivery(database, number).status == S.sent


def test_a_worker_that_stops_gives_back_what_it_has_not_stamped(
    database: Any, sender: Callable[..., FakeSender], monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers.context import get_context
    from workers.delivery import send, stop

    places = get_context().settings.engine.concurrency
    go_on = threading.Event()
    fake = sender()
    answer = fake.send

    def slow(message: Outbound) -> Outcome:
        assert go_on.wait(20)
        return answer(message)

    monkeypatch.setattr(fake, "send", slow)
    ids = make(database, places + 20)
    assert len(claim(database, batch=len(ids)).to_send) == len(ids)
    send(NORTH, ids)
    wait_for(lambda: _count(database, ids, S.sending) == places, "as many stamps as places")
    with ThreadPoolExecutor(1) as stopping:
        stopped = stopping.submit(stop)
        wait_for(lambda: _count(database, ids, S.scheduled) == 20, "the others to be given back")
        assert _count(database, ids, S.sending) == places
        go_on.set()
        stopped.result(20)
    assert _count(database, ids, S.sent) == places
    assert len(claim(database, batch=100).to_send) == 20


def _count(database: Any, ids: list[int], status: S) -> int:
    with database.establishment(NORTH) as session:
        return int(
            session.scalar(
                select(func.count()).where(Delivery.id.in_(ids), Delivery.status == status)
            )
        )


def test_a_lease_from_before_the_clock_was_set_back_is_over(database: Any, owner: Any) -> None:
    """Claimed while the clock was two hours fast. Fails without the lease's upper bound, and takes
    who waits in a line for such without its `infinity`."""
    (number,) = make(database)
    claim(database)
    for lease, looked_at in (("infinity", 0), ("30 s", 0), ("2 h", 1)):
        until = "'infinity'" if lease == "infinity" else f"now() + interval '{lease}'"
        with owned(owner) as connection:
            connection.execute(text(f"update shared.due set claimed_until = {until}"))
        with database.establishment(NORTH) as session:
            assert sweep(session, ask_after=10, lease=60) == looked_at, lease
    assert delivery(database, number).status == S.scheduled


def test_a_question_that_waits_is_no_message_that_is_late(database: Any, owner: Any) -> None:
    """Fails with `_LAG` without its `not asks`."""
    number = sent(database, ago=600)
    ask_now(database, number)
    with owned(owner) as connection:
        connection.execute(text("update shared.due set due_at = now() - interval '5 minutes'"))
    assert "deliveries_late" not in check(database).reasons
    with owned(owner) as connection:
        connection.execute(text("update shared.due set asks = false"))
    assert "deliveries_late" in check(database).reasons
