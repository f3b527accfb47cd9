"""A house with thousands due does not make another's ten wait.

Seen to fail without `outstanding` in `_CLAIM` (the queue is first in, first out: the ten stand
behind everything that was claimed before).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.fairness import BOUND, fairness

BACKLOG = 5_000


@pytest.mark.timeout(600)
def test_ten_do_not_wait_for_thousands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = fairness(tmp_path, BACKLOG)
    with capsys.disabled():
        print(f"\n{found}")
    assert found.overtaken <= BOUND
