import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.sms_encoding import GSM_DEFAULT, GSM_EXTENSION, analyse, fold_french

# The table of 3GPP TS 23.038 §6.2.1 by code point, typed independently of the one in utils.
TABLE = [
    *(0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, 0x0A, 0xD8, 0xF8, 0x0D, 0xC5),
    *(0xE5, 0x394, 0x5F, 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E),
    *(0xC6, 0xE6, 0xDF, 0xC9),
    *(code for code in range(0x20, 0x40) if code != 0x24),
    *(0xA4, 0xA1, *range(0x41, 0x5B), 0xC4, 0xD6, 0xD1, 0xDC, 0xA7),
    *(0xBF, *range(0x61, 0x7B), 0xE4, 0xF6, 0xF1, 0xFC, 0xE0),
]
ESCAPED = [0x0C, 0x5E, 0x7B, 0x7D, 0x5C, 0x5B, 0x7E, 0x5D, 0x7C, 0x20AC]

likely = st.sampled_from("aé€{}|êœɛ\u0301😀🏳\u200d’« \n") | st.characters()
gsm_text = st.text(st.sampled_from([chr(code) for code in TABLE + ESCAPED]), max_size=500)
any_text = st.text(likely, max_size=300)


def slow_reference(text):
    """Lay the units out one by one on a tape and cut it, the pedestrian way."""
    gsm = all(ord(c) in TABLE or ord(c) in ESCAPED for c in text)
    if gsm:
        tape = [["ESC", c] if ord(c) in ESCAPED else [c] for c in text]
        single, part = 160, 153
    else:
        wide = [c.encode("utf-16-be", "surrogatepass") for c in text]
        tape = [[w[i : i + 2] for i in range(0, len(w), 2)] for w in wide]
        single, part = 70, 67
    units = sum(len(character) for character in tape)
    if units <= single:
        return gsm, units, 1, single - units
    segments = [[]]
    for character in tape:
        if len(segments[-1]) + len(character) > part:
            segments.append([])
        segments[-1].extend(character)
    return gsm, units, len(segments), part - len(segments[-1])


def test_the_alphabet_is_that_of_the_standard():
    assert sorted(map(ord, GSM_DEFAULT)) == sorted(TABLE)
    assert len(GSM_DEFAULT) == 127
    assert sorted(map(ord, GSM_EXTENSION)) == sorted(ESCAPED)


@given(gsm_text | any_text)
def test_agrees_with_the_slow_reference(text):
    found = analyse(text)
    assert (
        found.encoding == "GSM-7",
        found.units,
        found.segments,
        found.units_left_in_last_segment,
    ) == slow_reference(text)


@given(any_text)
def test_offending_characters_are_each_named_once_in_order(text):
    offending = analyse(text).offending
    expected = []
    for character in text:
        if ord(character) not in TABLE + ESCAPED and character not in expected:
            expected.append(character)
    assert list(offending) == expected


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "left"),
    [
        ("", "GSM-7", 0, 1, 160),
        ("a" * 160, "GSM-7", 160, 1, 0),
        ("a" * 161, "GSM-7", 161, 2, 145),
        ("a" * 306, "GSM-7", 306, 2, 0),
        ("a" * 307, "GSM-7", 307, 3, 152),
        ("€" * 80, "GSM-7", 160, 1, 0),
        ("a" + "€" * 80, "GSM-7", 161, 2, 145),
        ("a" * 152 + "€" + "a" * 10, "GSM-7", 164, 2, 141),  # the pair moves as a whole
        ("€" * 153, "GSM-7", 306, 3, 151),  # 76 pairs a segment: one septet lost in each
        ("ê" * 70, "UCS-2", 70, 1, 0),
        ("ê" * 71, "UCS-2", 71, 2, 63),
        ("😀" * 35, "UCS-2", 70, 1, 0),
        ("😀" * 36, "UCS-2", 72, 2, 61),  # 33 pairs a segment: one unit lost
        ("😀" * 67, "UCS-2", 134, 3, 65),
        ("ç", "UCS-2", 1, 1, 69),
        ("Ç", "GSM-7", 1, 1, 159),
        ("\x1b", "UCS-2", 1, 1, 69),
        ("ɛ\u0301", "UCS-2", 2, 1, 68),
        ("\ud83d", "UCS-2", 1, 1, 69),
    ],
)
def test_boundaries(text, encoding, units, segments, left):
    found = analyse(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)
    assert found.units_left_in_last_segment == left


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hôpital Général : rendez-vous à 10 h", "Hopital Général : rendez-vous à 10 h"),
        ("Ho\u0302pital Ge\u0301ne\u0301ral", "Hopital Général"),
        ("Ça a été reçu, garçon", "Ça a été recu, garcon"),
        ("« Bonjour »", '"Bonjour"'),
        ("«\u00a0Bonjour\u202f»\u00a0!", '"Bonjour" !'),
        ("L’œuvre d’À coté… Œuvre, ŒUVRE", "L'oeuvre d'A coté... Oeuvre, OEUVRE"),
        ("10\u202f000 – 20 — 30", "10 000 - 20 - 30"),
        ("N° 12, n°3", "No 12, no3"),
        ("maïs, Noël, août, île", "mais, Noel, aout, ile"),
        ("co\u00adtisa\u00adtion", "cotisation"),
        ("äöüñøæßÄÉ", "äöüñøæßÄÉ"),
    ],
)
def test_french_is_folded_readably(text, folded):
    assert fold_french(text) == folded
    assert analyse(folded).encoding == "GSM-7"


@pytest.mark.parametrize(
    "text", ["ŋ̀ŋ̂", "Tɛgɛ", "kɛ́m", "tɔ̀", "á í ó ú ń", "موعد", "😀", "38 °C", "ế", "œ̂", "a\u0301"]
)
def test_other_languages_are_left_alone(text):
    assert fold_french(text) == text


def test_one_circumflex_costs_two_segments_and_folding_saves_them():
    text = "Hôpital Laquintinie : votre rendez-vous est le 14/07 à 10 h. " + "Merci de venir. " * 5
    assert analyse(text).segments == 3
    assert analyse(fold_french(text)).segments == 1


@given(any_text)
def test_folding_is_idempotent_and_brings_in_no_offending_character(text):
    folded = fold_french(text)
    assert fold_french(folded) == folded
    assert set(analyse(folded).offending) <= set(analyse(text).offending)


@given(gsm_text)
def test_a_gsm_text_is_not_changed(text):
    assert fold_french(text) == text
