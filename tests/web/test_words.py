"""The app in the establishment's words, by its link, and with the hospital's answer."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page
from redis import Redis

from services.phrase.phrases import FLOWS
from services.sync.down import cache_name
from tests import http
from tests.tree import Tree
from tests.web.browser import (
    choose_french,
    needs_app,
    needs_browser,
    pictures,
    say,
    stored,
    wait_until_it_works_offline,
)
from tests.web.conftest import rows
from tests.web.console import a_voice
from tests.web.test_screens import chromium, fresh, judge

__all__ = ["chromium"]

pytestmark = [needs_browser, needs_app, pytest.mark.timeout(300)]

FACES = "Et maintenant, comment allez-vous ?"
ANSWER = "Merci de votre message. Le robinet de la salle 4 est réparé depuis lundi."


@pytest.fixture
def closed(tree: Tree) -> Any:
    """The hospital takes feedback from its devices, its staff, and by its links alone."""
    change = "update shared.establishments set anonymous_feedback = {} where id = 1"
    rows(tree, change.format("false"))
    tree.kill("api")  # it remembers its establishments for some seconds
    tree.start("api")
    tree.wait_until_up()
    yield
    rows(tree, change.format("true"))
    tree.kill("api")
    tree.start("api")
    tree.wait_until_up()


def post(tree: Tree, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(
        f"{tree.url}/api/v1{path}", json=body, headers=tree.token("admin@north"), timeout=10
    )
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def outbox(page: Page) -> None:
    page.locator(".box-button").click()
    page.get_by_role("heading", name="Avis envoyés").wait_for()


@pytest.mark.usefixtures("closed")
def test_a_patients_own_phone_comes_by_a_link_and_hears_the_answer(
    chromium: Any, tree: Tree
) -> None:
    link = post(tree, "/links", {"name": "Affiche", "department": "lab"})
    context = fresh(chromium)
    page = context.new_page()
    page.goto(f"{tree.url}/app/#/north/lab")
    page.get_by_label("Code").wait_for()  # without a link: only for whom the hospital knows
    page.goto("about:blank")
    page.goto(tree.url + link["path"])
    say(page, stars=2, words="Le robinet de la salle 4 goutte.")
    page.get_by_text("bien arrivé").wait_for()
    (arrived,) = stored(page, "arrived")
    find = "select id from est_1.feedbacks where client_id = %s"
    ((number,),) = rows(tree, find, arrived["id"])
    post(tree, f"/feedback/{number}/answer", {"text": ANSWER})
    outbox(page)
    page.get_by_text(ANSWER).wait_for()
    judge(page, "outbox with an answer")
    pictures(page, "answer")
    # The words are in memory alone, as long as the page shows them.
    page.get_by_role("button", name="Fermer").click()
    everything = page.evaluate(
        "async () => { const db = await new Promise(done => { const r = indexedDB.open('careloop');"
        " r.onsuccess = () => done(r.result) }); const all = [];"
        " for (const name of db.objectStoreNames) all.push(await new Promise(done => {"
        " const r = db.transaction(name).objectStore(name).getAll();"
        " r.onsuccess = () => done(r.result) }));"
        " return JSON.stringify(all) + document.body.innerText }"
    )
    assert "robinet" not in everything
    post(tree, f"/links/{link['id']}/revoke", {})
    page.reload()
    page.get_by_label("Code").wait_for()
    context.close()


def test_a_phrase_is_heard_and_then_without_a_network_too(chromium: Any, tree: Tree) -> None:
    spoken = f"{tree.url}/api/v1/phrases/app.facesTitle/french"
    for path, body in (("", {"text": FACES}), ("/recording", {"voice_data": a_voice(30)})):
        answer = http.put(spoken + path, json=body, headers=tree.token(), timeout=20)
        assert answer.is_success, answer.text
    post(tree, "/phrases/app.facesTitle/french/approve", {})
    context = fresh(chromium)
    page = context.new_page()
    fetched: list[str] = []
    page.on("request", lambda one: "/prompts/" in one.url and fetched.append(one.url))
    page.goto(f"{tree.url}/app/#/north/lab")
    choose_french(page)
    page.get_by_text(FACES).wait_for()
    assert page.locator(".hear").count() == 1  # only what was recorded can be heard
    assert fetched == []
    wait_until_it_works_offline(page)
    hear = page.get_by_role("button", name=f"Écouter : {FACES}")
    pictures(page, "listen")
    hear.click()
    pause = page.get_by_role("button", name=f"Pause : {FACES}")
    pause.wait_for()
    box = pause.bounding_box()
    assert box
    assert (box["width"], box["height"]) == (48, 48)
    judge(page, "a phrase is heard")
    pause.click()
    hear.wait_for()
    context.set_offline(True)
    hear.click()
    pause.wait_for()
    assert len(fetched) == 1
    page.get_by_role("button", name="Enregistrer ma voix").click()  # and nobody speaks over it
    hear.wait_for()
    page.get_by_role("button", name="Arrêter").click()
    context.close()
    http.delete(spoken, headers=tree.token(), timeout=10)


def test_a_language_of_the_hospitals_own_words(chromium: Any, tree: Tree) -> None:
    change = "update shared.establishments set languages = '{{{}}}' where id = 1"
    rows(tree, change.format("dua,fra,eng"))
    for key in FLOWS["feedback_by_app"]:
        rows(
            tree,
            "insert into est_1.phrases (key, language, text, written_by, approved_by, version)"
            " values (%s, 'dua', %s, 'user:1', 'user:2', 1)",
            key,
            "Duala" if key == "app.name" else f"[{key}]",
        )
    rows(
        tree,
        "insert into est_1.flow_languages (flow, language, switched_by)"
        " values ('feedback_by_app', 'dua', 'user:2')",
    )
    try:
        context = fresh(chromium)
        page = context.new_page()
        # Written behind the service's back: what Redis keeps of it is out of date.
        Redis.from_url(tree.env["REDIS_URL"]).delete(f"{cache_name(1)}:value")
        page.goto(f"{tree.url}/app/#/north/lab")
        page.get_by_role("button", name="Duala").click()
        page.get_by_role("heading", name="[app.askTitle]").wait_for()
        assert page.locator("html").get_attribute("lang") == "dua"
        assert page.get_by_role("radio", name="[app.stars.0]").count() == 1
        context.close()
    finally:
        rows(tree, change.format("fra,eng"))
        rows(tree, "delete from est_1.flow_languages")
        rows(tree, "delete from est_1.phrases")
