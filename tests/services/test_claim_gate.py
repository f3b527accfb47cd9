"""Nothing is claimed while an API process holds a webhook, or has yet to say that it does not.

Seen to fail: `_decide` answering True; the age of a heartbeat left out; no bound on the waiting.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from services.dispatch import gate as claim_gate
from services.dispatch.gate import ClaimGate

Processes = list[tuple[str, float, int]]
"""Kind, seconds since the last sign of life, webhooks in its spool."""

STORIES: dict[str, tuple[Processes, bool, bool, bool]] = {
    # processes, the database was lost from here, this machine's spool is empty: open
    "nobody": ([], False, True, True),
    "one that holds nothing": ([("api", 0.2, 0)], False, True, True),
    "one that holds something": ([("api", 0.2, 3)], False, True, False),
    "one of two": ([("api", 0.2, 0), ("api", 0.3, 1)], False, True, False),
    "one that died with something": ([("api", 20, 3)], False, True, True),
    "one that died long ago": ([("api", 600, 0)], False, True, True),
    "after a loss, one not heard since": ([("api", 0.2, 0)], True, True, False),
    "after a loss, one of two not heard": ([("api", 0.2, 0), ("api", -5, 0)], True, True, False),
    "after a loss, all heard since": ([("api", -5, 0)], True, True, True),
    "after a loss, nobody to hear from": ([("worker", 0.2, 0)], True, True, True),
    "something in this machine's folder": ([("api", 0.2, 0)], False, False, False),
}


def live(owner: Any, processes: Processes) -> None:
    with owner.begin() as connection:
        for number, (kind, age, spooled) in enumerate(processes):
            connection.execute(
                text(
                    "insert into shared.processes (id, kind, seen_at, spooled)"
                    " values (:id, :kind, now() - make_interval(secs => :age), :spooled)"
                ),
                {"id": f"{kind}:{number}", "kind": kind, "age": age, "spooled": spooled},
            )


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has run for a second, as the tests' own has, counts as an old one."""
    monkeypatch.setattr(claim_gate, "SILENT_SECONDS", 1.0)
    monkeypatch.setattr(claim_gate, "KNOWN_FOR", 0.0)


@pytest.mark.parametrize(
    ("processes", "lost", "folder_empty", "opens"), STORIES.values(), ids=STORIES
)
def test_when_it_is_open(
    database: Any, owner: Any, processes: Processes, lost: bool, folder_empty: bool, opens: bool
) -> None:
    for _ in range(5):
        live(owner, processes)
        gate = ClaimGate(database, lambda: folder_empty)
        if lost:
            gate.lost()
        said = gate.is_open()
        if not strangers(owner):
            break
    assert said == opens


def strangers(owner: Any) -> int:
    """Forget all processes; how many there were beside the story's.

    The application that other tests of this process have started has a heartbeat, too.
    """
    with owner.begin() as connection:
        gone = connection.scalars(text("delete from shared.processes returning id")).all()
    return sum(not re.fullmatch("(api|worker):[0-9]", name) for name in gone)


def test_it_opens_when_all_have_been_heard(database: Any, owner: Any) -> None:
    live(owner, [("api", 0.2, 0)])
    gate = ClaimGate(database, lambda: True)
    gate.lost()
    assert not gate.is_open()
    beats(owner, spooled=2)
    assert not gate.is_open()
    beats(owner, spooled=0)
    assert gate.is_open()


def test_the_waiting_is_bounded(database: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    live(owner, [("api", 0.2, 3)])
    gate = ClaimGate(database, lambda: True)
    assert not gate.is_open()
    monkeypatch.setattr(claim_gate, "CLOSED_AT_MOST", 0.0)
    assert gate.is_open()


def beats(owner: Any, spooled: int) -> datetime:
    with owner.begin() as connection:
        moment: datetime = connection.scalar(
            text(
                "update shared.processes set seen_at = clock_timestamp(), spooled = :n"
                " returning seen_at"
            ),
            {"n": spooled},
        )
        return moment
