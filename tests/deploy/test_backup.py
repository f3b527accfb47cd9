"""The nightly dump: whole or not there, and the last good ones are never removed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.clusters import Cluster

MONTH = 30 * 86400


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster.start(tmp_path_factory.mktemp("backup"))
    yield cluster
    cluster.stop()


@pytest.fixture
def folder(cluster: Cluster) -> Path:
    folder = cluster.folder / "backups"
    for path in folder.iterdir():
        path.unlink()
    return folder


def old(folder: Path, name: str, seconds: float) -> None:
    path = folder / name
    path.write_bytes(b"a dump")
    os.utime(path, (time.time() - seconds,) * 2)


def test_old_dumps_go_and_the_newest_three_stay(cluster: Cluster, folder: Path) -> None:
    for day in range(1, 6):
        old(folder, f"careloop-2026010{day}T010000Z.dump", MONTH)
    made = cluster.run("backup.sh", "once")
    assert made.returncode == 0, made.stderr
    assert len(cluster.dumps()) == 3
    assert cluster.dumps()[:2] == [
        "careloop-20260104T010000Z.dump",
        "careloop-20260105T010000Z.dump",
    ]


def test_a_dump_that_fails_leaves_nothing_and_removes_nothing(
    cluster: Cluster, folder: Path
) -> None:
    old(folder, "careloop-20260101T010000Z.dump", MONTH)
    right = cluster.password("backup")
    cluster.set_password("backup", "wrong")
    try:
        assert cluster.run("backup.sh", "once").returncode != 0
    finally:
        cluster.set_password("backup", right)
    assert cluster.dumps() == ["careloop-20260101T010000Z.dump"]


def test_the_health_check_wants_a_dump_of_last_night(cluster: Cluster, folder: Path) -> None:
    assert cluster.run("backup.sh", "check").returncode == 1
    old(folder, "careloop-20260101T010000Z.dump", 27 * 3600)
    assert cluster.run("backup.sh", "check").returncode == 1
    old(folder, "careloop-20260102T010000Z.dump", 3600)
    assert cluster.run("backup.sh", "check").returncode == 0


def test_restoring_names_what_there_is(cluster: Cluster, folder: Path) -> None:
    old(folder, "careloop-20260101T010000Z.dump", 0)
    answer = cluster.run("restore.sh", "other.dump")
    assert answer.returncode == 2
    assert "careloop-20260101T010000Z.dump" in answer.stderr
