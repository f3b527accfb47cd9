import errno
import os
import socket
import stat
import threading
import time

import pytest
from moto.server import ThreadedMotoServer

from utils.storage import (
    LocalStorage,
    StorageFull,
    StorageKeyRefused,
    StorageMissing,
    StorageUnavailable,
    storage_from_url,
)
from utils.storage.s3 import S3Storage


@pytest.fixture(scope="module")
def s3_endpoint():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def s3_storage(endpoint, name="recordings", prefix=""):
    return S3Storage(
        name, endpoint_url=endpoint, access_key="key", secret_key="secret", prefix=prefix
    )


@pytest.fixture(scope="module")
def bucket(s3_endpoint):
    storage = s3_storage(s3_endpoint, prefix="careloop/audio")
    storage._client.create_bucket(Bucket="recordings")
    return storage


@pytest.fixture
def empty_bucket(bucket):
    client = bucket._client
    for entry in client.list_objects_v2(Bucket="recordings").get("Contents", []):
        client.delete_object(Bucket="recordings", Key=entry["Key"])
    return bucket


@pytest.fixture(params=["local", "s3"])
def storage(request, tmp_path):
    if request.param == "local":
        return LocalStorage(tmp_path / "recordings")
    return request.getfixturevalue("empty_bucket")


# --- The contract: what holds for every store ---


@pytest.mark.parametrize("data", [b"", b"\x00\xff", os.urandom(300_000)], ids=len)
def test_what_was_put_comes_back(storage, data):
    storage.put("est_1/recordings/0197.bin", data)
    assert storage.get("est_1/recordings/0197.bin") == data
    assert storage.exists("est_1/recordings/0197.bin")


def test_a_put_replaces(storage):
    storage.put("a", b"first, and longer")
    storage.put("a", b"second")
    assert storage.get("a") == b"second"


def test_keys_do_not_meet(storage):
    storage.put("est_1/a", b"1")
    storage.put("est_2/a", b"2")
    storage.put("est_1/a.b", b"3")
    assert [storage.get(key) for key in ("est_1/a", "est_2/a", "est_1/a.b")] == [b"1", b"2", b"3"]
    storage.delete("est_1/a")
    assert not storage.exists("est_1/a")
    assert storage.exists("est_2/a")


def test_missing_is_said_so(storage):
    with pytest.raises(StorageMissing):
        storage.get("est_1/none")
    assert not storage.exists("est_1/none")
    assert not storage.exists("est_1")


def test_delete_may_be_repeated(storage):
    storage.put("a", b"x")
    storage.delete("a")
    storage.delete("a")
    with pytest.raises(StorageMissing):
        storage.get("a")


def test_a_store_that_works_passes_its_check(storage):
    assert storage.check() is None


HOSTILE_KEYS = [
    *("", "/", "/etc/passwd", "../a", "a/../../b", "a/..", "..", ".", "./a", "a//b", "a/"),
    *("a\\b", "a\x00b", "a\n", "é", ".incoming/x", "a/.hidden", "~/a", "a b", "x" * 129),
    *("a/" * 8 + "a", "٣", "%2e%2e/a", "C:/a"),
]


def test_hostile_keys_are_refused(storage):
    for key in HOSTILE_KEYS:
        for verb, *rest in (("put", b"x"), ("get",), ("delete",), ("exists",)):
            with pytest.raises(StorageKeyRefused):
                getattr(storage, verb)(key, *rest)


def test_readers_see_old_or_new_but_never_a_part(storage):
    versions = [bytes([n]) * 50_000 for n in range(12)]
    storage.put("a", versions[0])
    seen = []
    done = threading.Event()

    def read():
        while not done.is_set():
            seen.append(storage.get("a"))

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        storage.put("a", version)
    done.set()
    reader.join(10)
    assert seen
    assert all(data in versions for data in seen)


# --- The folder ---


def test_only_the_owner_can_read(tmp_path):
    old = os.umask(0)
    try:
        storage = LocalStorage(tmp_path / "recordings")
        storage.put("est_1/deep/a", b"x")
    finally:
        os.umask(old)
    for path in [tmp_path / "recordings", *(tmp_path / "recordings").rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_bytes_and_names_are_synced_before_put_returns(tmp_path, monkeypatch):
    storage = LocalStorage(tmp_path)
    order = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor):
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def replace(source, target):
        order.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    storage.put("est_1/a", b"x")
    assert order == ["file", "folder", "rename", "folder"]


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EACCES, StorageUnavailable),
    ],
)
def test_a_failed_write_keeps_the_old_bytes_and_leaves_nothing(
    tmp_path, monkeypatch, number, error
):
    storage = LocalStorage(tmp_path)
    storage.put("a", b"old")

    def fail(descriptor):
        raise OSError(number, "no", "est_1/secret-name")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(error) as failure:
            storage.put("a", b"new")
        with pytest.raises(error):
            storage.check()
    assert "secret-name" not in str(failure.value)
    assert storage.get("a") == b"old"
    assert list((tmp_path / ".incoming").iterdir()) == []


