"""Who of a campaign's recipients gets which message, and who gets none and why.

The dry run and the real one ask here, so they cannot come to different results.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from models.campaign import Campaign, Exclusion
from models.establishment import Establishment
from models.reminder import Channel
from services.campaign.words import filled, places
from utils.crypto import get_cipher
from utils.languages import VOICES

DEFAULT_CHANNELS = (Channel.sms, Channel.email)
"""A call only when asked for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recipient as they are now. `name`, `patient_id` and `values` are sealed."""

    position: int
    contact_id: int
    here: bool
    language: str | None
    phone_id: int | None
    phone_stopped: bool
    email_id: int | None
    email_stopped: bool
    name: bytes | None
    patient_id: bytes | None
    patient_id_index: bytes | None
    values: bytes | None = None
    quiet_start: time | None = None
    quiet_end: time | None = None
    holidays: Sequence[date] | None = None
    yearly_holidays: Sequence[date] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What a recipient gets: by which channels, at which address first, in which language."""

    channels: tuple[str, ...]
    address_id: int
    language: str


class Chooser:
    """Chooses for one campaign."""

    def __init__(
        self, campaign: Campaign, establishment: Establishment, channels_with_sender: Iterable[str]
    ) -> None:
        self._texts = campaign.texts
        self._places = {code: places(text) for code, text in campaign.texts.items()}
        self._whole = {
            code: filled(text, {})
            for code, text in campaign.texts.items()
            if not self._places[code]
        }
        self._languages = establishment.languages
        self._wanted = tuple(campaign.channels or DEFAULT_CHANNELS)
        self._with_sender = frozenset(channels_with_sender)

    @property
    def can_send(self) -> bool:
        """True when there is a sender for any of the campaign's channels."""
        return bool(self._with_sender.intersection(self._wanted))

    @property
    def one_for_each_address(self) -> bool:
        """True when everybody gets the same words.

        Then a family that shares a phone gets them once. Where a name stands in the text, each of
        them gets their own message.
        """
        return not any(self._places.values())

    def choose(self, candidate: Candidate) -> Choice | Exclusion:
        """What this recipient gets, or why nothing."""
        if not candidate.here:
            return Exclusion.contact_gone
        usable = self._usable(candidate)
        if isinstance(usable, Exclusion):
            return usable
        language = self._language(candidate)
        if language is None:
            return Exclusion.language_without_text
        if language not in VOICES:
            usable = [channel for channel in usable if channel != Channel.voice]
            if not usable:
                return Exclusion.voice_needs_recording
        if "name" in self._places[language] and candidate.name is None:
            return Exclusion.name_missing
        address_id = _address(candidate, usable[0])
        assert address_id is not None  # `_usable` looked
        return Choice(tuple(usable), address_id, language)

    def _usable(self, candidate: Candidate) -> list[str] | Exclusion:
        reachable = [c for c in self._wanted if _address(candidate, c) is not None]
        if not reachable:
            return Exclusion.no_address
        sendable = [channel for channel in reachable if channel in self._with_sender]
        if not sendable:
            return Exclusion.no_sender
        willing = [channel for channel in sendable if not _stopped(candidate, channel)]
        return willing or Exclusion.opted_out

    def _language(self, candidate: Candidate) -> str | None:
        """The contact's language, else the establishment's first one that has a text."""
        for code in (candidate.language, *self._languages):
            if code in self._texts:
                return code
        return None

    def message(self, candidate: Candidate, language: str) -> str:
        """The words for a recipient; what is sealed is opened only where the text asks for it."""
        whole = self._whole.get(language)
        return whole if whole is not None else filled(self._texts[language], self._own(candidate))

    def same_for_all(self, language: str) -> bool:
        """True when the text in this language has nothing of the recipient's in it."""
        return language in self._whole

    def _own(self, candidate: Candidate) -> Mapping[str, str]:
        sealed = {"name": candidate.name, "patient_id": candidate.patient_id}
        own: dict[str, str] = {}
        if candidate.values is not None:
            own = json.loads(get_cipher().open(candidate.values, "campaign_values.values"))
        return own | {
            place: get_cipher().open(value, f"contacts.{place}").decode()
            for place, value in sealed.items()
            if value is not None
        }


def _address(candidate: Candidate, channel: str) -> int | None:
    return candidate.email_id if channel == Channel.email else candidate.phone_id


def _stopped(candidate: Candidate, channel: str) -> bool:
    return candidate.email_stopped if channel == Channel.email else candidate.phone_stopped
