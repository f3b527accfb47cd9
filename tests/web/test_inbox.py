"""The feedback inbox in Chromium: a quality officer's day, very much, and what breaks pages."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests import http
from tests.tree import Tree, wait_for
from tests.web.browser import SECONDS, needs_browser, seen
from tests.web.conftest import rows
from tests.web.console import (
    DESK,
    PHONE,
    a_voice,
    all_there,
    chromium,
    judge,
    needs_console,
    opened,
    picture,
    sign_in,
    sign_out,
)
from utils.crypto import get_cipher

pytestmark = [needs_browser, needs_console, pytest.mark.timeout(300)]

VOICE = ("PAT-VOIX", "+23765000002")
HOSTILE = '<img src=x onerror="document.title=1"> ' + "M" * 200 + " نحن ننتظر منذ الصباح 👩🏽‍⚕️🙏"
MANY = 50_000
RARE = "ewo"
KEPT = 10 * 50
"""Feedbacks in memory at most: the pages that are seen, and four on either side."""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as browser:
        yield browser


def post(tree: Tree, path: str, body: Any, who: str = "staff@north") -> Any:
    answer = http.post(f"{tree.url}/api/v1/{path}", json=body, headers=tree.token(who), timeout=10)
    assert answer.is_success, answer.text
    return answer.json()


def writes(tree: Tree, number: str, words: str) -> None:
    """A patient writes an SMS on the simulated phone."""
    body = {"from": number, "to": os.environ["TWILIO_PHONE_NUMBER"], "body": words}
    answer = http.post(f"{tree.simulator_url}/simulator/inbound/sms", json=body, timeout=20)
    assert answer.status_code == 201, answer.text


def got(tree: Tree, number: str) -> list[str]:
    """What arrived on a patient's phone."""
    return [one["body"] for one in tree.ledger(to=number) if one["direction"] != "inbound"]


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_quality_officers_day(tree: Tree, browser: Browser, viewport: Any) -> None:
    narrow = viewport is PHONE
    reference, number = (f"{VOICE[0]}-{narrow:d}", f"{VOICE[1]}{narrow:d}")
    post(tree, "contacts", {"patient_id": reference, "phone_number": number, "language": "french"})
    post(
        tree,
        "feedback",
        {"language": "french", "rating": 2, "patient_id": reference, "department": "lab",
         "voice_data": a_voice()},
    )  # fmt: skip
    page = opened(browser, tree, viewport=viewport, has_touch=narrow)
    sign_in(page)
    page.get_by_role("link", name="Avis", exact=True).click()
    filter_by(page, narrow, Service="Laboratoire", Étoiles="★★", Langue="Français")
    page.get_by_role("listitem").get_by_text("Message vocal").click()
    seen(page.get_by_text(reference))

    listen(page)
    page.get_by_role("combobox", name="Confié à").last.select_option(label="Moi")
    seen(page.get_by_text("L’avis est confié."))
    page.get_by_label("Note interne").fill(
        "Vu avec le laboratoire : une personne de plus le matin."
    )
    page.get_by_role("button", name="Enregistrer la note").click()
    seen(page.get_by_text("La note est enregistrée."))
    page.get_by_label("Répondre au patient").fill("Merci. Dès lundi, l'attente sera plus courte.")
    page.get_by_role("button", name="Envoyer la réponse").click()
    seen(page.get_by_role("heading", name="Réponses envoyées"))
    seen(page.get_by_role("list").get_by_text("Arrivé", exact=True))
    assert "Merci. Dès lundi, l'attente sera plus courte." in got(tree, number)
    page.get_by_role("button", name="Clore l’avis").click()
    seen(page.get_by_role("button", name="Rouvrir"))
    history = page.get_by_role("region", name="Historique")
    seen(history.get_by_text("Clos"))
    told = history.get_by_role("listitem").all_inner_texts()
    for step, words in zip(
        told,
        ("Avis reçu", "Confié à : Moi", "une personne de plus", "Réponse", "Clos"),
        strict=True,
    ):
        assert words in step
    picture(page, f"feedback-done-{'390' if narrow else 'desk'}")
    judge(page, "a feedback with its history")

    if narrow:
        page.get_by_role("link", name="Avis").first.click()
    page.get_by_role("button", name="Exporter (CSV)").click()
    with page.expect_download() as exported:
        page.get_by_role("alertdialog").get_by_role("button", name="Télécharger").click()
    sheet = Path(exported.value.path()).read_text("utf-8-sig")
    assert sheet.startswith("numéro;reçu;service;langue;note;")
    for personal in (reference, number, "Vu avec", "plus courte"):
        assert personal not in sheet

    if narrow:
        page.get_by_role("button", name="Plus").click()
    seen(page.get_by_role("link", name="Tendances")).click()
    seen(page.get_by_role("heading", name="Tendances"))
    seen(page.get_by_role("table").get_by_text("Laboratoire"))
    with page.expect_download() as report:
        page.get_by_role("button", name="Rapport").click()
    assert Path(report.value.path()).read_bytes().startswith(b"%PDF-")
    sign_out(page)
    page.context.close()


