"""Templates: complete in English and French, the same parameters in both, never half a language."""

from __future__ import annotations

from string import Formatter

import pytest

from services.errors import Invalid
from services.template import catalogue, render
from utils.sms_encoding import analyse, fold_french

GIVEN = {"date": "lundi 23 novembre", "time": "10 h", "hospital": "Hôpital général"}


def parameters(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_template_is_complete(name: str) -> None:
    texts = catalogue()[name]
    assert {"eng", "fra"} <= set(texts)
    assert len({frozenset(parameters(text)) for text in texts.values()}) == 1
    assert not {"dua", "bas", "ewo"} & set(texts)  # until somebody who speaks them wrote them


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_french_fits_the_sms_alphabet(name: str) -> None:
    assert analyse(fold_french(catalogue()[name]["fra"])).encoding == "GSM-7"


def test_a_language_without_the_text_gives_way_to_the_next() -> None:
    language, message = render("appointment", GIVEN, ["ewo", "fra"])
    assert language == "fra"
    assert message.startswith("Bonjour. Nous vous attendons le lundi 23 novembre à 10 h.")


def test_no_language_at_all_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        render("appointment", GIVEN, ["ewo"])
    assert refused.value.code == "template_without_language"


def test_parameters_are_exact_and_filled_once() -> None:
    with pytest.raises(Invalid):
        render("appointment", GIVEN | {"more": "x"}, ["fra"])
    _, message = render("appointment", GIVEN | {"hospital": "{date}"}, ["fra"])
    assert message.endswith("{date}")
