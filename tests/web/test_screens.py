"""Every screen: nothing that axe-core finds, nothing wider than a small phone, keys instead of
fingers, and the truth when something is not possible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from routers.patient_app import BUILT
from tests import http
from tests.cutting import cutting_link
from tests.tree import Tree, wait_for
from tests.web.browser import (
    CHROMIUM,
    OPTIONS,
    SECONDS,
    choose_french,
    needs_app,
    needs_browser,
    record,
    say,
    stored,
    tablet,
    wait_until_it_works_offline,
)
from tests.web.conftest import rows

AXE = BUILT.parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALLEST = 48

pytestmark = [needs_browser, needs_app, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Any]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
    yield browser
    browser.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: Any) -> str:
    return str(request.param)


def fresh(chromium: Any, **more: Any) -> BrowserContext:
    settings = {"locale": "fr-FR", "viewport": {"width": 320, "height": 640}} | more
    context: BrowserContext = chromium.new_context(permissions=["microphone"], **settings)
    context.set_default_timeout(SECONDS * 1000)
    return context


@pytest.fixture
def page(chromium: Any, tree: Tree) -> Iterator[Page]:
    context = fresh(chromium)
    page = context.new_page()
    page.goto(f"{tree.url}/app/#/north/lab")
    yield page
    context.close()


def judge(page: Page, screen: str) -> None:
    """No violation of WCAG 2.2 AA, no sideways scrolling, nothing too small to touch."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "rules => axe.run({runOnly: rules}).then(r => r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))",
        RULES,
    )
    assert found == [], screen
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, screen
    small = page.evaluate(
        "least => [...document.querySelectorAll('button, label:has(input), textarea, input#code')]"
        ".filter(e => e.offsetParent && (e.offsetHeight < least || e.offsetWidth < least))"
        ".map(e => e.outerHTML)",
        SMALLEST,
    )
    assert small == [], screen


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci in web/")
def test_every_screen_is_for_everybody(chromium: Any, tree: Tree, scheme: str) -> None:
    context = fresh(chromium, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{tree.url}/app/#/north/lab")
    page.get_by_role("button", name="Français").wait_for()
    judge(page, "welcome")
    assert page.locator("html").get_attribute("lang") == "fr"
    choose_french(page)
    judge(page, "ask")
    page.get_by_role("button", name="Envoyer mon avis").click()
    page.get_by_role("alert").get_by_text("Choisissez un visage").wait_for()
    judge(page, "nothing said")
    page.get_by_label("Bien", exact=True).check(force=True)
    page.get_by_role("button", name="Enregistrer ma voix").click()
    page.get_by_role("button", name="Arrêter").wait_for()
    judge(page, "recording")
    page.get_by_role("button", name="Arrêter").click()
    page.get_by_role("button", name="Écouter").wait_for()
    judge(page, "recorded")
    page.get_by_role("button", name="Envoyer mon avis").click()
    page.get_by_text("bien arrivé").wait_for()
    judge(page, "thanks")
    page.locator(".box-button").click()
    page.get_by_role("heading", name="Avis envoyés").wait_for()
    judge(page, "outbox")
    page.goto(f"{tree.url}/app/#/nowhere")
    page.get_by_text("ne mène à aucun hôpital").wait_for()
    judge(page, "stopped")
    context.close()


def test_with_keys_alone_and_heard_by_a_screen_reader(page: Page) -> None:
    page.get_by_role("button", name="English").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("group", name="How do you feel after your visit?").wait_for()
    page.get_by_role("radio", name="Very bad").focus()
    page.keyboard.press("Space")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="Very good").is_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_by_role("radio", name="1 star out of 5").is_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Thank you")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("has reached the hospital").wait_for()


def test_a_voice_is_erased_and_recorded_again(page: Page) -> None:
    choose_french(page)
    record(page)
    page.get_by_role("button", name="Effacer").click()
    page.get_by_role("status").get_by_text("effacé").wait_for()
    page.get_by_role("button", name="Envoyer mon avis").click()
    page.get_by_role("alert").get_by_text("Choisissez").wait_for()
    assert stored(page) == []
    record(page)
    page.get_by_role("button", name="Recommencer").click()
    page.get_by_role("button", name="Arrêter").click()  # at once: perhaps before a sound was taken
    page.get_by_role("button", name="Écouter").click()
    page.get_by_role("button", name="Pause").wait_for()


def test_nobody_is_recorded_unseen_and_no_voice_is_left_behind(page: Page) -> None:
    choose_french(page)
    page.get_by_role("button", name="Enregistrer ma voix").click()
    page.get_by_role("button", name="Arrêter").wait_for()
    page.get_by_role("button", name="Envoyer mon avis").click()
    page.get_by_role("alert").get_by_text("Touchez d’abord").wait_for()
    page.wait_for_timeout(1200)  # a recording takes its time
    page.locator(".box-button").click()
    page.get_by_role("button", name="Fermer").click()
    page.get_by_role("button", name="Écouter").wait_for()
    page.get_by_role("button", name="Envoyer mon avis").click()
    page.get_by_text("bien arrivé").wait_for()


def test_a_device_that_cannot_keep_anything_says_so_first(chromium: Any, tree: Tree) -> None:
    context = fresh(chromium)
    context.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError') }"
    )
    page = context.new_page()
    page.goto(f"{tree.url}/app/#/north")
    page.get_by_role("heading", name="ne peut pas garder votre avis").wait_for()
    assert page.get_by_role("button", name="Français").count() == 0
    context.close()


