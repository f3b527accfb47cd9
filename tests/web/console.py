"""The console in Chromium, as a nurse has it: in French, on a desk or on a phone."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import wave
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from routers.built_site import WEB
from routers.console_site import BUILT
from tests.template import PASSWORD
from tests.tree import Tree, wait_for
from tests.web.browser import CHROMIUM, OPTIONS, SECONDS, seen

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}

needs_console = pytest.mark.skipif(
    not (BUILT / "index.html").exists(), reason="needs the built console: make web/dist/.built"
)


@contextlib.contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, "--lang=fr"])
    try:
        yield browser
    finally:
        browser.close()


def opened(browser: Browser, tree: Tree, path: str = "", who: str = "", **more: Any) -> Page:
    """A page of the console in a fresh browser; `judge` fails on what the CSP stopped.

    With `who` it is already signed in: by the request that the form makes, not by typing.
    """
    context = browser.new_context(**({"locale": "fr-FR", "viewport": DESK} | more))
    context.set_default_timeout(SECONDS * 1000)
    if who:
        answer = context.request.post(
            f"{tree.url}/api/v1/console/session",
            headers={"X-Careloop-Console": "1", "Origin": tree.url},
            form={"username": f"{who}.example", "password": PASSWORD},
        )
        assert answer.ok, answer.text()
    page = context.new_page()
    page.add_init_script(
        "window.refused = []; addEventListener('securitypolicyviolation',"
        " e => window.refused.push(e.violatedDirective + ' ' + e.blockedURI))"
    )
    page.goto(f"{tree.url}/console/{path}")
    if who:
        seen(page.get_by_role("navigation", name="Navigation principale"))
    return page


def sign_in(page: Page, who: str = "staff@north") -> None:
    seen(page.get_by_label("Adresse e-mail")).fill(f"{who}.example")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    seen(page.get_by_role("navigation", name="Navigation principale"))


def go_to(page: Page, path: str) -> None:
    """To another place in the console, as a link does it, and until all of it is there."""
    page.evaluate(
        "to => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')) }",
        f"/console/{path}",
    )
    all_there(page, path)


def all_there(page: Page, path: str) -> None:
    seen(page.locator("h1"))
    waiting = page.locator(".waiting, [aria-busy=true]")
    wait_for(lambda: waiting.count() == 0, f"all of {path}", SECONDS)


def sign_out(page: Page) -> None:
    page.locator(".account button").click()
    seen(page.get_by_role("button", name="Se déconnecter", exact=True)).click()
    seen(page.get_by_role("heading", name="Bonjour."))


def judge(page: Page, screen: str, rules: list[str] | None = None) -> None:
    """Nothing that axe-core finds, nothing wider than the screen, nothing that the CSP stopped."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "rules => axe.run({runOnly: rules}).then(r => r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))",
        rules or RULES,
    )
    assert found == [], (screen, found)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, screen
    assert page.evaluate("window.refused") == [], screen


def judge_both_themes(page: Page, screen: str) -> None:
    """The same page light and dark: what does not depend on its colours is judged once."""
    judge(page, f"{screen}, light")
    page.emulate_media(color_scheme="dark")
    judge(page, f"{screen}, dark", COLOUR_RULES)
    page.emulate_media(color_scheme="light")


def picture(page: Page, name: str) -> None:
    """Kept where somebody wants to look at it."""
    folder = os.environ.get("CARELOOP_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def a_voice(seconds: float = 2.0) -> str:
    """A sound as a device sends it (WAV in base64)."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x00\x10\x00\xf0" * int(4000 * seconds))
    return base64.b64encode(file.getvalue()).decode()
