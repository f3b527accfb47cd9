"""What staff want of a reminder of which something has left already, and something may follow.

Seen to fail with: `ended` asked instead of `may_go_on` in `cancel` (409, and the next channel goes
out), or left out of what it says of a series; `begun` not asked in `_change_once`; `keep_valid`
planning again what waits after an attempt; `moves` not asked; `cancelled` left out of
`_NOTHING_WRONG`; `error_code` left as it is by `drop`; in `_bring_back`, the first channel chosen,
`passed` left out, or `_WITH_PATIENT`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models.delivery import Delivery
from models.delivery import DeliveryStatus as S
from models.establishment import Establishment, Sender
from models.omission import OmissionReason
from models.reminder import Reminder
from services.delivery.moves import lock_delivery
from services.due.opening import open_delivery, reschedule
from services.errors import Conflict
from services.reminder.skipping import skip, unskip
from services.series.omission import Run, leave_out
from tests.fixtures import NORTH
from tests.services.deliveries import (
    WINDOW,
    answered,
    begun,
    claim,
    conclude,
    delivery,
    due,
    make,
    now,
    reminder_status,
    run,
    sent,
    start_next,
    states,
    tell,
)
from tests.services.test_cancel_race import NURSE, cancelled, changed, reminder_of
from tests.services.test_suspension import NOT_OURS

DAY = 86400
HOURS = 4 * 3600


def skipped(database: Any, number: int, occurrence: datetime | None = None) -> None:
    with database.establishment(NORTH) as session:
        place = session.get_one(Establishment, NORTH)
        skip(session, place, reminder_of(database, number), occurrence, principal=NURSE)


def unskipped(database: Any, number: int, occurrence: datetime) -> None:
    with database.establishment(NORTH) as session:
        place = session.get_one(Establishment, NORTH)
        unskip(session, place, reminder_of(database, number), occurrence, principal=NURSE)


def long_ago(database: Any, number: int) -> None:
    """Its receipt should have come by now."""
    with database.establishment(NORTH) as session:
        lock_delivery(session, number).attempted_at = now() - timedelta(seconds=WINDOW + 1)


def test_what_was_sent_and_cancelled_makes_way_for_no_other_channel(
    database: Any, proven: None
) -> None:
    number = sent(database, ago=60, channels=("sms", "voice"), validity=HOURS)
    assert reminder_status(database, number) == "done"
    answer = cancelled(database, reminder_of(database, number))
    assert (answer.cancelled, answer.with_carrier) == (0, 1)
    assert cancelled(database, reminder_of(database, number)).with_carrier == 1  # said again
    long_ago(database, number)
    answered(database, number, "sent")
    assert states(database, number) == [("sms", "sent")]
    assert reminder_status(database, number) == "done"


def test_what_turns_out_undelivered_makes_way_for_none_either(database: Any) -> None:
    number = sent(database, ago=60, channels=("sms", "email"), validity=HOURS)
    cancelled(database, reminder_of(database, number))
    tell(database, number, "undelivered", code="30003")
    assert states(database, number) == [("sms", "undelivered")]


def test_a_call_that_rings_is_kept_from_ringing_again(database: Any) -> None:
    number = sent(
        database, channels=("voice",), validity=HOURS, call_again_after=900, call_again_at_most=2
    )
    cancelled(database, reminder_of(database, number))
    tell(database, number, "no-answer")
    assert states(database, number) == [("voice", "undelivered")]


def test_what_nothing_more_comes_of_is_not_cancelled(database: Any) -> None:
    number = sent(database)
    tell(database, number, "delivered")
    with pytest.raises(Conflict) as refused:
        cancelled(database, reminder_of(database, number))
    assert refused.value.code == "already_ended"


def test_a_series_that_is_over_stays_done(database: Any) -> None:
    number = sent(database, ago=60, channels=("sms", "voice"), rrule="FREQ=DAILY;COUNT=1",
                  status="active", validity=HOURS)  # fmt: skip
    assert reminder_status(database, number) == "done"
    cancelled(database, reminder_of(database, number))
    assert reminder_status(database, number) == "done"


def test_a_fallback_that_was_moved_stands_in_for_what_failed(database: Any) -> None:
    number = begun(database, channels=("sms", "email"), validity=7200)
    conclude(database, number, S.failed, code="21211")
    earlier = (now() - timedelta(seconds=600)).isoformat()
    changed(database, reminder_of(database, number), scheduled_time=earlier)
    mail = start_next(database)
    conclude(database, mail, S.failed, code="550", provider="smtp")
    assert states(database, number) == [("sms", "failed"), ("email", "failed")]
    assert reminder_status(database, number) == "failed"
    tell(database, mail, "delivered", provider="smtp")
    assert reminder_status(database, number) == "done"


def test_a_fallback_that_was_moved_is_called_off_by_a_late_receipt(
    database: Any, proven: None
) -> None:
    number = sent(database, ago=WINDOW + 1, channels=("sms", "voice"), validity=HOURS)
    answered(database, number, "sent")
    assert states(database, number) == [("sms", "sent"), ("voice", "scheduled")]
    later = now() + timedelta(seconds=600)
    changed(database, reminder_of(database, number), scheduled_time=later.isoformat())
    waiting = due(database, number + 1)
    assert waiting is not None
    assert abs(waiting.due_at - later) < timedelta(seconds=1)
    tell(database, number, "delivered")
    assert states(database, number) == [("sms", "delivered"), ("voice", "cancelled")]


@pytest.mark.parametrize("wanted", [{"message": "Apportez vos papiers"}, {"valid_for": "PT6H"}])
def test_another_word_does_not_ring_at_once(database: Any, wanted: dict[str, str]) -> None:
    number = sent(
        database, channels=("voice",), validity=HOURS, call_again_after=900, call_again_at_most=2
    )
    tell(database, number, "no-answer")
    before = due(database, number)
    changed(database, reminder_of(database, number), **wanted)
    after = due(database, number)
    assert before is not None
    assert after is not None
    assert before.due_at == after.due_at > now() + timedelta(seconds=800)
    hours = 6 if "valid_for" in wanted else 4
    found = delivery(database, number)
    assert found.valid_until == found.occurrence + timedelta(hours=hours)


def test_other_words_leave_alone_what_waits_for_its_turn(database: Any) -> None:
    (number,) = make(database)
    later = now() + timedelta(seconds=900)
    with database.establishment(NORTH) as session:  # as one above the daily cap does
        waiting = lock_delivery(session, number)
        waiting.due_at = later
        reschedule(session, waiting, cause="daily cap")
    changed(database, reminder_of(database, number), message="Autre chose")
    found = due(database, number)
    assert found is not None
    assert found.due_at == later


def held_up(database: Any, carrier: Any, **more: Any) -> int:
    """A delivery that waits for its suspended sender."""
    carrier("sms", NOT_OURS)
    make(database)
    run(database)
    (number,) = make(database, **more)
    run(database)
    assert delivery(database, number).error_code == "sender_suspended"
    return number


def test_a_skip_of_what_is_held_up_opens_no_other_channel(database: Any, carrier: Any) -> None:
    with database.establishment(NORTH) as session:  # while e-mail cannot be sent, either
        session.execute(update(Sender).where(Sender.channel == "email").values(active=False))
    number = held_up(
        database, carrier, channels=("sms", "email"), rrule="FREQ=DAILY", status="active"
    )
    with database.establishment(NORTH) as session:
        session.execute(update(Sender).where(Sender.channel == "email").values(active=True))
    skipped(database, number)
    assert ("email", "scheduled") not in states(database, number)


def test_a_skip_of_what_is_held_up_is_no_failure(database: Any, carrier: Any) -> None:
    number = held_up(database, carrier, rrule="FREQ=DAILY;COUNT=1", status="active")
    skipped(database, number)
    assert reminder_status(database, number) == "cancelled"


def test_what_is_held_up_and_taken_out_by_a_move_is_no_failure(database: Any, carrier: Any) -> None:
    number = held_up(database, carrier, event_time=now() + timedelta(days=2), validity=3 * DAY,
                     before=[2 * DAY, 3600], event_margin_seconds=2700)  # fmt: skip
    with database.establishment(NORTH) as session:
        session.get_one(Delivery, number).before_seconds = 2 * DAY
    soon = (now() + timedelta(hours=5)).isoformat()
    changed(database, reminder_of(database, number), event_time=soon)
    with database.establishment(NORTH) as session:
        last = session.scalars(select(Delivery).where(Delivery.before_seconds == 3600)).one()
        last.status, last.attempt = S.sending, 1
        other = last.id
    conclude(database, other, S.sent, provider_id="SM1")
    assert states(database, number) == [("sms", "cancelled"), ("sms", "sent")]
    assert reminder_status(database, number) == "done"


def test_taking_a_skip_back_goes_on_with_the_channel_that_was_next(database: Any) -> None:
    number = begun(database, channels=("sms", "email"), rrule="FREQ=DAILY", status="active")
    conclude(database, number, S.failed, code="21211")
    occurrence = delivery(database, number).occurrence
    skipped(database, number, occurrence)
    unskipped(database, number, occurrence)
    assert states(database, number)[:2] == [("sms", "failed"), ("email", "scheduled")]


def test_taking_a_skip_back_sends_nothing_to_whom_it_has_reached(
    database: Any, proven: None
) -> None:
    number = sent(database, ago=WINDOW + 1, channels=("sms", "voice"), validity=HOURS,
                  rrule="FREQ=DAILY;COUNT=1", status="active")  # fmt: skip
    answered(database, number, "sent")
    occurrence = delivery(database, number).occurrence
    skipped(database, number, occurrence)
    tell(database, number, "delivered")
    unskipped(database, number, occurrence)
    assert states(database, number) == [("sms", "delivered"), ("voice", "cancelled")]


def test_taking_a_skip_back_leaves_a_message_with_its_event(database: Any) -> None:
    event = now() + timedelta(days=1)
    number = begun(database, channels=("sms", "email"), validity=DAY, event_time=event,
                   before=[DAY, 7200], event_margin_seconds=2700)  # fmt: skip
    with database.establishment(NORTH) as session:
        first = session.get_one(Delivery, number)
        first.before_seconds, first.occurrence = DAY, event - timedelta(days=1)
        occurrence, two_hours = first.occurrence, event - timedelta(hours=2)
        open_delivery(
            session, session.get_one(Reminder, first.reminder_id), "sms", occurrence=two_hours,
            due_at=two_hours, cause="scheduled", before_seconds=7200,
        )  # fmt: skip
    conclude(database, number, S.failed, code="21211")
    skipped(database, number, occurrence)
    unskipped(database, number, occurrence)
    with database.establishment(NORTH) as session:
        found = session.execute(
            select(Delivery.channel, Delivery.status, Delivery.before_seconds).order_by(Delivery.id)
        ).all()
    assert [tuple(row) for row in found] == [
        ("sms", "failed", DAY),
        ("sms", "scheduled", 7200),
        ("email", "scheduled", DAY),
    ]


def test_taking_a_skip_back_of_a_passed_one_while_the_next_is_out(database: Any) -> None:
    number = begun(database, rrule="FREQ=DAILY", status="active", validity=3 * DAY)
    occurrence = delivery(database, number).occurrence
    yesterday = occurrence - timedelta(days=1)
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Reminder, reminder_of(database, number))
        reminder.scheduled_time = occurrence - timedelta(days=2)
        leave_out(session, reminder.id, Run(OmissionReason.skipped, yesterday, yesterday))
    unskipped(database, number, yesterday)
    with database.establishment(NORTH) as session:
        made = session.scalars(select(Delivery).where(Delivery.occurrence == yesterday)).one()
        assert made.status == S.scheduled
    assert claim(database).to_send == (made.id,)
