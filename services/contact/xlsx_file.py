"""An XLSX file, row by row, as the CSV reader takes rows. Hostile files are bounded, not trusted.

A workbook is a ZIP of XML. What it unpacks to is bounded before any of it is parsed; expat bounds
what entities may expand to; rows are counted as they come, the blank ones that a file only claims
to have, too.
"""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError

from services.errors import Invalid

MOST_UNPACKED = 32 * 1024 * 1024
MOST_PARTS = 500
MOST_COLUMNS = 60
MOST_ROWS = 100_000
"""Blank ones included."""
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

# All that openpyxl is known to raise on a file that is not what it says: it checks little itself.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, ParseError, LookupError, ValueError,
    TypeError, AttributeError, EOFError, OSError, NotImplementedError, RuntimeError, AssertionError,
)  # fmt: skip


def is_workbook(content: bytes) -> bool:
    """True for XLSX; raises `Invalid` on field `file` for Excel's old format and for a lock."""
    if content.startswith(OLD_EXCEL):
        raise Invalid(
            "This is Excel's old format, or is locked by a password: save it as XLSX or CSV.",
            field="file",
            code="file_old_excel",
        )
    return content.startswith(ZIP)


def workbook_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each row of the first sheet that is not blank, with its number; its cells as text.

    Raises `Invalid` on field `file`: too much in it, no sheet, damaged.
    """
    _refuse_bomb(content)
    rows = _rows(content)
    while True:
        try:
            row = next(rows, None)
        except _BROKEN:
            # Raised below, outside: the error that was raised may hold what is in the file.
            broken = True
        else:
            broken = False
        if broken:
            raise Invalid(
                "This workbook cannot be read: save it again as XLSX, or as CSV UTF-8.",
                field="file",
                code="file_unreadable",
            )
        if row is None:
            return
        yield row


def _refuse_bomb(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            sizes = [part.file_size for part in parts.infolist()]
    except _BROKEN:
        return  # said by whoever opens it
    # Python's reader gives no more of a part than it says it has.
    if len(sizes) > MOST_PARTS or sum(sizes) > MOST_UNPACKED:
        raise Invalid(
            f"This workbook unpacks to more than {MOST_UNPACKED // 1024**2} MiB: remove pictures"
            " and other sheets, or save it as CSV UTF-8.",
            field="file",
            code="file_too_large",
        )


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    import openpyxl  # a library that few processes ever need

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and validations that nobody asks for
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size is not believed
        for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), 1):
            if number > MOST_ROWS:
                raise Invalid(
                    f"At most {MOST_ROWS} rows in one sheet, blank ones included.",
                    field="file",
                    code="file_too_long",
                )
            row = _trimmed([_text(cell) for cell in cells])
            if row:
                yield number, row
    finally:
        book.close()


def _trimmed(row: list[str]) -> list[str]:
    while row and not row[-1].strip():
        row.pop()
    return row


def _text(cell: Any) -> str:
    """A cell as somebody would have typed it: a number typed as a phone is no decimal."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)
