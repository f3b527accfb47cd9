"""What a call plays, as a telephone carries it, kept for a while in this process."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from services.errors import CareloopError
from services.phone.links import Audio
from services.recording import audio_of
from utils.audio import ProbeUnavailable
from utils.audio_telephone import NotPlayable, silence, telephone_wav
from utils.crypto import CannotDecrypt
from utils.logs import get_logger
from utils.storage import Storage

LONGEST_PLAYED = 180.0
MAKING_SECONDS = 10.0
"""Twilio waits 15 seconds for what it plays."""
KEPT_BYTES = 24 * 1024 * 1024
"""Of a telephone's audio: 25 minutes, many times what all prompts of a language take."""

log = get_logger("careloop.phone")


@dataclass(frozen=True, slots=True)
class Sound:
    """Audio to be played; `good` is False for the silence that stands for one that is not there."""

    wav: bytes
    good: bool


class Prompts:
    """Turns stored recordings into what a telephone plays. Thread-safe.

    Where that cannot be done the answer is a moment's silence: a call goes on, with its question
    and its keys, where an error would end it.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = Lock()
        self._kept: OrderedDict[UUID, bytes] = OrderedDict()
        self._size = 0

    def wav(self, named: Audio) -> Sound:
        """The sound at an address; what a person said is made anew each time."""
        with self._lock:
            known = self._kept.get(named.recording_id)
            if known is not None:
                self._kept.move_to_end(named.recording_id)
                return Sound(known, good=True)
        try:
            stored = audio_of(self._storage, named.establishment_id, named.recording_id)
            made = telephone_wav(stored, LONGEST_PLAYED, MAKING_SECONDS)
        except (CareloopError, CannotDecrypt, NotPlayable, ProbeUnavailable) as error:
            log.error(
                "nothing to play",
                establishment=named.establishment_id,
                recording=str(named.recording_id),
                error=type(error).__name__,
            )
            return Sound(silence(0.5), good=False)
        if named.kind == "prompt":
            self._keep(named.recording_id, made)
        return Sound(made, good=True)

    def _keep(self, recording_id: UUID, made: bytes) -> None:
        with self._lock:
            if recording_id in self._kept:
                return
            self._kept[recording_id] = made
            self._size += len(made)
            while self._size > KEPT_BYTES and self._kept:
                self._size -= len(self._kept.popitem(last=False)[1])
