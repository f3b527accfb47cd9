"""A carrier that stops answering: after a row of unanswered calls its sender waits, and is tried.

The trace decides, so most of these play several workers by the transactions that they would make.

Each of these was broken once, and a test here failed: how many make a row; that an answer, a
callback, or a call that may still be answered breaks it, and a killed worker's does not, nor makes
one; whose calls count, and which codes; that nothing is asked while all is answered, and how far
back at most; what lifts it (any answer, a receipt for a later call) and what does not (an earlier
receipt, another sender's answer); that a fault's code takes its place; that tries have pauses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

import pytest
from sqlalchemy import event, select, text

from models.delivery import Delivery, DeliveryEvent
from models.delivery import DeliveryStatus as S
from models.establishment import Sender
from services import dispatch
from services.dispatch.routes import Routes
from services.sender.choice import SenderChoice
from services.sender.settlement import Settlement
from services.sender.silence import unanswered_in_a_row
from services.sender.suspension import note_answers
from tests.fixtures import NORTH, SOUTH
from tests.services.deliveries import (
    LEASE,
    FakeSender,
    age,
    causes,
    claim,
    delivery,
    due,
    make,
    run,
    sender,
    states,
    tasks,
    tell,
)
from utils.clock import AllowedTimes
from utils.senders import Outcome, Verdict

ROW = 20
TIMED_OUT = Outcome(Verdict.unknown, code="timeout")
BROKEN = Outcome(Verdict.unknown, code="503")
NO_WAY = Outcome(Verdict.unreachable, code="unreachable")
NO_SUCH_NUMBER = Outcome(Verdict.refused, code="21211")
BUSY = Outcome(Verdict.throttled, code="429")
_ENDS = {
    "accepted": (S.sent, None),
    "timeout": (S.unknown, "timeout"),
    "503": (S.unknown, "503"),
    "cut": (S.unknown, "cut"),
    "unreachable": (S.scheduled, "unreachable"),
    "refused": (S.failed, "21211"),
    "throttled": (S.scheduled, "429"),
    "wrong password": (S.scheduled, "20003"),
}


def begin_calls(database: Any, count: int, *, establishment: int = NORTH, **more: Any) -> list[int]:
    """Deliveries that a worker has stamped and is calling, in the order of their attempts."""
    numbers = make(database, count, establishment=establishment, **more)
    claim(database, establishment=establishment)
    with database.establishment(establishment) as session:
        senders = SenderChoice(
            session.scalars(select(Sender).where(Sender.establishment_id == establishment))
        )
        rules = dispatch.Rules(times=AllowedTimes(UTC), routes=Routes(senders))
        for number in numbers:  # one at a time: their order is told by their events
            assert dispatch.begin(session, [number], rules=rules, lease=LEASE)
    return numbers


def end(database: Any, numbers: Sequence[int], how: str, **more: Any) -> bool:
    """A worker stores what some calls brought; True when that changed a sender."""
    establishment = more.get("establishment", NORTH)
    row = more.get("row", ROW)
    with database.establishment(establishment) as session:
        found = [session.get_one(Delivery, number) for number in numbers]
        settlements = [_settlement(one, how) for one in found]
        channels = {one.id: one.channel for one in found}
        dispatch.conclude(session, settlements, ask_after=10)
        return note_answers(
            session,
            channels,
            settlements,
            some_suspended=sender(database, establishment=establishment).suspended_at is not None,
            probe_after=60,
            silent_after=row,
        )


def _settlement(one: Delivery, how: str) -> Settlement:
    status, code = _ENDS[how]
    return Settlement(
        delivery_id=one.id,
        attempt=one.attempt,
        status=status,
        provider="twilio",
        provider_id=f"SM{one.id}" if status is S.sent else None,
        code=code,
        retry_in=3600 if status is S.scheduled else None,
        sender_id=one.sender_id,
    )


def in_a_row(database: Any) -> int:
    number = sender(database).id
    with database.establishment(NORTH) as session:
        return unanswered_in_a_row(session, number)


def silent(database: Any, **which: Any) -> bool:
    return sender(database, **which).suspended_code == "no_answer"


@pytest.mark.parametrize("how", ["timeout", "503", "cut", "unreachable"])
def test_a_row_of_calls_without_an_answer_suspends(database: Any, how: str) -> None:
    calls = begin_calls(database, ROW)
    assert not end(database, calls[:-1], how)
    assert not silent(database)
    assert end(database, calls[-1:], how)
    found = sender(database)
    assert (found.suspended_code, found.suspended_by, found.probes) == ("no_answer", "answer", 0)
    assert found.probe_at is not None


@pytest.mark.parametrize("how", ["accepted", "refused", "throttled"])
def test_one_answer_in_between_begins_the_row_anew(database: Any, how: str) -> None:
    calls = begin_calls(database, 2 * ROW - 1)
    end(database, calls[: ROW - 1], "timeout")
    end(database, [calls[ROW - 1]], how)
    end(database, calls[ROW:], "timeout")
    assert in_a_row(database) == ROW - 1
    assert not silent(database)


def test_the_code_of_a_fault_is_an_answer_and_counts_for_itself(database: Any) -> None:
    calls = begin_calls(database, ROW + 1)
    end(database, calls[:-1], "timeout")
    assert silent(database)
    end(database, calls[-1:], "wrong password")
    assert sender(database).suspended_code == "20003"


def test_two_workers_agree(database: Any) -> None:
    """Neither saw twenty; the trace did. And one that saw an answer is heard by the other."""
    calls = begin_calls(database, 3 * ROW)
    end(database, calls[0:ROW:2], "timeout")
    end(database, [calls[ROW]], "accepted")  # another worker's, begun after all of those
    end(database, calls[1:ROW:2], "timeout")
    assert not silent(database)
    rest = calls[ROW + 1 :]
    end(database, rest[0:ROW:2], "timeout")
    assert not silent(database)
    assert end(database, rest[1:ROW:2], "timeout")
    assert silent(database)
    late = begin_calls(database, 1)  # by one that has not read of it yet
    assert end(database, late, "timeout")


def test_a_worker_that_is_killed_matters_to_nobody(database: Any, owner: Any) -> None:
    """Its calls stay open, before, between and after; the others' make the row all the same."""
    calls = begin_calls(database, 2 * ROW)
    with owner.begin() as connection:
        connection.execute(text("update est_1.delivery_events set at = at - interval '1 minute'"))
    for call in calls[1:-1:2]:
        end(database, [call], "timeout")
    end(database, begin_calls(database, 1), "timeout")
    assert silent(database)


