"""What each provider's senders can do, and which credentials of their own they take.

One table for the API, the commands and the console: a provider that is added here can be entered
by an administrator. A credential never leaves this process again, in no answer, log or audit entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr, ValidationError

from config.settings import Settings, get_settings
from models.establishment import Establishment
from models.reminder import Channel
from schemas.sender import CredentialOut, ProviderOut, SenderChoicesOut
from schemas.sender_credentials import (
    ANDROID,
    AndroidCredentials,
    TwilioCredentials,
    points_inwards,
)
from services.errors import Invalid
from utils.operators import operators_in

Schema = type[TwilioCredentials] | type[AndroidCredentials]


@dataclass(frozen=True, slots=True)
class Provider:
    """Who carries what a sender sends.

    `own` are the channels on which a sender may bring credentials of its own; `needed` when no
    account of the settings stands in for them. `webhooks` are the paths of ours that the provider
    must be told, so that what comes in reaches us; one may be a sender's own.
    """

    name: str
    channels: tuple[Channel, ...]
    credentials: Schema | None = None
    own: frozenset[Channel] = frozenset()
    needed: bool = False
    webhooks: Mapping[Channel, str] = field(default_factory=dict)


PROVIDERS = {
    one.name: one
    for one in (
        Provider(
            "twilio",
            (Channel.sms, Channel.voice, Channel.whatsapp),
            TwilioCredentials,
            own=frozenset({Channel.sms, Channel.voice, Channel.whatsapp}),
            webhooks={
                Channel.sms: "/webhooks/twilio/sms",
                Channel.whatsapp: "/webhooks/twilio/sms",
                Channel.voice: "/webhooks/twilio/voice",
            },
        ),
        Provider(
            ANDROID,
            (Channel.sms,),
            AndroidCredentials,
            own=frozenset({Channel.sms}),
            needed=True,
            webhooks={Channel.sms: "/webhooks/android/{sender_id}"},
        ),
        Provider("sendgrid", (Channel.email,)),
        Provider("smtp", (Channel.email,)),
    )
}


def usable(settings: Settings) -> list[Provider]:
    """The providers that a sender can be entered for: e-mail goes by the settings' one alone."""
    email = settings.email.provider
    return [
        one for one in PROVIDERS.values() if Channel.email not in one.channels or one.name == email
    ]


def choices(settings: Settings, place: Establishment) -> SenderChoicesOut:
    """What an administrator can choose from."""
    return SenderChoicesOut(
        providers=[_shown(one, settings.web.base_url) for one in usable(settings)],
        operators=sorted(operators_in(place.region)),
    )


def credential_fields(provider: Provider) -> list[CredentialOut]:
    """What has to be known of an account of its own, in the order in which it is asked."""
    known = provider.credentials.model_fields if provider.credentials else {}
    return [
        CredentialOut(
            name=name,
            secret=one.annotation is SecretStr,
            required=one.is_required(),
            hint=one.description or "",
        )
        for name, one in known.items()
    ]


def _shown(provider: Provider, base_url: str) -> ProviderOut:
    return ProviderOut(
        name=provider.name,
        channels=list(provider.channels),
        own=[channel for channel in provider.channels if channel in provider.own],
        needed=provider.needed,
        webhooks={channel: base_url + path for channel, path in provider.webhooks.items()},
        credentials=credential_fields(provider),
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
    kept: Mapping[str, Any] | None,
    given: Mapping[str, Any] | None,
) -> dict[str, Any] | None:
    """A sender's credentials once those given replaced theirs; None: it has none of its own.

    What is left out stays, so a password can be changed alone; one that is None is taken away.
    Raises `Invalid` with the field, never with what stood there.
    """
    taken = channel in provider.own
    if not given:
        if provider.needed and taken:
            raise Invalid(
                f"A sender of {provider.name} needs the credentials of its account.",
                field="credentials",
                code="credentials_missing",
            )
        return None
    if provider.credentials is None or not taken:
        raise Invalid(
            f"A sender of {provider.name} on {channel} takes no credentials of its own.",
            field="credentials",
            code="credentials_not_taken",
        )
    for name, secret in _GOES_WITH.items():
        if kept and name in given and given[name] != kept.get(name) and not given.get(secret):
            raise Invalid(
                "Somewhere else the secret is another one: give it as well.",
                field=f"credentials.{secret}",
                code="missing",
            )
    whole = {name: v for name, v in {**(kept or {}), **given}.items() if v is not None}
    try:
        stored = provider.credentials.model_validate(whole).stored()
    except ValidationError as error:
        raise _wrong(provider.credentials, error) from None
    if get_settings().production and points_inwards(stored.get("url", "")):
        raise Invalid(
            "This is this server itself, or an address of no phone.",
            field="credentials.url",
            code="credential_invalid",
        )
    return stored


_GOES_WITH = {"url": "password", "account_sid": "auth_token"}
"""Where a secret is sent to, and that secret: one that is kept is never sent to another place."""


def _wrong(schema: Schema, error: ValidationError) -> Invalid:
    """What is wrong with credentials: our own words, for Pydantic's may repeat what came in."""
    found = error.errors(include_input=False, include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    name = str(first["loc"][0])
    if name not in schema.model_fields:
        known = ", ".join(schema.model_fields)
        return Invalid(
            f"The credentials here are {known}.", field="credentials", code="credential_unknown"
        )
    missing = first["type"] == "missing"
    hint = schema.model_fields[name].description
    reason = str(first["msg"]).removeprefix("Value error, ")
    what = reason if first["type"] == "value_error" else f"This is needed: {hint}"
    return Invalid(
        f"{what[0].upper()}{what[1:]}.",
        field=f"credentials.{name}",
        code="missing" if missing else "credential_invalid",
    )
