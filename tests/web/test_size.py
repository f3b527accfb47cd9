"""How much a first visit costs: the built files, as they go over the wire."""

from __future__ import annotations

from routers.patient_app import BUILT
from tests.web.browser import needs_app

FIRST = 40 * 1024
LAZY = 30 * 1024
LAZY_PIECES = ("send-", "voice-", "speak-")


def wire(name: str) -> int:
    """Bytes of a file as a browser gets it that takes gzip: the larger of the two encodings."""
    compressed = BUILT / f"{name}.gz"
    return (compressed if compressed.exists() else BUILT / name).stat().st_size


def pieces() -> list[str]:
    names = [path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*") if path.is_file()]
    return [name for name in names if not name.endswith((".br", ".gz", ".built"))]


@needs_app
def test_a_first_visit_and_what_comes_later_stay_small() -> None:
    lazy = [name for name in pieces() if name.removeprefix("assets/").startswith(LAZY_PIECES)]
    # The largest icon is fetched only by who installs the app.
    first = [name for name in pieces() if name not in lazy and name != "icon-512.png"]
    assert {"index.html", "sw.js", "icon-192.png"} < set(first)
    assert len(lazy) == len(LAZY_PIECES)
    sizes = {name: wire(name) for name in (*first, *lazy)}
    assert sum(sizes[name] for name in first) <= FIRST, sizes
    assert sum(sizes[name] for name in lazy) <= LAZY, sizes
