"""What the README says to type is what works: its two requests, in both languages.

Seen to fail: with a fixed time, which lay more than two years ahead, the reminder was refused.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
_SENT = re.compile(r"-d '(\{.*?\})'$", re.MULTILINE | re.DOTALL)
_TOMORROW = re.compile(r"^TOMORROW=.*$", re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "README.fr.md"])
def test_its_two_requests_are_taken(client: Any, staff: dict[str, str], name: str) -> None:
    page = (ROOT / name).read_text("utf-8")
    feedback, reminder = _SENT.findall(page)
    line = _TOMORROW.search(page)
    assert line is not None
    # By a shell, quotes and all, as a reader's own would.
    script = f"{line[0]}\nprintf %s '{reminder}'"
    shell = ["sh", "-c", script]
    body = subprocess.run(shell, capture_output=True, text=True, check=True).stdout
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/v1/feedback", content=feedback, headers=headers)
    assert answer.status_code == 201, answer.text
    answer = client.post("/api/v1/reminders", content=body, headers=headers | staff)
    assert answer.status_code == 201, answer.text
    assert answer.json()["scheduled_time"].endswith("T08:00:00Z")  # nine o'clock in Douala
