"""One e-mail from POST to the inbox, and `kill -9` at every step of the worker.

No provider of e-mail has a list that could be asked what it accepted. A worker that dies after
the attempt was stamped and before the outcome was stored therefore leaves the delivery `unknown`
with a task for staff: rightly at `worker.after_call` and `worker.before_outcome`, where the mail
is out; but at `worker.after_begin` too, **although the mail was never sent**. Nothing on this
machine can tell the two apart, and to send again would break the promise that nobody gets a
message twice. It is accounted for, not lost: staff see it.

Seen to fail with `workers/delivery.reconcile` treating `NoList` as an empty list: sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.loop import EMAIL, WORKER_POINTS, Loop
from tests.tree import running_tree


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder: Path = tmp_path_factory.mktemp("one-email")
    with running_tree(folder, "email") as tree:
        yield Loop(tree)


@pytest.fixture(autouse=True)
def _good_manners(loop: Loop) -> None:
    loop.tree.behave()


def mail_of(loop: Loop, message: str) -> dict[str, Any]:
    (mail,) = [entry for entry in loop.tree.ledger(channel="email") if message in entry["body"]]
    return mail


@pytest.mark.parametrize(
    ("language", "subject", "tag"),
    [
        ("french", "Rappel : Hôpital Nord", "fr"),
        ("english", "Reminder: Hôpital Nord", "en"),
        ("duala", "Hôpital Nord", "dua"),
    ],
)
def test_an_email_speaks_one_language(loop: Loop, language: str, subject: str, tag: str) -> None:
    message = f"10 h — ŋ {language}"
    number = loop.remind(message, "email", language=language)
    loop.wait_until(number, ("email", "sent"))
    mail = mail_of(loop, message)
    assert mail["to"] == EMAIL
    assert mail["body"] == message
    assert mail["extra"]["subject"] == subject
    assert mail["extra"]["from_name"] == "Hôpital Nord"
    assert f'lang="{tag}"' in mail["extra"]["html"]
    delivery = loop.detail(number)["deliveries"][0]["id"]
    assert mail["extra"]["custom_args"] == {"delivery": f"1.{delivery}"}
    assert loop.detail(number)["status"] == "done"


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("french", "Réponse à votre message : Hôpital Nord"),
        ("english", "Reply to your message: Hôpital Nord"),
        ("ewondo", "Hôpital Nord"),
    ],
)
def test_an_answer_is_not_called_a_reminder(loop: Loop, language: str, subject: str) -> None:
    said = {"language": language, "patient_id": f"MAIL-{language}", "rating": 3}
    loop.post("contacts", {"patient_id": said["patient_id"], "email": EMAIL, "language": language})
    feedback = loop.post("feedback", said)["id"]
    message = f"Merci — {language}"
    made = loop.post(f"feedback/{feedback}/answer", {"text": message})
    loop.wait_until(made["reminder_id"], ("email", "sent"))
    assert mail_of(loop, message)["extra"]["subject"] == subject


@pytest.mark.parametrize("point", WORKER_POINTS)
def test_killed_at_every_step_it_is_never_sent_twice(loop: Loop, point: str) -> None:
    message = f"Kill {point}"
    number = loop.killed_at(point, message, "email")
    if point == "worker.after_outcome":
        loop.wait_until(number, ("email", "sent"))
        assert loop.tasks(number) == []
    else:
        loop.wait_for_task(number)
        assert loop.states(number) == [("email", "unknown")]
    assert loop.copies("email", message) == (0 if point == "worker.after_begin" else 1)


@pytest.mark.parametrize("kind", ["accept_then_drop", "status"])
def test_an_unknown_email_waits_for_staff(loop: Loop, kind: str) -> None:
    fault = {"on": "mail.send", "kind": kind, "times": 1, "status": 500, "after_accept": True}
    loop.tree.behave(faults=[fault])
    message = f"Inconnu {kind}"
    number = loop.remind(message, "email")
    loop.wait_for_task(number)
    assert loop.states(number) == [("email", "unknown")]
    assert loop.copies("email", message) == 1


def test_a_throttled_email_goes_out_later(loop: Loop) -> None:
    fault = {"on": "mail.send", "kind": "status", "status": 429, "retry_after": 1, "times": 1}
    loop.tree.behave(faults=[fault])
    number = loop.remind("Plus tard", "email")
    loop.wait_until(number, ("email", "sent"))
    assert loop.copies("email", "Plus tard") == 1
    events = [e["status"] for e in loop.detail(number)["deliveries"][0]["events"]]
    assert events.count("sending") == 2


def test_by_smtp(loop: Loop) -> None:
    """Without a SendGrid key the same reminder goes by SMTP; a cut after DATA is for staff."""
    loop.restart_worker(SENDGRID_API_KEY="")
    try:
        number = loop.remind("Par SMTP, à 10 h", "email")
        loop.wait_until(number, ("email", "sent"))
        mail = mail_of(loop, "Par SMTP, à 10 h")
        assert mail["extra"]["provider"] == "smtp"
        assert mail["extra"]["message_id"].startswith("delivery.1.")
        loop.tree.behave(faults=[{"on": "smtp.data", "kind": "accept_then_drop", "times": 1}])
        cut = loop.remind("Coupure", "email")
        loop.wait_for_task(cut)
        assert loop.copies("email", "Coupure") == 1
    finally:
        loop.restart_worker()
