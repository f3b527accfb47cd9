"""Which sender a delivery goes out from: the choice itself, and what the engine makes of it.

Each of these was broken once, and a test here failed:
- `written_to` never taken (a reply from another number than was written to);
- `sender.can_receive` left out of `_fitting` (a question from a sender that takes in no answer);
- `_distance` answering 1 always (an Orange contact from the MTN line);
- `shut_out` left out of `rank` (no failover); `sender.id in away` left out of `rank`;
- `need.address_id % len(equals)` -> 0 (one of two equals does all the work);
- `rules.routes.probes` empty (a sender that another stands in for is never tried again).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from models.delivery import DeliveryStatus as S
from models.establishment import Sender
from services import dispatch
from services.sender.choice import Need, SenderChoice
from tests.fixtures import NORTH
from tests.services.deliveries import (
    FakeSender,
    begin,
    causes,
    claim,
    delivery,
    due,
    establishment_with,
    make,
)
from utils.operators import operator_of, operators_in
from utils.senders import Outcome, Verdict

MTN, ORANGE = "+237650000001", "+237690000001"


def one(number: int, channel: str = "sms", **more: Any) -> Sender:
    given = {
        "active": True,
        "operators": [],
        "priority": 10,
        "can_receive": False,
        "address": f"+23722200000{number}",
    }
    return Sender(id=number, channel=channel, **given | more)


DOWN = {"suspended_at": datetime(2026, 1, 1, tzinfo=UTC)}
TWO_WAY = {"can_receive": True}
BY_MTN, BY_ORANGE = {"operators": ["mtn"]}, {"operators": ["orange"]}
SENDERS = {
    "first of all by order": ([one(1), one(2, priority=1)], Need("sms"), 2),
    "of its own channel only": ([one(1, "voice"), one(2)], Need("sms"), 2),
    "none on the channel": ([one(1, "voice")], Need("sms"), None),
    "the one that was written to": (
        [one(1, **TWO_WAY), one(2, **TWO_WAY)], Need("sms", sender_id=2), 2
    ),
    "that one is shut out: another that receives": (
        [one(1), one(2, **TWO_WAY, **DOWN), one(3, **TWO_WAY)], Need("sms", sender_id=2), 3
    ),
    "that one is gone: one that receives goes first": (
        [one(1), one(3, **TWO_WAY)], Need("sms", sender_id=2), 3
    ),
    "that one is gone, nothing receives: still an answer": (
        [one(1)], Need("sms", sender_id=2), 1
    ),
    "a question needs its answer": ([one(1), one(2, **TWO_WAY)], Need("sms", two_way=True), 2),
    "nobody takes in the answer": ([one(1), one(2)], Need("sms", two_way=True), None),
    "better a suspended one than one that cannot hear": (
        [one(1), one(2, **TWO_WAY, **DOWN)], Need("sms", two_way=True), 2
    ),
    "a call is answered by its keys": ([one(1, "voice")], Need("voice", two_way=True), 1),
    "the contact's operator": (
        [one(1, **BY_MTN), one(2, **BY_ORANGE)], Need("sms", operator="orange"), 2
    ),
    "everybody's before another operator's": (
        [one(1, **BY_MTN), one(2, priority=50)], Need("sms", operator="orange"), 2
    ),
    "their own before everybody's": (
        [one(1), one(2, priority=50, **BY_MTN)], Need("sms", operator="mtn"), 2
    ),
    "another operator's before none": ([one(1, **BY_MTN)], Need("sms", operator="camtel"), 1),
    "a foreign number: everybody's": ([one(1, **BY_MTN), one(2)], Need("sms"), 2),
    "not what is out of use": ([one(1, active=False), one(2)], Need("sms", sender_id=1), 2),
    "shut out comes last": (
        [one(1, **BY_MTN, **DOWN), one(2, **BY_ORANGE)], Need("sms", operator="mtn"), 2
    ),
    "all are shut out: the first": ([one(1, **DOWN), one(2, **DOWN)], Need("sms"), 1),
    "equals share by address": ([one(1), one(2)], Need("sms", address_id=7), 2),
    "an address keeps its sender": ([one(1), one(2)], Need("sms", address_id=8), 1),
}  # fmt: skip


@pytest.mark.parametrize(("senders", "need", "chosen"), SENDERS.values(), ids=SENDERS)
def test_the_choice(senders: list[Sender], need: Need, chosen: int | None) -> None:
    found = SenderChoice(senders).choose(need)
    assert (found and found.id) == chosen


@pytest.mark.parametrize(
    ("away", "need", "chosen"),
    [
        ({1}, Need("sms"), 2),
        ({1, 2}, Need("sms"), 1),
        ({2}, Need("sms", sender_id=2), 1),
        ({1}, Need("sms", sender_id=1), 2),
    ],
)
def test_what_is_out_of_reach_is_avoided(away: set[int], need: Need, chosen: int) -> None:
    found = SenderChoice([one(1, **TWO_WAY), one(2, **TWO_WAY)]).choose(need, away)
    assert found is not None
    assert found.id == chosen


@pytest.mark.parametrize(
    ("number", "operator"),
    [
        (MTN, "mtn"),
        (ORANGE, "orange"),
        ("+237680000001", "mtn"),
        ("+237660000001", "nexttel"),
        ("+237620000001", "camtel"),
        ("+237242000001", "camtel"),
        ("+237222000001", None),
        ("+33612345678", "sfr"),
        ("nonsense", None),
    ],
)
def test_an_operator_by_its_prefix(number: str, operator: str | None) -> None:
    assert operator_of(number) == operator


def test_the_operators_of_cameroon() -> None:
    assert operators_in("CM") >= {"mtn", "orange", "nexttel", "camtel"}


# The engine


@pytest.fixture
def second(owner: Any, database: Any) -> Iterator[Callable[..., int]]:
    """Gives the northern hospital other SMS senders; the number of each."""
    from workers.context import get_context

    directory = get_context().directory
    made = []

    def add(address: str, **columns: Any) -> int:
        given = {"can_receive": True, "operators": "{}", "priority": 10} | columns
        given |= {"address": address, "establishment": NORTH}
        with owner.begin() as connection:
            number = connection.scalar(
                text(
                    "insert into shared.senders (establishment_id, channel, address, provider,"
                    " can_receive, gives_receipts, active, operators, priority) values"
                    " (:establishment, 'sms', :address, 'twilio', :can_receive, false, true,"
                    " :operators, :priority) returning id"
                ),
                given,
            )
        made.append(number)
        directory.forget()
        return int(number)

    directory.forget()
    yield add
    with owner.begin() as connection:
        connection.execute(text("delete from shared.senders where id = any(:made)"), {"made": made})
        connection.execute(
            text("update shared.senders set rate_per_second = null, line_opens_at = null")
        )
    directory.forget()


@pytest.fixture
def carriers(database: Any) -> Iterator[Callable[..., FakeSender]]:
    """Has the worker's code call, for a sender, a client that keeps to a script."""
    from workers.context import get_context

    context = get_context()
    keys = []

    def use(number: int, *answers: Outcome | Exception) -> FakeSender:
        row = context.directory.senders(NORTH).by_id[number]
        fake = FakeSender(*answers)
        context.senders[row.channel, row.address] = fake
        keys.append((row.channel, row.address))
        return fake

    yield use
    for key in keys:
        context.senders.pop(key, None)
    context.out_of_reach.note(1, reached=True)


