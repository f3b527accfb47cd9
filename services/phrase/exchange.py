"""Phrases as files for translators: PO for their tools, CSV for a spreadsheet.

A file is taken in whole or not at all: every line that breaks a rule is reported, and then nothing
is stored. What comes in counts as written by whoever brings it, so somebody else approves it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field

from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po

from database.session import ScopedSession
from models.phrase import Phrase
from schemas.phrase import PHRASE_LENGTH, SMS_LENGTH, PhraseImport, RefusedPhrase
from services.errors import CareloopError, Invalid
from services.identity import Principal
from services.phrase.change import write
from services.phrase.coverage import own_phrases
from services.phrase.phrases import SMS, Words, check_key, check_words, keys, shipped
from utils.languages import UnknownLanguage, language_name, parse_language, tag
from utils.text import TextRefused, clean_text

BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets take UTF-8 for the machine's own encoding, and spoil the accents."""
COLUMNS = ("key", "language", "text", "sms_text")
MOST_LINES = 10_000
REPORTED = 1000
MOST_BYTES = 4 * 1024 * 1024
FORMATS = ("po", "csv")
_HEAD = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Language: {language}\\n"\n\n'
)
"""Our own: Babel's would tell the date, and make a file that changed nothing differ."""

Progress = Callable[[int, int], None]
"""Called with phrases stored and phrases in all."""


