"""Conversations by SMS from the phone to the service and back, and `kill -9` on the way.

The phone is the simulated carrier's; everything between it and PostgreSQL is real. Seen to fail:
with the sweep for lost jobs left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests import http
from tests.integration.loop import Loop
from tests.simulator.test_simulator_page import CHROMIUM, OPTIONS
from tests.tree import Tree, running_tree, wait_for
from utils.failpoint import CONVERSATION

_phones = count(650000100)
KEYS = "Répondez 1 pour confirmer, 2 pour annuler ou reporter."


class Phone:
    """A patient's phone, of its own number."""

    def __init__(self, tree: Tree, number: str | None = None) -> None:
        self.tree = tree
        self.number = number or f"+237{next(_phones)}"

    def write(self, body: str) -> None:
        answer = http.post(
            f"{self.tree.simulator_url}/simulator/inbound/sms",
            json={"from": self.number, "to": os.environ["TWILIO_PHONE_NUMBER"], "body": body},
            timeout=20,
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["webhook_status"] == 200, answer.text
        assert answer.json()["replies"] == []  # nothing is answered before it is stored

    def got(self) -> list[str]:
        """What arrived on it, the oldest first."""
        entries = self.tree.ledger(channel="sms")
        mine = [e for e in entries if e["to"] == self.number and e["direction"] != "inbound"]
        return [entry["body"] for entry in sorted(mine, key=lambda e: e["time"])]

    def wait_for(self, *beginnings: str, seconds: float = 30) -> None:
        """Wait until exactly these have arrived."""
        wait_for(
            lambda: len(self.got()) >= len(beginnings), f"{beginnings}; got {self.got()}", seconds
        )
        got = self.got()
        assert len(got) == len(beginnings), got
        assert all(text.startswith(start) for text, start in zip(got, beginnings, strict=True)), got


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    folder: Path = tmp_path_factory.mktemp("conversation")
    with running_tree(folder, "conversation") as tree:
        yield tree


def feedbacks_of(tree: Tree, words: str) -> list[dict[str, Any]]:
    items = http.get(f"{tree.url}/api/v1/feedback", headers=tree.token(), timeout=10).json()
    return [item for item in items["items"] if words in (item["content"] or "")]


def feedback_of(tree: Tree, words: str) -> dict[str, Any]:
    (found,) = feedbacks_of(tree, words)
    return found


def remind(tree: Tree, phone: Phone, message: str) -> int:
    return Loop(tree).remind(
        message, "sms", phone_number=phone.number, email=None, expects_reply=True
    )


def test_a_feedback_in_two_messages(tree: Tree) -> None:
    phone = Phone(tree)
    phone.write("Accueil très gentil")
    phone.wait_for("Merci de votre message. Quelle note")
    phone.write("5")
    phone.wait_for("Merci de votre message. Quelle note", "Merci. Votre avis nous aide")
    for name, event in (("api", "request"), ("worker", "message heard")):
        assert f'"event": "{event}"' in (tree.folder / f"{name}.log").read_text()
    for log in tree.folder.glob("*.log"):
        assert "très gentil" not in log.read_text()
        assert log.name == "simulator.log" or phone.number not in log.read_text()
    found = feedback_of(tree, "Accueil très gentil")
    assert (found["rating"], found["channel"]) == (5, "sms")


def test_a_reminder_is_confirmed(tree: Tree) -> None:
    phone = Phone(tree)
    number = remind(tree, phone, "Rappel : demain à 10 h")
    phone.wait_for(f"Rappel : demain à 10 h\n{KEYS}")
    phone.write("1")
    phone.wait_for("Rappel", "Merci, c'est noté, nous vous attendons.")
    (delivery,) = Loop(tree).detail(number)["deliveries"]
    assert (delivery["reply"], delivery["status"]) == ("confirmed", "delivered")


def test_the_carrier_answers_stop_itself(tree: Tree) -> None:
    phone = Phone(tree)
    phone.write("STOP")
    phone.wait_for("You have successfully been unsubscribed")
    phone.write("Bon service 4")
    wait_for(lambda: feedbacks_of(tree, "Bon service"), "the feedback")
    assert len(phone.got()) == 1


@pytest.mark.parametrize("point", CONVERSATION[1:])
def test_a_worker_that_dies_at_any_step_answers_once(tree: Tree, point: str) -> None:
    tree.kill("worker")
    tree.start("worker", CARELOOP_CRASH_AT=point)
    phone = Phone(tree)
    phone.write(f"4 {point}")
    wait_for(lambda: tree.died("worker"), f"the worker to die at {point}", 40)
    tree.start("worker")
    phone.wait_for("Merci. Votre avis nous aide", seconds=40)
    assert feedback_of(tree, point)["rating"] == 4


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Debian's chromium")
def test_by_hand_on_the_phones_own_page(tree: Tree) -> None:
    """One feedback and one reminder, typed on the simulator's phone in a browser."""
    phone = Phone(tree)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS.split())
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.set_default_timeout(20_000)
        page.goto(f"{tree.simulator_url}/simulator/")
        page.locator("#link[data-state=live]").wait_for(state="attached")
        page.get_by_label("Another phone").fill(phone.number)
        page.keyboard.press("Enter")
        remind(tree, phone, "Rappel : consultation demain à 10 h")
        said(page, KEYS)
        typed(page, "1")
        said(page, "nous vous attendons")
        typed(page, "Salle propre")
        said(page, "Quelle note")
        typed(page, "4")
        said(page, "Votre avis nous aide")
        if folder := os.environ.get("CARELOOP_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/sms-conversation.png")
        browser.close()
    assert feedback_of(tree, "Salle propre")["rating"] == 4


def typed(page: Page, words: str) -> None:
    page.get_by_label("Answer", exact=True).fill(words)
    page.keyboard.press("Enter")


def said(page: Page, words: str) -> None:
    page.locator(".bubble .text", has_text=words).first.wait_for()
