"""Sync over HTTP: a result for each item, the same rows however often a batch is sent."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import brotli
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.identity import uuid7

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(28)


def now(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


def item(**more: Any) -> dict[str, Any]:
    return {
        "type": "feedback",
        "client_id": str(uuid7()),
        "recorded_at": now(days=2),
        "patient_id": "PAT123",
        "language": "french",
        "rating": 4,
        "content": "Bon service",
    } | more


def sync(client: Any, *items: Any, headers: Any = None, **more: Any) -> list[dict[str, Any]]:
    body = {"sent_at": now(), "items": list(items)} | more
    sent = {"Content-Type": "application/json"} | (headers or {})
    answer = client.post("/api/v1/sync", content=json.dumps(body), headers=sent)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def rows(owner: Any, columns: str = "*") -> list[Any]:
    with owner.connect() as connection:
        return list(connection.execute(text(f"select {columns} from est_1.feedbacks order by id")))


def test_every_item_gets_its_own_result_in_order(client: Any) -> None:
    known, other = item(), item()
    for one in (known, other):
        sync(client, one)
    bad = item(rating=9)
    results = sync(client, known, item(), other | {"content": "Secret"}, bad, "nonsense", {})
    assert [result["status"] for result in results] == [
        "duplicate", "created", "conflict", "rejected", "rejected", "rejected",
    ]  # fmt: skip
    duplicate, created, conflict, rejected, shapeless, empty = results
    assert duplicate == {"client_id": known["client_id"], "status": "duplicate", "id": 1}
    assert created["id"] not in (1, 2)
    assert (conflict["id"], conflict["fields"]) == (2, ["content"])
    assert (rejected["client_id"], rejected["code"], rejected["field"]) == (
        bad["client_id"], "rating_out_of_range", "rating",
    )  # fmt: skip
    assert (shapeless["index"], shapeless["code"]) == (4, "not_an_object")
    assert empty["index"] == 5
    assert "Secret" not in json.dumps(results)


def test_only_what_was_not_created_comes_back_when_that_is_preferred(client: Any) -> None:
    items = [item(), item(rating=0), item()]
    answer = client.post(
        "/api/v1/sync",
        json={"sent_at": now(), "items": items},
        headers={"Prefer": "respond-async, return=minimal"},
    )
    assert answer.headers["Preference-Applied"] == "return=minimal"
    (only,) = answer.json()["results"]
    assert (only["client_id"], only["status"]) == (items[1]["client_id"], "rejected")


def test_the_same_identity_twice_in_one_batch(client: Any, owner: Any) -> None:
    first = item()
    results = sync(client, first, first | {"rating": 1}, first)
    assert [result["status"] for result in results] == ["created", "conflict", "duplicate"]
    assert results[1]["fields"] == ["rating"]
    assert [row.rating for row in rows(owner)] == [4]


def test_the_first_of_two_with_one_identity_is_the_one_that_counts(client: Any, owner: Any) -> None:
    first = item()
    results = sync(client, first, item(), first | {"rating": 1})
    assert [result["status"] for result in results] == ["created", "created", "conflict"]
    assert results[0]["id"] == results[2]["id"]
    assert sorted(row.rating for row in rows(owner)) == [4, 4]


def test_it_is_the_same_submission_on_either_way_in(client: Any, owner: Any) -> None:
    captured = item()
    single = {name: value for name, value in captured.items() if name != "type"}
    assert client.post("/api/v1/feedback", json=single).status_code == 201
    assert sync(client, captured)[0]["status"] == "duplicate"
    assert len(rows(owner)) == 1


@pytest.mark.parametrize(
    ("recorded", "sent", "submitted"),
    [
        (timedelta(days=2), timedelta(0), timedelta(days=2)),  # a clock that is right
        (timedelta(days=2), timedelta(seconds=90), timedelta(days=2)),  # a slow link
        (timedelta(days=2, hours=5), timedelta(hours=5), timedelta(days=2)),  # five hours slow
        (timedelta(hours=-4), timedelta(hours=-5), timedelta(hours=1)),  # five hours fast
        (timedelta(days=20_001), timedelta(days=20_000), timedelta(days=1)),  # of 1972
        (timedelta(days=-3), timedelta(0), timedelta(0)),  # from the future
        (timedelta(days=9_000), timedelta(0), timedelta(0)),  # set right in between
    ],
)
def test_times_are_corrected_by_the_clocks_offset_and_never_after_the_receipt(
    client: Any, owner: Any, recorded: timedelta, sent: timedelta, submitted: timedelta
) -> None:
    moment = datetime.now(UTC)
    raw = moment - recorded
    sync(client, item(recorded_at=raw.isoformat()), sent_at=(moment - sent).isoformat())
    (row,) = rows(owner)
    assert abs(row.date_submitted - (moment - submitted)) < timedelta(seconds=10)
    assert row.date_submitted <= row.received_at
    assert row.recorded_at == raw
    assert abs(row.clock_offset - sent.total_seconds()) < 10


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_clock_of_another_age_is_kept_and_flagged(
    client: Any, staff: dict[str, str], year: str
) -> None:
    shown = f"{year}-06-01T00:00:00Z"
    (result,) = sync(client, item(recorded_at=shown), sent_at=shown)
    read = client.get(f"/api/v1/feedback/{result['id']}", headers=staff).json()
    assert read["clock_wrong"] is True
    assert read["recorded_at"] == shown
    other = sync(client, item())[0]["id"]
    assert client.get(f"/api/v1/feedback/{other}", headers=staff).json()["clock_wrong"] is False


def test_a_department_that_was_closed_meanwhile_still_hears_its_patients(
    client: Any, owner: Any
) -> None:
    with owner.begin() as connection:
        connection.execute(
            text("insert into est_1.departments (code, name, active) values ('lab', 'Lab', false)")
        )
    results = sync(client, item(department="lab"), item(department="nowhere"))
    assert results[0]["status"] == "created"
    assert (results[1]["code"], results[1]["field"]) == ("department_unknown", "department")


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_compressed_batches(client: Any, encoding: str) -> None:
    squeeze: Any = {
        "gzip": gzip.compress,
        "br": brotli.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }[encoding]
    body = json.dumps({"sent_at": now(), "items": [item() for _ in range(50)]}).encode()
    answer = client.post(
        "/api/v1/sync",
        content=squeeze(body),
        headers={"Content-Encoding": encoding, "Content-Type": "application/json"},
    )
    assert [r["status"] for r in answer.json()["results"]] == ["created"] * 50


def test_bounds(client: Any) -> None:
    assert sync(client) == []
    many = client.post("/api/v1/sync", json={"sent_at": now(), "items": [{}] * 1001})
    assert (many.status_code, many.json()["field"]) == (422, "items")
    large = client.post(
        "/api/v1/sync", json={"sent_at": now(), "items": [item(content="a" * 9999)] * 110}
    )
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    timeless = client.post("/api/v1/sync", json={"items": []})
    assert (timeless.status_code, timeless.json()["field"]) == (422, "sent_at")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"content": "a\x00b"}, "content"),
        ({"content": "\ud800"}, "content"),
        ({"client_id": "7"}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"recorded_at": "0000-01-01"}, "recorded_at"),
        ({"patient": "PAT1"}, "patient"),
        ({"type": "letter"}, "type"),
        ({"voice_data": "%%%"}, "voice_data"),
        ({"rating": True}, "rating"),
        ({"emoji": "words"}, "emoji"),
        ({"content": None, "rating": None}, "item"),
        ({"rating": 9, "emoji": "words"}, "rating"),  # the first of two
    ],
)
def test_a_bad_item_names_its_field_and_blocks_nothing(
    client: Any, owner: Any, more: dict[str, Any], field: str
) -> None:
    results = sync(client, item(), item(**more), item())
    assert [result["status"] for result in results] == ["created", "rejected", "created"]
    assert results[1]["field"] == field
    assert len(rows(owner)) == 2


def test_an_idempotency_key_brings_the_same_answer_again(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    body = {"sent_at": now(), "items": [item()]}
    headers = staff | {"Idempotency-Key": "tablet-7-0001"}
    first = client.post("/api/v1/sync", json=body, headers=headers)
    again = client.post("/api/v1/sync", json=body, headers=headers)
    assert again.json() == first.json()
    assert again.json()["results"][0]["status"] == "created"
    assert len(rows(owner)) == 1


def test_the_establishment_is_the_tokens_or_the_paths(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    body = {"sent_at": now(), "items": [item()]}
    assert client.post("/api/v1/e/south/sync", json=body).status_code == 200
    assert rows(owner) == []
    assert client.post("/api/v1/e/south/sync", json=body, headers=staff).status_code == 403
    assert client.post("/api/v1/sync", json=body, headers=staff).status_code == 200
    (row,) = rows(owner)
    assert row.device_id is None
    assert row.client_id == UUID(body["items"][0]["client_id"])


def test_the_same_batch_on_many_connections_at_once(client: Any, owner: Any) -> None:
    items = [item() for _ in range(60)]
    orders = [items, items[::-1], items[30:] + items[:30], items[::2], items[1::2]] * 2
    with ThreadPoolExecutor(len(orders)) as pool:
        answers = list(pool.map(lambda order: sync(client, *order), orders))
    created = [r["client_id"] for results in answers for r in results if r["status"] == "created"]
    assert sorted(created) == sorted(one["client_id"] for one in items)
    assert len(rows(owner)) == 60


_POOL = [item(client_id=str(uuid4()), content=f"numéro {number}") for number in range(8)]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sends=st.lists(
        st.lists(st.integers(min_value=0, max_value=7), max_size=12), min_size=1, max_size=6
    )
)
def test_any_order_of_parts_and_repeats_gives_the_rows_of_one_clean_send(
    client: Any, owner: Any, sends: list[list[int]]
) -> None:
    with owner.begin() as connection:
        connection.execute(text("truncate est_1.feedbacks cascade"))
    for places in sends:
        statuses = {r["status"] for r in sync(client, *(_POOL[place] for place in places))}
        assert statuses <= {"created", "duplicate"}
    wanted = {_POOL[place]["client_id"] for places in sends for place in places}
    stored = rows(owner)
    assert {str(row.client_id) for row in stored} == wanted
    assert len(stored) == len(wanted)