def routes(**more: Any) -> dispatch.Routes:
    from workers.context import get_context

    return dispatch.Routes(get_context().directory.senders(NORTH), **more)


def run() -> None:
    from workers.context import get_context
    from workers.delivery import finish, send

    get_context().directory.forget()
    with get_context().database.establishment(NORTH) as session:
        session.execute(text("update shared.due set due_at = now() where claimed_until is null"))
    ready = claim(get_context().database).to_send
    send(NORTH, list(ready))
    finish()


def senders_of_events(database: Any, number: int) -> list[int | None]:
    with database.establishment(NORTH) as session:
        return list(
            session.execute(
                text("select sender_id from delivery_events where delivery_id = :id"
                     " and status = 'sending' order by id"),
                {"id": number},
            ).scalars()
        )  # fmt: skip


def test_each_goes_out_by_its_operator_and_the_trace_says_so(
    database: Any, second: Callable[..., int], carriers: Callable[..., FakeSender]
) -> None:
    other = second(ORANGE, operators="{orange}")
    usual, orange = carriers(1), carriers(other)
    to_mtn = make(database, 2)
    to_orange = make(database, 2, phone="+237691111111")
    run()
    assert (len(usual.given), len(orange.given)) == (2, 2)
    assert {message.to for message in orange.given} == {"+237691111111"}
    assert [delivery(database, number).sender_id for number in to_mtn + to_orange] == [
        1, 1, other, other,
    ]  # fmt: skip
    assert senders_of_events(database, to_orange[0]) == [other]


