"""A CSV or XLSX file of contacts, read line by line: what is good, and what is refused and why.

Spreadsheets write `;` or `,`, French or English headers, with or without a byte order mark. No
error ever holds what stood in a cell, and neither does one hold a header: a file without headers
has a person in its first line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from models.contact import MOST_HOLIDAYS
from schemas.contact import ContactIn, RefusedLine
from services.contact.contacts import normal_email, normal_phone
from services.contact.xlsx_file import is_workbook, workbook_rows
from services.errors import CareloopError, Invalid
from utils.text import fold_name

LONGEST_CELL = 1000
"""Characters; every field's own limit is far below."""
VALUE = "value."
"""What a column is called that holds something of a message, not of a contact: `value.time`."""
FIELDS = (
    "patient_id",
    "name",
    "phone_number",
    "email",
    "language",
    "kind",
    "quiet_hours",
    "holidays",
)
_A_LEAP_YEAR = 2000  # of a day that comes every year: any year will do that has all days

# Folded headers (no accents, no case) -> field.
_HEADERS = {
    header: field
    for field, headers in {
        "patient_id": (
            "patient id,patient,patientid,reference,ref,id patient,identifiant,"
            "numero patient,numero de dossier,dossier,code patient"
        ),
        "name": "name,full name,nom,nom complet,noms,nom et prenom,nom et prenoms",
        "phone_number": (
            "phone,phone number,telephone,tel,mobile,numero de telephone,telephone number,portable"
        ),
        "email": "email,e mail,mail,courriel,adresse email,adresse e mail,email address",
        "language": "language,langue,lang",
        "kind": "kind,type,categorie",
        "quiet_hours": "quiet hours,heures calmes,heures de silence,heures de repos",
        "holidays": "holidays,days without messages,jours feries,jours sans message",
    }.items()
    for header in headers.split(",")
}


@dataclass(frozen=True)
class GoodLine:
    """A line that can be stored: its number in the file (1 is the header) and its contact.

    `values` is what stands in the columns that hold something of a message, as it is.
    """

    line: int
    contact: ContactIn
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """A line of a list: whom it means, and what its other columns hold for a message."""

    line: int
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ParsedFile:
    """A whole file, read."""

    good: list[GoodLine]
    refused: list[RefusedLine]
    ignored_columns: int

    @property
    def lines(self) -> int:
        """Lines with something on them, without the header."""
        return len(self.good) + len(self.refused)


@dataclass(frozen=True)
class Layout:
    """Which column (from 0) holds which field, as somebody said; by default as its heading says."""

    columns: Mapping[str, int] = field(default_factory=dict)
    header: bool = True

    @property
    def value_names(self) -> frozenset[str]:
        """What the file says for a message, beside whom it means."""
        return frozenset(
            name.removeprefix(VALUE) for name in self.columns if name.startswith(VALUE)
        )


BY_HEADINGS = Layout()


def parse_contacts(
    content: bytes, region: str, most_lines: int, layout: Layout = BY_HEADINGS
) -> ParsedFile:
    """Read a file; phones come out as E.164 and e-mail addresses in lower case.

    Raises `Invalid` on field `file` when it cannot be read as a whole: not UTF-8, no column for
    the reference, an unclosed quotation mark, more than `most_lines`.
    """
    columns, rows = _opened(content, layout)
    file = ParsedFile([], [], sum(1 for column in columns if column is None))
    seen: dict[str, int] = {}
    for row in rows:
        line = row if isinstance(row, RefusedLine) else _line(*row, columns, region, seen)
        if isinstance(line, RefusedLine):
            file.refused.append(line)
        else:
            file.good.append(line)
        if file.lines > most_lines:
            raise _unreadable(f"At most {most_lines} lines in one file.", "file_too_long")
    return file


def parse_references(
    content: bytes, layout: Layout = BY_HEADINGS
) -> Iterator[Reference | RefusedLine]:
    """Each line's reference and values, from a file whose other columns are not looked at.

    Raises `Invalid` on field `file` like `parse_contacts`.
    """
    columns, rows = _opened(content, layout)
    place = columns.index("patient_id")
    for row in rows:
        if isinstance(row, RefusedLine):
            yield row
        elif len(row[1]) != len(columns):
            reason = f"The line has {len(row[1])} cells, the header has {len(columns)}."
            yield _refuse(row[0], None, "line_ragged", reason)
        else:
            yield Reference(row[0], row[1][place], _values(row[1], columns))


def field_of(heading: str) -> str | None:
    """The field that a heading names."""
    return _HEADERS.get(fold_name(heading[:LONGEST_CELL]))


Rows = Iterator[tuple[int, list[str]] | RefusedLine]


def table(content: bytes) -> Rows:
    """The rows of a file that are not blank, each with its number, whatever kind of file it is."""
    if is_workbook(content):
        return _as_wide_as_the_first(workbook_rows(content))
    text = _decoded(content)
    first = text.partition("\n")[0]
    return _rows(text, max(";,\t", key=first.count))


def _as_wide_as_the_first(rows: Iterator[tuple[int, list[str]]]) -> Rows:
    """A workbook knows no ragged lines: a row that ends early has empty cells."""
    width = 0
    for number, row in rows:
        width = width or len(row)
        yield number, row + [""] * (width - len(row))


