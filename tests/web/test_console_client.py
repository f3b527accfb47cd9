"""The console's client is made from the OpenAPI document as it is now, and its pages stay small."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from models import task
from routers.built_site import WEB
from routers.console_site import BUILT

FIRST = 150 * 1024
LARGEST_PIECE = 45 * 1024

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
needs_console = pytest.mark.skipif(
    not (BUILT / "index.html").exists(), reason="needs the built console: make web/dist/.built"
)


@needs_node
def test_the_client_is_that_of_the_api() -> None:
    from main import app

    made = subprocess.run(
        ["node", "console/api.mjs"],
        cwd=WEB,
        input=json.dumps(app.openapi(), sort_keys=True),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    kept = (WEB / "console/src/api/schema.ts").read_text("utf-8")
    assert made == kept, (
        "make it anew: python -m commands.openapi | (cd web && npm run --silent api) > …/schema.ts"
    )


def test_every_task_has_a_name() -> None:
    """A kind without one would be called "something to look at" in the console."""
    kinds = {
        value
        for name, value in vars(task).items()
        if name.isupper() and isinstance(value, str) and value.islower()
    }
    assert len(kinds) >= 10
    words = (WEB / "console/src/i18n/fr/tasks.ts").read_text("utf-8")
    named = words[words.index("kinds: {") : words.index("otherKind")]
    assert kinds == set(re.findall(r"^    (\w+):", named, re.MULTILINE))


def wire(name: str) -> int:
    """Bytes of a file as a browser gets it that takes gzip."""
    compressed = BUILT / f"{name}.gz"
    return (compressed if compressed.exists() else BUILT / name).stat().st_size


@needs_console
def test_a_first_load_stays_small_and_pages_come_by_themselves() -> None:
    page = (BUILT / "index.html").read_text("utf-8")
    named = re.findall(r"/console/(assets/[^\"]+)", page)
    pieces = [f"assets/{path.name}" for path in (BUILT / "assets").iterdir()]
    pieces = [name for name in pieces if name.endswith((".js", ".css"))]
    words = max(wire(name) for name in pieces if re.search(r"/(fr|en)-", name))
    lazy = {name: wire(name) for name in pieces if name not in named}
    # What everybody gets, the words of one language, and the largest piece of any page.
    assert sum(map(wire, named)) + words + max(lazy.values()) <= FIRST
    assert max(lazy.values()) <= LARGEST_PIECE, lazy
    assert len(lazy) > 15