def test_a_reply_goes_out_from_the_number_that_was_written_to(
    database: Any, second: Callable[..., int], carriers: Callable[..., FakeSender]
) -> None:
    other = second(ORANGE, priority=99)
    usual, written_to = carriers(1), carriers(other)
    make(database, purpose="reply", sender_id=other)
    run()
    assert (len(usual.given), len(written_to.given)) == (0, 1)


def test_another_takes_over_from_a_suspended_one_which_is_tried_now_and_then(
    database: Any, second: Callable[..., int], carriers: Callable[..., FakeSender], owner: Any
) -> None:
    other = second(ORANGE, priority=99)
    usual = carriers(1, Outcome(Verdict.unreachable, code="21606"))
    stand_in = carriers(other)
    (first,) = make(database)
    run()
    assert delivery(database, first).status == S.scheduled
    make(database, 2)
    run()
    assert len(stand_in.given) == 3
    with owner.begin() as connection:
        by = connection.execute(
            text("select id, suspended_at is not null from shared.senders where id in (1, :n)"),
            {"n": other},
        )
        assert {row[0]: row[1] for row in by} == {1: True, other: False}
        connection.execute(
            text("update shared.senders set probe_at = now(), suspended_at = now() - interval '1 m'"
                 " where id = 1")
        )  # fmt: skip
    make(database, 3)
    run()
    assert (len(usual.given), len(stand_in.given)) == (2, 5)  # one of them all was the probe
    make(database)
    run()
    assert (len(usual.given), len(stand_in.given)) == (3, 5)  # it works again


def test_another_takes_over_from_one_that_cannot_be_reached(
    database: Any, second: Callable[..., int], carriers: Callable[..., FakeSender]
) -> None:
    other = second(ORANGE, priority=99)
    carriers(1, Outcome(Verdict.unreachable, code="unreachable"))
    stand_in = carriers(other)
    (number,) = make(database)
    run()
    assert delivery(database, number).status == S.scheduled
    run()
    assert delivery(database, number).status == S.sent
    assert len(stand_in.given) == 1
    assert senders_of_events(database, number) == [1, other]


def test_a_question_waits_for_a_sender_that_can_hear(
    database: Any, second: Callable[..., int], carriers: Callable[..., FakeSender], owner: Any
) -> None:
    second(ORANGE, priority=1, can_receive=False)
    hears = carriers(1)
    make(database, expects_reply=True)
    run()
    assert len(hears.given) == 1


@pytest.mark.parametrize(("choice", "status"), [("refuse", S.failed), ("drop", S.sent)])
def test_a_question_that_nobody_can_hear(
    database: Any, second: Callable[..., int], carriers: Callable[..., FakeSender], owner: Any,
    choice: str, status: S,
) -> None:  # fmt: skip
    """The sender that could has gone since the reminder was made."""
    mute = second(ORANGE, can_receive=False)
    carriers(mute)
    with owner.begin() as connection:
        connection.execute(text("update shared.senders set active = false where id = 1"))
    with establishment_with(owner, ask_one_way=choice):
        (number,) = make(database, expects_reply=True)
        run()
    found = delivery(database, number)
    assert found.status == status
    assert found.error_code == (None if choice == "drop" else "no_sender")


