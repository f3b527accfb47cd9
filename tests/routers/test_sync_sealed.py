"""Items and recordings that a device sealed: opened here, and then like any other."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.identity import uuid7
from services.sealing_key import rotate
from tests.fixtures import NORTH, owned
from tests.routers.test_sync import item, now, rows, sync
from utils.envelope import new_private_key, public_key_of, seal
from workers import upload as upload_jobs


@pytest.fixture
def key(client: Any) -> dict[str, str]:
    return offered(client)


def offered(client: Any, headers: Any = None) -> dict[str, str]:
    answer = client.get("/api/v1/sync", headers=headers)
    found: dict[str, str] = answer.json()["sections"]["form"]["key"]
    return found


def sealed(key: dict[str, str], inside: Any, client_id: str | None = None) -> dict[str, Any]:
    identity = client_id or inside["client_id"]
    plain = inside if isinstance(inside, bytes) else json.dumps(inside).encode()
    box = seal(plain, base64.b64decode(key["public"]), f"item:{identity}")
    return {
        "type": "sealed",
        "client_id": identity,
        "key_id": key["id"],
        "sealed": base64.b64encode(box).decode(),
    }


def test_a_sealed_item_is_the_item_inside(client: Any, key: Any, owner: Any) -> None:
    inside, plain = item(content="Merci"), item()
    results = sync(client, sealed(key, inside), plain, sealed(key, item(rating=9)), "nonsense")
    assert [r["status"] for r in results] == ["created", "created", "rejected", "rejected"]
    assert (results[2]["code"], results[2]["field"]) == ("rating_out_of_range", "rating")
    assert results[3]["index"] == 3
    # Sealed again (another ephemeral key), or not sealed at all: the same submission.
    again = sync(client, sealed(key, inside), inside, sealed(key, inside | {"content": "Non"}))
    assert [r["status"] for r in again] == ["duplicate", "duplicate", "conflict"]
    assert again[2]["fields"] == ["content"]
    assert len(rows(owner)) == 2


def test_what_an_older_key_sealed_still_opens(client: Any, key: Any, database: Any) -> None:
    with database.establishment(NORTH) as session:
        rotate(session)
    newer = offered(client)
    assert newer["id"] != key["id"]
    results = sync(client, sealed(key, item()), sealed(newer, item()))
    assert [r["status"] for r in results] == ["created", "created"]


def test_what_does_not_open_is_refused_by_itself(
    client: Any, key: Any, log_in: Any, owner: Any
) -> None:
    south = offered(client, log_in("staff@south"))
    stranger = {"id": key["id"], "public": base64.b64encode(public_key_of(new_private_key()))}
    one, other = item(), item()
    moved = sealed(key, one) | {"client_id": other["client_id"]}
    box = bytearray(base64.b64decode(sealed(key, one)["sealed"]))
    box[-1] ^= 1
    tampered = sealed(key, one) | {"sealed": base64.b64encode(box).decode()}
    results = sync(
        client,
        sealed(south, item()),
        sealed(stranger, item()),
        tampered,
        moved,
        sealed(key, one, client_id=other["client_id"]),
        sealed(key, b"not json", client_id=str(uuid7())),
        sealed(key, b"[" * 5000, client_id=str(uuid7())),
        sealed(key, sealed(key, one)),
        sealed(key, one) | {"sealed": "*"},
        {"type": "sealed"},
        sealed(key, one),
    )
    assert [r.get("code", r["status"]) for r in results] == [
        "sealing_key_unknown", "seal_broken", "seal_broken", "seal_broken", "identity_differs",
        "not_an_item", "not_an_item", "not_an_item", "seal_broken", "missing", "created",
    ]  # fmt: skip
    assert results[2]["client_id"] == one["client_id"]
    assert len(rows(owner)) == 1


def test_the_private_key_is_sealed_and_never_given(client: Any, key: Any, owner: Any) -> None:
    with owned(owner) as connection:
        (row,) = connection.execute(
            text("select key_id, public_key, private_key from sealing_keys")
        )
    assert base64.b64encode(row.public_key).decode() == key["public"]
    assert hashlib.sha256(row.public_key).hexdigest()[:16] == row.key_id == key["id"]
    assert len(row.private_key) > 32 + 28  # sealed: with a header, a nonce and a tag


def upload(client: Any, recording: Any, content: bytes, sealed_for: str | None) -> Any:
    metadata = {"recording": str(recording)} | ({"sealed": sealed_for} if sealed_for else {})
    return client.post(
        "/api/v1/uploads",
        content=content,
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(content)),
            "Upload-Metadata": ",".join(
                f"{name} {base64.b64encode(value.encode()).decode()}"
                for name, value in metadata.items()
            ),
            "Content-Type": "application/offset+octet-stream",
        },
    )


def finished(owner: Any) -> Any:
    with owned(owner) as connection:
        ids = list(connection.scalars(text("select id from uploads")))
    upload_jobs.finish(NORTH, ids)
    with owned(owner) as connection:
        return connection.execute(text("select * from recordings")).one()


def test_a_sealed_recording_is_opened_when_it_is_whole(client: Any, key: Any, owner: Any) -> None:
    recording, audio = uuid4(), b"OggS and a voice"
    box = seal(audio, base64.b64decode(key["public"]), f"recording:{recording}")
    assert upload(client, recording, box, key["id"]).status_code == 201
    assert upload(client, recording, box, None).json()["code"] == "recording_taken"
    row = finished(owner)
    assert (row.id, bytes(row.checksum)) == (recording, hashlib.sha256(audio).digest())
    assert (row.size, row.problems, row.probed_at) == (len(audio), [], None)


def test_a_recording_that_does_not_open_is_kept_and_flagged(
    client: Any, key: Any, owner: Any
) -> None:
    recording = uuid4()
    box = seal(b"a voice", base64.b64decode(key["public"]), f"recording:{uuid4()}")
    assert upload(client, recording, box, key["id"]).status_code == 201
    given = item(recording=str(recording))
    sync(client, given)
    row = finished(owner)
    assert (bytes(row.checksum), row.problems) == (hashlib.sha256(box).digest(), ["seal_broken"])
    assert rows(owner, "recording_id")[0].recording_id == recording


def test_nobody_uploads_what_nobody_can_open(client: Any) -> None:
    answer = upload(client, uuid4(), b"x" * 100, "0123456789abcdef")
    assert (answer.status_code, answer.json()["code"]) == (422, "sealing_key_unknown")
    assert answer.json()["field"] == "header.Upload-Metadata"


def test_a_batch_of_sealed_items_keeps_its_order(client: Any, key: Any) -> None:
    items = [item(recorded_at=now(minutes=n)) for n in range(20)]
    mixed = [sealed(key, one) if n % 3 else one for n, one in enumerate(items)]
    results = sync(client, *mixed)
    assert [r["client_id"] for r in results] == [one["client_id"] for one in items]
    assert {r["status"] for r in results} == {"created"}
