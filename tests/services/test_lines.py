"""Paced senders: who finds no token stands in a line and is looked at when its turn comes.

Each of these was broken once, and a test here failed:
- `timestamptz 'infinity'` -> `null` in `_HOLD` (claimed again and again);
- `told=row.id not in called_up` -> `told=True` (an event for each look);
- `asking = len(order)` always (newcomers take what others wait for);
- `order by due_at` of a line -> `by delivery_id desc` (the order of the line);
- `opens_after` left out of `claim` (the whole line is called up at once);
- `and claimed_until < 'infinity'` -> `is not null` in the claim (a line takes all places);
- the `union all` left out of `_NEXT_DUE_IN` (a scheduler that sleeps while a line opens);
- `case when s.active then ... end` -> `s.rate_per_second` (a replaced sender's line waits on);
- `due.line` kept by `look_again`;
- `_OPENS_NEXT` counted from `now()` (a line slower than its sender, by as much as it is late);
- `{opens_at}` -> `s.line_opens_at` (a line that stands while PostgreSQL's clock catches up).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.delivery import DeliveryStatus as S
from models.establishment import Sender
from services import dispatch
from services.delivery.moves import lock_delivery
from services.delivery.sweep import sweep
from services.dispatch import Routes
from services.due.opening import reschedule
from services.reminder.change import cancel
from services.sender.choice import SenderChoice
from tests.fixtures import NORTH, owned
from tests.services.deliveries import begin, causes, claim, delivery, due, make, now

RATE = 4.0


class Tokens:
    """As many as a test puts in."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.asked: list[int] = []

    def take(self, line: int, rate: float, wanted: int) -> int:
        self.asked.append(wanted)
        granted = min(wanted, self.tokens)
        self.tokens -= granted
        return granted


@pytest.fixture
def line(owner: Any) -> Iterator[int]:
    """The number of the northern hospital's SMS sender, which is paced."""
    with owner.begin() as connection:
        number = connection.scalar(
            text("update shared.senders set rate_per_second = :rate where id = 1 returning id"),
            {"rate": RATE},
        )
    yield int(number)
    with owner.begin() as connection:
        connection.execute(
            text(
                "update shared.senders set rate_per_second = null, line_opens_at = null,"
                " active = true"
            )
        )


@pytest.fixture
def opened(owner: Any) -> Callable[[], None]:
    """Time passes: the line may be claimed again."""

    def pass_time() -> None:
        with owner.begin() as connection:
            connection.execute(text("update shared.senders set line_opens_at = now()"))

    return pass_time


def paced(tokens: Tokens, line: int) -> dict[str, Any]:
    sender = Sender(
        id=line, channel="sms", active=True, rate_per_second=RATE, operators=[], priority=10
    )
    return {"routes": Routes(SenderChoice([sender]), tokens.take)}


def numbers(attempts: list[dispatch.Attempt]) -> list[int]:
    return sorted(attempt.delivery_id for attempt in attempts)


def test_the_line_goes_out_in_order_and_each_is_looked_at_twice(
    database: Any, line: int, opened: Callable[[], None]
) -> None:
    ids = make(database, 9)
    tokens = Tokens(3)
    claim(database)
    assert numbers(begin(database, ids, **paced(tokens, line))) == ids[:3]
    waiting = due(database, ids[5])
    assert waiting is not None
    assert waiting.line == line
    assert waiting.due_at == delivery(database, ids[5]).due_at  # its place in the line
    assert claim(database).to_send == ()  # the line is not open yet
    gone = []
    for _ in range(3):
        opened()
        turn = claim(database).to_send
        assert len(turn) == RATE / 2
        assert claim(database).to_send == ()
        tokens.tokens = 2
        gone += numbers(begin(database, turn, **paced(tokens, line)))
    assert gone == ids[3:]
    for number in gone:
        assert causes(database, number) == ["scheduled", "due", "sender rate", "due", "attempt"]
        begun = due(database, number)
        assert begun is not None
        assert begun.line is None


def test_who_comes_later_passes_nobody(
    database: Any, line: int, opened: Callable[[], None]
) -> None:
    first = make(database, 2)
    tokens = Tokens(1)
    claim(database)
    begin(database, first, **paced(tokens, line))
    newcomers = make(database, 2, due_in=-0.5)
    tokens.tokens = 5
    claim(database)
    assert begin(database, newcomers, **paced(tokens, line)) == []
    opened()
    tokens.tokens = 1
    turn = claim(database).to_send
    assert numbers(begin(database, turn, **paced(tokens, line))) == first[1:]


def test_a_turn_without_a_token_keeps_its_place_and_makes_no_event(
    database: Any, line: int, opened: Callable[[], None]
) -> None:
    ids = make(database, 4)
    claim(database)
    begin(database, ids, **paced(Tokens(0), line))
    before = causes(database, ids[0])
    for _ in range(2):
        opened()
        turn = claim(database).to_send
        assert sorted(turn) == ids[:2]
        assert begin(database, turn, **paced(Tokens(0), line)) == []
    assert causes(database, ids[0]).count("sender rate") == before.count("sender rate") == 1
    assert delivery(database, ids[0]).status == S.scheduled


