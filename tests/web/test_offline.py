"""The app without a network: what was said is on the disk, sealed, and arrives once."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from tests.cutting import CuttingLink, cutting_link
from tests.tree import Tree, wait_for
from tests.web.browser import (
    SECONDS,
    needs_app,
    needs_browser,
    next_patient,
    say,
    stored,
    tablet,
    wait_until_it_works_offline,
)
from tests.web.conftest import rows

pytestmark = [needs_browser, needs_app, pytest.mark.timeout(400)]

SECRET = "xylophone-quetzal"
SEEN = """
const seal = crypto.subtle.encrypt.bind(crypto.subtle)
crypto.subtle.encrypt = (how, key, plain) => {
  window.sawPlain(Array.from(new Uint8Array(plain.buffer ?? plain)))
  return seal(how, key, plain)
}
"""


def watch_what_is_sealed(context: BrowserContext, seen: list[bytes]) -> None:
    context.expose_function("sawPlain", lambda numbers: seen.append(bytes(numbers)))
    context.add_init_script(SEEN)


def kill(folder: Path) -> None:
    """`kill -9` of every process of this browser, known by its folder."""
    mine = f"--user-data-dir={folder}".encode()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if mine in words:
            os.kill(int(process.name), signal.SIGKILL)


def arrived(tree: Tree) -> list[Any]:
    return rows(
        tree,
        "select f.client_id, f.rating, f.channel, d.code, r.checksum, r.size"
        " from est_1.feedbacks f left join est_1.departments d on d.id = f.department_id"
        " left join est_1.recordings r on r.id = f.recording_id order by f.client_id",
    )


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(f"{url}/app/#/north/maternite")
    page.get_by_role("button", name="Français").wait_for()
    return page


def give_five(page: Page) -> None:
    for number in range(5):
        say(page, stars=number + 1, words=f"{SECRET} {number}", voice=True)
        next_patient(page)


def disk(folder: Path) -> bytes:
    """Everything that the browser has on its disk, outside of the pages' code."""
    return b"".join(
        path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "IndexedDB" in path.as_posix()
    )


def test_five_with_voice_survive_a_kill_and_a_bad_link(
    tree: Tree, playwright: Playwright, tmp_path: Path
) -> None:
    seen: list[bytes] = []
    folder = tmp_path / "tablet"
    with cutting_link(tree.api_port, seed=7, at_most=10**9) as link:
        url = f"http://127.0.0.1:{link.port}"
        with tablet(playwright, folder) as context:
            watch_what_is_sealed(context, seen)
            page = opened(context, url)
            wait_until_it_works_offline(page)
            link.down = True
            context.set_offline(True)
            page.reload()
            give_five(page)
            page.reload()
            waiting = stored(page)
            assert len(waiting) == 5
            kill(folder)
        assert len(arrived(tree)) == 0

        on_disk = disk(folder)
        assert waiting[0]["keyId"].encode() in on_disk  # this does look at the right files
        for text in (SECRET.encode(), SECRET.encode("utf-16-le"), b"rating", b"recorded_at"):
            assert text not in on_disk

        make_bad(link)
        with tablet(playwright, folder) as context:
            page = opened(context, url)
            assert page.locator(".box-button span").last.inner_text() == "5"
            wait_for(lambda: _once_more(page, tree), "five feedbacks with voices", 240, every=1.0)
            assert link.cuts > 3
            assert stored(page) == []
            assert {one["id"] for one in stored(page, "arrived")} == {w["id"] for w in waiting}

    found = arrived(tree)
    assert [str(row[0]) for row in found] == [item["id"] for item in waiting]
    assert [row[1:4] for row in found] == [(n + 1, "app", "maternite") for n in range(5)]
    sealed = {hashlib.sha256(plain).digest() for plain in seen}
    voices = [bytes(row[4]) for row in found]
    assert len(set(voices)) == 5
    assert set(voices) <= sealed
    assert all(row[5] > 500 for row in found)


def make_bad(link: CuttingLink) -> None:
    link.down = False
    link.at_most = 12_000
    link.rate = 8_000
    link.latency = 0.6
    link.lasts = 10.0


def _once_more(page: Page, tree: Tree) -> bool:
    """What a network that comes back does, without waiting for minutes of back-off."""
    page.evaluate("dispatchEvent(new Event('online'))")
    with_voice = [row for row in arrived(tree) if row[4] is not None]
    return len(with_voice) == 5 and not stored(page)


def test_the_browser_sends_with_the_page_closed(
    tree: Tree, playwright: Playwright, tmp_path: Path
) -> None:
    before = len(arrived(tree))
    with (
        cutting_link(tree.api_port, seed=7, at_most=10**9) as link,
        tablet(playwright, tmp_path / "tablet") as context,
    ):
        url = f"http://127.0.0.1:{link.port}"
        page = opened(context, url)
        wait_until_it_works_offline(page)
        link.down = True
        say(page, stars=2, voice=True)
        assert len(stored(page)) == 1
        elsewhere = context.new_page()
        session = context.new_cdp_session(elsewhere)
        found: list[Any] = []

        def note(event: Any) -> None:  # Playwright cannot mark a built-in method as its own
            found.append(event)

        session.on("ServiceWorker.workerRegistrationUpdated", note)
        session.send("ServiceWorker.enable")
        wait_for(lambda: elsewhere.evaluate("1") and found, "the registration")
        page.close()
        link.down = False
        registration = found[0]["registrations"][0]["registrationId"]
        event = {"origin": url, "registrationId": registration, "tag": "send", "lastChance": False}

        def sent() -> bool:
            """As a browser does, which fires the event again while its handler says `not yet`."""
            session.send("ServiceWorker.dispatchSyncEvent", event)
            found = arrived(tree)
            return len(found) == before + 1 and found[-1][4] is not None

        wait_for(sent, "the feedback and its voice", 2 * SECONDS, every=1.0)


def test_two_pages_send_nothing_twice(tree: Tree, playwright: Playwright, tmp_path: Path) -> None:
    before = len(arrived(tree))
    with (
        cutting_link(tree.api_port, seed=3, at_most=10**9) as link,
        tablet(playwright, tmp_path / "tablet") as context,
    ):
        url = f"http://127.0.0.1:{link.port}"
        pages = [opened(context, url), opened(context, url)]
        wait_until_it_works_offline(pages[0])
        link.down = True
        for page in pages:
            say(page, stars=3)
        link.down = False
        for page in (*pages, *pages):
            page.evaluate("dispatchEvent(new Event('online'))")
        wait_for(lambda: not stored(pages[0]), "nothing to wait", SECONDS)
    assert len(arrived(tree)) == before + 2
