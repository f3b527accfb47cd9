"""Campaigns over HTTP: drafts, lists, dry runs, steps, and whose they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures import owned
from tests.routers.test_contacts import audited

LogIn = Callable[[str], dict[str, str]]
PATH = "/api/v1/campaigns"
DRAFT = {"name": "Pharmacie", "texts": {"french": "La pharmacie est fermée demain."}, "filter": {}}


@pytest.fixture
def people(client: Any, staff: dict[str, str]) -> None:
    for n in range(3):
        body = {"patient_id": f"P{n}", "phone_number": f"65000000{n}", "language": "french"}
        assert client.post("/api/v1/contacts", json=body, headers=staff).status_code == 201


def draft(client: Any, headers: dict[str, str], **more: Any) -> Any:
    body = {key: value for key, value in (DRAFT | more).items() if value is not None}
    return client.post(PATH, json=body, headers=headers)


def step(client: Any, headers: dict[str, str], what: str, number: int = 1) -> Any:
    return client.post(f"{PATH}/{number}/{what}", headers=headers)


def test_drafted_previewed_started_and_seen_to(
    client: Any, staff: dict[str, str], people: None, log_in: LogIn, owner: Any
) -> None:
    made = draft(client, staff)
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == f"{PATH}/1"
    assert made.headers["ETag"] == '"1"'
    assert (made.json()["status"], made.json()["texts"]) == ("draft", DRAFT["texts"])
    shown = step(client, staff, "preview").json()
    assert (shown["contacts"], shown["recipients"], shown["segments_total"]) == (3, 3, 3)
    assert shown["languages"] == [{"language": "french", "recipients": 3, "chose_another": 0}]
    unsaved = client.post(f"{PATH}/preview", json=DRAFT, headers=staff).json()
    assert {**unsaved, "pace": 0} == {**shown, "pace": 0}
    started = step(client, staff | {"If-Match": '"1"'}, "start")
    assert started.status_code == 200, started.text
    assert started.json()["progress"]["to_come"] == 3
    assert started.headers["ETag"] == '"2"'
    paused = step(client, staff, "pause").json()
    assert (paused["status"], paused["already_with_carrier"]) == ("paused", 0)
    assert step(client, staff, "resume").json()["status"] == "running"
    seen = client.get(f"{PATH}/1", headers=log_in("viewer@north"))
    assert (seen.status_code, seen.headers["ETag"]) == (200, '"4"')
    assert step(client, staff, "cancel").json()["progress"]["cancelled"] == 3
    again = step(client, staff, "start")
    assert (again.status_code, again.json()["code"]) == (409, "campaign_cancelled")
    actions = [entry[0] for entry in audited(owner)]
    assert actions[-5:] == ["create", "start", "pause", "resume", "cancel"]


CHANGES: dict[str, Callable[[Any, dict[str, str]], Any]] = {
    "somebody came": lambda client, staff: client.post(
        "/api/v1/contacts",
        json={"patient_id": "P9", "phone_number": "650000009", "language": "french"},
        headers=staff,
    ),
    "another in somebody's place": lambda client, staff: (
        CHANGES["somebody came"](client, staff),
        client.patch("/api/v1/contacts/2", json={"language": "english"}, headers=staff),
    )[1],
    "another number": lambda client, staff: client.patch(
        "/api/v1/contacts/1", json={"phone_number": "650000008"}, headers=staff
    ),
    "another text": lambda client, staff: client.patch(
        f"{PATH}/1", json={"texts": {"french": "Elle est ouverte."}}, headers=staff
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_started_is_what_the_dry_run_showed(
    client: Any, staff: dict[str, str], people: None, what: str
) -> None:
    draft(client, staff, filter={"language": ["french"]})

    def look() -> dict[str, str]:
        return {"dry_run": step(client, staff, "preview").json()["dry_run"]}

    shown = look()
    assert look() == shown
    assert CHANGES[what](client, staff).is_success
    refused = client.post(f"{PATH}/1/start", json=shown, headers=staff)
    assert (refused.status_code, refused.json()["code"]) == (412, "dry_run_outdated")
    assert client.get(f"{PATH}/1/recipients", headers=staff).json()["items"] == []
    assert client.get(f"{PATH}/1", headers=staff).json()["status"] == "draft"
    started = client.post(f"{PATH}/1/start", json=look(), headers=staff)
    assert started.status_code == 200, started.text


def test_every_post_can_be_sent_again(client: Any, staff: dict[str, str], people: None) -> None:
    headers = staff | {"Idempotency-Key": "campaign-1"}
    first = draft(client, headers)
    second = draft(client, headers)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (second.json()["id"], second.headers["ETag"]) == (first.json()["id"], '"1"')
    started = step(client, headers, "start")
    repeated = step(client, headers, "start")
    assert repeated.status_code == 200
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert repeated.json() == started.json()


def test_stale_changes_are_refused(client: Any, staff: dict[str, str], people: None) -> None:
    draft(client, staff)
    changed = client.patch(f"{PATH}/1", json={"name": "Autre"}, headers=staff | {"If-Match": '"1"'})
    assert (changed.json()["name"], changed.headers["ETag"]) == ("Autre", '"2"')
    for answer in (
        client.patch(f"{PATH}/1", json={"name": "X"}, headers=staff | {"If-Match": '"1"'}),
        step(client, staff | {"If-Match": '"1"'}, "start"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")


CSV = "reference;nom\nP0;Marie\n\nP9;Secret\nP1;x;y\nP1;Paul\np0;again\n"
NDJSON = '"P0"\n{"patient_id": "P9"}\n\nnot json\n{"patient_id": "P1"}\n"p0"\n[1]\n'
REFUSED_CSV = [(4, "contact_unknown"), (5, "line_ragged"), (7, "duplicate")]
REFUSED_NDJSON = [(2, "contact_unknown"), (4, "line_unreadable"), (6, "duplicate"), (7, "missing")]


@pytest.mark.parametrize(
    ("kind", "content", "refused"),
    [
        ("text/csv", CSV, REFUSED_CSV),
        ("application/x-ndjson", NDJSON, REFUSED_NDJSON),
        (
            "application/json",
            json.dumps({"patient_ids": ["P0", "P9", "P1", "p0", "", "\x00"]}),
            [
                (2, "contact_unknown"),
                (4, "duplicate"),
                (5, "missing"),
                (6, "text_control_character"),
            ],
        ),
    ],
)
def test_lists(
    client: Any,
    staff: dict[str, str],
    people: None,
    owner: Any,
    kind: str,
    content: str,
    refused: list[tuple[int, str]],
) -> None:
    draft(client, staff, filter=None)
    path = f"{PATH}/1/recipients"
    answer = client.post(path, content=content.encode(), headers=staff | {"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["added"] == 2
    assert [(line["line"], line["code"]) for line in report["refused"]] == refused
    assert "Secret" not in answer.text
    more = client.post(path, json={"patient_ids": ["P1", "P2"]}, headers=staff).json()
    assert (more["added"], more["refused"][0]["code"]) == (1, "duplicate")
    assert step(client, staff, "preview").json()["contacts"] == 3
    assert step(client, staff, "start").json()["total"] == 3
    first = client.get(f"{path}?limit=2", headers=staff).json()
    rest = client.get(f"{path}?limit=2&cursor={first['cursor']}", headers=staff).json()
    assert [r["position"] for r in first["items"] + rest["items"]] == [1, 2, 3]
    assert rest["cursor"] is None
    late = client.post(path, json={"patient_ids": ["P1"]}, headers=staff)
    assert (late.status_code, late.json()["code"]) == (409, "campaign_running")


def test_a_list_in_the_draft_itself(client: Any, staff: dict[str, str], people: None) -> None:
    body = DRAFT | {"patient_ids": ["P2", "P0", "nobody"]}
    del body["filter"]
    shown = client.post(f"{PATH}/preview", json=body, headers=staff).json()
    assert (shown["recipients"], shown["refused_list"]["refused"][0]["line"]) == (2, 3)
    made = client.post(PATH, json=body, headers=staff).json()
    assert (made["refused_list"]["lines"], made["refused_list"]["added"]) == (3, 2)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"texts": {}}, "texts"),
        ({"texts": {"klingon": "x"}}, "texts"),
        ({"template": "results"}, "body"),
        ({"patient_ids": []}, "body"),
        ({"channels": ["sms", "sms"]}, "channels"),
        ({"rate_per_minute": 0}, "rate_per_minute"),
        ({"valid_for": "PT1S"}, "valid_for"),
        ({"filter": {"kind": ["robot"]}}, "filter"),
        ({"texts": {"french": "{x}"}}, "texts"),
    ],
)
def test_refused(client: Any, staff: dict[str, str], body: dict[str, Any], field: str) -> None:
    for path in (PATH, f"{PATH}/preview"):
        answer = client.post(path, json=DRAFT | body, headers=staff)
        assert answer.status_code == 422, answer.text
        assert answer.json()["field"].split(".")[0] == field


def test_nobody_and_the_past_cannot_be_started(client: Any, staff: dict[str, str]) -> None:
    draft(client, staff)
    draft(client, staff, scheduled_time="2020-01-01T08:00")
    assert step(client, staff, "start").json()["code"] == "nobody"
    assert step(client, staff, "start", 2).json()["code"] == "scheduled_time_past"


def test_listed_newest_first(client: Any, staff: dict[str, str]) -> None:
    for n in range(3):
        draft(client, staff, name=f"N{n}")
    first = client.get(f"{PATH}?limit=2", headers=staff).json()
    rest = client.get(f"{PATH}?limit=2&cursor={first['cursor']}", headers=staff).json()
    assert [c["name"] for c in first["items"] + rest["items"]] == ["N2", "N1", "N0"]
    assert client.get(f"{PATH}?status=running", headers=staff).json()["items"] == []


def test_whose_it_is(client: Any, log_in: LogIn, staff: dict[str, str], people: None) -> None:
    draft(client, staff)
    viewer, other = log_in("viewer@north"), log_in("admin@south")
    assert draft(client, viewer).status_code == 403
    assert client.get(PATH, headers=other).json()["items"] == []
    for what in ("start", "pause", "resume", "cancel", "preview"):
        assert step(client, viewer, what).status_code == 403
        assert step(client, other, what).status_code == 404
        assert client.post(f"{PATH}/1/{what}").status_code == 401
    listed = {"patient_ids": ["P1"]}
    assert client.post(f"{PATH}/1/recipients", json=listed, headers=other).status_code == 404
    assert client.get(f"{PATH}/1/recipients", headers=other).status_code == 404
    assert client.get(f"{PATH}/1", headers=other).status_code == 404
    assert client.patch(f"{PATH}/1", json={"name": "x"}, headers=other).status_code == 404
    shown = client.post(f"{PATH}/preview", json=DRAFT, headers=other).json()
    assert shown["contacts"] == 0


def test_nothing_personal_is_stored_in_the_clear(
    client: Any, staff: dict[str, str], people: None, owner: Any
) -> None:
    draft(client, staff, name="Nom-privé", filter=None, patient_ids=["P0"])
    step(client, staff, "start")
    with owned(owner) as connection:
        dump = connection.execute(
            text("select string_agg(c::text, '') from campaigns c")
        ).scalar_one() + str(
            connection.execute(
                text("select string_agg(r::text, '') from campaign_recipients r")
            ).scalar_one()
        )
    for secret in ("privé", "pharmacie", "P0"):
        assert secret not in dump
        assert secret.encode().hex() not in dump