@dataclass(frozen=True, slots=True)
class Line:
    """A phrase of a file, before anybody has looked at it."""

    number: int
    key: str
    language: str
    text: str | None
    sms_text: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that breaks a rule. It never says what stood there."""

    line: int
    field: str
    code: str
    reason: str


@dataclass
class Report:
    """What became of a file: stored whole, or refused whole."""

    written: int = 0
    unchanged: int = 0
    empty: int = 0
    refused: list[Refused] = field(default_factory=list)


# Out


def export_po(session: ScopedSession, language: str) -> bytes:
    """A catalogue of every phrase in one language, with what ships in French and English beside."""
    catalogue = Catalog(locale=None, charset="utf-8", fuzzy=False)
    own = own_phrases(session)
    for key in keys():
        words = _newest(own.get((key, language)), key, language)
        catalogue.add(key, words.text or "", auto_comments=_originals(key))
        catalogue.add(key, words.sms_text or "", context=SMS)
    file = io.BytesIO()
    write_po(file, catalogue, width=0, omit_header=True)
    return _HEAD.format(language=tag(language)).encode() + file.getvalue()


def export_csv(session: ScopedSession, languages: Iterable[str]) -> bytes:
    """A table of every phrase in some languages."""
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow(COLUMNS)
    own = own_phrases(session)
    for language in languages:
        for key in keys():
            words = _newest(own.get((key, language)), key, language)
            table.writerow((key, language_name(language), words.text or "", words.sms_text or ""))
    return (BYTE_ORDER_MARK + file.getvalue()).encode()


def _newest(phrase: Phrase | None, key: str, language: str) -> Words:
    if phrase is not None and phrase.text is not None:
        return Words(phrase.text, phrase.sms_text)
    return shipped().get(language, {}).get(key, Words(None))


def _originals(key: str) -> list[str]:
    return [f"{tag(language)}: {shipped()[language][key].text}" for language in sorted(shipped())]


# In


def take_in(
    session: ScopedSession,
    content: bytes,
    principal: Principal,
    *,
    is_po: bool,
    language: str | None = None,
) -> PhraseImport:
    """Take a file in and tell of it; `language` is what a PO file is in if it does not say so.

    Raises `Invalid` when it is no such file.
    """
    lines = read_po_file(content, language) if is_po else read_csv_file(content)
    report = import_phrases(session, lines, principal)
    return PhraseImport(
        stored=not report.refused,
        written=report.written,
        unchanged=report.unchanged,
        empty=report.empty,
        refused_count=len(report.refused),
        refused=[RefusedPhrase(**asdict(one)) for one in report.refused[:REPORTED]],
    )


def import_phrases(
    session: ScopedSession,
    lines: Iterable[Line | Refused],
    principal: Principal,
    *,
    progress: Progress | None = None,
) -> Report:
    """Store the phrases of a file, in this transaction; nothing when a line is refused.

    An empty phrase is one that nobody has translated yet: it takes nothing away.
    """
    report = Report()
    good: list[Line] = []
    seen: set[tuple[str, str]] = set()
    for line in lines:
        checked = line if isinstance(line, Refused) else _checked(line, seen)
        if isinstance(checked, Refused):
            report.refused.append(checked)
        elif checked.text is None and checked.sms_text is None:
            report.empty += 1
        else:
            good.append(checked)
    if report.refused:
        return report
    own = own_phrases(session)
    for done, line in enumerate(good, 1):
        newest = _newest(own.get((line.key, line.language)), line.key, line.language)
        if (newest.text, newest.sms_text) == (line.text, line.sms_text):
            report.unchanged += 1
        else:
            write(
                session,
                line.key,
                line.language,
                text=line.text,
                sms_text=line.sms_text,
                principal=principal,
            )
            report.written += 1
        if progress:
            progress(done, len(good))
    return report


def _checked(line: Line, seen: set[tuple[str, str]]) -> Line | Refused:
    try:
        language = parse_language(line.language)
        check_key(line.key)
        text = _words(line.key, line.text, "text", PHRASE_LENGTH)
        sms_text = _words(line.key, line.sms_text, "sms_text", SMS_LENGTH)
        if text is None and sms_text is not None:
            raise Invalid(
                "A spelling for SMS needs the words themselves.", field="text", code="missing"
            )
        if (line.key, language) in seen:
            raise Invalid("This phrase stands in the file twice.", field="key", code="line_twice")
    except UnknownLanguage as error:
        return Refused(line.number, "language", error.code, str(error))
    except CareloopError as error:
        return Refused(line.number, error.field or "key", error.code, error.detail)
    seen.add((line.key, language))
    return Line(line.number, line.key, language, text, sms_text)


def _words(key: str, text: str | None, name: str, most: int) -> str | None:
    if text is None or not text.strip():
        return None
    try:
        clean = clean_text(text.strip(), most)
    except TextRefused as error:
        raise Invalid(error.reason, field=name, code=error.code) from None
    check_words(key, clean, field=name)
    return clean


def read_po_file(content: bytes, language: str | None = None) -> Iterator[Line | Refused]:
    """The phrases of a catalogue; its `Language` header says which one unless it is given.

    Raises `Invalid` on field `file` when it is no catalogue.
    """
    _bounded(content)
    try:
        catalogue = read_po(io.BytesIO(content), abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as error:
        raise Invalid("This is not a PO file.", field="file", code="not_po") from error
    named = language or str(catalogue.locale_identifier or "")
    if not named:
        raise Invalid("The file does not say its language.", field="language", code="missing")
    short = {
        str(message.id): (str(message.string), message.lineno or 0)
        for message in catalogue
        if message.context == SMS and message.id
    }
    for message in catalogue:
        if not message.id or message.context == SMS:
            continue
        number = message.lineno or 0
        if message.context or isinstance(message.id, tuple) or message.fuzzy:
            reason = "fuzzy, plural or of a context that no phrase has"
            yield Refused(number, "key", "entry_unusable", reason)
            continue
        by_sms, _ = short.pop(str(message.id), ("", 0))
        yield Line(number, str(message.id), named, str(message.string), by_sms)
    for key, (by_sms, number) in short.items():
        yield Line(number, key, named, None, by_sms)


def read_csv_file(content: bytes) -> Iterator[Line | Refused]:
    """The phrases of a table, separated by `,` or `;`; raises `Invalid` on field `file`."""
    _bounded(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("The file must be UTF-8.", field="file", code="not_utf8") from error
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns = [name.strip().lower() for name in next(rows, [])]
    if not {"key", "language", "text"} <= set(columns):
        raise Invalid(
            "The first line names the columns key, language, text, sms_text.",
            field="file",
            code="columns_missing",
        )
    yield from _rows(rows, columns)


def _rows(rows: Iterator[list[str]], columns: list[str]) -> Iterator[Line | Refused]:
    number = 1
    while True:
        start = number + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield Refused(start, "line", "line_broken", "a quotation mark is not closed")
            return
        number = getattr(rows, "line_num", start)
        if number > MOST_LINES:
            raise Invalid(f"At most {MOST_LINES} lines.", field="file", code="file_too_long")
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(columns):
            reason = "it has another number of cells than the first line"
            yield Refused(start, "line", "line_broken", reason)
            continue
        cells = dict(zip(columns, row, strict=True))
        yield Line(start, cells["key"].strip(), cells["language"], cells["text"],
                   cells.get("sms_text"))  # fmt: skip


def _bounded(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise Invalid("At most 4 MiB.", field="file", code="file_too_large")
