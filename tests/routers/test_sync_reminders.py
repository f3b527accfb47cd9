"""Reminders in `POST /sync`: the rules of `POST /reminders`, item by item, however late."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import pytest
from sqlalchemy import text

from config.settings import get_settings
from schemas.reminder import ReminderIn
from services.identity import uuid7
from services.reminder.reminders import submitted_fields
from services.reminder.times import SYNCED_TOO_LATE
from tests.fixtures import owned
from tests.routers.test_devices import enrol
from tests.routers.test_sync import item, now, sync

PHONE = "+237650000001"
DAYS_AGO, YEARS_AGO = now(days=40), "2019-01-01T08:00:00"
"""The second is what a clock says that has lost its battery."""


def reminder(**more: Any) -> dict[str, Any]:
    given = {
        "type": "reminder",
        "client_id": str(uuid7()),
        "patient_id": "PAT123",
        "message": "Rappel: RDV à 10h",
        "language": "french",
        "scheduled_time": now(days=-1),
        "phone_number": PHONE,
    } | more
    return {name: value for name, value in given.items() if value is not None}


def device(client: Any, staff: dict[str, str], *, for_staff: bool) -> dict[str, str]:
    body = {"name": "Téléphone", "for_staff": for_staff}
    made = client.post("/api/v1/devices", json=body, headers=staff)
    assert made.json()["for_staff"] is for_staff
    token = enrol(client, made.json()["code"]).json()["token"]
    return {"Authorization": f"Bearer {token}"}


def read(client: Any, staff: dict[str, str], number: int) -> dict[str, Any]:
    answer = client.get(f"/api/v1/reminders/{number}", headers=staff)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counts(owner: Any) -> dict[str, int]:
    with owned(owner) as connection:
        return {
            table: connection.scalar(text(f"select count(*) from {table}"))
            for table in ("reminders", "deliveries", "feedbacks", "shared.due")
        }


def test_each_gets_its_own_result_and_a_bad_one_blocks_nothing(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    known, changed = reminder(), reminder()
    for one in (known, changed):
        sync(client, one, headers=staff)
    results = sync(
        client,
        item(),
        reminder(phone_number="+237123"),
        known,
        reminder(),
        changed | {"message": "Secret"},
        reminder(message=None),
        reminder(channels=["email"]),
        item(rating=9),
        reminder(recorded_at="0000-01-01"),
        headers=staff,
    )
    seen = [(r["status"], r.get("code"), r.get("field")) for r in results]
    assert seen == [
        ("created", None, None),
        ("rejected", "phone_invalid", "phone_number"),
        ("duplicate", None, None),
        ("created", None, None),
        ("conflict", None, None),
        ("rejected", "missing", "message"),
        ("rejected", "channel_without_address", "channels"),
        ("rejected", "rating_out_of_range", "rating"),
        ("rejected", "datetime_parsing", "recorded_at"),
    ]
    assert results[2]["id"] == 1
    assert (results[4]["id"], results[4]["fields"]) == (2, ["message"])
    assert "Secret" not in json.dumps(results)
    assert counts(owner) == {"reminders": 3, "deliveries": 3, "feedbacks": 1, "shared.due": 3}


def test_it_is_the_same_submission_on_either_way_in(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    captured = reminder(recorded_at=now(days=3))
    single = {k: v for k, v in captured.items() if k not in ("type", "recorded_at")}
    first = client.post("/api/v1/reminders", json=single, headers=staff)
    assert first.status_code == 201, first.text
    (again,) = sync(client, captured, headers=staff)
    assert (again["status"], again["id"]) == ("duplicate", first.json()["id"])
    other = reminder()
    (made,) = sync(client, other, headers=staff)
    single = {name: value for name, value in other.items() if name != "type"}
    replayed = client.post("/api/v1/reminders", json=single, headers=staff)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert replayed.json()["id"] == made["id"]
    assert counts(owner)["reminders"] == 2


def test_it_is_the_same_submission_in_whichever_order_its_parameters_stand(
    client: Any, staff: dict[str, str]
) -> None:
    captured = reminder(parameters={"a": "1", "b": "2"})
    other_order = captured | {"parameters": {"b": "2", "a": "1"}}
    others = captured | {"parameters": {"b": "1", "a": "2"}}
    results = sync(client, captured, other_order, others, headers=staff)
    assert [one["status"] for one in results] == ["created", "duplicate", "conflict"]
    assert results[2]["fields"] == ["parameters"]


def test_what_was_stored_before_parameters_had_an_order_is_the_same_submission(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    captured = reminder(parameters={"b": "2", "a": "1"})
    (made,) = sync(client, captured, headers=staff)
    fields = list(submitted_fields(ReminderIn(message="x")))
    start = 8 * fields.index("parameters")
    key = get_settings().privacy.index_key
    as_it_was = blake2b(b"parameters={'b': '2', 'a': '1'}", key=key, digest_size=8).digest()
    with owned(owner) as connection:
        connection.execute(
            text(
                "update reminders set fingerprint ="
                " overlay(fingerprint placing :was from :start) where id = :id"
            ),
            {"was": as_it_was, "start": start + 1, "id": made["id"]},
        )
    (again,) = sync(client, captured, headers=staff)
    assert (again["status"], again["id"]) == ("duplicate", made["id"])
    (other,) = sync(client, captured | {"parameters": {"b": "2"}}, headers=staff)
    assert (other["status"], other["fields"]) == ("conflict", ["parameters"])


def test_the_same_identity_twice_in_one_batch(client: Any, staff: dict[str, str]) -> None:
    first = reminder()
    results = sync(client, first, first | {"message": "Autre"}, first, headers=staff)
    assert [result["status"] for result in results] == ["created", "conflict", "duplicate"]
    assert results[1]["fields"] == ["message"]


def test_only_staff_and_their_devices(client: Any, staff: dict[str, str], log_in: Any) -> None:
    refused = ("rejected", "role_too_low", "type")
    for headers in ({}, device(client, staff, for_staff=False), log_in("viewer@north")):
        results = sync(client, item(), reminder(), item(), headers=headers)
        assert [r["status"] for r in results] == ["created", "rejected", "created"]
        assert (results[1]["status"], results[1]["code"], results[1]["field"]) == refused
    of_staff = device(client, staff, for_staff=True)
    (made,) = sync(client, reminder(), headers=of_staff)
    assert made["status"] == "created"
    # It may hand in, and no more: a tablet that is lost shows nobody's reminders.
    assert client.get("/api/v1/reminders", headers=of_staff).status_code == 403
    assert read(client, staff, made["id"])["patient_id"] == "PAT123"


@pytest.mark.parametrize(
    ("late", "occurrences"),
    [
        ({"scheduled_time": now(days=40)}, 0),
        ({"scheduled_time": now(hours=2), "valid_for": "PT1H"}, 0),
        ({"scheduled_time": now(days=40), "rrule": "FREQ=DAILY;COUNT=3"}, 0),
        ({"scheduled_time": DAYS_AGO, "rrule": "FREQ=DAILY;COUNT=3", "exdates": [DAYS_AGO]}, 1),
        ({"scheduled_time": YEARS_AGO, "rrule": "FREQ=DAILY"}, 0),
        ({"scheduled_time": YEARS_AGO, "rrule": "FREQ=DAILY", "exdates": [YEARS_AGO]}, 1),
        ({"scheduled_time": None, "event_time": now(hours=1), "before": ["P1D", "PT2H"]}, 1),
    ],
)
def test_what_comes_after_its_time_and_validity_is_stored_as_expired_and_shown(
    client: Any, staff: dict[str, str], owner: Any, late: dict[str, Any], occurrences: int
) -> None:
    refused = reminder(**late)
    del refused["type"]
    answer = client.post("/api/v1/reminders", json=refused, headers=staff)
    assert answer.status_code == 422, "asked for now it is refused"
    captured = refused | {"type": "reminder"}
    (result,) = sync(client, captured, headers=staff)
    assert result["status"] == "created"
    shown = read(client, staff, result["id"])
    assert shown["status"] == "expired"
    assert len(shown["omissions"]) >= occurrences
    assert shown["next_occurrences"] == []
    (missed,) = shown["deliveries"]
    assert missed["occurrence"] not in [run["first"] for run in shown["omissions"]]
    assert missed["status"] == "expired"
    assert [event["cause"] for event in missed["events"]] == [SYNCED_TOO_LATE] * 2
    assert counts(owner)["shared.due"] == 0, "nobody will try to send it"
    listed = client.get("/api/v1/reminders", params={"status": "expired"}, headers=staff)
    assert [one["id"] for one in listed.json()["items"]] == [result["id"]]
    (again,) = sync(client, captured, headers=staff)
    assert (again["status"], again["id"]) == ("duplicate", result["id"])


def test_a_series_that_began_while_there_was_no_network_goes_on(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    captured = reminder(scheduled_time=DAYS_AGO, rrule="FREQ=DAILY", exdates=[DAYS_AGO])
    (made,) = sync(client, captured, headers=staff)
    shown = read(client, staff, made["id"])
    assert (shown["status"], len(shown["next_occurrences"])) == ("active", 5)
    assert counts(owner)["shared.due"] == 1


def test_exceptions_that_leave_nothing_of_a_late_series(client: Any, staff: dict[str, str]) -> None:
    once = reminder(scheduled_time=DAYS_AGO, rrule="FREQ=DAILY;COUNT=1", exdates=[DAYS_AGO])
    (refused,) = sync(client, once, headers=staff)
    assert (refused["code"], refused["field"]) == ("nothing_left", "exdates")


def test_late_but_still_valid_goes_out(client: Any, staff: dict[str, str], owner: Any) -> None:
    (made,) = sync(client, reminder(scheduled_time=now(hours=1)), headers=staff)
    assert read(client, staff, made["id"])["status"] == "scheduled"
    assert counts(owner)["shared.due"] == 1


def test_quiet_hours_that_outlast_its_validity(client: Any, log_in: Any, owner: Any) -> None:
    """Its time has come, and nothing may go out before it is over: expired. Ahead: refused."""
    south = log_in("staff@south")
    with owner.begin() as connection:
        connection.execute(  # quiet but for a minute that is half a day away
            text("update shared.establishments set quiet_end = noon::time,"
                 " quiet_start = (noon + interval '1 min')::time"
                 " from (select date_trunc('minute', now() at time zone 'Africa/Douala')"
                 " + interval '12 h' as noon) half_a_day_away where slug = 'south'")
        )  # fmt: skip
    client.app.state.careloop.directory.forget()
    try:
        gone = reminder(scheduled_time=now(minutes=20), valid_for="PT30M")
        ahead = reminder(scheduled_time=now(minutes=-1), valid_for="PT2M")
        results = sync(client, gone, ahead, headers=south)
        assert [r["status"] for r in results] == ["created", "rejected"]
        assert results[1]["code"] == "quiet_hours"
        found = read(client, south, results[0]["id"])
        assert found["status"] == "expired"
    finally:
        with owner.begin() as connection:
            connection.execute(
                text("update shared.establishments set quiet_start='20:00', quiet_end='07:00'"
                     " where slug = 'south'")
            )  # fmt: skip
        client.app.state.careloop.directory.forget()


def test_the_devices_clock_is_noted_and_moves_nothing(client: Any, staff: dict[str, str]) -> None:
    wanted = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    captured = reminder(scheduled_time=wanted.isoformat(), recorded_at="2031-05-01T10:00:00Z")
    (made,) = sync(client, captured, headers=staff, sent_at="2031-05-02T10:00:00Z")
    shown = read(client, staff, made["id"])
    assert shown["scheduled_time"] == wanted.isoformat().replace("+00:00", "Z")
    assert shown["recorded_at"] == "2031-05-01T10:00:00Z"
    assert shown["clock_wrong"] is True
    (other,) = sync(client, reminder(), headers=staff)
    assert read(client, staff, other["id"])["clock_wrong"] is False


def test_a_local_time_is_the_establishments(client: Any, staff: dict[str, str]) -> None:
    (made,) = sync(client, reminder(scheduled_time="2026-12-24T10:00:00"), headers=staff)
    assert read(client, staff, made["id"])["scheduled_time"] == "2026-12-24T09:00:00Z"


def test_batches_on_many_connections_at_once(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    """The same reminders in any order, and others to the same new addresses the other way round."""
    phones = [f"+2376500001{number:02}" for number in range(12)]
    ours = [reminder(phone_number=phone) for phone in phones]
    theirs = [reminder(phone_number=phone) for phone in reversed(phones)]
    orders = [ours, ours[::-1], theirs, theirs[::-1], ours[6:] + theirs[:6]]
    with ThreadPoolExecutor(len(orders)) as pool:
        answers = list(pool.map(lambda order: sync(client, *order, headers=staff), orders))
    statuses = [result["status"] for results in answers for result in results]
    assert statuses.count("created") == 24
    assert set(statuses) == {"created", "duplicate"}
    assert counts(owner) == {"reminders": 24, "deliveries": 24, "feedbacks": 0, "shared.due": 24}


@pytest.fixture
def moody(owner: Any) -> Iterator[None]:
    """A database that refuses some rows, as it does for a reason that nobody thought of."""
    refuse = """
        create function est_1.refuse() returns trigger language plpgsql as $$
        begin raise exception 'no' using errcode = '22000'; end $$;
        create trigger moody after insert on est_1.deliveries for each row
            when (new.valid_until > now() + interval '6 days') execute function est_1.refuse();
        create trigger moody after insert on est_1.feedbacks for each row
            when (new.rating = 1) execute function est_1.refuse();
        """
    with owner.begin() as connection:
        connection.execute(text(refuse))
    yield
    with owner.begin() as connection:
        connection.execute(text("drop function est_1.refuse cascade"))


@pytest.mark.usefixtures("moody")
def test_what_postgresql_refuses_takes_no_other_with_it(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    odd = reminder(valid_for="P6D", scheduled_time=now(days=-1), phone_number="+237650000009")
    batch = [item(), reminder(), odd, item(rating=1), reminder(), item()]
    results = sync(client, *batch, headers=staff)
    assert [(r["status"], r.get("code")) for r in results] == [
        ("created", None),
        ("created", None),
        ("rejected", "not_storable"),
        ("rejected", "not_storable"),
        ("created", None),
        ("created", None),
    ]
    assert counts(owner) == {"reminders": 2, "deliveries": 2, "feedbacks": 2, "shared.due": 2}
    with owned(owner) as connection:
        assert connection.scalar(text("select count(*) from addresses")) == 1, "nothing of it stays"
