"""The phone page in a real browser: nothing sent becomes markup, and a call goes by its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from twilio.rest import Client

from tests.simulator.simulator_harness import NUMBER, PHONE, Simulator, eventually
from tests.simulator.simulator_service import Service

CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
    " --disable-sync --no-first-run"
)

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="needs Debian's chromium: apt-get install chromium"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS.split())
        page = browser.new_page(viewport={"width": 320, "height": 720})
        page.set_default_timeout(8000)
        yield page
        browser.close()


@pytest.fixture
def page(chromium: Page, simulator: Simulator) -> Page:
    chromium.goto(f"{simulator.base}/simulator/")
    chromium.locator("#link[data-state=live]").wait_for(state="attached")
    return chromium


def test_a_message_arrives_live_as_text_and_is_answered(
    page: Page, simulator: Simulator, twilio: Client, service: Service
) -> None:
    service.answer("/sms", "<Response><Message>Merci</Message></Response>")
    hostile = "<img src=x onerror=\"document.title='broken'\"> & <b>gras</b>"

    twilio.messages.create(to=PHONE, from_=NUMBER, body=hostile)

    assert page.locator(".bubble .text").inner_text() == hostile
    page.locator(".bubble [aria-label=delivered]").wait_for()
    assert page.title() == "Carrier simulator"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320

    page.get_by_label("Answer", exact=True).fill("1")
    page.keyboard.press("Enter")
    page.get_by_text("The service answered by TwiML.").wait_for()
    page.locator(".bubble .text", has_text="Merci").wait_for()
    assert service.at("/sms")[0].form["Body"] == "1"


def test_an_undelivered_message_shows_its_code(
    page: Page, simulator: Simulator, twilio: Client
) -> None:
    simulator.behave(outcome="undelivered", error_code=30005)

    twilio.messages.create(to=PHONE, from_=NUMBER, body="x")

    assert "undelivered 30005" in page.locator(".bubble .bad").inner_text()


def test_a_call_is_picked_up_keyed_and_spoken_into(
    page: Page, simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"pace": 0.3})
    gather = '<Gather numDigits="1" timeout="60" action="/key"><Say>Tapez un</Say></Gather>'
    service.answer("/menu", f"<Response>{gather}</Response>")
    service.answer("/key", '<Response><Record action="/done" timeout="60"/></Response>')
    service.answer("/done", "<Response><Say>Merci</Say></Response>")

    call = twilio.calls.create(to=PHONE, from_=NUMBER, url=service.url("/menu"))
    page.get_by_role("button", name="Pick up", exact=True).click()
    page.get_by_text("Tapez un").wait_for()
    page.keyboard.press("2")
    page.get_by_label("Speak after the tone").fill("Je vais mieux")
    page.get_by_role("button", name="Say it").click()

    eventually(lambda: simulator.entry(call.sid)["state"] == "completed")
    assert service.at("/key")[0].form["Digits"] == "2"
    assert int(service.at("/done")[0].form["RecordingDuration"]) > 0
    page.locator(".bubble.talk audio").wait_for()


def test_a_call_is_declined(page: Page, simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"pace": 1})
    twiml = "<Response><Say>x</Say></Response>"

    call = twilio.calls.create(to=PHONE, from_=NUMBER, twiml=twiml)
    page.get_by_role("button", name="Decline", exact=True).click()

    eventually(lambda: simulator.entry(call.sid)["state"] == "busy")
    assert "Declined call" in page.locator(".bubble.talk").inner_text()


def test_what_an_android_phone_sends_is_shown_and_answered(
    page: Page, simulator: Simulator, service: Service
) -> None:
    number = "+237690000001"
    wired = {"name": "ward", "number": number, "webhook": service.url("/ward")}
    simulator.http.put("/simulator/phones", json=[wired])
    page.reload()
    page.locator("#link[data-state=live]").wait_for(state="attached")
    told = {"phoneNumbers": [PHONE], "textMessage": {"text": "Rappel"}}
    sent = simulator.http.post("/phones/ward/messages", json=told, auth=("sms", "simulator"))
    assert sent.status_code == 202, sent.text
    page.locator(".bubble [aria-label=delivered]").wait_for()
    assert page.locator(".bubble .sender").inner_text() == f"{number}, Android phone ward"
    page.get_by_label("Answer", exact=True).fill("1")
    page.keyboard.press("Enter")
    page.get_by_text("The service took it (HTTP 204)").wait_for()
    told = [json.loads(request.body) for request in service.at("/ward")]
    assert [one["payload"]["message"] for one in told if one["event"] == "sms:received"] == ["1"]
