"""Resumable uploads through the real service: a client that others wrote, a link that breaks."""

from __future__ import annotations

import hashlib
import io
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg2
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from routers.uploads import PIECE
from services.identity import uuid7
from supervisor.web import WEB, node_commands
from tests import http
from tests.cutting import cutting_link
from tests.routers.test_sync import now
from tests.tree import Tree, running_tree, wait_for

CLIENT = Path(__file__).with_name("tus_client.mjs")
Upload = Callable[[int, UUID, bytes], None]
"""Uploads to a port, for a recording, some bytes."""

needs_tus_js = pytest.mark.skipif(
    not (WEB / "node_modules/tus-js-client").exists(),
    reason="needs the app's packages: make web/dist/.built",
)

AUDIO = hashlib.shake_256(b"a voice").digest(600_000)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: Any) -> Iterator[Tree]:
    folder: Path = tmp_path_factory.mktemp("tree")
    with running_tree(folder, "uploads") as tree:
        yield tree


def rows(tree: Tree, statement: str, *values: object) -> list[Any]:
    connection = psycopg2.connect(tree.env["DATABASE_URL"])
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
    finally:
        connection.close()


def checksum(tree: Tree, recording: UUID) -> bytes:
    (row,) = wait_for(
        lambda: rows(tree, "select checksum from est_1.recordings where id = %s", str(recording)),
        "the recording",
    )
    return bytes(row[0])


def upload(port: int, recording: UUID, content: bytes, tries: int = 200) -> None:
    """Upload as an app on a bad link does: again and again, going on where the server is."""
    client = TusClient(f"http://127.0.0.1:{port}/api/v1/uploads")
    for _ in range(tries):
        try:
            uploader = client.uploader(
                file_stream=io.BytesIO(content),
                chunk_size=150_000,
                metadata={"recording": str(recording)},
            )
            uploader.set_url(uploader.create_url())
            uploader.offset = uploader.get_offset()
            if uploader.offset < len(content):
                uploader.upload()
        except (TusCommunicationError, OSError):
            continue
        return
    raise AssertionError(f"not through after {tries} tries")


def upload_by_javascript(port: int, recording: UUID, content: bytes) -> None:
    """The same by tus-js-client, which goes on by itself after a cut."""
    _, folder = node_commands()
    subprocess.run(
        [
            folder / "node",
            CLIENT,
            WEB,
            f"http://127.0.0.1:{port}/api/v1/uploads",
            str(recording),
        ],
        input=content,
        check=True,
        timeout=120,
    )


UPLOADS = [upload, pytest.param(upload_by_javascript, marks=needs_tus_js)]


@pytest.mark.parametrize("upload", UPLOADS)
def test_a_client_that_others_wrote(tree: Tree, upload: Upload) -> None:
    recording = uuid4()
    upload(tree.api_port, recording, AUDIO)
    assert checksum(tree, recording) == hashlib.sha256(AUDIO).digest()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("upload", UPLOADS)
def test_cut_at_random_bytes(tree: Tree, upload: Upload, seed: int) -> None:
    recording = uuid4()
    with cutting_link(tree.api_port, seed=seed, at_most=120_000) as link:
        upload(link.port, recording, AUDIO)
        assert link.cuts > 5
    assert checksum(tree, recording) == hashlib.sha256(AUDIO).digest()
    ((count,),) = rows(
        tree, "select count(*) from est_1.uploads where recording_id = %s", str(recording)
    )
    assert count == 1


def test_what_came_before_a_cut_is_kept(tree: Tree) -> None:
    """A cut in mid-body, far from the end of any piece: not a byte is sent again."""
    tus = {"Tus-Resumable": "1.0.0"}
    made = http.post(
        f"{tree.url}/api/v1/uploads", headers=tus | {"Upload-Length": "600000"}, timeout=10
    )
    location = made.headers["Location"]

    def received() -> int:
        answer = httpx2.head(tree.url + location, headers=tus, timeout=10)
        return int(answer.headers["Upload-Offset"])

    with socket.create_connection(("127.0.0.1", tree.api_port)) as connection:
        connection.sendall(
            f"PATCH {location} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
            "Content-Type: application/offset+octet-stream\r\nContent-Length: 600000\r\n\r\n"
            "".encode()
        )
        connection.sendall(AUDIO[:PIECE])
        wait_for(lambda: received() == PIECE, "the first piece")
        connection.sendall(AUDIO[PIECE : PIECE + 4321])
        time.sleep(0.5)  # uvicorn forgets what it had not handed on when the connection went
    wait_for(lambda: received() == PIECE + 4321, "the bytes before the cut")


def test_a_wrong_token_is_refused_before_a_byte_of_the_body_is_asked_for(tree: Tree) -> None:
    head = (
        "POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
        "Authorization: Bearer nonsense\r\nExpect: 100-continue\r\nUpload-Length: 5\r\n"
        "Content-Type: application/offset+octet-stream\r\nContent-Length: 5\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", tree.api_port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("point", ["upload.after_store", "upload.after_finish"])
def test_a_worker_that_dies_while_it_finishes_an_upload(tree: Tree, point: str) -> None:
    recording, client_id = uuid4(), uuid7()
    body = {
        "sent_at": now(),
        "items": [
            {
                "type": "feedback",
                "client_id": str(client_id),
                "recorded_at": now(),
                "language": "french",
                "recording": str(recording),
            }
        ],
    }
    answer = http.post(f"{tree.url}/api/v1/sync", json=body, timeout=10)
    assert answer.json()["results"][0]["status"] == "created"
    tree.kill("worker")
    tree.start("worker", CARELOOP_CRASH_AT=point)
    upload(tree.api_port, recording, AUDIO)
    wait_for(lambda: tree.died("worker"), f"the worker to die at {point}")
    tree.start("worker")
    # What the scheduler does with an upload whose job was lost, a minute later.
    connection = psycopg2.connect(tree.env["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("update est_1.uploads set created_at = now() - interval '2 minutes'")
    connection.close()
    assert checksum(tree, recording) == hashlib.sha256(AUDIO).digest()
    joined = "select 1 from est_1.feedbacks where client_id = %s and recording_id = %s"
    wait_for(lambda: rows(tree, joined, str(client_id), str(recording)), "the feedback's voice")
