"""Contacts from a file: what spreadsheets write, what is refused, and nothing half-done."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, text

from database.session import Database
from models.address import Address
from models.contact import Contact
from schemas.contact import ImportReport
from services.contact.contacts import find_contact, search
from services.contact.importing import import_contacts
from services.errors import Invalid
from services.identity import Principal
from tests.fixtures import NORTH, SOUTH, owned

CLERK = Principal(NORTH, "cli")
GOOD = "patient_id,name,phone,email,language\nP1,Marie Ngo,650000001,marie@example.com,fr\n"


def load(database: Database, content: str | bytes, **more: Any) -> ImportReport:
    raw = content if isinstance(content, bytes) else content.encode()
    with database.establishment(NORTH) as session:
        return import_contacts(session, "CM", raw, CLERK, **more)


def count(database: Database, model: Any = Contact) -> int:
    with database.establishment(NORTH) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def refusals(report: ImportReport) -> list[tuple[int, str | None, str]]:
    return [(refused.line, refused.field, refused.code) for refused in report.refused]


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace(",", ";").replace("\n", "\r\n").encode(),
        GOOD.replace("patient_id", "Référence")
        .replace("name", "NOM")
        .replace("phone", "Téléphone")
        .replace("email", "Courriel")
        .replace("language", "langue")
        .encode(),
        b'"patient_id","name","phone","email","language"\n'
        b'"P1","Marie Ngo","6 50-00 00.01","MARIE@example.com","French"\n\n',
    ],
)
def test_what_spreadsheets_write(database: Database, content: bytes) -> None:
    report = load(database, content)
    assert (report.created, report.refused, report.lines) == (1, [], 1)
    with database.establishment(NORTH) as session:
        found = find_contact(session, "p1")
        assert found is not None
        assert found.name == "Marie Ngo"
        assert found.language == "fra"
        assert found.phone is not None
        assert found.phone.value == "+237650000001"
        assert found.email is not None
        assert found.email.value == "marie@example.com"
        assert [c.patient_id for c in search(session, "CM", CLERK, name="mar").items] == ["P1"]


def test_refused_lines_are_reported_without_their_values(database: Database) -> None:
    report = load(
        database,
        "reference,nom,telephone,email,langue,kind\n"
        "A1,Good,650000001,,fr,\n"
        "A2,Bad phone,99999,,fr,\n"
        "A3,Bad mail,,nobody,fr,\n"
        "A4,Bad language,,,klingon,\n"
        ",No reference,,,,\n"
        "a1,Twice,,,,\n"
        "A6,Ragged\n"
        f"A7,{'x' * 2000},,,,\n"
        "A8,Bad kind,,,,robot\n"
        'A9,"quote"x,,,,\n'
        "A10,\x07bell,,,,\n"
        "A11,Good too,650000001,,,Patient\n",
    )
    assert refusals(report) == [
        (3, "phone_number", "phone_too_short"),
        (4, "email", "email_invalid"),
        (5, "language", "language_invalid"),
        (6, "patient_id", "patient_id_invalid"),
        (7, "patient_id", "duplicate_in_file"),
        (8, None, "line_ragged"),
        (9, "name", "cell_too_long"),
        (10, "kind", "kind_invalid"),
        (11, None, "line_unreadable"),
        (12, "name", "name_invalid"),
    ]
    assert (report.created, report.lines, report.refused_count) == (2, 12, 10)
    said = report.model_dump_json()
    for value in ("99999", "nobody", "klingon", "Ragged", "robot", "bell", "650000001"):
        assert value not in said
    assert count(database, Address) == 1  # a family's phone is one row


def test_strict_stores_nothing_when_a_line_is_refused(database: Database) -> None:
    report = load(database, GOOD + "P2,No,1,,\n", strict=True)
    assert (report.stored, report.created, report.refused_count) == (False, 0, 1)
    assert count(database) == count(database, Address) == 0
    assert load(database, GOOD, strict=True).created == 1


def test_the_same_file_again_changes_nothing(database: Database) -> None:
    load(database, GOOD)
    again = load(database, GOOD)
    assert (again.created, again.unchanged, again.refused) == (0, 1, [])
    other = load(database, GOOD.replace("Marie", "Mary"))
    assert refusals(other) == [(2, "patient_id", "patient_id_taken")]
    assert count(database) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n", "file_empty"),
        (b"name,phone\nMarie,650000001\n", "reference_column_missing"),
        (b"P1,Marie\n", "reference_column_missing"),
        (b"patient_id,phone,tel\nP1,1,2\n", "column_twice"),
        ("patient_id,name\nP1,Éric\n".encode("latin-1"), "encoding_wrong"),
        (GOOD.encode("utf-16"), "encoding_wrong"),
        (b'patient_id,name\nP1,"Marie\nP2,Paul\nP3,Jean\n', "quote_open"),
        (b"patient_id\nP1\nP2\nP3\n", "file_too_long"),
    ],
)
def test_files_that_cannot_be_read(database: Database, content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        load(database, content, most_lines=2)
    assert (caught.value.code, caught.value.field) == (code, "file")
    assert "Marie" not in caught.value.detail
    assert count(database) == 0


def test_a_megabyte_in_one_cell_is_one_refused_line(database: Database) -> None:
    report = load(database, f"patient_id,name\nP1,{'x' * 2**20}\nP2,Paul\n")
    assert refusals(report) == [(2, None, "line_unreadable")]
    assert report.created == 1


def test_every_contact_is_audited_and_nobody_elses_is_touched(database: Database) -> None:
    load(database, GOOD)
    with database.establishment(NORTH) as session:
        rows = session.execute(text("select actor, action, row_id from audit_entries")).all()
        assert [tuple(row) for row in rows] == [("cli", "import", "1")]
    with database.establishment(SOUTH) as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 0


def test_nothing_is_stored_in_clear(database: Database, owner: Any) -> None:
    load(database, GOOD)
    with owned(owner) as connection:
        for table in ("contacts", "addresses", "audit_entries"):
            rows = connection.execute(text(f"select t::text from {table} t")).scalars().all()
            assert rows
            for value in ("Marie", "650000001", "marie@example.com"):
                assert not any(value in row or value.encode().hex() in row for row in rows)
