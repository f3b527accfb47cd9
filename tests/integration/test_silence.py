"""A carrier that takes every connection and answers nothing for a while, before two workers.

The real processes, the official library and the simulated carrier. Few calls are lost on the
silence, nothing is called in it but one at a time, and when the carrier speaks again everything
goes out, once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.establishment.directory import KNOWN_FOR
from tests import http
from tests.integration.loop import Loop
from tests.integration.test_suspended import ask, reasons, suspended
from tests.nursery import nursery
from tests.tree import running_tree, wait_for

ROW, PLACES, WORKERS = 20, 5, 2
MUTE = {"on": "*", "kind": "slow", "seconds": 600, "after_accept": False}


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder: Path = tmp_path_factory.mktemp("silence")
    with running_tree(
        folder,
        "silence",
        ENGINE_SILENT_AFTER=str(ROW),
        ENGINE_CONCURRENCY=str(PLACES),
        ENGINE_PROBE_AFTER="1",
        ENGINE_POLL="0.2",
        ENGINE_ALARMS="0.5",
        TWILIO_TIMEOUT="0.5",
    ) as tree:
        other = nursery().start(["cli.py", "worker"], tree.env, folder / "worker-2.log")
        tree.processes["worker-2"] = other
        yield Loop(tree)


def remind(loop: Loop, first: int, count: int) -> list[int]:
    """Reminders by SMS, to a phone and with words of its own each."""
    return [
        loop.remind(f"Silence {number}.", "sms", phone_number=f"+237650{number:06}")
        for number in range(first, first + count)
    ]


def count(loop: Loop, question: str) -> int:
    ((found,),) = ask(loop, question)
    return int(found)


def attempts(loop: Loop) -> int:
    return count(loop, "select count(*) from est_1.delivery_events where status = 'sending'")


def probes(loop: Loop) -> int:
    return count(loop, "select probes from shared.senders where channel = 'sms'"
                       " and establishment_id = 1")  # fmt: skip


def under_way(loop: Loop) -> int:
    return count(loop, "select count(*) from est_1.deliveries"
                       " where status in ('queued', 'sending')")  # fmt: skip


def test_silence_costs_a_few_calls_and_then_all_goes_out_once(loop: Loop) -> None:
    loop.tree.behave(faults=[MUTE])
    numbers = remind(loop, 0, 60)
    wait_for(lambda: suspended(loop) == [("sms", "no_answer")], "the suspension", every=0.1)
    time.sleep(KNOWN_FOR)  # all workers have heard of it by then
    wait_for(lambda: not under_way(loop), "the last calls to end", every=0.1)
    lost = attempts(loop) - probes(loop)
    # And what was under way already: never more than twice a worker's places.
    assert ROW <= lost <= ROW + WORKERS * 2 * PLACES
    wait_for(lambda: "sender_suspended" in reasons(loop), "the alarm", every=0.1)

    numbers += remind(loop, 60, 20)
    before = probes(loop)
    wait_for(lambda: probes(loop) >= before + 2, "it to be tried twice more", every=0.1)
    wait_for(lambda: not under_way(loop), "the last try to end", every=0.1)
    assert attempts(loop) - probes(loop) == lost  # nothing but those
    assert loop.tree.ledger(channel="sms") == []

    loop.tree.kill("worker")  # whoever is gone now is not missed
    loop.tree.behave()
    wait_for(lambda: suspended(loop) == [], "an answer to lift it", 40, every=0.1)
    wait_for(lambda: ends(loop, numbers) == {"delivered": 80}, "all to arrive", 60, every=0.3)
    said = Counter(entry["body"] for entry in loop.tree.ledger(channel="sms"))
    assert len(said) == 80
    assert set(said.values()) == {1}
    assert not ask(loop, "select from est_1.tasks where kind <> 'alarm'")
    wait_for(lambda: "sender_suspended" not in reasons(loop), "the alarm to clear", every=0.1)


def ends(loop: Loop, numbers: list[int]) -> Counter[str]:
    """The states of all deliveries; what is unknown is asked about at once."""
    ask(loop, "update shared.due set due_at = now() where asks and claimed_until is null")
    found: list[tuple[Any, ...]] = ask(loop, "select status from est_1.deliveries")
    assert len(found) == len(numbers)
    return Counter(status for (status,) in found)


def test_the_console_is_told_since_when_and_when_next(loop: Loop) -> None:
    ask(loop, "update shared.senders set suspended_at = now(), suspended_by = 'answer',"
        " suspended_code = 'no_answer', probe_at = now() + interval '1 hour'"
        " where establishment_id = 1 and channel = 'sms'")  # fmt: skip
    listed = http.get(
        f"{loop.tree.url}/api/v1/senders", headers=loop.tree.token("admin@north"), timeout=10
    ).json()
    (sms,) = [one for one in listed if one["suspended_at"]]
    assert sms["suspended_code"] == "no_answer"
    assert sms["suspended_at"] < sms["probe_at"]
