"""A carrier that shuts the hospital out, from its answer to the patient's phone and the mail.

The real processes, the official libraries and the simulated carrier: nothing of a patient's is
used up by a fault that is not theirs, somebody is told once, and it heals by itself.

Seen to fail: `_ready` in `workers/delivery.py` returning the group as it is (no fallback, the
carrier is asked for each); `give_back` left out of `services/webhook/callback.py` (the reminder
fails); `status == S.waiting` left out of `take` in `services/alarm/mail.py` (a killed worker's
mail goes twice).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests import http
from tests.integration.loop import Loop
from tests.tree import running_tree, wait_for

_WELL = """
    update shared.senders set suspended_at = null, suspended_code = null, suspended_by = null,
        probe_at = null, probes = 0;
    delete from shared.alarm_mails; delete from shared.alarms
"""
ADMINISTRATOR = "admin@north.example"


@pytest.fixture(scope="module")
def tree_loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder: Path = tmp_path_factory.mktemp("suspended")
    with running_tree(
        folder, "suspended", ENGINE_ALARMS="0.5", ENGINE_PROBE_AFTER="300", ENGINE_POLL="0.2"
    ) as tree:
        yield Loop(tree)


@pytest.fixture
def loop(tree_loop: Loop) -> Loop:
    tree_loop.tree.behave()
    ask(tree_loop, _WELL)
    http.delete(f"{tree_loop.tree.simulator_url}/simulator/ledger", timeout=10)
    return tree_loop


def ask(loop: Loop, question: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(loop.tree.env["DATABASE_URL"])
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def suspended(loop: Loop) -> list[tuple[str, str]]:
    """Channel and code of the suspended senders, as an administrator sees them."""
    senders = http.get(
        f"{loop.tree.url}/api/v1/senders", headers=loop.tree.token("admin@north"), timeout=10
    ).json()
    return [(s["channel"], s["suspended_code"]) for s in senders if s["suspended_at"]]


def reasons(loop: Loop) -> list[str]:
    answer = http.get(f"{loop.tree.url}/health/ready", timeout=10)
    assert answer.status_code == 200
    found: list[str] = answer.json()["reasons"]
    return found


def causes(loop: Loop, number: int) -> list[str]:
    return [event["cause"] for event in loop.detail(number)["deliveries"][0]["events"]]


def probe(loop: Loop) -> None:
    """Let the time come at which one delivery tries the sender again."""
    ask(loop, "update shared.senders set probe_at = now() where suspended_at is not null")
    ask(loop, "update shared.due set due_at = now() where claimed_until is null")


def mails(loop: Loop) -> list[dict[str, Any]]:
    return loop.tree.ledger(to=ADMINISTRATOR)


def test_a_number_that_is_not_ours(loop: Loop) -> None:
    """Refused with 21606: the reminder waits, people are told, and it goes when it works again."""
    refused = {"on": "messages.create", "kind": "status", "status": 400, "code": 21606}
    loop.tree.behave(faults=[refused])
    number = loop.remind("Attendre", "sms")
    wait_for(lambda: mails(loop), "the administrator's mail", every=0.1)
    assert suspended(loop) == [("sms", "21606")]
    assert "sender_suspended" in reasons(loop)
    (mail,) = mails(loop)
    assert mail["extra"]["subject"].startswith("Hôpital Nord : le fournisseur n’accepte plus")
    assert "21606" in mail["body"]
    assert "+237" not in mail["body"]
    assert "Attendre" not in mail["body"]
    wait_for(lambda: "sender suspended" in causes(loop, number), "it to be held back", every=0.1)
    loop.tree.behave()
    probe(loop)
    loop.wait_until(number, ("sms", "delivered"))
    assert loop.copies("sms", "Attendre") == 1
    wait_for(lambda: "sender_suspended" not in reasons(loop), "the alarm to clear", every=0.1)
    assert suspended(loop) == []
    assert len(mails(loop)) == 1


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ({"faults": [{"on": "messages.create", "kind": "status", "status": 401, "code": 20003}]},
         "20003"),
        ({"outcome": "failed", "error_code": 30002}, "30002"),
    ],
    ids=["wrong-credentials", "account-suspended-later"],
)  # fmt: skip
def test_the_next_channel_is_tried(loop: Loop, behaviour: dict[str, Any], code: str) -> None:
    loop.tree.behave(outcomes={"patient@example.com": {"outcome": "delivered"}}, **behaviour)
    message = f"Autrement {code}"
    number = loop.remind(message, "sms", "email")
    loop.wait_until(number, ("sms", "cancelled"), ("email", "sent"))
    assert ("sms", code) in suspended(loop)
    assert loop.copies("email", message) == 1
    assert loop.detail(number)["status"] == "done"


def test_given_back_and_sent_again_when_the_account_is_in_order(loop: Loop) -> None:
    loop.tree.behave(outcome="failed", error_code=30002)
    number = loop.remind("Compte", "sms")
    wait_for(lambda: suspended(loop), "the suspension", every=0.1)
    wait_for(lambda: "sender suspended" in causes(loop, number), "it to be held back", every=0.1)
    loop.tree.behave()
    probe(loop)
    loop.wait_until(number, ("sms", "delivered"))
    ended = [entry["state"] for entry in loop.tree.ledger(channel="sms")]
    assert ended.count("delivered") == 1
    wait_for(lambda: suspended(loop) == [], "the receipt to lift it", every=0.1)


def test_a_mail_is_never_sent_twice(loop: Loop) -> None:
    """Killed when the mail has left and the outcome is not stored: it is not sent again."""
    loop.restart_worker(CARELOOP_CRASH_AT="alarm.after_call")
    ask(loop, "update shared.senders set suspended_at = now(), suspended_by = 'answer',"
        " suspended_code = '21606', probe_at = now() + interval '1 hour'"
        " where establishment_id = 1 and channel = 'sms'")  # fmt: skip
    wait_for(lambda: loop.tree.died("worker"), "the worker to die")
    loop.tree.start("worker")
    assert len(mails(loop)) == 1
    ask(loop, "update shared.alarm_mails set next_at = now() - interval '1 second'")
    wait_for(
        lambda: ask(loop, "select status from shared.alarm_mails") == [("unknown",)],
        "the scheduler to see it",
        every=0.1,
    )
    number = loop.remind("Preuve", "email")
    loop.wait_until(number, ("email", "sent"))  # the new worker works
    assert len(mails(loop)) == 1


def test_killed_before_the_call_the_mail_is_accounted_for(loop: Loop) -> None:
    loop.restart_worker(CARELOOP_CRASH_AT="alarm.after_take")
    ask(loop, "update shared.senders set suspended_at = now(), suspended_by = 'answer',"
        " suspended_code = '21606', probe_at = now() + interval '1 hour'"
        " where establishment_id = 1 and channel = 'sms'")  # fmt: skip
    wait_for(lambda: loop.tree.died("worker"), "the worker to die")
    loop.tree.start("worker")
    assert ask(loop, "select status from shared.alarm_mails") == [("sending",)]
    assert mails(loop) == []