def filter_by(page: Page, narrow: bool, **choices: str) -> None:
    if narrow:
        page.get_by_text("Filtres", exact=True).click()
    for name, value in choices.items():
        page.get_by_role("search").get_by_label(name, exact=True).select_option(label=value)


def listen(page: Page) -> None:
    seen(page.get_by_role("button", name="Écouter")).click()
    seen(page.get_by_role("slider", name="Position"))
    heard = "document.querySelector('audio').currentTime"
    wait_for(lambda: page.evaluate(heard) > 0, "the voice to be heard", SECONDS)


def test_the_conversation_that_a_feedback_came_from(tree: Tree, browser: Browser) -> None:
    number = "+237650000031"
    writes(tree, number, f"2 {HOSTILE[:60]} trop d'attente")
    find = "select id, conversation_id from est_1.feedbacks where channel = 'sms'"
    ((feedback, conversation),) = wait_for(lambda: rows(tree, find), "the feedback", SECONDS)
    page = opened(browser, tree, f"feedback/{feedback}", "staff@north")
    seen(page.get_by_role("button", name="Lire la conversation")).click()
    turns = page.locator(".turns > li")
    seen(page.locator(".turns .theirs").get_by_text("trop d'attente"))
    seen(page.locator(".turns .ours").get_by_text("Merci"))
    assert page.locator("img").count() == 0
    page.get_by_label("Répondre au patient").fill("Nous en parlons ce matin.")
    page.get_by_role("button", name="Envoyer la réponse").click()
    seen(page.locator(".turns .ours").get_by_text("Nous en parlons ce matin."))
    seen(turns.last.get_by_text("Arrivé"))
    picture(page, "conversation")
    judge(page, "a conversation")
    # Each reading is in the audit log: the first, and what has come to it since, not every event.
    reads = (
        "select count(*) from est_1.audit_entries where kind = 'conversation' and action = 'read'"
        " and row_id = %s"
    )
    ((read,),) = rows(tree, reads, str(conversation))
    with page.expect_response(lambda one: one.url.endswith(f"/feedback/{feedback}")):
        post(tree, "feedback", {"language": "french", "rating": 5})
    page.wait_for_timeout(200)  # what the answer leads to has been asked for
    assert rows(tree, reads, str(conversation)) == [(read,)]
    page.context.close()


def a_task_about(tree: Tree, feedback: int) -> int:
    ((number,),) = rows(
        tree,
        "insert into est_1.tasks (kind, state, feedback_id, note)"
        " values ('which_patient', 'open', %s, %s) returning id",
        feedback,
        psycopg2.Binary(get_cipher().seal(HOSTILE.encode(), "tasks.note")),
    )
    return int(number)


@pytest.fixture(scope="module")
def hostile(tree: Tree) -> list[str]:
    """Pages about somebody whose every word breaks what can be broken."""
    name = {"name": "عائشة " + "W" * 100, "phone_number": "+237650000041", "language": "french"}
    post(tree, "contacts", {"patient_id": "P" * 64, **name})
    said = {"language": "french", "rating": 1, "emoji": "😡", "content": HOSTILE}
    feedback = post(tree, "feedback", {**said, "patient_id": "P" * 64})["id"]
    post(tree, f"feedback/{feedback}/answer", {"text": HOSTILE})
    change = http.patch(
        f"{tree.url}/api/v1/feedback/{feedback}",
        json={"note": HOSTILE},
        headers=tree.token(),
        timeout=10,
    )
    assert change.is_success
    later = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    reminder = {"patient_id": "P" * 64, "message": HOSTILE, "scheduled_time": later}
    number = post(tree, "reminders", reminder)["id"]
    task = a_task_about(tree, feedback)
    return [
        f"feedback/{feedback}?state=all", f"reminders/{number}", f"tasks/{task}",
        "feedback?state=closed&language=basaa&rating=3",
    ]  # fmt: skip


