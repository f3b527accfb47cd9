"""What an operator may write for an establishment, and what is refused with its field."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from models.establishment import Establishment
from services.errors import Invalid
from services.establishment_settings import new_establishment, parse_quiet_hours, sender_address

GOOD = {
    "slug": "north-wing",
    "name": "Hôpital Nord",
    "time_zone": "Africa/Douala",
    "languages": "duala,fr,english",
    "quiet_hours": "20:00-07:00",
    "region": "CM",
}


def test_a_good_one() -> None:
    made = new_establishment(**GOOD)
    assert made.languages == ["dua", "fra", "eng"]
    assert (made.quiet_start, made.quiet_end) == (time(20), time(7))
    assert parse_quiet_hours("None") == (None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Bad Slug"),
        ("slug", "x" * 64),
        ("slug", "-x"),
        ("name", " "),
        ("name", "a\x00b"),
        ("time_zone", "Mars/Base"),
        ("time_zone", "../../etc/passwd"),
        ("time_zone", ""),
        ("languages", "klingon"),
        ("languages", "fr,french"),
        ("languages", ""),
        ("quiet_hours", "25:00-07:00"),
        ("quiet_hours", "07:00-07:00"),
        ("quiet_hours", "20:00"),
        ("region", "cmr"),
    ],
)
def test_refused_with_its_field(field: str, value: str) -> None:
    given: dict[str, Any] = GOOD | {field: value}
    with pytest.raises(Invalid) as caught:
        new_establishment(**given)
    assert caught.value.field == field


def test_senders() -> None:
    place = Establishment(region="CM")
    assert sender_address(place, "sms", "6 50 00 00 09") == "+237650000009"
    assert sender_address(place, "sms", "HOPITAL") == "HOPITAL"
    assert sender_address(place, "email", "Rappel@Hopital.example") == "rappel@hopital.example"
    for channel, address in (("fax", "1"), ("sms", "12"), ("voice", "HOPITAL"), ("email", "x")):
        with pytest.raises(Invalid):
            sender_address(place, channel, address)
