"""The API started alone says loudly that nothing goes out."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from config.settings import get_settings
from workers import heartbeat
from workers.heartbeat import Heartbeat, Watch


def heard(database: Any) -> list[str]:
    heartbeat.log = heartbeat.get_logger("careloop.heartbeat")
    with capture_logs() as lines:
        Watch(database, get_settings()).look()
    return [line["event"] for line in lines if line["log_level"] == "error"]


def test_alone_it_names_what_is_missing(database: Any) -> None:
    assert [line.split(" ")[1] for line in heard(database)] == ["SCHEDULER", "WORKER"]


def test_with_both_it_is_silent(database: Any) -> None:
    for kind in ("scheduler", "worker"):
        Heartbeat(database, kind).beat()
    assert heard(database) == []
