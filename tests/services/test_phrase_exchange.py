"""Phrases as files: a round trip changes nothing, a fault changes nothing at all."""

from __future__ import annotations

from typing import Any

import pytest

from services.identity import Principal
from services.phrase.coverage import own_phrases
from services.phrase.exchange import (
    export_csv,
    export_po,
    import_phrases,
    read_csv_file,
    read_po_file,
)
from services.phrase.phrases import keys
from tests.fixtures import NORTH

CLI = Principal(NORTH, "cli")
HEAD = 'msgid ""\nmsgstr ""\n"Language: dua\\n"\n\n'


@pytest.mark.parametrize("language", ["fra", "eng", "dua", "bas", "ewo"])
def test_what_was_taken_out_comes_in_unchanged(database: Any, language: str) -> None:
    with database.establishment(NORTH) as session:
        for lines in (
            read_po_file(export_po(session, language)),
            read_csv_file(export_csv(session, [language])),
        ):
            report = import_phrases(session, lines, CLI)
            assert (report.refused, report.written) == ([], 0)
            assert report.unchanged + report.empty == len(keys())


def test_a_translation_comes_in_to_be_approved(database: Any) -> None:
    file = HEAD + 'msgid "help"\nmsgstr "Xx {hospital}"\n'
    with database.establishment(NORTH) as session:
        assert import_phrases(session, read_po_file(file.encode()), CLI).written == 1
        phrase = own_phrases(session)["help", "dua"]
        assert (phrase.text, phrase.approved_by) == ("Xx {hospital}", None)


def test_a_file_with_a_fault_changes_nothing(database: Any) -> None:
    head = "\ufeffkey;language;text;sms_text\r\n"
    file = head + "help;duala;Xx {hospital};\r\nno;duala;x;\r\nhelp;duala;{no};\r\n"
    with database.establishment(NORTH) as session:
        report = import_phrases(session, read_csv_file(file.encode()), CLI)
        assert [(one.line, one.field) for one in report.refused] == [(3, "key"), (4, "text")]
        assert own_phrases(session) == {}
