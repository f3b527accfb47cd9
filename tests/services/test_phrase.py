"""What the system says: complete in French and English, one language for a whole flow.

Seen to fail: `made_by` without the recording's maker, without who spelt it for SMS; `record` noting
the speaker as the writer; a part that is gone still somebody's; `_refuse_the_makers` left out (the
database says no); a French name in an English SMS not folded (two segments, not one).
"""

from __future__ import annotations

from string import Formatter
from typing import Any

import pytest

from models.establishment import Establishment
from models.phrase import FlowLanguage, Phrase
from models.recording import Recording
from services.errors import Forbidden
from services.identity import Principal, uuid7
from services.phrase.change import approve, find, record, reject, write
from services.phrase.phrases import FLOWS, NoLanguage, keys, placeholders, shipped, speech
from services.sms import sms_text
from utils.sms_encoding import analyse, fold_french


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["fra", "eng"])
def test_every_phrase_of_every_flow_is_there(language: str) -> None:
    assert set(shipped()[language]) == set(keys())
    for key in keys():
        words = shipped()[language][key]
        for text in filter(None, (words.text, words.sms_text)):
            assert fields(text) == placeholders(key), key


@pytest.mark.parametrize("language", ["fra", "eng"])
def test_every_phrase_by_sms_is_cheap_to_send(language: str) -> None:
    by_sms = [flow for name, flow in FLOWS.items() if name.endswith("_by_sms")]
    for key in {key for flow in by_sms for key in flow}:
        words = shipped()[language][key]
        text = fold_french(words.sms_text or words.text or "")
        seen = analyse(text)
        assert (seen.encoding, seen.segments) == ("GSM-7", 1), key


REAL = {
    "hospital": "Hôpital Général de Douala",
    "choices": "1 = 12/12 10:00, 2 = 12/12 14:30, 3 = 13/12 08:00, 4 = 14/12 09:15",
}


@pytest.mark.parametrize("language", ["fra", "eng"])
@pytest.mark.parametrize("flow", [name for name in FLOWS if name.endswith("_by_sms")])
def test_every_phrase_of_a_conversation_by_sms_is_one_segment_as_it_is_sent(
    flow: str, language: str
) -> None:
    folding = Establishment(fold_french_sms=True)
    for key in FLOWS[flow]:
        words = shipped()[language][key]
        said = (words.sms_text or words.text or "").format_map(REAL)
        seen = analyse(sms_text(folding, language, said))
        assert (seen.encoding, seen.segments) == ("GSM-7", 1), (key, seen.units)
    assert sms_text(Establishment(fold_french_sms=False), language, "Hôpital") == "Hôpital"
    assert sms_text(folding, "dua", "Hôpital") == "Hôpital"


def test_nobody_here_speaks_duala_basaa_or_ewondo() -> None:
    assert set(shipped()) == {"fra", "eng"}


def phrase(language: str, key: str, **more: Any) -> Phrase:
    return Phrase(
        key=key,
        language=language,
        **{"text": "-", "written_by": "user:1", "approved_by": "user:2"} | more,
    )


def test_a_language_is_chosen_once_and_only_when_it_has_the_whole_flow(database: Any) -> None:
    flow = FLOWS["choices_by_sms"]
    with database.establishment(1) as session:
        assert speech(session, "choices_by_sms", ["dua", "fra"]).language == "fra"
        session.add_all(phrase("dua", key) for key in flow[1:])
        session.add(phrase("dua", flow[0], approved_by=None))
        session.flush()
        assert speech(session, "choices_by_sms", ["dua", "fra"]).language == "fra"
        session.query(Phrase).filter_by(key=flow[0]).one().approved_by = "user:2"
        session.flush()
        assert speech(session, "choices_by_sms", ["dua", "fra"]).language == "fra"
        session.add(FlowLanguage(flow="choices_by_sms", language="dua", switched_by="user:2"))
        session.flush()
        assert speech(session, "choices_by_sms", ["dua", "fra"]).language == "dua"
        with pytest.raises(NoLanguage):
            speech(session, "choices_by_sms", ["bas", "ewo"])
    with database.establishment(2) as session:
        assert speech(session, "choices_by_sms", ["dua", "fra"]).language == "fra"


def test_a_flow_that_is_spoken_needs_a_recording_where_no_voice_speaks_it(database: Any) -> None:
    with database.establishment(1) as session:
        session.add_all(phrase("dua", key) for key in FLOWS["choices_by_sms"])
        session.flush()
        assert speech(session, "choices_by_sms", ["dua", "fra"], spoken=True).language == "fra"


def test_the_establishments_own_words_go_before_those_that_ship(database: Any) -> None:
    with database.establishment(1) as session:
        session.add(phrase("fra", "help", text="Bonjour {hospital}", sms_text="Bjr {hospital}"))
        session.flush()
        said = speech(session, "choices_by_sms", ["fra"])
        assert said.text("help", hospital="H") == "Bonjour H"
        assert said.sms("help", hospital="H") == "Bjr H"
        assert "STOP" in said.sms("opt.started", hospital="H")


A, B, C = "user:1", "user:2", "user:3"

# Who did what, and who may not approve what came of it.
MADE: list[tuple[list[tuple[str, str]], set[str]]] = [
    ([(A, "write")], {A}),
    ([(A, "record")], {A}),
    ([(A, "write"), (B, "record")], {A, B}),
    ([(A, "record"), (B, "write down")], {A, B}),
    ([(A, "write"), (B, "write anew")], {B}),
    ([(A, "write"), (B, "record"), (C, "record")], {A, C}),
    ([(A, "write"), (B, "record"), (C, "write anew")], {C}),  # other words let go of the recording
    ([(A, "write"), (B, "spell")], {A, B}),
    ([(A, "write"), (B, "spell"), (C, "write down")], {A}),  # without a spelling of its own again
]


@pytest.mark.parametrize(("deeds", "makers"), MADE)
def test_nobody_approves_what_is_partly_their_own(
    database: Any, deeds: list[tuple[str, str]], makers: set[str]
) -> None:
    def do(session: Any, who: str, deed: str) -> None:
        principal = Principal(1, who)
        if deed == "record":
            spoken = Recording(id=uuid7(), key_id="-", size=1, checksum=b"-")
            session.add(spoken)
            session.flush()
            record(session, "phone.code", "dua", spoken.id, principal=principal)
            return
        text = "[2]" if deed == "write anew" else "[1]"
        spelt = "[s]" if deed == "spell" else None
        write(session, "phone.code", "dua", text=text, sms_text=spelt, principal=principal)

    for who in (A, B, C):
        with database.establishment(1) as session:
            take = find(session, "phone.code", "dua")
            if take is not None:
                session.delete(take)
                session.flush()
            for actor, deed in deeds:
                do(session, actor, deed)
            if who not in makers:
                assert approve(session, "phone.code", "dua", principal=Principal(1, who))
                continue
            with pytest.raises(Forbidden):
                approve(session, "phone.code", "dua", principal=Principal(1, who))
            with pytest.raises(Forbidden):
                reject(session, "phone.code", "dua", reason="-", principal=Principal(1, who))
