"""The board's report: whole in both languages, whatever stands in names, with much or nothing.

Its look was judged by eye (rendered by pdftoppm); here it must be made at all, on few pages, and no
sign may stop it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from models.establishment import Establishment
from models.reminder import Channel
from schemas.feedback import FeedbackChannel
from schemas.statistics import (
    AnswerTimes,
    Funnel,
    Lag,
    Statistics,
    Totals,
    Volume,
    WeekRating,
)
from services.overview.report import Words, report_pdf
from services.template import texts_of
from utils.report_layout import cut, printable, round_up

FIRST = date(2026, 3, 2)
NAMES = {"a": "x" * 200, "b": "العيادة", "c": "Nŋ̀ŋ̂ 😡 Ɛwɔndo", "d": ""}


def figures(weeks: int, departments: int) -> Statistics:
    mondays = [FIRST + timedelta(days=7 * n) for n in range(weeks)]
    codes: list[str | None] = [*list(NAMES), None, *[f"code-{n}" for n in range(60)]][:departments]
    return Statistics(
        first=FIRST,
        last=FIRST + timedelta(days=7 * max(weeks, 1) - 1),
        department=None,
        time_zone="Africa/Douala",
        totals=Totals(feedbacks=weeks, rated=weeks, average_rating=3.5 if weeks else None,
                      satisfied_share=0.5 if weeks else None, with_voice=0, still_open=0),
        ratings=[
            WeekRating(week=m, department=c, count=9, average=3.0, distribution=[1, 2, 3, 2, 1])
            for m in mondays for c in codes
        ],
        volume=[
            Volume(week=m, channel=channel, language=language, count=3)
            for m in mondays for channel in FeedbackChannel
            for language in ("fra", "eng", "dua", "bas", "ewo")
        ],
        answer_times=AnswerTimes(answered=0, median_seconds=None, p90_seconds=None),
        funnel=[
            Funnel(channel=channel, total=9, waiting=1, sent=1, delivered=1, failed=1, unknown=1,
                   expired=1, suppressed=1, cancelled=1)
            for channel in (Channel if weeks else ())
        ],
        lag=Lag(count=weeks, median_seconds=0.4, p90_seconds=90.0, p99_seconds=7200.0),
    )  # fmt: skip


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize(("weeks", "departments", "pages"), [(0, 0, 1), (1, 1, 2), (53, 65, 3)])
def test_a_report_of_any_size(locale: Any, weeks: int, departments: int, pages: int) -> None:
    place = Establishment(name="Hôpital « Œuvre » " + "é" * 200, time_zone="Africa/Douala")
    made = report_pdf(place, figures(weeks, departments), NAMES, locale, datetime.now(UTC))
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type /Page\b", made)) == pages


def test_every_sentence_is_there_in_both_languages() -> None:
    texts = texts_of("report")
    assert len(texts) > 50
    for name, both in texts.items():
        assert set(both) == {"fra", "eng"}, name
        fields = [set(re.findall(r"\{(\w+)\}", text)) for text in both.values()]
        assert fields[0] == fields[1], name


def test_numbers_are_written_as_they_are_read() -> None:
    french, english = Words("fra", "fr_CM"), Words("eng", "en_CM")
    assert printable(french.number(12345.67, 1)) == "12\u00a0345,7"
    assert english.number(12345.67, 1) == "12,345.7"
    assert [french.duration(s) for s in (None, 0.2, 4, 60, 5400, 40000, 200000)] == [
        "–", "1 s", "4 s", "1 min", "2 h", "11 h", "2,3 jours",
    ]  # fmt: skip


def test_what_a_font_has_no_sign_for() -> None:
    assert printable("Œuvre – « l’été » €") == "Œuvre – « l’été » €"
    assert printable("ɔ́ Ẽ 😡") == "ó E "
    assert printable("Nŋ̀ŋ̂ Ɛwɔndo Ɓasaa") == "Nnn Ewondo Basaa"
    assert cut("abc", "Helvetica", 9, 1) == "…"
    assert [round_up(n) for n in (0, 4, 5, 9, 41, 99, 1001)] == [4, 4, 8, 20, 80, 200, 2000]
