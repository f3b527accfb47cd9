"""What the columns of a file are taken for, before anybody has said anything."""

from __future__ import annotations

import pytest

from services.contact.columns import survey
from services.contact.csv_file import FIELDS, Layout
from tests.services.test_contact_xlsx import ROWS, workbook


@pytest.mark.parametrize(
    ("content", "header", "fields"),
    [
        (workbook(ROWS), True, ["patient_id", "name", "phone_number", "language"]),
        (b"Dossier;Pointure\nP1;42,5\n", True, ["patient_id", None]),
        (",".join(FIELDS).replace("_", " ").encode(), True, list(FIELDS)),
        # No heading is known: what stands below tells.
        ("N° interne;Qui;Joindre;Parle\nP1;Élise Ngo;650000001;fr\nP2;Jean;+237 650000002;dua\n"
         .encode(), True, ["patient_id", "name", "phone_number", "language"]),
        # The first line is a person.
        (b"P1;650000001;elise@hopital.example\nP2;650000002;\n", False,
         ["patient_id", "phone_number", "email"]),
        # A number that comes twice is no reference; two columns for one field: the first.
        (b"a;b\n12;x1y\n12;x2y\n", True, [None, "patient_id"]),
        (b"tel;mobile;ref\n650000001;650000002;P1\n", True, ["phone_number", None, "patient_id"]),
        (b"a;b\n;\n", True, [None, None]),
    ],
)  # fmt: skip
def test_a_guess(content: bytes, header: bool, fields: list[str | None]) -> None:
    found = survey(content, "CM")
    assert [column.field for column in found.columns] == fields
    assert found.layout.header is header


def test_what_somebody_says_goes_before_the_guess_and_samples_are_short() -> None:
    content = b"ref;tel\n" + b"".join(b"P%d;%s\n" % (n, b"9" * 300) for n in range(9))
    columns = survey(content, "CM", Layout({"name": 0})).columns
    assert [column.field for column in columns] == ["name", None]
    assert columns[0].samples == [f"P{n}" for n in range(5)]
    assert {len(sample) for sample in columns[1].samples} == {120}
