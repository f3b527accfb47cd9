"""Contacts and departments over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from database.types import SealedJSON
from tests.fixtures import owned

LogIn = Callable[[str], dict[str, str]]
PATH = "/api/v1/contacts"
MARIE = {
    "patient_id": "PAT123",
    "name": "Marie-Claire N'Guessan",
    "phone_number": "6 50 00 00 01",
    "email": "Marie@Example.com",
    "language": "french",
}


def add(client: Any, headers: dict[str, str], **more: Any) -> Any:
    return client.post(PATH, json=MARIE | more, headers=headers)


def audited(owner: Any) -> list[tuple[str, str, Any, Any]]:
    sealed = SealedJSON("audit_entries.before"), SealedJSON("audit_entries.after")
    with owned(owner) as connection:
        rows = connection.execute(
            text("select action, row_id, before, after from audit_entries order by id")
        ).all()
    return [
        (
            row.action,
            row.row_id,
            *(
                kind.process_result_value(value, None)
                for kind, value in zip(sealed, row[2:], strict=True)
            ),
        )
        for row in rows
    ]


def test_created_read_and_changed(client: Any, staff: dict[str, str], owner: Any) -> None:
    made = add(client, staff)
    assert made.status_code == 201, made.text
    assert made.json() | {"created_at": 0, "updated_at": 0} == {
        **{"id": 1, "patient_id": "PAT123", "kind": "patient", "name": MARIE["name"]},
        **{"phone_number": "+237650000001", "email": "marie@example.com", "language": "french"},
        **{"quiet_hours": None, "holidays": [], "created_at": 0, "updated_at": 0, "version": 1},
    }
    assert made.headers["ETag"] == '"1"'
    read = client.get(made.headers["Location"], headers=staff)
    assert (read.json(), read.headers["ETag"]) == (made.json(), '"1"')
    change = {"name": "Marie Claire", "email": None}
    changed = client.patch(
        f"{PATH}/1", json=change, headers=staff | {"If-Match": read.headers["ETag"]}
    )
    assert changed.json()["email"] is None
    assert (changed.json()["version"], changed.headers["ETag"]) == (2, '"2"')
    stale = client.patch(f"{PATH}/1", json=change, headers=staff | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "changed_meanwhile")
    entries = audited(owner)
    assert [entry[:2] for entry in entries] == [("create", "1"), ("read", "1"), ("change", "1")]
    assert entries[2][2]["email"] == "marie@example.com"
    assert entries[2][3]["name"] == "Marie Claire"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("phone=650000001", ["P2", "P1"]),
        ("phone=%2B237650000001", ["P2", "P1"]),
        ("phone=650000009", []),
        ("email=MARIE%40example.com", ["P1"]),
        ("patient_id=p2", ["P2"]),
        ("name=mar", ["P1"]),
        ("name=nguess%20claire", ["P1"]),
        ("name=%C3%89bo", ["P2"]),
        ("name=ebo&phone=650000001", ["P2"]),
        ("name=ebo&patient_id=P1", []),
        ("name=xyz", []),
        ("", ["P3", "P2", "P1"]),
    ],
)
def test_looked_up(
    client: Any, staff: dict[str, str], log_in: LogIn, query: str, found: list[str]
) -> None:
    add(client, staff, patient_id="P1")
    add(client, staff, patient_id="P2", name="Éboa Jean", email=None)
    add(client, staff, patient_id="P3", name=None, phone_number=None, email=None)
    answer = client.get(f"{PATH}?{query}", headers=log_in("viewer@north"))
    assert [contact["patient_id"] for contact in answer.json()["items"]] == found
    elsewhere = client.get(f"{PATH}?{query}", headers=log_in("staff@south"))
    assert elsewhere.json()["items"] == []


def test_a_list_is_one_audit_entry_and_a_family_one_address(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    for number in range(3):
        add(client, staff, patient_id=f"P{number}", email=None)
    first = client.get(f"{PATH}?limit=2", headers=staff).json()
    rest = client.get(f"{PATH}?cursor={first['cursor']}", headers=staff).json()
    assert [c["id"] for c in first["items"] + rest["items"]] == [3, 2, 1]
    reads = [entry for entry in audited(owner) if entry[0] == "read"]
    assert [(row, after["ids"]) for _, row, _, after in reads] == [("several", [3, 2]), ("1", [1])]
    with owned(owner) as connection:
        assert connection.execute(text("select count(*) from addresses")).scalar_one() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"patient_id": ""}, "patient_id"),
        ({"patient_id": None}, "patient_id"),
        ({"phone_number": "12345"}, "phone_number"),
        ({"email": "marie"}, "email"),
        ({"language": "klingon"}, "language"),
        ({"name": "a\u202eb"}, "name"),
        ({"kind": "robot"}, "kind"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_refused(client: Any, staff: dict[str, str], wrong: dict[str, Any], field: str) -> None:
    answer = add(client, staff, **wrong)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "12345" not in answer.text
    assert client.get(PATH, headers=staff).json()["items"] == []


def test_a_new_number_is_the_one_that_a_series_goes_to(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    number = add(client, staff).json()["id"]
    series = {"patient_id": "PAT123", "message": "x", "language": "french", "rrule": "FREQ=DAILY"}
    series |= {"scheduled_time": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    made = client.post("/api/v1/reminders", json=series, headers=staff)
    assert made.status_code == 201, made.text
    path, change = f"{PATH}/{number}", {"phone_number": "6 50 00 00 02"}
    assert client.patch(path, json=change, headers=staff).status_code == 200
    skipped = client.post(f"/api/v1/reminders/{made.json()['id']}/skip", json={}, headers=staff)
    assert skipped.status_code == 200, skipped.text
    assert (
        client.get("/api/v1/reminders/1", headers=staff).json()["phone_number"] == "+237650000002"
    )
    with owned(owner) as connection:
        waiting = connection.execute(
            text(
                "select d.address_id = c.phone_id from deliveries d"
                " join reminders r on r.id = d.reminder_id join contacts c on c.id = r.contact_id"
                " where d.status = 'scheduled'"
            )
        ).all()
    assert waiting == [(True,)]


def test_short_names_taken_references_and_other_hospitals(
    client: Any, staff: dict[str, str], log_in: LogIn
) -> None:
    add(client, staff)
    assert client.get(f"{PATH}?name=ma", headers=staff).json()["code"] == "name_too_short"
    taken = add(client, staff, patient_id="pat123")
    assert (taken.status_code, taken.json()["code"]) == (409, "patient_id_taken")
    second = add(client, staff, patient_id="P2").headers["Location"]
    renamed = client.patch(second, json={"patient_id": "PAT123"}, headers=staff)
    assert (renamed.status_code, renamed.json()["id"]) == (409, 1)
    for number in (1, 2, 2**62):
        assert client.get(f"{PATH}/{number}", headers=log_in("staff@south")).status_code == 404
        answer = client.patch(f"{PATH}/{number}", json={"name": "x"}, headers=log_in("staff@south"))
        assert answer.status_code == 404
    assert add(client, log_in("viewer@north")).status_code == 403


CSV = "reference;nom;téléphone\nP1;Marie;650000001\nP2;Paul;12\n"


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("form", [False, True])
def test_imported(client: Any, staff: dict[str, str], form: bool, strict: bool) -> None:
    given: dict[str, Any] = (
        {"files": {"file": ("contacts.csv", CSV.encode(), "text/csv")}}
        if form
        else {"content": CSV.encode(), "headers": {"Content-Type": "text/csv"}}
    )
    headers = staff | given.pop("headers", {}) | {"Idempotency-Key": "file-1"}
    path = f"{PATH}/import?strict={strict}"
    report = client.post(path, headers=headers, **given)
    assert report.status_code == 200, report.text
    assert report.json()["created"] == (0 if strict else 1)
    assert report.json()["refused"] == [
        {
            "line": 3,
            "field": "phone_number",
            "code": "phone_too_short",
            "reason": "The phone number has too few digits.",
        }
    ]
    again = client.post(path, headers=headers, **given)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (report.json(), "true")


def test_what_is_no_csv_is_refused(client: Any, staff: dict[str, str]) -> None:
    answer = client.post(f"{PATH}/import", json={}, headers=staff)
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")
    answer = client.post(f"{PATH}/import", data={"file": "text"}, files={}, headers=staff)
    assert answer.status_code == 415
    answer = client.post(
        f"{PATH}/import", content=b"\xff\xfe", headers=staff | {"Content-Type": "text/csv"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "encoding_wrong")


def test_departments(client: Any, log_in: LogIn, owner: Any) -> None:
    admin, viewer = log_in("admin@north"), log_in("viewer@north")
    path = "/api/v1/departments"
    made = client.post(path, json={"code": "maternite", "name": "Maternité"}, headers=admin)
    assert (made.status_code, made.headers["Location"]) == (201, f"{path}/1")
    taken = client.post(path, json={"code": "maternite", "name": "X"}, headers=admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "code_taken")
    wrong = client.post(path, json={"code": "Maternité !", "name": "X"}, headers=admin)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "code")
    assert client.post(path, json={"code": "x", "name": "X"}, headers=viewer).status_code == 403
    assert [d["code"] for d in client.get(path).json()] == ["maternite"]
    closed = client.patch(f"{path}/1", json={"active": False}, headers=admin).json()
    assert closed["active"] is False
    assert client.get(path).json() == []
    assert len(client.get(path, headers=viewer).json()) == 1
    other = client.patch(f"{path}/1", json={"name": "X"}, headers=log_in("admin@south"))
    assert other.status_code == 404
    assert [entry[0] for entry in audited(owner)] == ["create", "change"]
