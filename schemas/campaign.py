"""Campaigns: what goes in and out."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.campaign import CampaignStatus, Exclusion
from models.reminder import Channel
from schemas.common import (
    ChannelsIn,
    DurationIn,
    In,
    LanguageIn,
    LanguageOut,
    MomentIn,
    Out,
    UtcOut,
    cleaned,
)
from schemas.contact import ContactKind, FileColumn, RefusedLine
from schemas.reminder import MESSAGE_LENGTH

MOST_RECIPIENTS = 50_000
"""References in one explicit list."""
FASTEST = 60_000
"""Messages a minute."""

CampaignName = Annotated[str, Field(min_length=1, max_length=120), cleaned(120)]
Text = Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH), cleaned(MESSAGE_LENGTH)]
Texts = Annotated[
    dict[LanguageIn, Text],
    Field(
        min_length=1,
        max_length=10,
        description="by language; {name} and {patient_id} stand for the contact's own, and each of"
        " `value_names` for what the list says of them",
        examples=[{"french": "La pharmacie est fermée demain.", "english": "…"}],
    ),
]
Parameters = Annotated[
    dict[str, Annotated[str, Field(max_length=200), cleaned(200)]], Field(max_length=20)
]
MOST_VALUES = 10
LONGEST_VALUE = 100
"""Characters of what one recipient has of their own."""
VALUE_NAME = "[a-z][a-z0-9_]{0,31}"
ValueName = Annotated[str, Field(pattern=f"^{VALUE_NAME}$")]
ValueNames = Annotated[
    list[ValueName],
    Field(
        max_length=MOST_VALUES,
        description="what each recipient of the list has of their own, such as time: `{time}` in"
        " the texts. Each line of the list must have all of them",
    ),
]
Rate = Annotated[int, Field(ge=1, le=FASTEST, description="messages a minute")]
ValidFor = Annotated[
    DurationIn,
    Field(description="ISO 8601 duration (P1D) or seconds; nothing goes out later than that"),
]


class CampaignFilter(In):
    """Which contacts; every condition must be met, and an empty filter means everybody."""

    kind: list[ContactKind] | None = Field(default=None, min_length=1, max_length=3)
    language: list[LanguageIn] | None = Field(default=None, min_length=1, max_length=10)
    has_phone: bool | None = None
    has_email: bool | None = None
    created_since: MomentIn | None = None
    created_before: MomentIn | None = None


class CampaignIn(In):
    """A campaign as staff draft it. Without `filter` and `patient_ids` a list is sent later."""

    name: CampaignName
    texts: Texts | None = None
    template: str | None = Field(default=None, max_length=40, description="instead of `texts`")
    parameters: Parameters = Field(
        default_factory=dict,
        description="of the template; one may be a place itself, such as {time}",
    )
    value_names: ValueNames = Field(default_factory=list)
    channels: ChannelsIn | None = None
    filter: CampaignFilter | None = None
    patient_ids: list[str] | None = Field(
        default=None, max_length=MOST_RECIPIENTS, description="an explicit list of references"
    )
    scheduled_time: MomentIn | None = Field(
        default=None,
        description="when the first goes out; null: when it is started. Without an offset: the"
        " establishment's local time",
    )
    valid_for: ValidFor = timedelta(days=1)
    rate_per_minute: Rate = 60

    @model_validator(mode="after")
    def _says_something_to_somebody(self) -> Self:
        if (self.texts is None) == (self.template is None):
            raise ValueError("give either `texts` or `template`")
        if self.filter is not None and self.patient_ids is not None:
            raise ValueError("give either `filter` or `patient_ids`")
        return self

    @model_validator(mode="after")
    def _values_come_with_a_list(self) -> Self:
        if not self.value_names:
            return self
        if self.filter is not None or self.patient_ids is not None:
            raise ValueError("`value_names` goes with a list that is sent later")
        if len(set(self.value_names)) < len(self.value_names):
            raise ValueError("each of `value_names` stands once")
        if not {"name", "patient_id"}.isdisjoint(self.value_names):
            raise ValueError("{name} and {patient_id} are the contact's own")
        return self


class CampaignChange(In):
    """What to change of a draft; of one that runs or is paused, the name and the rate.

    Null as the time means as soon as it is started, null as channels the usual ones.
    """

    name: CampaignName | None = None
    texts: Texts | None = None
    template: str | None = Field(default=None, max_length=40)
    parameters: Parameters = Field(default_factory=dict)
    channels: ChannelsIn | None = None
    filter: CampaignFilter | None = None
    scheduled_time: MomentIn | None = None
    valid_for: ValidFor | None = None
    rate_per_minute: Rate | None = None

    @model_validator(mode="after")
    def _one_source_of_words(self) -> Self:
        if self.texts is not None and self.template is not None:
            raise ValueError("give either `texts` or `template`")
        return self


class ListReport(Out):
    """What became of a list of references."""

    lines: int
    added: int
    refused_count: int
    refused: list[RefusedLine] = Field(description="the first 1,000 of them")


class References(In):
    """A list of references as JSON."""

    patient_ids: list[str] = Field(max_length=MOST_RECIPIENTS)


class LanguageShare(Out):
    """How many contacts have chosen a language; null: none."""

    language: LanguageOut | None
    contacts: int


class AudienceOut(Out):
    """Whom a filter means at this moment."""

    contacts: int
    languages: list[LanguageShare]


class CheckedLine(RefusedLine):
    """A refused line with what stands there, for whoever has sent the file; it is not kept."""

    cells: list[str]


class FileReport(Out):
    """What a file of contacts leads to."""

    lines: int = Field(description="lines with something on them, without the header")
    known: int = Field(description="lines of contacts that are here")
    new: int = Field(description="lines of contacts that are not")
    refused_count: int
    languages: list[LanguageShare]
    added: int | None = Field(default=None, description="to the list, when it was stored")
    refused: list[RefusedLine] = Field(
        default_factory=list, description="the first 1,000 of them, when it was stored"
    )


class FileCheck(Out):
    """A file, looked through; nothing is stored."""

    columns: list[FileColumn]
    header: bool = Field(description="false: the first line is a person, not headings")
    report: FileReport | None = Field(description="null: no column is known to be the reference")
    refused: list[CheckedLine]


class TextsIn(In):
    """Texts that somebody is writing."""

    texts: Texts
    values: dict[ValueName, Annotated[str, Field(max_length=LONGEST_VALUE)]] = Field(
        default_factory=dict,
        max_length=MOST_VALUES,
        description="an example of each value of the recipients' own",
    )


class TextCost(Out):
    """What a text costs as one SMS; a name in it is taken to have twenty letters.

    A value of the recipient's own is taken to be as its example.
    """

    language: LanguageOut
    encoding: str
    segments: int
    left: int = Field(description="units before another segment is needed")
    offending: list[str] = Field(description="the characters that force UCS-2")
    same_for_all: bool


class LanguageCount(Out):
    """How many get the message in a language, and how many of them chose another one."""

    language: LanguageOut
    recipients: int
    chose_another: int


class PaceOut(Out):
    """When it would go out."""

    rate_per_minute: int
    starts_at: UtcOut
    ends_at: UtcOut | None
    valid_until: UtcOut
    local_start: str
    local_end: str | None
    lasts_seconds: int
    summary: str


class MessageExample(Out):
    """What one recipient would get, word for word."""

    patient_id: str | None
    language: LanguageOut
    text: str


class CampaignPreview(Out):
    """What would happen, counted; nothing is stored or sent."""

    dry_run: str = Field(
        description="stands for what was shown: name it at the start, and nothing else is started"
    )
    contacts: int = Field(description="in the set, those excluded among them")
    recipients: int = Field(description="who would get a message in time")
    excluded: dict[Exclusion, int]
    languages: list[LanguageCount]
    channels: dict[Channel, int] = Field(description="by which each would be tried first")
    encodings: dict[str, int] = Field(description="SMS by encoding: GSM-7, UCS-2")
    segments: dict[int, int] = Field(description="SMS by how many segments each takes")
    segments_total: int = Field(description="what the SMS cost, in segments")
    daily_cap_reached: int = Field(
        description="recipients whose address has had its messages for today already"
    )
    shared_address: Literal["one_message", "one_for_each"] = Field(
        description="what contacts with one phone or e-mail address get: one message where all get"
        " the same text, one for each of them where the text has their name or reference in it"
    )
    examples: list[MessageExample] = Field(
        description="the first few messages that are not the same for everybody"
    )
    pace: PaceOut
    refused_list: ListReport | None = Field(
        default=None, description="what became of `patient_ids`"
    )


class StartIn(In):
    """What is to be started."""

    dry_run: str | None = Field(
        default=None,
        max_length=64,
        description="of the dry run that was looked at: refused (412) when who gets it, or what"
        " they get, has changed since. Without it: whoever is meant now",
    )


class CampaignSummary(Out):
    """A campaign in a list."""

    id: int
    name: str
    status: CampaignStatus
    scheduled_time: UtcOut | None
    created_at: UtcOut
    started_at: UtcOut | None
    ended_at: UtcOut | None
    total: int


class Progress(Out):
    """How far a campaign is, counted from what there is."""

    total: int
    to_come: int = Field(description="recipients whose turn has not come")
    made: int = Field(description="recipients with a reminder of their own")
    queued: int
    sending: int = Field(description="with the carrier at this moment, or unknown")
    sent: int = Field(description="accepted by the carrier, no receipt so far")
    delivered: int
    failed: int = Field(description="refused, undelivered, or the address said stop")
    expired: int
    cancelled: int
    excluded: dict[Exclusion, int]
    rate_per_minute: int
    expected_end: UtcOut | None


class CampaignOut(CampaignSummary):
    """A campaign with its progress."""

    texts: dict[LanguageOut, str]
    value_names: list[str] = Field(description="what each recipient has of their own")
    template: str | None
    channels: list[Channel] | None
    filter: CampaignFilter | None
    valid_for: int = Field(description="seconds")
    valid_until: UtcOut | None
    rate_per_minute: int
    created_by: str
    updated_at: UtcOut
    version: int
    can_be_cancelled: bool = Field(
        description="something of it may still go out; also of one that is done, while another"
        " channel may follow a message that nothing is heard of"
    )
    progress: Progress
    refused_list: ListReport | None = Field(
        default=None, description="when it was created with `patient_ids`"
    )
    already_with_carrier: int | None = Field(
        default=None, description="after a pause or cancel: messages that had already left"
    )


class RecipientOut(Out):
    """One recipient: their reminder, or why there is none."""

    position: int
    contact_id: int
    reason: Exclusion | None
    reminder_id: int | None
    status: str | None = Field(description="of the reminder")
