"""The page that tells administrators what patients read and hear says what they do read and hear.

Seen to fail: a sentence changed in a catalogue and not on the page.
"""

from __future__ import annotations

import pytest

from services.phrase.phrases import FLOWS, LOCALES, is_spoken, shipped

PAGE = (LOCALES.parent / "docs" / "patients.md").read_text("utf-8")
NOT_SAID = {"feedback_by_app", "words_by_sms"}
"""Shown on a screen that has pages of its own, and understood instead of said."""


@pytest.mark.parametrize("language", ["fra", "eng"])
@pytest.mark.parametrize("flow", sorted(set(FLOWS) - NOT_SAID))
def test_every_sentence_stands_on_the_page(flow: str, language: str) -> None:
    for key in FLOWS[flow]:
        words = shipped()[language][key]
        said = words.text if is_spoken(flow) else words.sms_text or words.text
        assert f"| {said} |" in PAGE, key
