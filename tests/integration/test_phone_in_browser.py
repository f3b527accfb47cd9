"""The phone in the browser, with the whole service behind it: a call with keys and a voice.

Seen to fail: the worker not knowing `workers.call_recording` (no recording arrives), the scheduler
not asking for what is due, `/recorded` not signed for its address.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests import http
from tests.integration.loop import PHONE, Loop
from tests.tree import running_tree, wait_for

CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
    " --disable-sync --no-first-run"
)

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="needs Debian's chromium: apt-get install chromium"
)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    with running_tree(tmp_path_factory.mktemp("phone"), "phone", ENGINE_CLAIM_LEASE="1") as tree:
        yield Loop(tree)


@pytest.fixture(autouse=True)
def _somebody_at_the_phone(loop: Loop) -> None:
    loop.tree.behave(voice={"answer": "manual", "pace": 0.25})


@pytest.fixture(scope="module")
def phone(loop: Loop) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS.split())
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(20_000)
        page.goto(f"{loop.tree.simulator_url}/simulator/")
        page.locator("#link[data-state=live]").wait_for(state="attached")
        yield page
        browser.close()


def picture(page: Page, name: str) -> None:
    """Kept where somebody wants to look at it."""
    folder = os.environ.get("CARELOOP_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")


def hears(page: Page, words: str) -> None:
    page.locator("#speech").get_by_text(words).last.wait_for()


def waits_for(page: Page, what: str) -> None:
    page.locator(f"#phone[data-wants={what}]").wait_for()


def feedbacks(loop: Loop) -> list[dict[str, Any]]:
    answer = http.get(
        f"{loop.tree.url}/api/v1/feedback", headers=loop.tree.token("admin@north"), timeout=10
    )
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_a_patient_calls_rates_by_key_speaks_and_listens(loop: Loop, phone: Page) -> None:
    http.post(
        f"{loop.tree.simulator_url}/simulator/inbound/calls",
        json={"from": PHONE, "to": os.environ["TWILIO_PHONE_NUMBER"]},
        timeout=10,
    )
    hears(phone, "For English, press 2.")
    phone.keyboard.press("2")
    hears(phone, "How were you looked after here?")
    picture(phone, "call-rating")
    phone.keyboard.press("4")
    waits_for(phone, "recording")
    phone.get_by_label("Speak after the tone").fill("Everybody was kind to me")
    phone.get_by_role("button", name="Say it").click()
    hears(phone, "To listen to your message, press 1.")
    phone.keyboard.press("1")
    hears(phone, "♪")
    picture(phone, "call-listening")
    phone.keyboard.press("2")
    phone.get_by_text("What you say helps us to look after you better.").first.wait_for()

    wait_for(lambda: feedbacks(loop) and feedbacks(loop)[0]["voice"], "the voice to arrive")
    (found,) = feedbacks(loop)
    assert (found["rating"], found["language"], found["channel"]) == (4, "english", "voice")
    assert (found["voice_problems"], found["voice_awaited"]) == ([], False)
    heard = http.get(
        loop.tree.url + found["voice"], headers=loop.tree.token("admin@north"), timeout=10
    )
    assert heard.content[:4] == b"RIFF"
    wait_for(lambda: _recordings(loop) == [], "the recording to be deleted over there")


POINTS = (
    "recording.after_store",
    "recording.after_fetch",
    "recording.before_delete",
    "recording.after_delete",
)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_on_the_way_of_a_recording_loses_nothing(loop: Loop, point: str) -> None:
    caller = f"+23765000010{POINTS.index(point)}"
    before = len(feedbacks(loop))
    loop.restart_worker(CARELOOP_CRASH_AT=point)
    voice = {"digits": ["1", "5", "2"], "speak": ["Tout va bien"]}
    loop.tree.behave(voice=voice | {"answer": "auto", "pace": 0.02})
    http.post(
        f"{loop.tree.simulator_url}/simulator/inbound/calls",
        json={"from": caller, "to": os.environ["TWILIO_PHONE_NUMBER"]},
        timeout=10,
    )
    wait_for(lambda: loop.tree.died("worker"), f"the worker to die at {point}")
    loop.tree.start("worker")
    wait_for(lambda: len(feedbacks(loop)) > before, "the feedback")
    wait_for(lambda: feedbacks(loop)[0]["voice"], "the voice to arrive", 40)
    wait_for(lambda: _recordings(loop) == [], "the recording to be deleted over there", 40)
    found = feedbacks(loop)[0]
    assert (found["rating"], found["voice_problems"]) == (5, [])


def _recordings(loop: Loop) -> list[Any]:
    account = os.environ["TWILIO_ACCOUNT_SID"]
    answer = http.get(
        f"{loop.tree.simulator_url}/2010-04-01/Accounts/{account}/Recordings.json",
        auth=(account, os.environ["TWILIO_AUTH_TOKEN"]),
        timeout=10,
    )
    found: list[Any] = answer.json()["recordings"]
    return found


def test_a_reminder_is_picked_up_and_confirmed(loop: Loop, phone: Page) -> None:
    number = loop.remind("Rappel : vous êtes attendu lundi à 10 h.", "voice")
    phone.get_by_role("button", name="Pick up", exact=True).click()
    hears(phone, "vous êtes attendu lundi")
    hears(phone, "Pour confirmer, tapez 1.")
    picture(phone, "call-reminder")
    phone.keyboard.press("1")
    loop.wait_until(number, ("voice", "delivered"))
    assert loop.detail(number)["deliveries"][0]["reply"] == "confirmed"
