"""A campaign paused, resumed, cancelled, done: what leaves, and what is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.campaign import CampaignStatus
from models.delivery import DeliveryStatus as S
from models.establishment import Establishment, Holiday
from services.campaign import campaigns
from services.campaign.view import BEST_FIRST, view
from services.delivery.moves import lock_delivery, pass_over
from services.errors import CareloopError
from tests.fixtures import NORTH, owned
from tests.services.campaigns import (
    STAFF,
    all_due,
    contact,
    contacts,
    expand_all,
    made,
    phone,
    place,
    read,
    reasons,
    rows,
    seen,
    started,
    step,
)
from tests.services.deliveries import (
    begin,
    causes,
    claim,
    conclude,
    delivery,
    due,
    establishment_with,
    now,
    reminder_status,
    start_next,
    states,
    tell,
)


def with_email_standing_by(database: Any, owner: Any) -> tuple[int, int]:
    """A campaign for one person, and its SMS, which the carrier has taken."""
    contact(database, "P1", phone(1), email="p1@example.com")
    number = started(database, channels=["sms", "email"])
    expand_all(database, number)
    all_due(owner)
    sms = start_next(database)
    conclude(database, sms, S.sent, provider_id=f"ID{sms}")
    return number, sms


def cancellable(database: Any, campaign: int) -> bool:
    with database.establishment(NORTH) as session:
        return view(session, place(), campaigns.read(session, campaign)).can_be_cancelled


def without_receipt(database: Any, number: int) -> bool:
    """The time for a receipt is over; True when the next channel takes over."""
    with database.establishment(NORTH) as session:
        return pass_over(session, lock_delivery(session, number))


def test_paused_nothing_leaves_and_resumed_it_goes_on(database: Any, owner: Any) -> None:
    contacts(database, 5)
    number = started(database)
    expand_all(database, number)
    deliveries = made(owner)
    held_by_a_worker, begun = deliveries[:2], deliveries[0]
    all_due(owner)
    assert set(claim(database, batch=2).to_send) == set(held_by_a_worker)
    assert begin(database, [begun])
    with database.establishment(NORTH) as session:
        _, gone = campaigns.pause(session, number, None, STAFF)
    assert gone == 1
    assert begin(database, held_by_a_worker) == []
    assert claim(database).to_send == ()
    assert step(database, number) is False
    assert causes(database, deliveries[4])[-1] == "campaign paused"
    with database.establishment(NORTH) as session:
        campaigns.resume(session, place(), number, None, STAFF)
    all_due(owner)
    assert set(claim(database).to_send) == set(deliveries[1:])
    assert len(begin(database, deliveries[1:])) == 4


def test_what_a_worker_gives_back_while_paused_does_not_leave(database: Any, owner: Any) -> None:
    contacts(database, 1)
    number = started(database)
    expand_all(database, number)
    (one,) = made(owner)
    assert begin(database, claim(database).to_send)
    with database.establishment(NORTH) as session:
        campaigns.pause(session, number, None, STAFF)
    conclude(database, one, S.scheduled, retry_in=0.0)
    assert claim(database).to_send == (one,)
    assert begin(database, [one]) == []
    assert delivery(database, one).status == S.scheduled
    assert causes(database, one)[-1] == "campaign paused"
    waiting = due(database, one)
    assert waiting is not None
    assert waiting.due_at == delivery(database, one).valid_until
    assert claim(database).to_send == ()


def test_paused_for_too_long_it_expires_visibly(database: Any, owner: Any) -> None:
    contacts(database, 30)
    number = started(database)
    expand_all(database, number)
    with database.establishment(NORTH) as session:
        campaigns.pause(session, number, None, STAFF)
    with owned(owner) as connection:
        connection.execute(text("update deliveries set valid_until = now()"))
        connection.execute(text("update shared.due set due_at = now()"))
        connection.execute(text("update campaigns set valid_until = now()"))
    with database.establishment(NORTH) as session:
        campaigns.resume(session, place(), number, None, STAFF)
    expand_all(database, number)
    all_due(owner)
    assert begin(database, claim(database).to_send) == []
    assert (seen(database, number).expired, reasons(database, number)) == (
        20,
        {"past_validity": 10},
    )
    expand_all(database, number)
    assert read(database, number).status == CampaignStatus.done


def test_resumed_while_the_hospital_is_closed_for_long_it_stays_held(
    database: Any, owner: Any
) -> None:
    contacts(database, 3)
    number = started(database)
    expand_all(database, number)
    today = now().date()
    days = [Holiday(day=today + timedelta(days=n), every_year=False) for n in range(-1, 50)]
    closed = Establishment(time_zone="Africa/Douala", holidays=days)
    with database.establishment(NORTH) as session:
        campaigns.pause(session, number, None, STAFF)
    with database.establishment(NORTH) as session:
        campaigns.resume(session, closed, number, None, STAFF)
    for one in made(owner):
        waiting = due(database, one)
        assert waiting is not None
        assert waiting.due_at == delivery(database, one).valid_until


def test_resumed_before_its_hour_it_waits_for_it(database: Any, owner: Any) -> None:
    contacts(database, 3)
    hour = now() + timedelta(seconds=10)
    number = started(database, scheduled_time=hour.isoformat())
    expand_all(database, number)
    assert len(made(owner)) == 3
    with database.establishment(NORTH) as session:
        campaigns.pause(session, number, None, STAFF)
    with database.establishment(NORTH) as session:
        campaigns.resume(session, place(), number, None, STAFF)
    assert min(row.due_at for row in rows(owner, "select due_at from shared.due")) >= hour


def test_resumed_what_the_pace_reaches_too_late_expires_with_the_others(
    database: Any, owner: Any
) -> None:
    contacts(database, 3)
    number = started(database)
    expand_all(database, number)
    with owned(owner) as connection:
        connection.execute(text("update campaigns set rate_per_minute = 1"))
        connection.execute(text("update deliveries set valid_until = now() + interval '90 s'"))
    with database.establishment(NORTH) as session:
        campaigns.pause(session, number, None, STAFF)
    with database.establishment(NORTH) as session:
        campaigns.resume(session, place(), number, None, STAFF)
    late = "select count(*) from deliveries d join shared.due u on u.delivery_id = d.id {}"
    assert rows(owner, late.format("where u.due_at < d.valid_until"))[0][0] == 2
    assert rows(owner, late.format("where u.due_at > d.valid_until"))[0][0] == 0


def test_cancelled_what_waits_is_cancelled_and_the_rest_is_told(database: Any, owner: Any) -> None:
    contacts(database, 40)
    number = started(database)
    expand_all(database, number)
    all_due(owner)
    taken = claim(database, batch=2).to_send
    assert begin(database, taken[:1])
    with database.establishment(NORTH) as session:
        _, gone = campaigns.cancel(session, number, None, STAFF)
    assert gone == 1
    assert begin(database, taken) == []
    assert claim(database).to_send == ()
    conclude(database, taken[0], S.sent, provider_id="SM1")
    after = seen(database, number)
    assert (after.made, after.sent, after.cancelled, after.to_come) == (20, 1, 39, 0)
    of_each = "select status, count(*) from reminders where cancelled_at is not null group by 1"
    assert dict(map(tuple, rows(owner, of_each))) == {"done": 1, "cancelled": 19}
    assert step(database, number) is False


def test_cancelled_a_message_that_had_left_keeps_its_true_end(database: Any, owner: Any) -> None:
    contacts(database, 4)
    number = started(database)
    expand_all(database, number)
    all_due(owner)
    arrives, refused, never_left, comes_back = claim(database).to_send
    assert len(begin(database, [arrives, refused, never_left, comes_back])) == 4
    conclude(database, never_left, S.unknown)
    with database.establishment(NORTH) as session:
        assert campaigns.cancel(session, number, None, STAFF)[1] == 4
    assert {reminder_status(database, one) for one in (arrives, never_left)} == {"scheduled"}
    conclude(database, arrives, S.sent, provider_id="SM1")
    tell(database, arrives, "delivered")
    conclude(database, refused, S.failed, code="21211")
    conclude(database, never_left, S.scheduled, retry_in=0.0)
    conclude(database, comes_back, S.scheduled, retry_in=0.0)
    assert begin(database, claim(database).to_send) == []
    ends = [reminder_status(database, one) for one in (arrives, refused, never_left, comes_back)]
    assert ends == ["done", "failed", "cancelled", "cancelled"]


def test_cancelled_an_sms_without_a_receipt_has_gone_and_its_email_has_not(
    database: Any, owner: Any
) -> None:
    number, sms = with_email_standing_by(database, owner)
    assert without_receipt(database, sms)
    with database.establishment(NORTH) as session:
        campaigns.cancel(session, number, None, STAFF)
    assert states(database, sms) == [("sms", "sent"), ("email", "cancelled")]
    assert reminder_status(database, sms) == "done"
    tell(database, sms, "undelivered", code="30003")
    assert states(database, sms) == [("sms", "undelivered"), ("email", "cancelled")]
    assert reminder_status(database, sms) == "failed"


def test_done_while_another_channel_may_follow_it_can_be_cancelled(
    database: Any, owner: Any
) -> None:
    number, sms = with_email_standing_by(database, owner)
    expand_all(database, number)
    assert read(database, number).status == CampaignStatus.done
    assert cancellable(database, number)
    with database.establishment(NORTH) as session:
        assert campaigns.cancel(session, number, None, STAFF)[1] == 1
    assert read(database, number).status == CampaignStatus.cancelled
    assert not without_receipt(database, sms)
    tell(database, sms, "undelivered", code="30003")
    assert states(database, sms) == [("sms", "undelivered")]
    assert reminder_status(database, sms) == "failed"
    assert (seen(database, number).failed, seen(database, number).cancelled) == (1, 0)


def test_done_and_falling_back_it_can_be_cancelled(database: Any, owner: Any) -> None:
    number, sms = with_email_standing_by(database, owner)
    expand_all(database, number)
    tell(database, sms, "undelivered", code="30003")
    assert states(database, sms) == [("sms", "undelivered"), ("email", "scheduled")]
    ids = claim(database).to_send
    with database.establishment(NORTH) as session:
        assert campaigns.cancel(session, number, None, STAFF)[1] == 0
    assert begin(database, ids) == []
    assert states(database, sms) == [("sms", "undelivered"), ("email", "cancelled")]


def test_done_while_a_call_rings_it_can_be_kept_from_ringing_again(
    database: Any, owner: Any
) -> None:
    contacts(database, 1, language="french")
    number = started(database, channels=["voice"])
    expand_all(database, number)
    all_due(owner)
    with establishment_with(owner, call_again_after=60, call_again_at_most=2):
        call = start_next(database)
        conclude(database, call, S.sent, provider_id=f"ID{call}")
        expand_all(database, number)
        with database.establishment(NORTH) as session:
            campaigns.cancel(session, number, None, STAFF)
        tell(database, call, "no-answer")
    assert states(database, call) == [("voice", "undelivered")]


@pytest.mark.parametrize(
    "why", ["delivered", "delivered by the next", "no channel left", "validity over"]
)
def test_done_with_nothing_to_follow_it_cannot_be_cancelled(
    database: Any, owner: Any, why: str
) -> None:
    number, sms = with_email_standing_by(database, owner)
    expand_all(database, number)
    assert read(database, number).status == CampaignStatus.done
    if why == "delivered":
        tell(database, sms, "delivered")
    if why == "delivered by the next":
        assert without_receipt(database, sms)
        all_due(owner)
        mail = start_next(database)
        conclude(database, mail, S.sent, provider="sendgrid", provider_id="SG1")
        tell(database, mail, "delivered", provider="sendgrid", provider_id="SG1")
    with owned(owner) as connection:
        if why == "delivered by the next":
            connection.execute(text("update reminders set channels = '{sms,email,voice}'"))
        if why == "no channel left":
            connection.execute(text("update reminders set channels = '{sms}'"))
        if why == "validity over":
            connection.execute(text("update campaigns set valid_until = now()"))
    assert not cancellable(database, number)
    with (
        database.establishment(NORTH) as session,
        pytest.raises(CareloopError) as refused,
    ):
        campaigns.cancel(session, number, None, STAFF)
    assert refused.value.code == "campaign_done"
    assert read(database, number).status == CampaignStatus.done


def test_who_was_reached_after_all_counts_as_reached(database: Any, owner: Any) -> None:
    number, sms = with_email_standing_by(database, owner)
    assert seen(database, number).sent == 1
    assert without_receipt(database, sms)
    assert seen(database, number).queued == 1
    tell(database, sms, "delivered")
    assert states(database, sms) == [("sms", "delivered"), ("email", "cancelled")]
    shown = seen(database, number)
    assert (shown.made, shown.delivered, shown.cancelled) == (1, 1, 0)


def test_an_email_that_failed_takes_nothing_from_the_sms_before_it(
    database: Any, owner: Any
) -> None:
    number, sms = with_email_standing_by(database, owner)
    assert without_receipt(database, sms)
    all_due(owner)
    conclude(database, start_next(database), S.failed, code="550", provider="smtp")
    shown = seen(database, number)
    assert (shown.sent, shown.failed) == (1, 0)
    tell(database, sms, "undelivered", code="30003")
    shown = seen(database, number)
    assert (shown.sent, shown.failed) == (0, 1)


def test_every_state_of_a_delivery_has_its_place_in_the_progress() -> None:
    assert sorted(BEST_FIRST) == sorted(S)