def test_what_breaks_pages_breaks_no_detail(
    tree: Tree, browser: Browser, hostile: list[str]
) -> None:
    page = opened(browser, tree, who="staff@north")
    for place, path in enumerate(hostile):
        page.set_viewport_size(DESK)
        page.goto(f"{tree.url}/console/{path}")
        all_there(page, path)
        for scheme, viewport in (("light", DESK), ("dark", PHONE)):
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme)
            picture(page, f"hostile-{place}-{scheme}")
            judge(page, f"{path} {scheme}")
        assert page.locator("img").count() == 0
        assert page.title() != "1"
    seen(page.get_by_text("Aucun avis ne répond à ces filtres"))
    page.context.close()


def fill(tree: Tree) -> None:
    """Very much feedback at the southern hospital, one of it in a rare language."""
    words = get_cipher().seal("Merci à toute l'équipe, tout va bien.".encode(), "feedbacks.content")
    content = "\\\\x" + words.hex()
    now = datetime.now(UTC)
    lines = io.StringIO()
    for number in range(MANY):
        at = (now - timedelta(minutes=number)).isoformat()
        language = RARE if number == MANY - 3 else "eng"
        fields = (uuid4(), "\\\\x00", language, content, number % 5 + 1, "app", at, at, "t")
        lines.write("\t".join(map(str, fields)) + "\n")
    lines.seek(0)
    connection = psycopg2.connect(tree.env["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.copy_expert(
                "copy est_2.feedbacks (client_id, fingerprint, language, content, rating, channel,"
                " received_at, date_submitted, processed) from stdin",
                lines,
            )
    finally:
        connection.close()


def test_fifty_thousand_are_as_quick_as_fifty(tree: Tree, browser: Browser) -> None:
    fill(tree)
    page = opened(browser, tree, "feedback", "staff@south")
    asked: list[str] = []
    page.on("request", lambda one: "/api/v1/feedback?" in one.url and asked.append(one.url))
    seen(page.locator(".virtual li a").first)
    down_to(page, 900)
    assert page.locator(".virtual li").count() < 60, "what was seen goes out of the page"
    assert in_memory(page, "voice_awaited") <= KEPT, "… and out of memory"

    # Something happens: what is seen is asked for again, not all that was.
    asked.clear()
    with page.expect_request(lambda one: "/api/v1/feedback?" in one.url):
        post(tree, "feedback", {"language": "english", "rating": 1}, "staff@south")
    page.wait_for_timeout(500)
    assert len(asked) <= 3, asked

    asked.clear()
    page.get_by_role("search").get_by_label("Langue", exact=True).select_option(label="Ewondo")
    wait_for(lambda: page.locator(".virtual li a").count() == 1, "the one in Ewondo", SECONDS)
    assert all("language=ewondo" in url for url in asked)
    page.context.close()


def in_memory(page: Page, named: str) -> int:
    """How many objects with this property live, after everything that nobody holds is swept out."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    plain = session.send("Runtime.evaluate", {"expression": "Object.prototype"})["result"]
    found = session.send("Runtime.queryObjects", {"prototypeObjectId": plain["objectId"]})
    count = session.send(
        "Runtime.callFunctionOn",
        {
            "objectId": found["objects"]["objectId"],
            "functionDeclaration": "function () { return this.filter("
            f"one => Object.hasOwn(one, {named!r})).length }}",
            "returnByValue": True,
        },
    )
    session.detach()
    return int(count["result"]["value"])


def down_to(page: Page, row: int) -> None:
    """Scroll to the end of what is known, until that is behind `row`."""
    go_on = (
        "scrollTo(0, document.documentElement.scrollHeight),"
        " Number(document.querySelector('.virtual li')?.ariaPosInSet)"
    )
    wait_for(lambda: page.evaluate(go_on) > row, f"row {row}", 4 * SECONDS, every=0.02)
    page.locator(".to-come").first.wait_for(state="detached")
