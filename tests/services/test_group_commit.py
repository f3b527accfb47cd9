"""The writer of the intake: one submission that nobody thought of must not stop all others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from schemas.feedback import FeedbackIn
from services.feedback import group_commit
from services.feedback.group_commit import GroupCommit, TooSlow
from services.feedback.intake import Arrival, Stored, arrival
from services.identity import Principal, uuid7


def feedback() -> Arrival:
    wanted = FeedbackIn.model_validate({"language": "french", "rating": 4})
    return arrival(wanted, identity=uuid7(), principal=Principal(1, "anonymous"))


@pytest.mark.parametrize("error", [ValueError, OverflowError])
def test_what_the_driver_raises_is_answered(
    database: Any, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    writer = GroupCommit(database)

    def broken(*_: Any) -> Any:
        raise error

    writer.start()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(group_commit, "store", broken)
            with pytest.raises(error):
                asyncio.run(writer.submit(feedback()))
        assert isinstance(asyncio.run(writer.submit(feedback())), Stored)
    finally:
        writer.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_died_is_replaced(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "ANSWER_SECONDS", 0.3)
    writer = GroupCommit(database)

    def broken(*_: Any) -> Any:
        raise KeyError

    writer.start()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(group_commit, "store", broken)
            with pytest.raises(TooSlow):
                asyncio.run(writer.submit(feedback()))
        monkeypatch.setattr(group_commit, "ANSWER_SECONDS", 10)
        assert isinstance(asyncio.run(writer.submit(feedback())), Stored)
    finally:
        writer.stop()
