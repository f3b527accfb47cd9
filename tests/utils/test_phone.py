import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.phone import InvalidPhone, is_mobile, mask_phone, national_format, normalise_phone

WRITINGS = [
    "+237650000012",
    "+237 6 50 00 00 12",
    "00237 650 00 00 12",
    "00 237 6 50 00 00 12",
    "237650000012",
    "237 650.00.00.12",
    "650000012",
    "6 50 00 00 12",
    "650-00-00-12",
    "650–00–00–12",
    "+237 650/00/00/12",
    "  +237\u00a0650\u202f00\u202f00\u202f12\n",
    "٦٥٠٠٠٠٠١٢",
    "+٢٣٧ ٦٥٠ ٠٠ ٠٠ ١٢",
    "\uff0b237650000012",
    "tel:+237650000012",
    "\u202a+237 650 00 00 12\u202c",
    "\u200e+237650000012",
]


@pytest.mark.parametrize("text", WRITINGS)
def test_every_usual_writing_is_the_same_number(text):
    assert normalise_phone(text) == "+237650000012"


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("233 42 12 34", "CM", "+237233421234"),
        ("+33 6 12 34 56 78", "CM", "+33612345678"),
        ("0033612345678", "CM", "+33612345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+1 415 555 2671", "CM", "+14155552671"),
        ("+235 66 12 34 56", "CM", "+23566123456"),
    ],
)
def test_other_numbers(text, region, e164):
    assert normalise_phone(text, region) == e164


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "phone_empty"),
        (" \u200e ", "phone_empty"),
        ("12", "phone_too_short"),
        ("+2376500000123456", "phone_too_long"),
        ("6" * 65, "phone_too_long"),
        ("+999 650000012", "phone_unknown_country"),
        ("1 800 FLOWERS", "phone_not_a_number"),
        ("650000012 ext 4", "phone_not_a_number"),
        ("650000012;650000013", "phone_not_a_number"),
        ("++237650000012", "phone_not_a_number"),
        ("Anne", "phone_not_a_number"),
        ("75000012", "phone_impossible"),  # eight digits: the plan before 2014
        ("950000012", "phone_impossible"),
        ("650000012\x00", "phone_not_a_number"),
    ],
)
def test_what_cannot_exist_is_refused_by_code(text, code):
    with pytest.raises(InvalidPhone) as refusal:
        normalise_phone(text)
    assert refusal.value.code == code
    assert refusal.value.reason == str(refusal.value)


@given(st.text(max_size=80) | st.text("0123456789+ ()-.", max_size=30))
def test_any_text_gives_e164_or_a_refusal_that_does_not_quote_it(text):
    e164, refusal = outcome(text)
    if refusal is None:
        assert e164[0] == "+"
        assert e164[1:].isdecimal()
        assert e164.isascii()
        assert 8 <= len(e164) <= 16
        assert normalise_phone(e164) == e164
    else:
        shown = "".join(traceback.format_exception_only(refusal)) + repr(refusal.args)
        assert not any(character.isdigit() for character in shown)
        assert refusal.__context__ is None


def outcome(text):
    try:
        return normalise_phone(text), None
    except InvalidPhone as refusal:
        return None, refusal


@given(st.integers(0, 9_999_999), st.data())
def test_spacing_and_prefix_never_matter(digits, data):
    national = f"65{digits:07d}"
    prefix = data.draw(st.sampled_from(["", "237", "00237", "+237"]))
    gaps = data.draw(st.lists(st.sampled_from(["", " ", ".", "-"]), min_size=9, max_size=9))
    spaced = "".join(digit + gap for digit, gap in zip(national, gaps, strict=True))
    assert normalise_phone(prefix + spaced) == "+237" + national


def test_masks_show_two_digits_and_no_length():
    assert mask_phone("+237650000012") == "••••••12"
    assert mask_phone("+33612345678") == "••••••78"
    assert mask_phone("1234") == mask_phone("") == "••••••••"


def test_mobile_and_home_writing():
    assert is_mobile("+237650000012")
    assert not is_mobile("+237233421234")
    assert is_mobile("+14155552671")
    assert national_format("+237650000012") == "6 50 00 00 12"
