"""Chromium as a patient uses it: with a microphone, a disk that stays, and a link that is bad."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Playwright

from routers.patient_app import BUILT
from tests.tree import wait_for

CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
SECONDS = 40.0
"""A patient machine's patience: nothing is asserted about time."""

needs_browser = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="needs Debian's chromium: apt-get install chromium"
)
needs_app = pytest.mark.skipif(
    not (BUILT / "index.html").exists(), reason="needs the built app: make web/dist/.built"
)


def seen(what: Locator) -> Locator:
    """The same, as soon as it can be seen.

    Playwright itself looks again after 20, 50, 100, 100 and then every 500 ms; what comes after a
    third of a second, as most does, would be seen after three quarters.
    """
    wait_for(what.is_visible, f"{what}", SECONDS, every=0.02)
    return what


@contextlib.contextmanager
def tablet(playwright: Playwright, folder: Path, **more: Any) -> Iterator[BrowserContext]:
    """A browser whose storage is in a folder: closed or killed, it comes back with it."""
    context = playwright.chromium.launch_persistent_context(
        str(folder),
        executable_path=CHROMIUM,
        args=OPTIONS,
        locale="fr-FR",
        permissions=["microphone"],
        viewport={"width": 320, "height": 640},
        **more,
    )
    context.set_default_timeout(SECONDS * 1000)
    try:
        yield context
    finally:
        with contextlib.suppress(Exception):  # it may have been killed in the test
            context.close()


def choose_french(page: Page) -> None:
    page.get_by_role("button", name="Français").click()
    page.get_by_role("heading", name="Comment cela").wait_for()


def say(page: Page, *, stars: int = 0, words: str = "", voice: bool = False) -> None:
    """Give one feedback, from the choice of a language to the thank-you."""
    choose_french(page)
    if stars:
        page.locator(".stars label").nth(stars - 1).click()
    if words:
        page.get_by_label("Ce que vous voulez nous dire").fill(words)
    if voice:
        record(page)
    page.get_by_role("button", name="Envoyer mon avis").click()
    page.get_by_role("heading", name="Merci").wait_for()


def record(page: Page, milliseconds: int = 1200) -> None:
    page.get_by_role("button", name="Enregistrer ma voix").click()
    stop = page.get_by_role("button", name="Arrêter")
    stop.wait_for()
    page.wait_for_timeout(milliseconds)  # a recording takes its time
    stop.click()
    page.get_by_role("button", name="Écouter").wait_for()


def next_patient(page: Page) -> None:
    page.get_by_role("button", name="Donner un autre avis").click()


STORED = """
(store) => new Promise((resolve, reject) => {
  const request = indexedDB.open('careloop')
  request.onerror = () => reject(request.error)
  request.onsuccess = () => {
    const db = request.result
    const all = db.transaction(store).objectStore(store).getAll()
    all.onsuccess = () => {
      db.close()
      const shown = (key, value) => value instanceof ArrayBuffer
        ? Array.from(new Uint8Array(value)) : value
      resolve(JSON.stringify(all.result, shown))
    }
  }
})
"""


def stored(page: Page, store: str = "items") -> list[dict[str, Any]]:
    """What the device keeps; bytes as lists of numbers."""
    found: list[dict[str, Any]] = json.loads(page.evaluate(STORED, store))
    return found


def wait_until_it_works_offline(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    wait_for(
        lambda: page.evaluate("navigator.serviceWorker.controller !== null"),
        "the service worker",
        SECONDS,
    )


def pictures(page: Page, name: str) -> None:
    """A screen at every width and in both schemes, where somebody wants to look at it."""
    folder = os.environ.get("CARELOOP_PICTURES")
    for width in (320, 768, 1280) if folder else ():
        page.set_viewport_size({"width": width, "height": 640 if width == 320 else 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)


def slow(page: Page) -> None:
    """64 kbit/s each way, 600 ms."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 600,
            "downloadThroughput": 8000,
            "uploadThroughput": 8000,
        },
    )
