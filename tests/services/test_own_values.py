"""What a line of a list says for its recipient's message, judged by itself.

Seen to fail: a value that the campaign does not name is passed over; an empty one goes out.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from schemas.contact import RefusedLine
from services.campaign.own_values import checked_values


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"time": "9 h", "doctor": "Dr Essomba"}, "values", "value_unknown"),
        ({}, "value.time", "value_missing"),
        ({"time": "  "}, "value.time", "value_missing"),
        ({"time": "x" * 101}, "value.time", "value_too_long"),
        ({"time": "9\x00h"}, "value.time", "value_invalid"),
    ],
)
def test_a_line_that_cannot_be_put_into_the_text(
    given: Mapping[str, str], field: str, code: str
) -> None:
    refused = checked_values(7, given, ["time"])
    assert isinstance(refused, RefusedLine)
    assert (refused.line, refused.field, refused.code) == (7, field, code)


def test_values_of_a_campaign_that_names_none_are_refused() -> None:
    assert isinstance(checked_values(1, {"time": "9 h"}, []), RefusedLine)
    assert checked_values(1, {}, []) == {}


def test_a_value_is_put_in_as_one_line() -> None:
    assert checked_values(1, {"time": " 9 h\n30 "}, ["time"]) == {"time": "9 h 30"}
