"""Senders: what an establishment sends from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from models.reminder import Channel
from schemas.common import In, Out, UtcOut, cleaned

SenderLabel = Annotated[str, Field(min_length=1, max_length=80), cleaned(80)]
RatePerSecond = Annotated[float, Field(ge=0.001, le=1000, allow_inf_nan=False)]
RatePerMinute = Annotated[float, Field(ge=0.06, le=60_000, allow_inf_nan=False)]
Priority = Annotated[
    int, Field(ge=1, le=999, description="the lowest is taken first; equals share the work")
]
Operators = Annotated[
    list[Annotated[str, Field(max_length=16)]],
    Field(
        max_length=16,
        description="whose subscribers it is for (`GET /senders/choices`); empty: everybody's",
    ),
]
Credentials = Annotated[
    dict[Annotated[str, Field(max_length=40)], SecretStr | int | None],
    Field(
        max_length=10,
        description="of its own account, never shown again. What is left out of a change stays, a"
        " single null takes one away; null: the account of the settings",
    ),
]
SenderNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _Rate(In):
    """How fast a sender sends, said in seconds or in minutes."""

    rate_per_second: RatePerSecond | None = Field(
        default=None, description="messages; null: as many as come"
    )
    rate_per_minute: RatePerMinute | None = None

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if {"rate_per_second", "rate_per_minute"} <= self.model_fields_set:
            raise ValueError("say the rate once, per second or per minute")
        return self

    @property
    def rate_said(self) -> bool:
        """True when the rate is named, be it that there is none."""
        return bool({"rate_per_second", "rate_per_minute"} & self.model_fields_set)

    @property
    def rate(self) -> float | None:
        """Messages a second; None for no limit."""
        if self.rate_per_minute is not None:
            return self.rate_per_minute / 60
        return self.rate_per_second


class SenderIn(_Rate):
    """A new sender: one number or address on one channel."""

    channel: Channel
    address: str = Field(
        min_length=1,
        max_length=320,
        description="a number in any writing, a name of at most 11 letters and digits for SMS, or"
        " an e-mail address",
        examples=["+237650000009"],
    )
    provider: str | None = Field(
        default=None, max_length=16, description="left out: the usual one of this channel"
    )
    label: SenderLabel | None = Field(default=None, description="what staff call it")
    can_receive: bool | None = Field(
        default=None,
        description="answers to it (by voice: calls) reach us; left out: no, on WhatsApp yes",
    )
    priority: Priority = 10
    operators: Operators = Field(default_factory=list)
    credentials: Credentials | None = None


class SenderChange(_Rate):
    """What may be changed of a sender. What is left out stays.

    Channel, address and provider are what it is: for others add another sender.
    """

    label: SenderLabel | None = None
    can_receive: bool | None = None
    priority: Priority | None = None
    operators: Operators | None = None
    credentials: Credentials | None = None
    active: bool | None = Field(default=None, description="true also takes a retired one back")
    suspended: Literal[False] | None = Field(
        default=None, description="false: take it into use again now"
    )


class SenderOrder(In):
    """In which order the senders in use on a channel are taken."""

    channel: Channel
    order: list[Annotated[list[SenderNumber], Field(min_length=1, max_length=100)]] = Field(
        max_length=100, description="ids, the first to be taken first; those in one list share"
    )


class SenderOut(Out):
    """A number or address of the establishment's own, and how it is."""

    id: int
    channel: str
    address: str
    provider: str
    label: str | None
    can_receive: bool
    gives_receipts: bool
    rate_per_second: float | None
    rate_per_minute: float | None
    priority: int
    operators: list[str]
    has_credentials: bool = Field(description="an account of its own; which one is never shown")
    active: bool
    retired_at: UtcOut | None
    suspended_at: UtcOut | None = Field(
        description="since then the provider takes nothing from it, or does not answer"
    )
    suspended_code: str | None = Field(
        description="the provider's own code; `no_answer` where it has stopped answering"
    )
    probe_at: UtcOut | None = Field(description="when one delivery tries it again")
    version: int = Field(description='as in `If-Match: "3"`')


class SenderGone(Out):
    """What became of a sender that was taken away."""

    id: int
    outcome: Literal["deleted", "retired"] = Field(
        description="retired: something went out from it or came in, so it is kept for the record"
    )


class CredentialOut(Out):
    """One value of an account."""

    name: str
    secret: bool
    required: bool
    hint: str


class ProviderOut(Out):
    """A provider that a sender can be entered for."""

    name: str
    channels: list[Channel]
    own: list[Channel] = Field(description="channels on which credentials of its own are taken")
    needed: bool = Field(description="no account of the settings stands in for them")
    webhooks: dict[Channel, str] = Field(
        description="addresses of ours that the provider must be told, so that what comes in"
        " reaches us; `{sender_id}` stands for the sender's"
    )
    credentials: list[CredentialOut]


class SenderChoicesOut(Out):
    """What can be chosen for a sender."""

    providers: list[ProviderOut]
    operators: list[str] = Field(description="that numbers of the establishment's country tell")
