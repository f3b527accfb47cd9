"""Resumable uploads: what tus 1.0 asks of a server, and what a bad client may not do."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text

from database.session import ScopedSession
from routers.uploads import PIECE
from services.feedback.upload import MOST_BYTES, MOST_WAITING_BYTES, WrongOffset, append, find
from services.identity import ANONYMOUS, Principal
from tests.fixtures import NORTH
from tests.routers.test_sync import item, sync
from tests.routers.test_sync_reminders import device

TUS = {"Tus-Resumable": "1.0.0"}
BODY = TUS | {"Content-Type": "application/offset+octet-stream"}
AUDIO = bytes(range(256)) * 1000
PATH = "/api/v1/uploads"
NOBODY = Principal(NORTH, ANONYMOUS)


def metadata(recording: object) -> dict[str, str]:
    encoded = base64.b64encode(str(recording).encode()).decode()
    return {"Upload-Metadata": f"filename dm9pY2Uub2dn,recording {encoded}"}


def create(client: Any, length: int = len(AUDIO), **headers: str) -> Any:
    return client.post(PATH, headers=TUS | {"Upload-Length": str(length)} | headers)


def patch(client: Any, location: str, start: int, content: bytes, **headers: str) -> Any:
    sent = BODY | {"Upload-Offset": str(start)} | headers
    return client.patch(location, content=content, headers=sent)


def offset(client: Any, location: str) -> int:
    answer = client.head(location, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def finish_all(owner: Any) -> None:
    """Do what a worker does with the jobs of complete uploads."""
    from workers import upload

    with owner.connect() as connection:
        ids = list(connection.scalars(text("select id from est_1.uploads")))
    upload.finish(1, ids)


def recording(owner: Any) -> Any:
    with owner.connect() as connection:
        return connection.execute(text("select * from est_1.recordings")).one()


def test_what_it_can_do_is_told_to_anybody(client: Any) -> None:
    answer = client.options(PATH)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(MOST_BYTES)
    assert set(answer.headers["Tus-Extension"].split(",")) >= {"creation", "checksum"}


def test_an_upload_in_pieces_becomes_a_sealed_recording(client: Any, owner: Any) -> None:
    made = create(client)
    assert made.status_code == 201
    location = made.headers["Location"]
    assert offset(client, location) == 0
    for start in range(0, len(AUDIO), 100_000):
        answer = patch(client, location, start, AUDIO[start : start + 100_000])
        assert answer.status_code == 204
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert "Upload-Expires" in answer.headers
    assert offset(client, location) == len(AUDIO)
    with owner.connect() as connection:
        pieces = connection.scalars(text("select content from est_1.upload_pieces")).all()
    assert not any(AUDIO[:64] in bytes(piece) for piece in pieces)
    finish_all(owner)
    kept = recording(owner)
    assert (kept.size, bytes(kept.checksum)) == (len(AUDIO), hashlib.sha256(AUDIO).digest())
    with owner.connect() as connection:
        assert connection.scalar(text("select count(*) from est_1.upload_pieces")) == 0
    assert offset(client, location) == len(AUDIO)  # also afterwards


@pytest.mark.parametrize("feedback_first", [True, False])
def test_recording_and_feedback_find_each_other_in_either_order(
    client: Any, owner: Any, staff: dict[str, str], feedback_first: bool
) -> None:
    from workers import feedback as jobs

    identity = uuid4()
    spoken = item(content=None, rating=None, recording=str(identity))

    def say() -> int:
        return int(sync(client, spoken)[0]["id"])

    def upload() -> None:
        location = create(client, **metadata(identity)).headers["Location"]
        patch(client, location, 0, AUDIO)
        finish_all(owner)

    if feedback_first:
        number = say()
        jobs.process(1, [number])
        waiting = client.get(f"/api/v1/feedback/{number}", headers=staff).json()
        assert (waiting["voice"], waiting["voice_awaited"]) == (None, True)
        upload()
    else:
        upload()
        number = say()
        jobs.process(1, [number])
    read = client.get(f"/api/v1/feedback/{number}", headers=staff).json()
    assert read["voice_awaited"] is False
    assert client.get(read["voice"], headers=staff).content == AUDIO


def test_a_creation_that_is_repeated_is_the_same_upload(client: Any) -> None:
    identity = uuid4()
    first = create(client, **metadata(identity))
    patch(client, first.headers["Location"], 0, AUDIO[:1000])
    again = create(client, **metadata(identity))
    assert again.headers["Location"] == first.headers["Location"]
    other = create(client, 5, **metadata(identity))
    assert (other.status_code, other.json()["code"]) == (409, "recording_taken")


def test_creation_with_upload(client: Any) -> None:
    sent = BODY | {"Upload-Length": str(len(AUDIO))}
    answer = client.post(PATH, content=AUDIO[:70_000], headers=sent)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "70000")
    assert offset(client, answer.headers["Location"]) == 70_000


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_checksum_is_held_against_the_bytes(client: Any, algorithm: str) -> None:
    location = create(client).headers["Location"]
    digest = base64.b64encode(hashlib.new(algorithm, AUDIO[:500]).digest()).decode()
    right = {"Upload-Checksum": f"{algorithm} {digest}"}
    wrong = patch(client, location, 0, AUDIO[1:501], **right)
    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum_mismatch")
    assert offset(client, location) == 0
    assert patch(client, location, 0, AUDIO[:500], **right).status_code == 204
    assert offset(client, location) == 500


def test_an_upload_that_was_given_up_is_gone(client: Any, owner: Any) -> None:
    location = create(client).headers["Location"]
    patch(client, location, 0, AUDIO[:1000])
    assert client.delete(location, headers=TUS).status_code == 204
    assert client.head(location, headers=TUS).status_code == 404
    with owner.connect() as connection:
        assert connection.scalar(text("select count(*) from est_1.upload_pieces")) == 0


def test_a_complete_upload_cannot_be_given_up(client: Any) -> None:
    location = create(client, 10).headers["Location"]
    patch(client, location, 0, AUDIO[:10])
    assert client.delete(location, headers=TUS).status_code == 409


def test_the_wrong_offset_changes_nothing(client: Any) -> None:
    location = create(client).headers["Location"]
    patch(client, location, 0, AUDIO[:1000])
    for start in (0, 999, 1001, 10**9):
        answer = patch(client, location, start, AUDIO[:10])
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_offset")
    assert offset(client, location) == 1000


def test_of_two_pieces_for_one_place_one_is_stored(client: Any, database: Any) -> None:
    """Both were let in when nothing was here yet: PostgreSQL decides."""
    token = UUID(create(client).headers["Location"].rpartition("/")[2])
    with database.establishment(NORTH) as session:
        upload = find(session, NOBODY, token)
    with database.establishment(NORTH) as session:
        append(session, upload.id, start=0, content=AUDIO[:1000])
    with pytest.raises(WrongOffset), database.establishment(NORTH) as session:
        append(session, upload.id, start=0, content=AUDIO[:1000])
    assert offset(client, f"{PATH}/{token}") == 1000


def test_what_is_left_of_a_body_is_not_stored_behind_another_connections(
    client: Any, owner: Any, database: Any, request: pytest.FixtureRequest
) -> None:
    """A link was cut, and the tablet goes on by another one, while this body is still stored."""
    location = create(client).headers["Location"]
    gone_on: list[int] = []

    def go_on(_session: Any) -> None:
        """Once the first piece is committed, before anything else is asked."""
        with owner.connect() as connection:
            here = connection.execute(text("select id, received from est_1.uploads")).one()
        if here.received == PIECE and not gone_on:
            gone_on.append(PIECE + 10)
            with database.establishment(NORTH) as session:
                append(session, here.id, start=PIECE, content=AUDIO[PIECE : PIECE + 10])

    event.listen(ScopedSession, "after_commit", go_on)
    request.addfinalizer(lambda: event.remove(ScopedSession, "after_commit", go_on))
    answer = patch(client, location, 0, AUDIO[: 2 * PIECE])
    assert gone_on == [offset(client, location)]
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_offset")
    patch(client, location, PIECE + 10, AUDIO[PIECE + 10 :])
    finish_all(owner)
    assert bytes(recording(owner).checksum) == hashlib.sha256(AUDIO).digest()


def test_a_length_that_lies(client: Any) -> None:
    location = create(client, 100).headers["Location"]
    answer = patch(client, location, 0, AUDIO[:101])
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_long")
    assert offset(client, location) <= 100


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412, "header.Tus-Resumable"),
        ({"Upload-Length": "-1"}, 400, "header.Upload-Length"),
        ({"Upload-Length": "\u0661"}, 400, "header.Upload-Length"),
        ({"Upload-Length": str(MOST_BYTES + 1)}, 413, "header.Upload-Length"),
        ({"Upload-Defer-Length": "1"}, 400, "header.Upload-Defer-Length"),
        ({"Upload-Metadata": "recording !!!"}, 422, "header.Upload-Metadata"),
        ({"Upload-Metadata": "recording Nw=="}, 422, "header.Upload-Metadata"),
    ],
)
def test_a_bad_creation_names_its_header(
    client: Any, headers: dict[str, str], status: int, field: str
) -> None:
    sent = {
        name: value.encode() for name, value in (TUS | {"Upload-Length": "5"} | headers).items()
    }
    answer = client.post(PATH, headers=sent)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 415),
        ({"Upload-Offset": "x"}, 400),
        ({"Upload-Checksum": "crc32 AAAA"}, 400),
        ({"Upload-Checksum": "sha1 %%%"}, 400),
    ],
)
def test_a_bad_piece_stores_nothing(client: Any, headers: dict[str, str], status: int) -> None:
    location = create(client).headers["Location"]
    assert patch(client, location, 0, AUDIO[:10], **headers).status_code == status
    assert offset(client, location) == 0


def test_nobody_else_goes_on_with_it(client: Any, staff: dict[str, str], log_in: Any) -> None:
    location = create(client, **staff).headers["Location"]
    other = log_in("admin@north")
    for headers in ({}, other, log_in("staff@south")):
        assert client.head(location, headers=TUS | headers).status_code == 404
        assert patch(client, location, 0, AUDIO[:10], **headers).status_code == 404
        assert client.delete(location, headers=TUS | headers).status_code == 404
    assert patch(client, location, 0, AUDIO[:10], **staff).status_code == 204


def test_another_tablet_does_not_go_on_with_it(client: Any, staff: dict[str, str]) -> None:
    mine, other = (device(client, staff, for_staff=False) for _ in range(2))
    location = create(client, **mine).headers["Location"]
    assert patch(client, location, 0, AUDIO[:10], **other).status_code == 404
    assert client.head(location, headers=TUS | other).status_code == 404
    assert patch(client, location, 0, AUDIO[:10], **mine).status_code == 204


def test_a_server_that_holds_too_much_already_says_so_and_goes_on_with_what_was_begun(
    client: Any, owner: Any
) -> None:
    begun = create(client).headers["Location"]
    with owner.begin() as connection:
        connection.execute(
            text(
                "insert into est_1.uploads (token, recording_id, owner, length, received,"
                " expires_at) select gen_random_uuid(), gen_random_uuid(), 'test', :length, 0,"
                " now() + interval '1 day' from generate_series(1, 4)"
            ),
            {"length": (MOST_WAITING_BYTES - len(AUDIO)) // 4},
        )
    answer = create(client, 1)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert patch(client, begun, 0, AUDIO).status_code == 204


def test_uploads_that_nobody_went_on_with_are_forgotten(
    client: Any, owner: Any, database: Any
) -> None:
    from services.feedback.upload import forget_expired

    old, fresh = (create(client).headers["Location"] for _ in range(2))
    patch(client, old, 0, AUDIO[:10])
    token = UUID(old.rpartition("/")[2])
    with owner.begin() as connection:
        connection.execute(
            text("update est_1.uploads set expires_at = now() where token = :token"),
            {"token": token},
        )
    with database.establishment(1) as session:
        assert forget_expired(session) == 1
    assert client.head(old, headers=TUS).status_code == 404
    assert offset(client, fresh) == 0


def test_a_complete_upload_whose_job_was_lost_is_found(
    client: Any, owner: Any, database: Any
) -> None:
    from services.feedback.upload import find_complete

    location = create(client, 10).headers["Location"]
    patch(client, location, 0, AUDIO[:10])
    with database.establishment(1) as session:
        assert find_complete(session) == 0  # it may still be on its way
    with owner.begin() as connection:
        connection.execute(
            text("update est_1.uploads set created_at = now() - interval '2 minutes'")
        )
    with database.establishment(1) as session:
        assert find_complete(session) == 1
    finish_all(owner)
    with database.establishment(1) as session:
        assert find_complete(session) == 0
    finish_all(owner)  # a job that comes twice
    assert recording(owner).size == 10


def test_a_tablet_that_comes_back_when_its_finished_upload_was_forgotten(
    client: Any, owner: Any
) -> None:
    """The answer to the last piece was lost, and the tablet was away for weeks."""
    named = metadata(uuid4())
    location = create(client, **named).headers["Location"]
    patch(client, location, 0, AUDIO)
    finish_all(owner)
    with owner.begin() as connection:
        connection.execute(text("delete from est_1.uploads"))
    again = create(client, **named).headers["Location"]
    assert again != location
    assert offset(client, again) == len(AUDIO)
    assert patch(client, again, 0, AUDIO).status_code == 409
    finish_all(owner)
    assert bytes(recording(owner).checksum) == hashlib.sha256(AUDIO).digest()