def test_a_killed_workers_calls_are_nobodys_silence(database: Any) -> None:
    from services.delivery.sweep import sweep

    begin_calls(database, 2 * ROW)
    with database.service() as session:
        session.execute(text("update shared.due set claimed_until = now() - interval '1 second'"))
    with database.establishment(NORTH) as session:
        assert sweep(session, ask_after=10) == 2 * ROW
    end(database, begin_calls(database, 1), "timeout")
    assert in_a_row(database) == 1
    assert not silent(database)


def test_a_flaky_carrier_is_never_suspended(database: Any) -> None:
    """Every fifth call is answered, and at once, long before the others time out."""
    for _ in range(3):
        calls = begin_calls(database, 40)
        answered = calls[4::5]
        end(database, answered, "accepted")
        for call in calls:
            if call not in answered:
                end(database, [call], "timeout")
    assert not silent(database)


def test_nor_one_whose_answers_take_longer_than_its_cuts(database: Any) -> None:
    calls = begin_calls(database, 50)
    slow = calls[4::5]
    end(database, [call for call in calls if call not in slow], "cut")
    assert not silent(database)
    end(database, slow, "accepted")
    assert in_a_row(database) == 0


def test_a_slow_carriers_callback_is_an_answer(database: Any) -> None:
    """Its calls time out, and what they asked for happens all the same."""
    calls = begin_calls(database, ROW + 5)
    for call in calls[:-1]:
        tell(database, call, "sent")
        end(database, [call], "timeout")
    assert in_a_row(database) == 0
    end(database, calls[-1:], "timeout")
    assert in_a_row(database) == 1
    tell(database, calls[-1], "delivered")  # after the call was given up
    assert in_a_row(database) == 0


def test_nothing_but_its_own_calls_count(database: Any) -> None:
    """Neither another channel's, which go by the same account, nor another hospital's."""
    end(database, begin_calls(database, ROW, channels=("voice",)), "timeout")
    end(database, begin_calls(database, ROW - 1), "timeout")
    end(database, begin_calls(database, ROW, establishment=SOUTH), "timeout", establishment=SOUTH)
    assert silent(database, channel="voice")
    assert silent(database, establishment=SOUTH)
    assert not silent(database)


def test_it_can_be_switched_off(database: Any) -> None:
    end(database, begin_calls(database, 3 * ROW), "timeout", row=0)
    assert not silent(database)


def test_a_healthy_carrier_pays_nothing(database: Any) -> None:
    """Not one statement, while every call of a batch is answered."""
    calls = begin_calls(database, 3)
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, _values: Any, _x: Any, _many: bool) -> None:
        asked.append(statement)

    with database.establishment(NORTH) as session:
        found = [session.get_one(Delivery, call) for call in calls]
        event.listen(session.connection(), "before_cursor_execute", note)

        def told(*how: str) -> None:
            note_answers(
                session,
                {one.id: one.channel for one in found},
                [_settlement(one, each) for one, each in zip(found, how, strict=True)],
                some_suspended=False,
                probe_after=60,
                silent_after=ROW,
            )

        told("accepted", "refused", "throttled")
        assert asked == []
        told("accepted", "refused", "timeout")
        assert len(asked) == 1


