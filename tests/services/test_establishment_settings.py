"""What an operator may write for an establishment, and what is refused with its field."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from models.establishment import Establishment
from schemas.establishment import EstablishmentChange
from services.errors import Invalid
from services.establishment.settings import (
    apply,
    new_establishment,
    parse_quiet_hours,
)
from services.sender.address import sender_address

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
    assert sender_address(place, "sms", "8111") == "8111"
    assert sender_address(place, "whatsapp", "650 00 00 09") == "+237650000009"
    assert sender_address(place, "email", "Rappel@Hopital.example") == "rappel@hopital.example"
    for channel, address in (
        ("fax", "1"),
        ("sms", "12"),
        ("voice", "HOPITAL"),
        ("email", "x"),
        ("whatsapp", "HOPITAL"),
    ):
        with pytest.raises(Invalid):
            sender_address(place, channel, address)


POLICY = {
    "receipt_window": ("PT20M", "receipt_window_seconds", 1200),
    "max_attempts": (3, "max_attempts", 3),
    "call_again_after": ("PT10M", "call_again_after", 600),
    "call_again_at_most": (2, "call_again_at_most", 2),
    "escalate": (False, "escalate", False),
    "unknown_after": ("PT2H", "unknown_after_seconds", 7200),
    "unknown_sms": ("resend", "unknown_sms", "resend"),
    "unknown_voice": ("resend", "unknown_voice", "resend"),
    "unknown_email": ("resend", "unknown_email", "resend"),
}


@pytest.mark.parametrize("field", POLICY)
def test_each_part_of_the_policy_is_set_alone(field: str) -> None:
    written, column, stored = POLICY[field]
    place = Establishment(max_attempts=9)
    apply(place, EstablishmentChange.model_validate({field: written}))
    assert getattr(place, column) == stored
    others = [getattr(place, name) for _, name, _ in POLICY.values() if name != column]
    assert set(others) <= {None, 9}


def test_attempts_may_be_without_a_bound() -> None:
    place = Establishment(max_attempts=9)
    apply(place, EstablishmentChange.model_validate({"max_attempts": None}))
    assert place.max_attempts is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("receipt_window", 59),
        ("receipt_window", "P2D"),
        ("max_attempts", 0),
        ("max_attempts", 101),
        ("call_again_after", 30),
        ("call_again_at_most", -1),
        ("call_again_at_most", 6),
        ("unknown_after", "PT1M"),
        ("escalate", None),
        ("unknown_sms", None),
    ],
)
def test_a_policy_out_of_bounds_is_refused(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        apply(Establishment(), EstablishmentChange.model_validate({field: value}))
    assert caught.value.field == field