def test_other_channels_and_a_long_line_do_not_wait_for_each_other(
    database: Any, line: int
) -> None:
    ids = make(database, 20)
    claim(database)
    begin(database, ids, **paced(Tokens(0), line))
    mail = make(database, channels=["email"])
    assert claim(database, outstanding=5).to_send == tuple(mail)
    tokens = Tokens(0)
    assert numbers(begin(database, mail, **paced(tokens, line))) == mail
    assert tokens.asked == []


def test_a_scheduler_wakes_when_a_line_opens(
    database: Any, line: int, opened: Callable[[], None]
) -> None:
    ids = make(database, 2)
    claim(database)
    begin(database, ids, **paced(Tokens(0), line))
    seconds = dispatch.seconds_to_next(database)
    assert seconds is not None
    assert 0 < seconds <= 0.5
    assert dispatch.establishments_due(database) == []
    opened()
    assert [one.id for one in dispatch.establishments_due(database)] == [NORTH]
    assert (dispatch.seconds_to_next(database) or 0) <= 0


def test_a_line_that_is_called_up_late_goes_no_slower(database: Any, line: int, owner: Any) -> None:
    """A scheduler is busy elsewhere, or lets a little more fall due: each time, for each turn."""
    ids = make(database, 8)
    claim(database)
    begin(database, ids, **paced(Tokens(0), line))

    def late_by(milliseconds: int) -> float:
        """Seconds from when the line was to open until it opens next."""
        opens = f"now() - interval '{milliseconds} ms'"
        change = f"update shared.senders set line_opens_at = {opens} where id = {line}"
        with owner.begin() as connection:
            was = connection.scalar(text(f"{change} returning line_opens_at"))
        assert len(claim(database).to_send) == RATE / 2
        with owner.begin() as connection:
            opens_next = text(f"select line_opens_at from shared.senders where id = {line}")
            return float((connection.scalar(opens_next) - was).total_seconds())

    assert late_by(200) == 0.5
    assert late_by(60_000) > 59.5  # an outage is not caught up with


def test_a_clock_that_is_set_back_stops_no_line(database: Any, line: int, owner: Any) -> None:
    ids = make(database, 2)
    claim(database)
    begin(database, ids, **paced(Tokens(0), line))
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set line_opens_at = line_opens_at + interval '1 hour'")
        )
    assert (dispatch.seconds_to_next(database) or 0) <= 0
    assert [one.id for one in dispatch.establishments_due(database)] == [NORTH]
    assert sorted(claim(database).to_send) == ids
    with owner.begin() as connection:
        opens = text(
            f"select line_opens_at < now() + interval '1 s' from shared.senders where id = {line}"
        )
        assert connection.scalar(opens)


@pytest.mark.parametrize("change", ["active = false", "rate_per_second = null"])
def test_a_line_whose_sender_is_paced_no_more_goes_at_once(
    database: Any, line: int, owner: Any, change: str, opened: Callable[[], None]
) -> None:
    ids = make(database, 8)
    claim(database)
    begin(database, ids, **paced(Tokens(0), line))
    with owner.begin() as connection:
        connection.execute(text(f"update shared.senders set {change} where id = {line}"))
    opened()
    turn = claim(database).to_send
    assert sorted(turn) == ids
    assert numbers(begin(database, turn)) == ids


def test_who_stands_in_the_line_can_be_changed_and_cancelled(
    database: Any, line: int, opened: Callable[[], None]
) -> None:
    from services.identity import Principal

    first, second, third = make(database, 3)
    claim(database)
    begin(database, [first, second, third], **paced(Tokens(0), line))
    with database.establishment(NORTH) as session:
        locked = lock_delivery(session, first)
        locked.due_at = now() + timedelta(hours=1)
        reschedule(session, locked, cause="changed by staff")
        principal = Principal(establishment_id=NORTH, actor="cli")
        cancel(session, delivery(database, second).reminder_id, principal)
    changed = due(database, first)
    assert changed is not None
    assert (changed.line, changed.claimed_until) == (None, None)
    opened()
    assert claim(database).to_send == (third,)


def test_a_turn_that_was_lost_comes_again(
    database: Any, line: int, opened: Callable[[], None], owner: Any
) -> None:
    (number,) = make(database)
    claim(database)
    begin(database, [number], **paced(Tokens(0), line))
    for _ in range(2):
        opened()
        assert claim(database).to_send == (number,)
        with database.establishment(NORTH) as session:
            dispatch.release(session, [number], "queue unreachable")
        assert claim(database).to_send == ()  # back in the line
    opened()
    assert claim(database).to_send == (number,)
    with owned(owner) as connection:
        connection.execute(text("update shared.due set claimed_until = now() - interval '1 s'"))
    with database.establishment(NORTH) as session:
        assert sweep(session, ask_after=10) == 1
    assert claim(database).to_send == (number,)


def test_a_night_comes_before_a_turn(database: Any, line: int) -> None:
    """What may not go out takes no token."""
    from tests.services.test_eligibility import quiet_now

    ids = make(database, 3)
    claim(database)
    tokens = Tokens(3)
    assert begin(database, ids, times=quiet_now(0.5), **paced(tokens, line)) == []
    assert tokens.asked == []
    assert {delivery(database, n).due_at.astimezone(UTC) for n in ids} == {
        quiet_now(0.5).next_allowed(now())
    }
