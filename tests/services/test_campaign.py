"""Campaigns in real transactions: who gets what, at which pace, held, let go, called off."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text

from models.campaign import CampaignStatus
from models.delivery import DeliveryStatus as S
from models.establishment import Establishment, Holiday
from services.campaign import campaigns
from services.campaign.expansion import expand
from services.campaign.listed import add
from services.campaign.view import BEST_FIRST, view
from services.contact.address import opt_out
from services.contact.contacts import load
from services.contact.csv_file import Reference
from services.delivery.moves import lock_delivery, pass_over
from services.errors import CareloopError
from tests.fixtures import NORTH, owned
from tests.services.campaigns import (
    AHEAD,
    EVERY,
    STAFF,
    contact,
    contacts,
    draft,
    dry_run,
    expand_all,
    phone,
    place,
    read,
    reasons,
    rows,
    seen,
    start,
    started,
    step,
    until_due,
    wanted,
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

MADE = "select d.id, d.due_at, d.channel from deliveries d order by d.id"


def all_due(owner: Any) -> None:
    """As if the time of everything in the due queue had come."""
    with owned(owner) as connection:
        connection.execute(text("update shared.due set due_at = now() where claimed_until is null"))


def made(owner: Any) -> list[int]:
    return [row.id for row in rows(owner, MADE)]


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


def test_each_recipient_becomes_an_ordinary_reminder(database: Any, owner: Any) -> None:
    ids = contacts(database, 3, language="english")
    number = started(database)
    assert step(database, number) is False
    found = rows(
        owner, "select contact_id, status, language, campaign_id from reminders order by 1"
    )
    assert [tuple(row) for row in found] == [(c, "scheduled", "eng", number) for c in ids]
    deliveries = made(owner)
    assert len(deliveries) == 3
    assert causes(database, deliveries[0]) == ["campaign"]
    until_due(database)
    assert set(claim(database).to_send) == set(deliveries)
    (first, *_) = begin(database, deliveries)
    assert (first.to, first.message) == (phone(0), "The pharmacy is closed tomorrow.")
    step(database, number)
    assert read(database, number).status == CampaignStatus.running  # all made, not all ended
    for one in deliveries:
        conclude(database, one, S.sent, provider_id=f"SM{one}")
    assert (seen(database, number).made, seen(database, number).sent) == (3, 3)
    step(database, number)
    assert read(database, number).status == CampaignStatus.done


def test_who_gets_nothing_and_why(database: Any, owner: Any) -> None:
    contact(database, "P1", phone(1), language="french")
    contact(database, "P2", phone(1), language="french")  # the same family's phone
    contact(database, "P3")
    stopped = contact(database, "P4", phone(4))
    gone = contact(database, "P5", phone(5))
    contact(database, "P6", phone(6), language="duala")
    with database.establishment(NORTH) as session:
        address = load(session, stopped).phone
        assert address is not None
        opt_out(address, "test")
    number = draft(database)
    shown = dry_run(database, number)
    start(database, number)
    with owned(owner) as connection:
        connection.execute(text("delete from contacts where id = :id"), {"id": gone})
    expand_all(database, number)
    excluded = {"same_address": 1, "no_address": 1, "opted_out": 1}
    assert {reason.value: n for reason, n in shown.excluded.items()} == excluded
    assert reasons(database, number) == excluded | {"contact_gone": 1}
    assert (shown.contacts, shown.recipients, seen(database, number).made) == (6, 3, 2)
    assert [(c.language, c.recipients, c.chose_another) for c in shown.languages] == [("fra", 3, 1)]
    assert seen(database, number).total == 6


def test_a_family_phone_gets_one_message_unless_it_has_their_names(
    database: Any, owner: Any
) -> None:
    for n, name in enumerate(("Marie", "Paul", None)):
        contact(database, f"P{n}", phone(1), name=name, language="french")
    texts = {"french": "Bonjour {name} ({patient_id}), {{merci}}."}
    number = draft(database, texts=texts)
    assert dry_run(database, number).shared_address == "one_for_each"
    start(database, number)
    expand_all(database, number)
    assert reasons(database, number) == {"name_missing": 1}
    until_due(database)
    sent = begin(database, claim(database).to_send)
    assert {one.message for one in sent} == {
        "Bonjour Marie (P0), {merci}.",
        "Bonjour Paul (P1), {merci}.",
    }


def test_a_text_once_for_an_address_across_batches(
    database: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.campaign.expansion.BATCH", 2)
    for n in range(5):
        contact(database, f"P{n}", phone(1))
    number = started(database)
    expand_all(database, number)
    assert (seen(database, number).made, reasons(database, number)) == (1, {"same_address": 4})


def test_only_a_window_is_in_the_due_queue(database: Any, owner: Any) -> None:
    contacts(database, 60)
    number = started(database, rate_per_minute=120)
    expand_all(database, number)
    assert seen(database, number).made == 20  # the smallest window
    expand_all(database, number)
    assert seen(database, number).made == 30  # 15 seconds ahead, 2 a second
    expand_all(database, number)
    assert seen(database, number).made == 30
    times = [row.due_at for row in rows(owner, MADE)]
    gaps = {round((b - a).total_seconds(), 3) for a, b in pairwise(times)}
    assert gaps == {0.5}
    began = now()
    first = claim(database, batch=1000).to_send
    assert sum(at <= began for at in times) <= len(first) <= sum(at <= now() for at in times)
    assert begin(database, first)
    expand_all(database, number)
    assert seen(database, number).made == 30 + len(first)


def test_nothing_is_made_long_before_its_time(database: Any, owner: Any) -> None:
    contacts(database, 3)
    number = started(database, rate_per_minute=1)
    expand_all(database, number)
    assert seen(database, number).made == 1
    later = read(database, number).expand_at
    assert later is not None
    assert later > now() + timedelta(seconds=30)  # and nobody looks in vain meanwhile


def test_a_window_shrinks_when_the_carrier_does_not_keep_up(database: Any, owner: Any) -> None:
    contacts(database, 100)
    number = started(database, rate_per_minute=6000)
    sizes = []
    for overdue in (False, False, True, True, True):
        with owned(owner) as connection:
            connection.execute(
                text(
                    "update deliveries set due_at = now() + case when :overdue then -1 else 1 end"
                    " * interval '1 second'"
                ),
                {"overdue": overdue},
            )
        expand_all(database, number)
        sizes.append(read(database, number).most_waiting)
    assert sizes == [40, 80, 40, 20, 20]


def test_a_batch_is_stored_with_its_cursor_or_not_at_all(database: Any, owner: Any) -> None:
    contacts(database, 4, name="Marie")
    number = started(database, texts={"french": "Bonjour {name}"})
    with database.establishment(NORTH) as session:
        expand(session, place(), EVERY, number, AHEAD)
        session.rollback()
    assert (made(owner), read(database, number).cursor) == ([], 0)
    expand_all(database, number)
    with owned(owner) as connection:  # and if a cursor were ever lost, nobody is doubled
        connection.execute(text("update campaigns set cursor = 0"))
    with pytest.raises(Exception, match="uq_reminders_campaign_id_contact_id"):
        step(database, number)
    assert len(made(owner)) == 4


def test_two_workers_at_once_make_each_reminder_once(database: Any, owner: Any) -> None:
    contacts(database, 10)
    number = started(database)
    with database.establishment(NORTH) as session:
        assert expand(session, place(), EVERY, number, AHEAD) is False
        assert step(database, number) is False  # the other one is at it
    assert len(made(owner)) == 10


def test_the_set_is_fixed_when_it_starts(database: Any, owner: Any) -> None:
    contacts(database, 2)
    number = started(database)
    contacts(database, 1, start=2)
    expand_all(database, number)
    assert (seen(database, number).total, seen(database, number).made) == (2, 2)


@pytest.mark.parametrize(
    ("chosen", "references"),
    [
        ({}, ["A", "B", "C"]),
        ({"kind": ["staff"]}, ["B"]),
        ({"language": ["duala", "french"]}, ["A", "C"]),
        ({"has_phone": True}, ["A", "B"]),
        ({"has_email": True}, ["C"]),
        ({"has_email": False, "kind": ["patient"]}, ["A"]),
        ({"created_since": "2000-01-01T00:00"}, ["A", "B", "C"]),
        ({"created_before": "2000-01-01T00:00Z"}, []),
    ],
)
def test_filters(database: Any, chosen: dict[str, Any], references: list[str]) -> None:
    ids = {
        "A": contact(database, "A", phone(1), language="french"),
        "B": contact(database, "B", phone(2), kind="staff"),
        "C": contact(database, "C", email="c@example.com", language="duala"),
    }
    number = draft(database, filter=chosen)
    with database.establishment(NORTH) as session:
        from services.campaign.preview import recipients_of

        found = [c.contact_id for c in recipients_of(session, campaigns.read(session, number))]
    assert found == [ids[reference] for reference in references]


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


def test_a_lost_job_is_handed_over_again(database: Any, owner: Any) -> None:
    contacts(database, 1)
    number = started(database)

    def handed() -> int:
        with database.establishment(NORTH) as session:
            found = campaigns.find_expandable(session, 60.0)
            assert [job.ids for job in session.jobs] == [(number,)] * found
            return found

    assert (handed(), handed()) == (1, 0)
    with owned(owner) as connection:  # the lease is over
        connection.execute(text("update campaigns set expand_at = now()"))
    assert handed() == 1


def test_without_a_sender_it_waits_and_nobody_is_excluded(database: Any, owner: Any) -> None:
    contacts(database, 2)
    number = started(database)
    assert step(database, number, ("voice",)) is False
    assert (read(database, number).cursor, reasons(database, number)) == (0, {})
    assert step(database, number, ("sms",)) is False
    assert seen(database, number).made == 2


def test_the_rate_can_be_changed_on_the_way_the_text_cannot(database: Any) -> None:
    from schemas.campaign import CampaignChange

    contacts(database, 1)
    number = started(database)

    def change(**fields: Any) -> int:
        with database.establishment(NORTH) as session:
            return campaigns.change(
                session,
                place(),
                number,
                CampaignChange.model_validate(fields),
                expected_version=None,
                principal=STAFF,
            ).rate_per_minute

    assert change(rate_per_minute=30) == 30
    with pytest.raises(CareloopError) as refused:
        change(texts={"french": "Autre chose"})
    assert refused.value.code == "already_started"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"texts": {"french": "Bonjour {nom}"}}, "placeholder_unknown"),
        ({"texts": {"french": "Bonjour {name.__class__}"}}, "placeholder_unknown"),
        ({"texts": {"french": "Bonjour {name!r}"}}, "placeholder_unknown"),
        ({"texts": {"french": "Bonjour {"}}, "placeholder_unknown"),
        ({"texts": {"french": "x" * 1500 + "{name}"}}, "text_too_long"),
        ({"texts": None, "template": "nothing"}, "template_unknown"),
        ({"texts": None, "template": "results"}, "parameters_wrong"),
        ({"valid_for": "P8D"}, "out_of_range"),
    ],
)
def test_refused_drafts(database: Any, more: dict[str, Any], code: str) -> None:
    with pytest.raises(CareloopError) as refused:
        campaigns.draft(wanted(**more), place(), "user:1")
    assert refused.value.code == code


def test_a_template_has_its_languages(database: Any, owner: Any) -> None:
    contact(database, "P1", phone(1), language="english")
    contact(database, "P2", phone(2), language="duala")
    number = started(
        database, texts=None, template="results", parameters={"hospital": "Hôpital Nord"}
    )
    expand_all(database, number)
    all_due(owner)
    sent = begin(database, claim(database).to_send)
    assert sorted((one.language, one.message[-12:]) for one in sent) == [
        ("eng", "Hôpital Nord"),
        ("fra", "Hôpital Nord"),
    ]


def test_what_stands_in_a_senders_line_is_held_and_let_go(database: Any, owner: Any) -> None:
    contacts(database, 2)
    number = started(database)
    expand_all(database, number)
    with owned(owner) as connection:
        connection.execute(text("update shared.due set claimed_until = 'infinity', line = 1"))
    with database.establishment(NORTH) as session:
        campaigns.pause(session, number, None, STAFF)
    waiting = (
        "select distinct line, claimed_until, due_at > now() + interval '1 hour' from shared.due"
    )
    assert [tuple(row) for row in rows(owner, waiting)] == [(None, None, True)]
    with database.establishment(NORTH) as session:
        campaigns.resume(session, place(), number, None, STAFF)
    all_due(owner)
    assert len(begin(database, claim(database).to_send)) == 2


def test_what_a_worker_gives_back_after_a_cancel_does_not_leave(database: Any, owner: Any) -> None:
    contacts(database, 1)
    number = started(database)
    expand_all(database, number)
    (one,) = made(owner)
    assert begin(database, claim(database).to_send)
    with database.establishment(NORTH) as session:
        assert campaigns.cancel(session, number, None, STAFF)[1] == 1
    conclude(database, one, S.scheduled, retry_in=0.0)
    assert begin(database, claim(database).to_send) == []
    assert delivery(database, one).status == S.cancelled
    assert due(database, one) is None


def test_what_recipients_have_of_their_own_goes_out_and_is_forgotten(
    database: Any, owner: Any
) -> None:
    contacts(database, 3, language="french")
    number = draft(
        database,
        filter=None,
        texts={"french": "À {time}, {patient_id}."},
        value_names=["time"],
        rate_per_minute=1,
    )
    with database.establishment(NORTH) as session:
        lines = [Reference(n, f"P{n}", {"time": f"{n} h"}) for n in range(3)]
        add(session, campaigns.lock(session, number, None), lines, STAFF)
    held = rows(owner, "select values from campaign_values")
    assert len(held) == 3
    assert not any(b" h" in bytes(row.values) for row in held)  # sealed
    start(database, number)
    step(database, number)  # at one a minute, one turn has come
    until_due(database)
    claim(database)
    (first,) = begin(database, made(owner))
    assert first.message == "À 0 h, P0."
    assert rows(owner, "select count(*) from campaign_values")[0][0] == 2
    with database.establishment(NORTH) as session:
        campaigns.cancel(session, number, None, STAFF)
    assert rows(owner, "select count(*) from campaign_values")[0][0] == 0
