"""Feedback as CSV for spreadsheets, page by page: however much it is, little is in memory.

Each page is a transaction of its own. What could name a patient (reference, words, notes) is left
out unless an administrator asks for it. No cell can become a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Literal

from database.session import Database
from models.establishment import Establishment
from schemas.feedback import FeedbackDetail
from services.audit import audit
from services.feedback.view import FeedbackFilter, detail, feedback_rows
from services.identity import Principal
from utils.clock import local_time
from utils.languages import language_name

PAGE = 500
MOST_EXPORTED = 500_000
_BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets take UTF-8 for the machine's own encoding."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Locale = Literal["fr", "en"]
_COLUMNS = {
    "en": (
        "number", "received", "department", "language", "rating", "emoji", "channel", "state",
        "answered", "voice seconds",
    ),
    "fr": (
        "numéro", "reçu", "service", "langue", "note", "émoji", "canal", "état",
        "réponse", "secondes de voix",
    ),
}  # fmt: skip
_PERSONAL = {
    "en": ("reference", "words", "staff note"),
    "fr": ("référence", "texte", "note interne"),
}
_SEPARATORS = {"en": ",", "fr": ";"}


def export(
    database: Database,
    establishment: Establishment,
    wanted: FeedbackFilter,
    principal: Principal,
    *,
    locale: Locale,
    personal: bool,
) -> Iterator[str]:
    """The lines of the file, the newest first. That it was asked for is noted before the first."""
    with database.establishment(establishment.id) as session:
        audit(
            session,
            principal,
            "export",
            "feedback",
            "several",
            after={"filters": wanted.names, "personal": personal},
        )
    return _pages(database, establishment, wanted, locale, personal=personal)


def _pages(
    database: Database,
    establishment: Establishment,
    wanted: FeedbackFilter,
    locale: Locale,
    *,
    personal: bool,
) -> Iterator[str]:
    header = _COLUMNS[locale] + (_PERSONAL[locale] if personal else ())
    yield _BYTE_ORDER_MARK + _written([header], locale)
    after = None
    for _ in range(MOST_EXPORTED // PAGE):
        with database.establishment(establishment.id) as session:
            rows = feedback_rows(session, wanted, after=after, limit=PAGE)
            shown = [detail(*row) for row in rows]
        if shown:
            yield _written([_line(one, establishment, personal=personal) for one in shown], locale)
        if len(shown) < PAGE:
            return
        after = (shown[-1].date_submitted, shown[-1].id)


def _line(one: FeedbackDetail, establishment: Establishment, *, personal: bool) -> list[str]:
    def moment(value: object) -> str:
        return f"{local_time(value, establishment.zone):%Y-%m-%d %H:%M}" if value else ""  # type: ignore[arg-type]

    cells = [
        one.id,
        moment(one.date_submitted),
        one.department,
        language_name(one.language),
        one.rating,
        one.emoji,
        one.channel.value,
        one.state.value,
        moment(one.answered_at),
        round(one.voice_seconds, 1) if one.voice_seconds else None,
    ]
    if personal:
        cells += [one.patient_id, one.content, one.note]
    return ["" if cell is None else safe_cell(str(cell)) for cell in cells]


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, whoever wrote what is in it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _written(lines: list[tuple[str, ...]] | list[list[str]], locale: Locale) -> str:
    page = io.StringIO()
    csv.writer(page, delimiter=_SEPARATORS[locale]).writerows(lines)
    return page.getvalue()
