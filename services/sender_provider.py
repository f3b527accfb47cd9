"""What each provider's senders can do, and which credentials of their own they take.

One table for the API, the commands and the console: a provider that is added here can be entered
by an administrator. A value never leaves this process again, in no answer, log or audit entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from config.settings import Settings
from models.establishment import Establishment
from models.reminder import Channel
from schemas.sender import CredentialOut, ProviderOut, SenderChoicesOut
from services.errors import Invalid
from utils.operators import operators_in

LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True)
class Credential:
    """One value of an account. `secret`: typed without being seen. `hint` says where it is from."""

    name: str
    pattern: str
    hint: str
    secret: bool = True

    def check(self, value: str) -> str:
        """The value itself; raises `Invalid` with the field, never with what stood there."""
        if len(value) > LONGEST_VALUE or not re.fullmatch(self.pattern, value):
            raise Invalid(
                f"This is not what it should be: {self.hint}.",
                field=f"credentials.{self.name}",
                code="credential_invalid",
            )
        return value


@dataclass(frozen=True, slots=True)
class Provider:
    """Who carries what a sender sends.

    `own` are the channels on which a sender may bring credentials of its own; `needed` when no
    account of the settings stands in for them.
    """

    name: str
    channels: tuple[Channel, ...]
    credentials: tuple[Credential, ...] = ()
    own: frozenset[Channel] = frozenset()
    needed: bool = False

    def takes_credentials(self, channel: str) -> bool:
        """True when a sender on a channel may have an account of its own."""
        return channel in self.own


TWILIO = Provider(
    "twilio",
    (Channel.sms, Channel.voice, Channel.whatsapp),
    (
        Credential(
            "account_sid", r"AC[0-9a-f]{32}", "AC and 32 hex digits, from Twilio's console", False
        ),
        Credential("auth_token", r"[0-9a-zA-Z]{32}", "32 characters, from Twilio's console"),
    ),
    # What a call asks and records goes by the account of the settings.
    own=frozenset({Channel.sms, Channel.whatsapp}),
)
SENDGRID = Provider("sendgrid", (Channel.email,))
SMTP = Provider("smtp", (Channel.email,))
PROVIDERS = {one.name: one for one in (TWILIO, SENDGRID, SMTP)}


def usable(settings: Settings) -> list[Provider]:
    """The providers that a sender can be entered for: e-mail goes by the settings' one alone."""
    email = settings.email.provider
    return [
        one for one in PROVIDERS.values() if Channel.email not in one.channels or one.name == email
    ]


def choices(settings: Settings, place: Establishment) -> SenderChoicesOut:
    """What an administrator can choose from."""
    return SenderChoicesOut(
        providers=[_shown(one) for one in usable(settings)],
        operators=sorted(operators_in(place.region)),
    )


def _shown(provider: Provider) -> ProviderOut:
    return ProviderOut(
        name=provider.name,
        channels=list(provider.channels),
        own=[channel for channel in provider.channels if channel in provider.own],
        needed=provider.needed,
        credentials=[
            CredentialOut(name=one.name, secret=one.secret, hint=one.hint)
            for one in provider.credentials
        ],
    )


def provider_for(channel: Channel, name: str | None, settings: Settings) -> Provider:
    """The provider of a new sender, the usual one where none is named; raises `Invalid`."""
    fitting = [one for one in usable(settings) if channel in one.channels]
    found = [one for one in fitting if name in (None, one.name)]
    if not found:
        names = " or ".join(one.name for one in fitting) or "nobody here"
        raise Invalid(
            f"On {channel.value}, {names} can send.", field="provider", code="provider_unfit"
        )
    return found[0]


def credentials_after(
    provider: Provider,
    channel: str,
    kept: Mapping[str, str] | None,
    given: Mapping[str, str] | None,
) -> dict[str, str] | None:
    """A sender's credentials once those given replaced theirs; None: it has none of its own.

    What is left out stays, so a password can be changed alone. Raises `Invalid` with the field.
    """
    if not given:
        if provider.needed and provider.takes_credentials(channel):
            raise Invalid(
                f"A sender of {provider.name} needs the credentials of its account.",
                field="credentials",
                code="credentials_missing",
            )
        return None
    if not provider.takes_credentials(channel):
        raise Invalid(
            f"A sender of {provider.name} on {channel} takes no credentials of its own.",
            field="credentials",
            code="credentials_not_taken",
        )
    known = {one.name: one for one in provider.credentials}
    if set(given) - set(known):
        raise Invalid(
            f"{provider.name} takes {', '.join(known)}.",
            field="credentials",
            code="credential_unknown",
        )
    whole = dict(kept or {}) | {name: known[name].check(value) for name, value in given.items()}
    for name, needed in known.items():
        if name not in whole:
            raise Invalid(
                f"This is needed: {needed.hint}.",
                field=f"credentials.{name}",
                code="missing",
            )
    return whole