def _first(rows: Rows) -> tuple[list[str], Rows]:
    header = next(rows, None)
    if header is None or isinstance(header, RefusedLine):
        raise _unreadable("The file has no header line.", "file_empty")
    return header[1], rows


def _opened(content: bytes, layout: Layout) -> tuple[list[str | None], Rows]:
    """The fields of a file's columns, and its other lines."""
    first, rows = _first(table(content))
    if not layout.columns:
        return _columns(first), rows
    columns = _told(layout.columns, len(first))
    return columns, rows if layout.header else table(content)


def _told(columns: Mapping[str, int], width: int) -> list[str | None]:
    """The fields of columns that somebody has named; raises `Invalid` on `query.column`."""
    fields: list[str | None] = [None] * width
    for name, place in columns.items():
        if place >= width or fields[place] is not None:
            raise Invalid(
                "Each field has a column of its own, and the file has that many.",
                field="query.column",
                code="column_unknown" if place >= width else "column_twice",
            )
        fields[place] = name
    if "patient_id" not in columns:
        raise Invalid(
            "Say which column holds the reference (patient_id).",
            field="query.column",
            code="reference_column_missing",
        )
    return fields


def _unreadable(detail: str, code: str) -> Invalid:
    return Invalid(detail, field="file", code=code)


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable("This is UTF-16: save it as CSV UTF-8.", "encoding_wrong")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        # Raised out here: the error that Python raised holds the whole file.
    raise _unreadable(f"Line {line} is not UTF-8: save the file as CSV UTF-8.", "encoding_wrong")


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]] | RefusedLine]:
    """Each row that is not blank with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error:
            # On one line it is that line's mistake. Over several, a quotation mark was left open
            # and swallowed others: what follows can no longer be told apart.
            if reader.line_num > line:
                raise _unreadable(
                    f"A quotation mark on line {line} is not closed.", "quote_open"
                ) from None
            yield _refuse(line, None, "line_unreadable", "This line is not CSV, or a cell is huge.")
            continue
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield line, row


def _refuse(line: int, field: str | None, code: str, reason: str) -> RefusedLine:
    return RefusedLine(line=line, field=field, code=code, reason=reason)


def _columns(header: list[str]) -> list[str | None]:
    columns = [field_of(cell) for cell in header]
    known = [column for column in columns if column]
    if "patient_id" not in known:
        raise _unreadable(
            "No column for the reference: name it patient_id, reference or référence.",
            "reference_column_missing",
        )
    for column in known:
        if known.count(column) > 1:
            raise _unreadable(f"Two columns hold the field {column}.", "column_twice")
    return columns


def _line(
    line: int, row: list[str], columns: list[str | None], region: str, seen: dict[str, int]
) -> GoodLine | RefusedLine:
    if len(row) != len(columns):
        reason = f"The line has {len(row)} cells, the header has {len(columns)}."
        return _refuse(line, None, "line_ragged", reason)
    cells = {
        column: cell.strip()
        for column, cell in zip(columns, row, strict=True)
        if column and not column.startswith(VALUE) and cell.strip()
    }
    for name, cell in cells.items():
        if len(cell) > LONGEST_CELL:
            return _refuse(line, name, "cell_too_long", f"More than {LONGEST_CELL} characters.")
    try:
        contact = _contact(cells, region)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name, kind = str(first["loc"][0]), first["type"]
        return _refuse(line, name, f"{name}_invalid", _reason(name, kind))
    except CareloopError as error:
        return _refuse(line, error.field, error.code, error.detail)
    earlier = seen.setdefault(contact.patient_id.casefold(), line)
    if earlier != line:
        reason = f"The same reference as line {earlier}."
        return _refuse(line, "patient_id", "duplicate_in_file", reason)
    return GoodLine(line, contact, _values(row, columns))


def _values(row: list[str], columns: list[str | None]) -> dict[str, str]:
    return {
        column.removeprefix(VALUE): cell.strip()
        for column, cell in zip(columns, row, strict=True)
        if column and column.startswith(VALUE)
    }


def _contact(cells: dict[str, str], region: str) -> ContactIn:
    if "kind" in cells:
        cells["kind"] = cells["kind"].lower()
    days = {"holidays": _holidays(cells["holidays"])} if "holidays" in cells else {}
    contact = ContactIn.model_validate(cells | days)
    if contact.phone_number:
        contact.phone_number = normal_phone(contact.phone_number, region)
    if contact.email:
        contact.email = normal_email(contact.email)
    return contact


def _holidays(cell: str) -> list[dict[str, object]]:
    """The days in a cell: `2027-12-25`, or `12-25` for every year."""
    return [
        {
            "day": day if (once := day.count("-") > 1) else f"{_A_LEAP_YEAR}-{day}",
            "every_year": not once,
        }
        for day in re.split(r"[\s,;]+", cell.strip())
    ]


def _reason(field: str, kind: str) -> str:
    """One of our sentences; Pydantic's own can quote the cell."""
    if field == "language":
        return "This must be english, french, duala, bassa or ewondo."
    if field == "quiet_hours":
        return "Write quiet hours as 20:00-07:00."
    if field == "holidays":
        return (
            f"Write days as 2027-12-25, or 12-25 for every year, with spaces between them; each"
            f" once, at most {MOST_HOLIDAYS}."
        )
    return {
        "missing": "This is missing.",
        "string_too_long": "This is too long.",
        "literal_error": "This must be patient, staff or student.",
    }.get(kind, "This holds characters that are not text.")
