"""Whose subscriber a phone number is, by its prefix, as libphonenumber's carrier data has it.

A number that was taken along to another operator keeps its prefix: then this names the first one.
It decides which sender is preferred, never whether somebody is reached.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

import phonenumbers


@lru_cache(maxsize=1)
def _carriers() -> Any:
    """Loaded at the first use: its ten megabytes are nothing to a hospital with one number."""
    return import_module("phonenumbers.carrier")


@lru_cache(maxsize=4096)
def operator_of(e164: str) -> str | None:
    """The operator's name in one small word (`mtn`, `orange`); None where the prefix tells none."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return None
    return _word(_carriers().name_for_number(number, "en"))


@lru_cache(maxsize=16)
def operators_in(region: str) -> frozenset[str]:
    """The operators that the prefixes of a region (ISO 3166) tell apart."""
    code = str(phonenumbers.country_code_for_region(region))
    names = import_module("phonenumbers.carrierdata").CARRIER_DATA
    found = {_word(name.get("en", "")) for prefix, name in names.items() if prefix.startswith(code)}
    return frozenset(word for word in found if word)


def _word(name: str) -> str | None:
    """`MTN Cameroon` and `NEXTTEL`, each as one word of small letters."""
    words = name.lower().split()
    return words[0][:16] if words else None