def test_a_share_that_went_away_is_unavailable_not_missing_and_not_made_anew(tmp_path):
    root = tmp_path / "share"
    storage = LocalStorage(root)
    storage.put("a", b"x")
    root.rename(tmp_path / "elsewhere")
    attempts = [
        lambda: storage.get("a"),
        lambda: storage.exists("a"),
        lambda: storage.delete("a"),
        lambda: storage.put("a", b"y"),
        lambda: storage.put("new/b", b"y"),
    ]
    for attempt in attempts:
        with pytest.raises(StorageUnavailable):
            attempt()
    assert not root.exists()


def test_a_nearly_full_disk_fails_the_check(tmp_path, monkeypatch):
    storage = LocalStorage(tmp_path)
    real = os.statvfs(tmp_path)
    nearly = os.statvfs_result((*tuple(real)[:4], 1, *tuple(real)[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: nearly)
    with pytest.raises(StorageFull):
        storage.check()


def test_a_key_cannot_be_the_folder_of_another(tmp_path):
    storage = LocalStorage(tmp_path)
    storage.put("a", b"x")
    with pytest.raises(StorageKeyRefused):
        storage.put("a/b", b"y")
    storage.put("c/d", b"x")
    with pytest.raises(StorageKeyRefused):
        storage.put("c", b"y")


def test_leftovers_of_a_crash_go_after_a_day(tmp_path):
    LocalStorage(tmp_path)
    old, recent = tmp_path / ".incoming/old", tmp_path / ".incoming/recent"
    for path in (old, recent):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    LocalStorage(tmp_path)
    assert not old.exists()
    assert recent.exists()


# --- The bucket ---


def test_objects_lie_under_the_prefix(empty_bucket):
    empty_bucket.put("est_1/a", b"x")
    listed = empty_bucket._client.list_objects_v2(Bucket="recordings")["Contents"]
    assert [entry["Key"] for entry in listed] == ["careloop/audio/est_1/a"]


def test_a_missing_bucket_is_unavailable_not_missing(s3_endpoint):
    storage = s3_storage(s3_endpoint, name="elsewhere")
    attempts = [
        lambda: storage.get("a"),
        lambda: storage.exists("a"),
        lambda: storage.put("a", b"x"),
        lambda: storage.delete("a"),
        storage.check,
    ]
    for attempt in attempts:
        with pytest.raises(StorageUnavailable):
            attempt()


def test_a_closed_port_is_unavailable_after_three_tries():
    with socket.socket() as taken:  # bound but not listening: nobody answers
        taken.bind(("127.0.0.1", 0))
        storage = s3_storage(f"http://127.0.0.1:{taken.getsockname()[1]}")
        tries = []
        storage._client.meta.events.register("before-send.s3", lambda **_: tries.append(1) and None)
        with pytest.raises(StorageUnavailable) as failure:
            storage.put("a", b"x")
    assert len(tries) == 3
    assert "127.0.0.1" not in str(failure.value)


BAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


def answering(answer):
    """A server that gives this one answer to every connection; returns its URL."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return server, f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            BAD + b"<Error><Code>QuotaExceeded</Code></Error>",
            StorageFull,
        ),
        (
            BAD + b"<Error><Code>AccessDenied</Code></Error>",
            StorageUnavailable,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", StorageUnavailable),
    ],
)
def test_answers_of_a_store_in_trouble(answer, error):
    server, url = answering(answer)
    with server, pytest.raises(error):
        s3_storage(url).get("a")


# --- By URL ---


def test_urls_open_the_store_they_name(tmp_path, bucket, s3_endpoint):
    folder = storage_from_url(f"file://{tmp_path}/with%20space")
    folder.put("a", b"x")
    assert (tmp_path / "with space/a").read_bytes() == b"x"

    url = f"s3://recordings/some/prefix?endpoint={s3_endpoint}&region=us-east-1"
    storage_from_url(url, "key", "secret").put("a", b"y")
    assert s3_storage(s3_endpoint, prefix="some/prefix").get("a") == b"y"


@pytest.mark.parametrize(
    "url",
    [
        *("", "recordings", "/recordings", "ftp://host/x", "file://host/x", "file:x"),
        *("file:///x?y=1", "s3://", "s3:///prefix", "s3://user:hunter2@bucket/x"),
        *("s3://bucket/x?endpont=http://y", "s3://bucket/x?endpoint=file:///y"),
        *("s3://bucket/../x", "s3://bucket/x#hunter2"),
    ],
)
def test_other_urls_are_refused_without_being_quoted(url):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the message is what is looked at
        storage_from_url(url, "key", "secret")
    assert "hunter2" not in str(refusal.value)
