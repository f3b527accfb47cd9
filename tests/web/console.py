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
from tests.tree import Tree
from tests.web.browser import CHROMIUM, OPTIONS, SECONDS

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
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


def opened(browser: Browser, tree: Tree, path: str = "", **more: Any) -> Page:
    """A page of the console in a browser that nobody used before; it fails on what the CSP stops."""
    context = browser.new_context(**({"locale": "fr-FR", "viewport": DESK} | more))
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    page.add_init_script(
        "window.refused = []; addEventListener('securitypolicyviolation',"
        " e => window.refused.push(e.violatedDirective + ' ' + e.blockedURI))"
    )
    page.goto(f"{tree.url}/console/{path}")
    return page


def sign_in(page: Page, who: str = "staff@north") -> None:
    page.get_by_label("Adresse e-mail").fill(f"{who}.example")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_role("navigation", name="Navigation principale").wait_for()


def sign_out(page: Page) -> None:
    page.locator(".account button").click()
    page.get_by_role("button", name="Se déconnecter", exact=True).click()
    page.get_by_role("heading", name="Bonjour.").wait_for()


def judge(page: Page, screen: str) -> None:
    """Nothing that axe-core finds, nothing wider than the screen, nothing that the CSP stopped."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "rules => axe.run({runOnly: rules}).then(r => r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))",
        RULES,
    )
    assert found == [], (screen, found)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, screen
    assert page.evaluate("window.refused") == [], screen


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