def test_what_went_out_from_a_sender_is_asked_of_that_one_alone(
    database: Any, second: Callable[..., int], carriers: Callable[..., FakeSender], owner: Any
) -> None:
    """Out of use since, it is asked all the same: another's list does not hold the message."""
    from workers.context import get_context

    other = second(ORANGE, priority=1)
    fake = carriers(other)
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set active = false where id = :n"), {"n": other}
        )
    context = get_context()
    context.directory.forget()
    assert context.sender(NORTH, "sms", other) is fake
    assert context.sender(NORTH, "sms", 10_000) is None
    assert context.sender(NORTH, "sms") is not fake


def test_two_paced_senders_have_a_line_each(
    database: Any, second: Callable[..., int], owner: Any
) -> None:
    other = second(ORANGE, operators="{orange}")
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set rate_per_second = 4 where id in (1, :n)"), {"n": other}
        )

    from workers.context import get_context

    get_context().directory.forget()
    tokens = {1: 1, other: 2}

    def take(line: int, rate: float, wanted: int) -> int:
        granted = min(wanted, tokens[line])
        tokens[line] -= granted
        return granted

    to_mtn = make(database, 3)
    to_orange = make(database, 3, phone="+237691111111")
    claim(database)
    went = begin(database, to_mtn + to_orange, routes=routes(take=take))
    assert sorted(attempt.delivery_id for attempt in went) == [to_mtn[0], *to_orange[:2]]
    lines = {number: due(database, number).line for number in (*to_mtn[1:], to_orange[2])}  # type: ignore[union-attr]
    assert lines == {to_mtn[1]: 1, to_mtn[2]: 1, to_orange[2]: other}
    # The line of one says nothing about the other's: called up, each asks for its own.
    with owner.begin() as connection:
        connection.execute(text("update shared.senders set line_opens_at = now()"))
    turn = claim(database).to_send
    assert sorted(turn) == sorted(lines)
    tokens |= {1: 0, other: 1}
    went = begin(database, turn, routes=routes(take=take))
    assert [attempt.delivery_id for attempt in went] == [to_orange[2]]
    assert causes(database, to_mtn[1]).count("sender rate") == 1


def test_who_stood_in_the_line_of_a_sender_that_was_shut_out_goes_by_another(
    database: Any, second: Callable[..., int], owner: Any
) -> None:
    other = second(ORANGE, priority=99)
    with owner.begin() as connection:
        connection.execute(text("update shared.senders set rate_per_second = 4 where id = 1"))
    from workers.context import get_context

    get_context().directory.forget()
    (number,) = make(database)
    claim(database)
    assert begin(database, [number], routes=routes(take=lambda *_: 0)) == []
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set suspended_at = now(), suspended_by = 'answer',"
                 " suspended_code = '21606', probe_at = now() + interval '1 h',"
                 " line_opens_at = now() where id = 1")
        )  # fmt: skip
    get_context().directory.forget()
    assert claim(database).to_send == (number,)
    assert [one.sender_id for one in begin(database, [number], routes=routes())] == [other]
    waits = due(database, number)
    assert waits is not None
    assert waits.line is None


def test_who_comes_from_another_line_goes_to_the_end_of_this_one(
    database: Any, second: Callable[..., int], owner: Any
) -> None:
    other = second(ORANGE, operators="{orange}")
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set rate_per_second = 4 where id in (1, :n)"), {"n": other}
        )
    from workers.context import get_context

    get_context().directory.forget()
    (moved,) = make(database)
    (waits,) = make(database, phone="+237691111111")
    claim(database)
    begin(database, [moved, waits], routes=routes(take=lambda *_: 0))
    with owner.begin() as connection:
        connection.execute(text("update shared.senders set active = false where id = 1"))
        connection.execute(text("update shared.senders set line_opens_at = now() where id = 1"))
        connection.execute(
            text("update shared.senders set line_opens_at = now() + interval '1 m' where id = :n"),
            {"n": other},
        )
    get_context().directory.forget()
    assert claim(database).to_send == (moved,)
    assert begin(database, [moved], routes=routes()) == []
    standing = due(database, moved)
    assert standing is not None
    assert standing.line == other
