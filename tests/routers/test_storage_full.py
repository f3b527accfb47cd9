"""A disk with no room for a voice: 507 for it, and everything else is kept."""

from __future__ import annotations

import base64
import errno
import os
from typing import Any

import pytest

from tests.routers.test_sync import WAV, item, rows, sync

VOICE = base64.b64encode(WAV).decode()


def _no_room(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "no room")


def test_a_single_feedback_is_refused_whole(client: Any, owner: Any) -> None:
    said = {name: value for name, value in item(voice_data=VOICE).items() if name != "type"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _no_room)
        answer = client.post("/api/v1/feedback", json=said)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert rows(owner) == []


def test_in_a_batch_it_is_the_voice_alone_that_waits(client: Any, owner: Any) -> None:
    spoken = item(voice_data=VOICE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _no_room)
        results = sync(client, item(), spoken, item())
    assert [(r["status"], r.get("code")) for r in results] == [
        ("created", None),
        ("rejected", "storage_full"),
        ("created", None),
    ]
    assert len(rows(owner)) == 2
    (later,) = sync(client, spoken)
    assert later["status"] == "created"
    assert rows(owner)[-1].recording_id is not None
