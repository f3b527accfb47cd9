"""Recordings for a browser's player: opened, made playable, heard; a patient's is audited.

A player asks for a recording in many pieces. What was opened a moment ago is kept in this process
for some minutes, in memory only and bounded, so that each piece costs neither a decoding nor an
audit entry of its own.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from uuid import UUID

from database.session import Database
from services.errors import CareloopError
from services.feedback.feedbacks import note_hearing, recording_of
from services.identity import Principal
from services.recording import LONGEST_SECONDS, MEDIA_TYPES, audio_of
from utils.audio import ProbeUnavailable, sniff
from utils.audio_mp3 import to_mp3
from utils.storage import Storage

KEPT_SECONDS = 300.0
KEPT_BYTES = 24 * 1024 * 1024
AT_ONCE = 2
"""Recordings that one process makes playable at the same time."""
MAKE_SECONDS = 20.0
PLAYED_EVERYWHERE = ("m4a", "mp3", "wav")
SMALL = ("m4a", "mp3")
"""What needs not be made smaller for a thin line."""

_Key = tuple[int, UUID]
_Kept = tuple[int, UUID, tuple[str, ...]]


class NotPlayable(CareloopError):
    """What was recorded is no sound that can be decoded; it can still be fetched as it came."""

    status = 422
    code = "recording_not_playable"


@dataclass(frozen=True)
class Heard:
    """A recording that a browser can play."""

    audio: bytes
    media_type: str
    until: float


class Player:
    """Plays recordings. Thread-safe."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage
        self._lock = Lock()
        self._slots = BoundedSemaphore(AT_ONCE)
        self._heard: OrderedDict[_Kept, Heard] = OrderedDict()
        self._noted: OrderedDict[tuple[str, _Key], float] = OrderedDict()

    def hear(self, feedback_id: int, principal: Principal) -> Heard:
        """A feedback's recording; the hearing is audited once in `KEPT_SECONDS`.

        Raises `NotFound`, `StoreAway`, `NotPlayable`.
        """
        place = principal.establishment_id
        with self._database.establishment(place) as session:
            recording = recording_of(session, feedback_id)
            key = (place, recording.id)
            fresh = self._is_new(principal, key)
            if fresh:
                note_hearing(session, recording, principal)
        if fresh:
            self._note(principal, key)
        return self._ready(key, PLAYED_EVERYWHERE)

    def open(self, establishment_id: int, recording_id: UUID) -> Heard:
        """A recording that is nobody's secret, as a browser can play it; nothing is audited.

        Raises `NotFound`, `StoreAway`, `NotPlayable`.
        """
        return self._ready((establishment_id, recording_id), PLAYED_EVERYWHERE)

    def spoken(self, establishment_id: int, recording_id: UUID) -> Heard:
        """A phrase that the hospital speaks itself, small: nobody's secret, so nothing is noted.

        Raises `NotFound`, `StoreAway`, `NotPlayable`.
        """
        return self._ready((establishment_id, recording_id), SMALL)

    def _ready(self, key: _Key, as_it_is: tuple[str, ...]) -> Heard:
        """A recording as it is kept in one of some containers, else made into MP3."""
        known = self._known((*key, as_it_is))
        if known is None:
            known = self._opened(key, as_it_is)
            self._keep((*key, as_it_is), known)
        return known

    def _is_new(self, principal: Principal, key: _Key) -> bool:
        with self._lock:
            return self._noted.get((principal.actor, key), 0.0) < time.monotonic()

    def _note(self, principal: Principal, key: _Key) -> None:
        """After the commit: what was not noted there is noted next time."""
        with self._lock:
            self._noted[principal.actor, key] = time.monotonic() + KEPT_SECONDS
            while len(self._noted) > 1000:
                self._noted.popitem(last=False)

    def _known(self, key: _Kept) -> Heard | None:
        with self._lock:
            found = self._heard.get(key)
            return found if found is not None and found.until > time.monotonic() else None

    def _keep(self, key: _Kept, heard: Heard) -> None:
        with self._lock:
            self._heard[key] = heard
            self._heard.move_to_end(key)
            now = time.monotonic()
            for old in [k for k, h in self._heard.items() if h.until < now]:
                del self._heard[old]
            while sum(len(h.audio) for h in self._heard.values()) > KEPT_BYTES:
                self._heard.popitem(last=False)

    def _opened(self, key: _Key, as_it_is: tuple[str, ...]) -> Heard:
        audio = audio_of(self._storage, *key)
        container = sniff(audio)
        if container is None:
            raise NotPlayable("This recording is no sound that can be played.")
        until = time.monotonic() + KEPT_SECONDS
        if container in as_it_is:
            return Heard(audio, MEDIA_TYPES[container], until)
        with self._slots:
            try:
                made = to_mp3(audio, container, LONGEST_SECONDS, MAKE_SECONDS)
            except ProbeUnavailable:
                made = None
        if made is not None:
            return Heard(made, MEDIA_TYPES["mp3"], until)
        if container in PLAYED_EVERYWHERE:
            return Heard(audio, MEDIA_TYPES[container], until)
        raise NotPlayable("This recording cannot be made playable.")
