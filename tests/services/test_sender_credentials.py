"""What a phone's address may be, and that its secrets show nowhere but in the column."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.sender_credentials import AndroidCredentials, points_inwards

GIVEN = {"username": "sms", "password": "geheim42", "signing_key": "0123456789"}

TAKEN = {
    "http://192.168.1.20:8080/": "http://192.168.1.20:8080",
    "http://[fd00::20]:8080": "http://[fd00::20]:8080",
    "http://gateway:8080": "http://gateway:8080",
    "http://phone.lan:8080": "http://phone.lan:8080",
    " https://sms.hospital.example/api/3rdparty/v1 ": (
        "https://sms.hospital.example/api/3rdparty/v1"
    ),
}


@pytest.mark.parametrize(("url", "kept"), TAKEN.items())
def test_an_address_that_is_taken(url: str, kept: str) -> None:
    assert AndroidCredentials(url=url, **GIVEN).url == kept  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"url": "http://sms.hospital.example"}, "url"),  # in the clear, over the internet
        ({"url": "http://41.202.207.1:8080"}, "url"),
        ({"url": "ftp://192.168.1.20"}, "url"),
        ({"url": "http://sms:geheim42@192.168.1.20"}, "url"),
        ({"url": "http://192.168.1.20/?x=1"}, "url"),
        ({"url": "http://192.168.1.20:99999"}, "url"),
        ({"url": "192.168.1.20"}, "url"),
        ({"url": ""}, "url"),
        ({"username": "sm:s"}, "username"),
        ({"signing_key": "short"}, "signing_key"),
        ({"sim": 0}, "sim"),
        ({"device_id": "a b"}, "device_id"),
        ({"pasword": "geheim42"}, "pasword"),
    ],
)
def test_what_is_refused_names_its_field(more: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AndroidCredentials.model_validate({"url": "http://10.0.0.2", **GIVEN} | more)
    assert [error["loc"][0] for error in caught.value.errors()] == [field]


def test_secrets_are_shown_to_the_column_alone() -> None:
    kept = AndroidCredentials.model_validate({"url": "http://10.0.0.2", **GIVEN, "sim": 2})
    assert "geheim42" not in f"{kept!r} {kept} {kept.model_dump_json()}"
    assert kept.stored() == {"url": "http://10.0.0.2", **GIVEN, "sim": 2}
    assert AndroidCredentials.model_validate(kept.stored()) == kept


@pytest.mark.parametrize(
    ("url", "inwards"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://[::1]", True),
        ("http://localhost:8080", True),
        ("http://169.254.169.254", True),
        ("http://0.0.0.0", True),
        ("http://192.168.1.20:8080", False),
        ("https://api.sms-gate.app/3rdparty/v1", False),
    ],
)
def test_what_is_the_server_itself(url: str, inwards: bool) -> None:
    assert points_inwards(url) is inwards
