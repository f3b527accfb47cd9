"""Workbooks: read as people typed them, bounded, and refused where they are not what they say.

Each of these was broken once, and a test here failed: the sum of the parts' sizes not looked at,
rows not counted, `reset_dimensions` left out, a float written as a float, `_BROKEN` without one.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest

from services.contact import xlsx_file as contact_xlsx
from services.contact.columns import survey
from services.contact.csv_file import Layout, Reference, parse_contacts, parse_references
from services.errors import Invalid

SHEET = "xl/worksheets/sheet1.xml"
ROWS: list[list[Any]] = [
    ["Référence", "Nom", "Téléphone", "Langue"],
    ["PAT1", "Élise Ngo", 650000001, "français"],
    [2, "  ", 650000002.0, None],
    [None, None, None, None],
    ["PAT3", "Jean", "pas un numéro", "french"],
]


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            body = old.read(part)
            new.writestr(part, change(body) if part == name else body)
    return made.getvalue()


def test_a_workbook_is_read_as_it_was_typed() -> None:
    rows = [["Référence", "Langue"], ["PAT1", "french"], [2, "en"], [3.0, "ewondo"], [4.5, "fr"]]
    file = parse_contacts(workbook(rows), "CM", 100)
    assert [(g.line, g.contact.patient_id) for g in file.good] == [
        (2, "PAT1"), (3, "2"), (4, "3"), (5, "4.5"),
    ]  # fmt: skip


def test_refused_lines_are_named_by_the_sheets_own_rows() -> None:
    file = parse_contacts(workbook(ROWS), "CM", 100)
    assert [(g.line, g.contact.phone_number) for g in file.good] == [(3, "+237650000002")]
    refused = {line.line: (line.field, line.code) for line in file.refused}
    assert refused == {
        2: ("language", "language_invalid"),
        5: ("phone_number", "phone_not_a_number"),
    }
    assert "Élise" not in str(file.refused)
    assert "pas un" not in str(file.refused)


def test_a_row_that_goes_on_is_refused() -> None:
    rows = [["reference", "nom"], ["P1", "A", "B"], ["P2"]]
    file = parse_contacts(workbook(rows), "CM", 100)
    assert [line.code for line in file.refused] == ["line_ragged"]
    assert [good.contact.patient_id for good in file.good] == ["P2"]


def test_columns_as_somebody_says() -> None:
    rows = [["A", "B", "C"], ["Élise", 650000001, "P1"]]
    layout = Layout({"name": 0, "phone_number": 1, "patient_id": 2})
    (good,) = parse_contacts(workbook(rows), "CM", 100, layout).good
    assert (good.contact.patient_id, good.contact.name) == ("P1", "Élise")
    without = Layout({"patient_id": 0}, header=False)
    two = [Reference(1, "P1"), Reference(2, "P2")]
    assert list(parse_references(workbook([["P1"], ["P2"]]), without)) == two
    assert list(parse_references(b"P1;x\nP2;y\n", without)) == two


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"name": 0}, "reference_column_missing"),
        ({"patient_id": 3}, "column_unknown"),
        ({"patient_id": 0, "name": 0}, "column_twice"),
    ],
)
def test_columns_that_make_no_sense(columns: dict[str, int], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_contacts(b"a,b\n1,2\n", "CM", 10, Layout(columns))
    assert (refusal.value.field, refusal.value.code) == ("query.column", code)


def bomb(content: bytes) -> bytes:
    return content.replace(b"</sheetData>", b" " * (40 * 1024 * 1024) + b"</sheetData>")


def entities(content: bytes) -> bytes:
    levels = b"".join(
        b'<!ENTITY e%d "%s">' % (n, (b"&e%d;" % (n - 1)) * 10 if n else b"x" * 100)
        for n in range(9)
    )
    text = b'<c r="A2" t="inlineStr"><is><t>&e8;</t></is></c>'
    body = content.split(b"<sheetData>")[0].partition(b"<worksheet")
    return (
        b"<!DOCTYPE worksheet [" + levels + b"]>" + body[1] + body[2] + b'<sheetData><row r="2">'
        + text + b"</row></sheetData></worksheet>"
    )  # fmt: skip


def far_away(content: bytes) -> bytes:
    return content.replace(
        b"</sheetData>", b'<row r="999999999999"><c r="A9"><v>1</v></c></row></sheetData>'
    )


def small_claim(content: bytes) -> bytes:
    return content.replace(b'<dimension ref="A1:D5"', b'<dimension ref="A1:A1"')


def lost_string(content: bytes) -> bytes:
    return content.replace(b"</row>", b'<c r="F1" t="s"><v>99</v></c></row>', 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (bomb, "file_too_large"),
        (entities, "file_unreadable"),
        (far_away, "file_too_long"),
        (lambda _: b"<worksheet", "file_unreadable"),
        (lost_string, "file_unreadable"),
        (lambda part: b'<?xml version="1.0" encoding="xxx"?>' + part, "file_unreadable"),
    ],
)
def test_hostile_workbooks(change: Callable[[bytes], bytes], code: str) -> None:
    content = with_part(workbook(ROWS), SHEET, change)
    with pytest.raises(Invalid) as refusal:
        parse_contacts(content, "CM", 20_000)
    assert (refusal.value.field, refusal.value.code) == ("file", code)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_what_a_sheet_says_of_its_size_is_not_believed() -> None:
    content = with_part(workbook(ROWS), SHEET, small_claim)
    assert parse_contacts(content, "CM", 100).lines == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 and nothing more", "file_unreadable"),
        (workbook(ROWS)[:-200], "file_unreadable"),
        (b"\xd0\xcf\x11\xe0 old", "file_old_excel"),
        (workbook([]), "file_empty"),
    ],
)
def test_what_is_no_workbook(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        survey(content, "CM")
    assert (refusal.value.field, refusal.value.code) == ("file", code)


def test_every_kind_of_cell_is_text() -> None:
    cells = [None, True, 1, 2.0, 2.5, 1e20, date(2026, 3, 2), "=1+1", "texte"]
    assert [contact_xlsx._text(cell) for cell in cells] == [
        "", "TRUE", "1", "2", "2.5", "1e+20", "2026-03-02", "=1+1", "texte",
    ]  # fmt: skip