def test_only_so_much_of_the_trace_is_looked_through(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(database, begin_calls(database, ROW), "timeout", row=0)
    end(database, begin_calls(database, 1), "timeout", row=0)
    assert in_a_row(database) == ROW + 1
    monkeypatch.setattr("services.sender.silence.LOOKED_THROUGH", 10)
    assert 0 < in_a_row(database) < 10


# ── while it is suspended, through the worker's own code ──


@pytest.fixture
def mute(database: Any, carrier: Callable[..., FakeSender]) -> FakeSender:
    """A carrier of SMS that has said nothing to twenty calls, and says nothing now."""
    end(database, begin_calls(database, ROW), "timeout")
    assert silent(database)
    sms = carrier("sms")
    sms.answers = [TIMED_OUT] * 100
    return sms


def test_nothing_more_is_called_and_it_waits_within_its_validity(
    database: Any, mute: FakeSender
) -> None:
    more = make(database, 3)
    run(database)
    assert mute.given == []
    assert [delivery(database, number).status for number in more] == [S.scheduled] * 3
    assert causes(database, more[0])[-1] == "sender suspended"
    waits, (short,) = due(database, more[0]), make(database, validity=30)
    run(database)
    ends = due(database, short)
    assert waits is not None
    assert ends is not None
    assert waits.due_at <= delivery(database, more[0]).valid_until
    assert ends.due_at == delivery(database, short).valid_until


def test_another_channel_takes_over(
    database: Any, carrier: Callable[..., FakeSender], mute: FakeSender
) -> None:
    mail = carrier("email")
    (number,) = make(database, channels=("sms", "email"))
    run(database)
    assert states(database, number) == [("sms", "cancelled"), ("email", "sent")]
    assert (len(mute.given), len(mail.given)) == (0, 1)


def test_one_tries_it_now_and_then_and_becomes_unknown_like_any_other(
    database: Any, mute: FakeSender
) -> None:
    waiting = make(database, 5)
    run(database)
    for probes, seconds in ((1, 100), (2, 130), (3, 250)):
        age(database, by=seconds)
        run(database)
        assert (len(mute.given), sender(database).probes) == (probes, probes)
        age(database, by=5)
        run(database)
        assert len(mute.given) == probes  # the next turn is later
    ends = sorted(delivery(database, number).status for number in waiting)
    assert ends == [S.scheduled] * 2 + [S.unknown] * 3
    assert silent(database)
    assert tasks(database) == []


@pytest.mark.parametrize("answer", [None, NO_SUCH_NUMBER, BUSY], ids=["yes", "no", "not now"])
def test_the_first_answer_lifts_it_whatever_it_says(
    database: Any, mute: FakeSender, answer: Outcome | None
) -> None:
    waiting = make(database, 5)
    run(database)
    mute.answers = [answer] if answer else []
    age(database, by=100)
    run(database)
    assert sender(database).suspended_at is None
    run(database)
    ends = [delivery(database, number).status for number in waiting]
    assert ends.count(S.sent) == (5 if answer is None else 4)
    assert len(mute.given) == 5


def test_an_answer_to_a_call_that_was_under_way_lifts_it(database: Any) -> None:
    calls = begin_calls(database, ROW + 1)
    end(database, calls[:-1], "timeout")
    assert silent(database)
    end(database, calls[-1:], "accepted")
    assert sender(database).suspended_at is None


def test_a_receipt_for_the_probe_lifts_it_too(database: Any, mute: FakeSender) -> None:
    """A receipt for something from before does not: it may have been on its way for minutes."""
    tell(database, 1, "delivered")
    assert silent(database)
    (probe,) = make(database)
    run(database)
    age(database, by=100)
    run(database)
    assert delivery(database, probe).status == S.unknown
    tell(database, probe, "delivered")
    assert sender(database).suspended_at is None


def test_the_other_senders_of_the_account_find_out_for_themselves(
    database: Any, carrier: Callable[..., FakeSender], mute: FakeSender
) -> None:
    """Calls are answered while messages are not, and their answers lift nothing."""
    voice = carrier("voice")
    make(database, 2, channels=("voice",))
    run(database)
    assert len(voice.given) == 2
    assert silent(database)
    assert mute.given == []


def test_the_trace_is_as_it_was(database: Any, mute: FakeSender) -> None:
    """What was unknown when it began stays so, to be asked about."""
    with database.establishment(NORTH) as session:
        found = session.scalars(
            select(DeliveryEvent.status).order_by(DeliveryEvent.id.desc()).limit(ROW)
        ).all()
    assert set(found) == {"unknown"}
    waits = due(database, 1)
    assert waits is not None
    assert waits.asks
