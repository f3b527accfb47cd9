"""The addresses of ours that a call's instructions name: ids and a signature, no person's data.

What answers a question is signed by the provider itself, address and all. Audio is fetched without
that, so its address carries a signature of ours and a time after which it is good for nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from config.settings import PrivacySettings
from models.conversation import Conversation

PATH = "/webhooks/twilio/voice"
GOOD_FOR = 3600
"""Seconds. An address stays the same for an hour, so that a provider keeps what it has fetched."""

_REFERENCE = re.compile(r"([1-9]\d{0,8})\.([1-9]\d{0,17})\.(\d{1,4})")
_AUDIO = re.compile(r"([1-9]\d{0,8})/([0-9a-f-]{36})/(prompt|voice)/(\d{1,12})/([0-9a-f]{32})\.wav")


class Place(NamedTuple):
    """A place in a conversation: what an answer's address names."""

    establishment_id: int
    conversation_id: int
    turn: int


class Audio(NamedTuple):
    """What an audio's address names; `prompt` is ours, a `voice` is a person's."""

    establishment_id: int
    recording_id: UUID
    kind: str


def parse_place(text: str) -> Place | None:
    """What an answer's address names; None when it names nothing of ours."""
    match = _REFERENCE.fullmatch(text)
    return Place(int(match[1]), int(match[2]), int(match[3])) if match else None


@dataclass(frozen=True)
class Links:
    """Makes and checks the addresses of one installation; `base` has no slash at its end."""

    base: str
    keys: tuple[bytes, ...]

    @classmethod
    def of(cls, base: str, privacy: PrivacySettings) -> Links:
        """Signed with `SECRET_KEY`; what the previous ones signed is still good."""
        keys = (privacy.secret_key, *privacy.previous_secret_keys)
        return cls(base, tuple(key.get_secret_value().encode() for key in keys))

    def answer(self, establishment_id: int, conversation: Conversation) -> str:
        """Where the answer to a conversation's present question goes."""
        return self._named("gather", establishment_id, conversation)

    def recorded(self, establishment_id: int, conversation: Conversation) -> str:
        """Where the end of a recording leads on."""
        return self._named("recorded", establishment_id, conversation)

    def recording(self, establishment_id: int, conversation: Conversation) -> str:
        """Where it is told that a recording is ready."""
        return self._named("recording", establishment_id, conversation)

    def _named(self, what: str, establishment_id: int, conversation: Conversation) -> str:
        place = f"{establishment_id}.{conversation.id}.{conversation.turn}"
        return f"{self.base}{PATH}/{what}?c={place}"

    def audio(self, establishment_id: int, recording_id: UUID, kind: str, now: float) -> str:
        """Where some audio can be heard, for one to two hours."""
        until = (int(now) // GOOD_FOR + 2) * GOOD_FOR
        what = f"{establishment_id}/{recording_id}/{kind}/{until}"
        return f"{self.base}{PATH}/audio/{what}/{_mark(self.keys[0], what)}.wav"

    def parse_audio(self, path: str, now: float) -> Audio | None:
        """What the end of an audio's address names; None when it is not signed, or too old."""
        match = _AUDIO.fullmatch(path)
        if match is None or int(match[4]) < now:
            return None
        what = path.rpartition("/")[0]
        if not any(hmac.compare_digest(_mark(key, what), match[5]) for key in self.keys):
            return None
        return Audio(int(match[1]), UUID(match[2]), match[3])


def _mark(key: bytes, what: str) -> str:
    return hmac.new(key, f"audio of a call: {what}".encode(), hashlib.sha256).hexdigest()[:32]
