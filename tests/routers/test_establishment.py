"""The establishment's settings and holidays: read by staff, changed by administrators, noted.

Seen to fail: `Admin` -> `Staff` on a change; `expected_version` not compared; the establishment
taken out of the condition of `remove_audited`; `audit` left out; `directory.forget` left
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Table, select, text, update

from models.establishment import Establishment

LogIn = Callable[[str], dict[str, str]]
PATH = "/api/v1/establishment"


def imported(client: Any, staff: dict[str, str], file: str) -> dict[str, Any]:
    """What the import of a CSV file of contacts reports."""
    typed = staff | {"Content-Type": "text/csv"}
    answer = client.post("/api/v1/contacts/import", content=file.encode(), headers=typed)
    return dict(answer.json())


@pytest.fixture(autouse=True)
def _as_it_was(client: Any, owner: Any) -> Iterator[None]:
    """What a test changes of an establishment would stay for all others."""
    table = cast(Table, Establishment.__table__)
    with owner.begin() as connection:
        rows = connection.execute(select(table)).all()
    yield
    with owner.begin() as connection:
        for row in rows:
            was = dict(row._mapping)
            connection.execute(update(table).where(table.c.id == was.pop("id")).values(was))
    client.app.state.careloop.directory.forget()


def test_settings_are_read_changed_and_noted(client: Any, log_in: LogIn, owner: Any) -> None:
    staff, admin = log_in("staff@north"), log_in("admin@north")
    read = client.get(PATH, headers=staff)
    settings = read.json()
    expected = {
        **{"slug": "north", "name": "Hôpital Nord", "region": "CM"},
        **{"time_zone": "Africa/Douala", "languages": ["french", "english"]},
        **{"quiet_hours": None, "daily_cap": None, "valid_for": 14400, "event_margin": 2700},
        **{"anonymous_feedback": True, "fold_french_sms": True, "version": read.json()["version"]},
        **{"receipt_window": 1800, "max_attempts": None, "escalate": True},
        **{"call_again_after": 900, "call_again_at_most": 0, "unknown_after": 3600},
        **{"unknown_sms": "give_up", "unknown_voice": "give_up", "unknown_email": "give_up"},
        **{"inbound_calls": "answer", "call_backs_per_hour": 60, "answering_machines": "message"},
        **{"ask_one_way": "refuse", "alarm_failing_share": 0.2, "alarm_failing_count": 10},
        **{"alarm_window": 3600, "alarm_late_after": 300},
        **{"alarm_unknown_count": 10, "alarm_unknown_after": 1800},
    }
    assert settings == expected
    change = {"quiet_hours": "21:00-06:30", "daily_cap": 3, "languages": ["duala", "fr"]}
    refused = client.patch(PATH, json=change, headers=staff)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    guarded = admin | {"If-Match": read.headers["ETag"]}
    changed = client.patch(PATH, json=change, headers=guarded)
    assert changed.status_code == 200, changed.text
    assert changed.json() == settings | change | {
        **{"languages": ["duala", "french"], "version": settings["version"] + 1},
    }
    stale = client.patch(PATH, json={"valid_for": "PT2H"}, headers=guarded)
    assert (stale.status_code, stale.json()["code"]) == (409, "changed_meanwhile")
    assert client.patch(PATH, json={"valid_for": "PT2H"}, headers=admin).json()["valid_for"] == 7200
    margin = client.patch(PATH, json={"event_margin": "PT0S"}, headers=admin)
    assert margin.json()["event_margin"] == 0
    none = client.patch(PATH, json={"quiet_hours": None, "daily_cap": None}, headers=admin).json()
    assert (none["quiet_hours"], none["daily_cap"], none["valid_for"]) == (None, None, 7200)
    with owner.begin() as connection:
        noted = connection.execute(
            text("select action, kind, row_id, actor from shared.audit_entries order by id")
        ).all()
    assert [tuple(entry)[:3] for entry in noted] == [("change", "establishment", "1")] * 4
    assert client.get(PATH, headers=log_in("staff@south")).json()["slug"] == "south"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quiet_hours": "20:00"}, "quiet_hours"),
        ({"quiet_hours": "07:00-07:00"}, "quiet_hours"),
        ({"daily_cap": 0}, "daily_cap"),
        ({"daily_cap": 1001}, "daily_cap"),
        ({"inbound_calls": "perhaps"}, "inbound_calls"),
        ({"call_backs_per_hour": 0}, "call_backs_per_hour"),
        ({"answering_machines": None}, "answering_machines"),
        ({"languages": []}, "languages"),
        ({"languages": ["french", "fr"]}, "languages"),
        ({"languages": ["klingon"]}, "languages.0"),
        ({"languages": None}, "languages"),
        ({"valid_for": "PT1S"}, "valid_for"),
        ({"valid_for": "P30D"}, "valid_for"),
        ({"valid_for": None}, "valid_for"),
        ({"event_margin": "P2D"}, "event_margin"),
        ({"name": ""}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"anonymous_feedback": None}, "anonymous_feedback"),
        ({"time_zone": "Europe/Nowhere"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"alarm_failing_share": 0}, "alarm_failing_share"),
        ({"alarm_failing_share": 1.1}, "alarm_failing_share"),
        ({"alarm_failing_count": 0}, "alarm_failing_count"),
        ({"alarm_late_after": "PT0S"}, "alarm_late_after"),
        ({"alarm_window": "P32D"}, "alarm_window"),
        ({"alarm_unknown_after": None}, "alarm_unknown_after"),
    ],
)
def test_what_is_refused(client: Any, log_in: LogIn, change: dict[str, Any], field: str) -> None:
    answer = client.patch(PATH, json=change, headers=log_in("admin@north"))
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


def test_people_are_told_from_other_figures(client: Any, log_in: LogIn) -> None:
    admin = log_in("admin@north")
    change = {
        **{"alarm_failing_share": 0.05, "alarm_failing_count": 3, "alarm_window": 7200},
        **{"alarm_late_after": 600, "alarm_unknown_count": 1, "alarm_unknown_after": 900},
    }
    changed = client.patch(PATH, json=change, headers=admin)
    assert changed.status_code == 200, changed.text
    assert {name: changed.json()[name] for name in change} == change


def test_the_time_zone_is_changed_only_while_nothing_waits(client: Any, log_in: LogIn) -> None:
    admin, elsewhere = log_in("admin@north"), {"time_zone": "Africa/Kinshasa"}
    told = {"message": "Rappel", "language": "french", "phone_number": "650000001"}
    later = told | {"scheduled_time": (datetime.now(UTC) + timedelta(days=30)).isoformat()}
    made = client.post("/api/v1/reminders", json=later, headers=admin)
    assert made.status_code == 201, made.text
    refused = client.patch(PATH, json=elsewhere, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "messages_waiting")
    assert client.patch(PATH, json={"time_zone": "Africa/Douala"}, headers=admin).is_success
    client.post(f"/api/v1/reminders/{made.json()['id']}/cancel", headers=admin)
    south = client.patch(PATH, json={"time_zone": "Africa/Lagos"}, headers=log_in("admin@south"))
    assert south.json()["time_zone"] == "Africa/Lagos"
    changed = client.patch(PATH, json=elsewhere, headers=admin)
    assert changed.json()["time_zone"] == "Africa/Kinshasa"


def test_a_started_campaign_keeps_the_time_zone_until_it_has_ended(
    client: Any, log_in: LogIn
) -> None:
    admin, elsewhere = log_in("admin@north"), {"time_zone": "Africa/Kinshasa"}
    person = {"patient_id": "P1", "phone_number": "650000001"}
    client.post("/api/v1/contacts", json=person, headers=admin)
    told = {"name": "Pharmacie", "texts": {"french": "Fermée."}, "filter": {}}
    later = told | {"scheduled_time": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    made = client.post("/api/v1/campaigns", json=later, headers=admin).json()
    path = f"/api/v1/campaigns/{made['id']}"
    shown = {"dry_run": client.post(f"{path}/preview", headers=admin).json()["dry_run"]}
    assert client.patch(PATH, json=elsewhere, headers=admin).is_success  # a draft is told to nobody
    outdated = client.post(f"{path}/start", json=shown, headers=admin)
    assert (outdated.status_code, outdated.json()["code"]) == (412, "dry_run_outdated")
    back = {"time_zone": "Africa/Douala"}
    assert client.patch(PATH, json=back, headers=admin).is_success
    for step in ("start", "pause"):
        assert client.post(f"{path}/{step}", headers=admin).is_success
        refused = client.patch(PATH, json=elsewhere, headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (409, "messages_waiting")
        assert client.patch(PATH, json=back, headers=admin).is_success
        south = client.patch(PATH, json=elsewhere, headers=log_in("admin@south"))
        assert south.is_success  # its own campaigns are asked about, not ours
    assert client.post(f"{path}/cancel", headers=admin).is_success
    assert client.patch(PATH, json=elsewhere, headers=admin).is_success


def test_holidays(client: Any, log_in: LogIn, owner: Any) -> None:
    admin, south = log_in("admin@north"), log_in("admin@south")
    holiday = {"day": "2026-05-20", "name": "Fête nationale", "every_year": True}
    path = f"{PATH}/holidays"
    assert client.post(path, json=holiday, headers=log_in("staff@north")).status_code == 403
    once = admin | {"Idempotency-Key": "fete"}
    made = client.post(path, json=holiday, headers=once)
    assert made.status_code == 201, made.text
    assert made.json() == holiday | {"id": made.json()["id"]}
    assert client.post(path, json=holiday, headers=once).json() == made.json()
    again = client.post(path, json=holiday, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "day_taken")
    assert client.get(path, headers=log_in("staff@north")).json() == [made.json()]
    assert client.get(path, headers=south).json() == []
    one = f"{path}/{made.json()['id']}"
    assert client.delete(one, headers=south).status_code == 404
    assert client.delete(one, headers=log_in("staff@north")).status_code == 403
    assert client.delete(one, headers=admin).status_code == 204
    assert client.delete(one, headers=admin).status_code == 404
    assert client.get(path, headers=admin).json() == []
    with owner.begin() as connection:
        noted = connection.execute(
            text("select action, kind from shared.audit_entries order by id")
        ).all()
    assert [tuple(entry) for entry in noted] == [("create", "holiday"), ("delete", "holiday")]
    for wrong in ({"day": "2026-02-30"}, {"day": "1999-12-31"}, {"name": " "}):
        assert client.post(path, json=holiday | wrong, headers=admin).status_code == 422


def test_a_plan_knows_holidays_and_a_contacts_quiet_hours(client: Any, log_in: LogIn) -> None:
    admin = log_in("admin@north")
    warm = {"message": "Rappel", "language": "french", "phone_number": "650000001"}
    warm["scheduled_time"] = "2027-12-24T21:00"
    free = client.post("/api/v1/reminders/preview", json=warm, headers=admin).json()
    assert free["deferred"] is None  # and the establishment's settings are in memory now
    for day in ("2027-12-25", "2027-12-26"):
        client.post(f"{PATH}/holidays", json={"day": day, "name": "Noël"}, headers=admin)
    client.patch(PATH, json={"quiet_hours": "20:00-07:00"}, headers=admin)
    contact = {"patient_id": "PAT1", "phone_number": "650000001", "quiet_hours": "07:00-09:30"}
    assert client.post("/api/v1/contacts", json=contact, headers=admin).status_code == 201
    reminder = {
        "patient_id": "PAT1",
        "message": "Rappel",
        "scheduled_time": "2027-12-24T21:00",
        "valid_for": "P3D",
    }
    preview = client.post("/api/v1/reminders/preview", json=reminder, headers=admin).json()
    assert preview["local_time"] == "2027-12-27 09:30"
    assert preview["deferred"] == "quiet hours: goes out when they end"
    made = client.post(
        "/api/v1/reminders", json=reminder | {"scheduled_time": "2027-12-25T12:00"}, headers=admin
    )
    assert made.json()["local_time"] == "2027-12-27 09:30"
    assert made.json()["deferred"] == "holiday"
    early = client.post(
        "/api/v1/reminders/preview", json=reminder | {"valid_for": "PT4H"}, headers=admin
    ).json()
    assert early["local_time"] == "2027-12-24 19:59"
    assert early["deferred"] == "quiet hours: goes out before they begin"
    changed = client.patch(
        f"/api/v1/reminders/{made.json()['id']}",
        json={"scheduled_time": "2027-12-28T06:30"},
        headers=admin,
    )
    assert changed.json()["local_time"] == "2027-12-28 09:30"


def test_a_plan_knows_a_contacts_holidays(client: Any, log_in: LogIn) -> None:
    """Preview, creation, a later change, a series' forecast and an event's messages, alike."""
    staff = log_in("staff@north")
    own = [{"day": "2027-12-25"}, {"day": "2027-12-26"}, {"day": "2000-12-31", "every_year": True}]
    contact = {"patient_id": "PAT1", "phone_number": "650000001", "holidays": own}
    made = client.post("/api/v1/contacts", json=contact, headers=staff)
    assert made.status_code == 201
    wanted = {"patient_id": "PAT1", "message": "Rappel", "language": "french"}
    once = wanted | {"scheduled_time": "2027-12-25T12:00", "valid_for": "P3D"}
    preview = client.post("/api/v1/reminders/preview", json=once, headers=staff).json()
    assert preview["local_time"] == "2027-12-27 00:00"
    assert preview["deferred"] == "holiday: goes out when it is over"
    stored = client.post("/api/v1/reminders", json=once, headers=staff).json()
    assert (stored["local_time"], stored["deferred"]) == ("2027-12-27 00:00", "holiday")
    short = once | {"valid_for": "PT4H"}
    early = client.post("/api/v1/reminders/preview", json=short, headers=staff).json()
    assert (early["local_time"], early["deferred"]) == (
        "2027-12-24 23:59",
        "holiday: goes out before it begins",
    )
    moved = client.patch(
        f"/api/v1/reminders/{stored['id']}",
        json={"scheduled_time": "2027-12-31T09:00"},
        headers=staff,
    ).json()
    assert (moved["local_time"], moved["deferred"]) == ("2028-01-01 00:00", "holiday")
    daily = wanted | {"scheduled_time": "2027-12-24T08:00", "rrule": "FREQ=DAILY;COUNT=5"}
    series = client.post(
        "/api/v1/reminders", json=daily | {"valid_for": "P1D"}, headers=staff
    ).json()
    series = client.get(f"/api/v1/reminders/{series['id']}", headers=staff).json()
    assert [one["local_time"] for one in series["next_occurrences"]] == [
        "2027-12-24 08:00",
        "2027-12-27 00:00",
        "2027-12-27 08:00",
        "2027-12-28 08:00",
    ]
    assert series["next_occurrences"][1]["deferred"] == "holiday"
    free = {"phone_number": "650000002", "message": "Rappel", "language": "french"}
    other = client.post(
        "/api/v1/reminders/preview",
        json=free | {"scheduled_time": "2027-12-25T12:00"},
        headers=staff,
    ).json()
    assert other["deferred"] is None


def test_what_can_go_out_neither_before_nor_after_is_refused(client: Any, log_in: LogIn) -> None:
    from datetime import UTC, datetime, timedelta

    admin = log_in("admin@north")
    today = datetime.now(UTC) + timedelta(hours=1)  # in Douala
    for days in (-1, 0, 1):
        day = (today + timedelta(days=days)).date().isoformat()
        client.post(f"{PATH}/holidays", json={"day": day, "name": "Deuil"}, headers=admin)
    reminder = {
        "message": "Rappel",
        "language": "french",
        "phone_number": "650000001",
        "scheduled_time": datetime.now(UTC).isoformat(),
        "valid_for": "PT1H",
    }
    for path in ("/api/v1/reminders", "/api/v1/reminders/preview"):
        answer = client.post(path, json=reminder, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (422, "holiday")
        assert answer.json()["field"] == "scheduled_time"
        assert "holiday" in answer.json()["detail"]


def test_a_contacts_quiet_hours_are_kept_changed_and_imported(client: Any, log_in: LogIn) -> None:
    staff = log_in("staff@north")
    made = client.post(
        "/api/v1/contacts", json={"patient_id": "P1", "quiet_hours": "22:00-10:00"}, headers=staff
    )
    assert made.json()["quiet_hours"] == "22:00-10:00"
    path = made.headers["Location"]
    assert client.patch(path, json={"name": "Marie"}, headers=staff).json()["quiet_hours"]
    emptied = client.patch(path, json={"quiet_hours": None}, headers=staff).json()
    assert emptied["quiet_hours"] is None
    wrong = client.patch(path, json={"quiet_hours": "night"}, headers=staff)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "quiet_hours")
    file = "référence;heures calmes\nP2;21:00-08:00\nP3;\nP4;la nuit\n"
    for created, unchanged in ((2, 0), (0, 2)):
        report = imported(client, staff, file)
        assert (report["created"], report["unchanged"]) == (created, unchanged)
        assert [(line["line"], line["field"]) for line in report["refused"]] == [(4, "quiet_hours")]
    (found,) = client.get("/api/v1/contacts", params={"patient_id": "P2"}, headers=staff).json()[
        "items"
    ]
    assert found["quiet_hours"] == "21:00-08:00"


def test_a_contacts_holidays_are_kept_changed_and_imported(
    client: Any, log_in: LogIn, owner: Any
) -> None:
    staff = log_in("staff@north")
    wanted = [
        {"day": "2000-12-25", "every_year": True},
        {"day": "2027-05-03"},
        {"day": "2027-05-01", "every_year": False},
    ]
    made = client.post(
        "/api/v1/contacts", json={"patient_id": "P1", "holidays": wanted}, headers=staff
    )
    shown = [
        {"day": "2027-05-01", "every_year": False},
        {"day": "2027-05-03", "every_year": False},
        {"day": "2000-12-25", "every_year": True},
    ]
    assert made.json()["holidays"] == shown
    path = made.headers["Location"]
    assert client.patch(path, json={"name": "Marie"}, headers=staff).json()["holidays"] == shown
    fewer = client.patch(path, json={"holidays": shown[:1]}, headers=staff).json()
    assert fewer["holidays"] == client.get(path, headers=staff).json()["holidays"] == shown[:1]
    assert client.patch(path, json={"holidays": None}, headers=staff).json()["holidays"] == []
    log = client.get("/api/v1/audit", params={"kind": "contact"}, headers=log_in("admin@north"))
    changes = [one for one in log.json()["items"] if one["action"] == "change"]
    assert [len(one["before"]["holidays"]) for one in changes] == [1, 3, 3]
    many = [{"day": f"20{year}-01-{day:02}"} for year in (27, 28, 29, 30) for day in range(1, 29)]
    for wrong, field in (
        (many[:101], "holidays"),
        ([{"day": "2027-05-01"}, {"day": "2027-05-01"}], "holidays"),
        ([{"day": f"20{y}-05-01", "every_year": True} for y in (27, 28)], "holidays"),
        ([{"day": "2027-05-01"}, {"day": "2027-02-30"}], "holidays.1.day"),
        ([{"day": "1999-12-31"}], "holidays.0.day"),
        ([{"day": "2027-05-01", "name": "Fête"}], "holidays.0.name"),
        ("2027-05-01", "holidays"),
    ):
        for answer in (
            client.patch(path, json={"holidays": wrong}, headers=staff),
            client.post(
                "/api/v1/contacts", json={"patient_id": "P9", "holidays": wrong}, headers=staff
            ),
        ):
            assert (answer.status_code, answer.json()["field"]) == (422, field)
    most = client.patch(path, json={"holidays": many[:100]}, headers=staff)
    assert len(most.json()["holidays"]) == 100


def test_a_contacts_holidays_come_from_a_file(client: Any, log_in: LogIn) -> None:
    staff = log_in("staff@north")
    file = (
        "référence;jours sans message\nP2;2027-05-03, 12-25 2027-05-01\nP3;\n"
        "P4;le dimanche\nP5;2027-02-30\nP6;12-25 12-25\n"
    )
    for created, unchanged in ((2, 0), (0, 2)):
        report = imported(client, staff, file)
        assert (report["created"], report["unchanged"]) == (created, unchanged)
        refused = [(line["line"], line["code"]) for line in report["refused"]]
        assert refused == [(line, "holidays_invalid") for line in (4, 5, 6)]
        assert "2027-12-25" in report["refused"][0]["reason"]
    (found,) = client.get("/api/v1/contacts", params={"patient_id": "P2"}, headers=staff).json()[
        "items"
    ]
    assert [(one["day"], one["every_year"]) for one in found["holidays"]] == [
        ("2027-05-01", False),
        ("2027-05-03", False),
        ("2000-12-25", True),
    ]


def test_the_nights_in_which_the_clocks_change(client: Any, log_in: LogIn) -> None:
    """A time that does not exist, one that comes twice, their closed times, and days before one.

    Clocks in Paris go forward on 28 March 2027 and back on 31 October.
    """
    admin = log_in("admin@north")
    client.patch(PATH, json={"time_zone": "Europe/Paris"}, headers=admin)
    wanted = {"message": "Rappel", "language": "french", "phone_number": "650000001"}

    def planned(scheduled: str, **more: Any) -> tuple[str, str, str | None]:
        body = wanted | {"scheduled_time": scheduled} | more
        shown = client.post("/api/v1/reminders/preview", json=body, headers=admin).json()
        made = client.post("/api/v1/reminders", json=body, headers=admin).json()
        assert shown["local_time"] == made["local_time"]
        return made["scheduled_time"], made["local_time"], made["deferred"]

    gap = planned("2027-03-28T02:30")
    assert gap == ("2027-03-28T01:00:00Z", "2027-03-28 03:00", None)
    twice = planned("2027-10-31T02:30")
    assert twice == ("2027-10-31T00:30:00Z", "2027-10-31 02:30", None)
    second = planned("2027-10-31T02:30+01:00")
    assert second == ("2027-10-31T01:30:00Z", "2027-10-31 02:30", None)

    client.patch(PATH, json={"quiet_hours": "20:00-02:30"}, headers=admin)
    asked = planned("2027-03-27T23:00", valid_for="PT6H")
    assert asked == ("2027-03-27T22:00:00Z", "2027-03-28 03:00", "quiet_hours")
    # Eight hours on the clock, seven that pass: no longer valid when they are over.
    late = planned("2027-03-27T21:00", valid_for="PT5H")
    assert late[1:] == ("2027-03-27 19:59", "quiet_hours")
    client.patch(PATH, json={"quiet_hours": None}, headers=admin)

    client.post(f"{PATH}/holidays", json={"day": "2027-10-31", "name": "Repos"}, headers=admin)
    # The holiday has 25 hours: from 00:30 on a day's validity does not outlast it.
    assert planned("2027-10-31T00:30", valid_for="P1D")[1] == "2027-10-30 23:59"
    assert planned("2027-10-31T01:30", valid_for="P1D")[1] == "2027-11-01 00:00"


def test_what_is_skipped_before_an_event_stays_so_when_it_moves_over_a_change(
    client: Any, log_in: LogIn
) -> None:
    admin = log_in("admin@north")
    client.patch(PATH, json={"time_zone": "Europe/Paris"}, headers=admin)
    wanted = {"message": "Rappel", "language": "french", "phone_number": "650000001"}
    event = {"event_time": "2027-03-29T10:00", "before": ["P2D", "P1D", "PT2H"]}
    made = client.post("/api/v1/reminders", json=wanted | event, headers=admin).json()
    path = f"/api/v1/reminders/{made['id']}"

    def local(shown: Any) -> list[str]:
        return [
            f"({one['local_time'][8:]})" if one["skipped"] else one["local_time"][8:]
            for one in shown["next_occurrences"]
        ]

    assert local(client.get(path, headers=admin).json()) == ["27 10:00", "28 10:00", "29 08:00"]
    skipped = client.post(f"{path}/skip", json={"occurrence": "2027-03-27T10:00"}, headers=admin)
    assert local(skipped.json()) == ["(27 10:00)", "28 10:00", "29 08:00"]
    moved = client.patch(path, json={"event_time": "2027-03-29T11:00"}, headers=admin)
    assert moved.status_code == 200, moved.text
    shown = client.get(path, headers=admin).json()
    assert local(shown) == ["(27 11:00)", "28 11:00", "29 09:00"]
    assert moved.json()["left_out"] == ["P2D"]
    back = client.post(f"{path}/unskip", json={"occurrence": "2027-03-27T11:00"}, headers=admin)
    assert local(back.json()) == ["27 11:00", "28 11:00", "29 09:00"]
    deliveries = client.get(path, headers=admin).json()["deliveries"]
    assert [one["status"] for one in deliveries] == ["scheduled"] * 3  # none is left behind
