"""A house with thousands due does not make another's ten wait.

Seen to fail without `outstanding` in `_CLAIM` (the queue is first in, first out: the ten stand
behind everything that was claimed before), and while a carrier answers nothing with a `FairShare`
that gives all that is free. That the first batch goes to the front of the queue, and that no batch
waits there for another without end, is shown by `test_dispatch.py` and `test_pipeline.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.fairness import Fairness, fairness, fairness_in_silence

BACKLOG = 5_000


@pytest.mark.timeout(600)
@pytest.mark.parametrize("measure", [fairness, fairness_in_silence])
def test_ten_do_not_wait_for_thousands(
    measure: Callable[[Path, int], Fairness], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measure(tmp_path, BACKLOG)
    with capsys.disabled():
        print(f"\n{found}")
    assert found.kept
