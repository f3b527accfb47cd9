"""What a sender holds of its own account with its carrier (`Sender.credentials`, sealed).

An e-mail sender has none of its own and goes by the settings, and so does one of Twilio's unless
an account of its own is entered. One that is an Android phone (`provider="android"`) needs what the
app *SMS Gateway for Android* shows on its first page, and the key that it signs its webhooks with.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from schemas.common import In

ANDROID = "android"

_LOCAL_SUFFIXES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")


def _gateway_url(text: str) -> str:
    """The address without a slash at its end.

    `http://` sends numbers, texts and the password in the clear, so it is for the hospital's own
    network only: that is how a phone in the ward answers.
    """
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("this is no address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("an address that begins with https:// or http:// is needed")
    if parts.username or parts.password or parts.query or parts.fragment or "#" in text:
        raise ValueError("an address only: no user, password, question mark or fragment in it")
    if not (parts.path + host).isascii() or any(sign.isspace() for sign in text.strip()):
        raise ValueError("this is no address")
    if parts.scheme == "http" and not _is_local(host):
        raise ValueError("http:// is for a phone in your own network: use https:// here")
    return text.strip().rstrip("/")


def points_inwards(url: str) -> bool:
    """True for an address that is the asking machine itself, or that of no single machine.

    Nobody's phone is there, but what a server keeps from the outside world is. A name is not looked
    up: where it leads may change at any time (decision 0022).
    """
    try:
        address = ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return urlsplit(url).hostname == "localhost"
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
    )


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_SUFFIXES)


def _printable(text: str) -> str:
    if not text.isprintable() or ":" in text:
        raise ValueError("printable characters only, and no colon")
    return text


class TwilioCredentials(In):
    """An account of its own with Twilio, for a sender that the settings' account does not own."""

    account_sid: str = Field(
        pattern=r"^AC[0-9a-f]{32}$",
        description="AC and 32 hex digits, from Twilio's console",
    )
    auth_token: SecretStr = Field(
        min_length=32, max_length=32, description="32 characters, from Twilio's console"
    )

    def stored(self) -> dict[str, Any]:
        """The value for `Sender.credentials`: the token as it is, for the column seals it."""
        token = self.auth_token.get_secret_value()
        return {"account_sid": self.account_sid, "auth_token": token}


class AndroidCredentials(In):
    """How to reach the phone that is a sender, and how to know that a webhook is its own.

    `url` is what stands before `/messages`: `http://192.168.1.20:8080` for a phone in the same
    network (local server), `https://sms.hospital.example/api/3rdparty/v1` for a private server,
    `https://api.sms-gate.app/3rdparty/v1` for the public one.
    """

    url: Annotated[
        str,
        AfterValidator(_gateway_url),
        Field(
            max_length=255,
            description="the gateway's address, what stands before /messages",
            examples=["http://192.168.1.20:8080"],
        ),
    ]
    username: Annotated[
        str,
        AfterValidator(_printable),
        Field(min_length=1, max_length=64, description="as the app shows it"),
    ]
    password: SecretStr = Field(min_length=1, max_length=128, description="as the app shows it")
    signing_key: SecretStr = Field(
        min_length=8,
        max_length=128,
        description="the app's Settings, Webhooks, Signing key",
    )
    sim: int | None = Field(
        default=None,
        ge=1,
        le=3,
        description="which SIM of the phone this number is, where it has more than one",
    )
    device_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,36}$",
        description="which phone, where a private or public server serves more than one: without"
        " it the server takes any, and the same message may go out from two",
    )

    def same_phone(self, other: AndroidCredentials) -> bool:
        """True when both are numbers of one phone."""
        return (self.url, self.device_id) == (other.url, other.device_id)

    def stored(self) -> dict[str, Any]:
        """The value for `Sender.credentials`: secrets as they are, for the column seals them."""
        values = self.model_dump(exclude_none=True)
        values["password"] = self.password.get_secret_value()
        values["signing_key"] = self.signing_key.get_secret_value()
        return values