def quota(page: Page, tree: Tree, size: int) -> None:
    """How many bytes this browser lets the app have (it asks anew on the first visit only)."""
    session = page.context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": tree.url, "quotaSize": size})


def test_a_full_device_says_so_first_and_recovers(chromium: Any, tree: Tree) -> None:
    context = fresh(chromium)
    page = context.new_page()
    quota(page, tree, 100_000)  # enough for the app itself, not for what somebody says
    page.goto(f"{tree.url}/app/#/north")
    page.get_by_role("heading", name="ne peut pas garder votre avis").wait_for()
    quota(page, tree, 1024 * 1024 * 1024)
    page.get_by_role("button", name="Réessayer").click()
    page.get_by_role("button", name="Français").wait_for()
    context.close()


def test_without_room_for_a_voice_one_can_still_write(
    playwright: Playwright, tree: Tree, tmp_path: Path
) -> None:
    # A browser of its own: what one was told of an origin's room it does not forget.
    with tablet(playwright, tmp_path) as context:
        page = context.new_page()
        quota(page, tree, 600_000)
        page.goto(f"{tree.url}/app/#/north")
        choose_french(page)
        page.get_by_text("plus assez de place sur cet appareil pour une voix").wait_for()
        assert page.get_by_role("button", name="Enregistrer ma voix").count() == 0


def test_what_the_disk_refuses_stays_on_the_screen(page: Page) -> None:
    choose_french(page)
    page.evaluate(
        "void (IDBObjectStore.prototype.add = () => {"
        " throw new DOMException('', 'QuotaExceededError') })"
    )
    page.get_by_label("Ce que vous voulez nous dire").fill("Merci")
    page.get_by_role("button", name="Envoyer mon avis").click()
    page.get_by_role("alert").get_by_text("n’a pas pu être gardé").wait_for()
    assert page.get_by_label("Ce que vous voulez nous dire").input_value() == "Merci"


def test_a_server_without_room_costs_nothing(page: Page, tree: Tree) -> None:
    rows(
        tree,
        "insert into est_1.uploads (token, recording_id, owner, length, received, expires_at)"
        " select gen_random_uuid(), gen_random_uuid(), 'test', 2000000000, 0, now() + '1 day'"
        " from generate_series(1, 3)",
    )
    say(page, stars=4, voice=True)
    page.locator(".box-button").click()
    page.get_by_text("L’hôpital n’a plus de place").wait_for()
    page.get_by_text("La voix est en route").wait_for()
    (kept,) = stored(page)
    rows(tree, "delete from est_1.uploads where owner = 'test'")
    page.get_by_role("button", name="Envoyer maintenant").click()
    page.get_by_text("Arrivé, avec la voix").wait_for()
    found = wait_for(
        lambda: rows(
            tree,
            "select 1 from est_1.feedbacks where client_id = %s and recording_id is not null",
            kept["id"],
        ),
        "the voice",
        SECONDS,
    )
    assert len(found) == 1


def test_a_tablet_that_was_left_asks_and_then_erases(page: Page) -> None:
    page.clock.install()
    choose_french(page)
    page.get_by_label("Ce que vous voulez nous dire").fill("Ne lisez pas ceci")
    page.clock.run_for(181_000)
    page.get_by_role("dialog").wait_for()
    page.get_by_role("button", name="Oui, je continue").click()
    assert page.get_by_label("Ce que vous voulez nous dire").input_value() == "Ne lisez pas ceci"
    page.clock.run_for(181_000)
    page.get_by_role("dialog").wait_for()
    page.clock.run_for(61_000)
    choose_french(page)
    assert page.get_by_label("Ce que vous voulez nous dire").input_value() == ""


def test_a_ward_tablet_is_enrolled_with_a_code(page: Page, tree: Tree) -> None:
    admin = tree.token("admin@south")
    rows(tree, "update shared.establishments set anonymous_feedback = false where slug = 'south'")
    wait_for(
        lambda: http.get(f"{tree.url}/api/v1/e/south/sync", timeout=10).status_code == 401,
        "the change to be known",
    )
    made = http.post(
        f"{tree.url}/api/v1/devices", json={"name": "Ward 3"}, headers=admin, timeout=10
    ).json()
    page.goto(f"{tree.url}/app/#/south")
    page.get_by_role("heading", name="Préparer cette tablette").wait_for()
    page.get_by_label("Code").fill("AAAA-AAAA")
    page.get_by_role("button", name="Préparer").click()
    page.get_by_role("alert").get_by_text("Ce code est faux").wait_for()
    page.get_by_label("Code").fill(f"{made['code'][:4]}-{made['code'][4:].lower()}")
    page.get_by_role("button", name="Préparer").click()
    say(page, stars=5)
    page.get_by_text("bien arrivé").wait_for()
    ((device,),) = rows(tree, "select device_id from est_2.feedbacks")
    assert device == made["id"]


def test_the_first_visit_works_at_the_edge_of_the_network(chromium: Any, tree: Tree) -> None:
    """Words go off as soon as one can write; what came so far is enough for that."""
    context = fresh(chromium)
    with cutting_link(tree.api_port, seed=1, at_most=10**9) as link:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{link.port}/app/")
        wait_until_it_works_offline(page)
        link.down = True
        page.reload()
        say(page, stars=1, words="Sans réseau")
        page.get_by_text("gardé en sûreté").wait_for()
        record_after_reload(page)
    context.close()


def record_after_reload(page: Page) -> None:
    page.reload()
    say(page, voice=True)
    assert len(stored(page)) == 2
