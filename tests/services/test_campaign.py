"""Campaigns in real transactions: who gets what, at which pace, held, let go, called off."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text

from models.campaign import CampaignStatus
from models.delivery import DeliveryStatus as S
from services.campaign import campaigns
from services.campaign.expansion import expand
from services.campaign.listed import add
from services.contact.address import opt_out
from services.contact.contacts import load
from services.contact.csv_file import Reference
from services.errors import CareloopError
from tests.fixtures import NORTH, owned
from tests.services.campaigns import (
    AHEAD,
    EVERY,
    MADE,
    STAFF,
    all_due,
    contact,
    contacts,
    draft,
    dry_run,
    expand_all,
    made,
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
    now,
)


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
