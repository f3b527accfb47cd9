"""Every point at which a process may be killed is known by name."""

from __future__ import annotations

import re
from pathlib import Path

from utils.failpoint import POINTS

ROOT = Path(__file__).resolve().parents[2]


def test_every_point_in_the_code_is_listed_and_every_listed_one_is_in_the_code() -> None:
    found = {
        point
        for folder in ("routers", "services", "workers")
        for path in (ROOT / folder).rglob("*.py")
        for point in re.findall(r'reached\("([a-z_.]+)"\)', path.read_text("utf-8"))
    }
    assert found == set(POINTS)
