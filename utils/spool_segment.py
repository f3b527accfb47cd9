"""One segment of a spool: frames one after the other, read while its owner may still write.

Frame: length (4) | CRC-32 of what follows (4) | nanoseconds since 1970 (8) | sealed record. What a
crash left half-written at the end was never promised to anybody, and is dropped.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from utils.logs import get_logger

DAMAGED = ".damaged"
LONGEST = 64 * 1024 * 1024
"""Bytes of a sealed record. What claims to be longer is not one."""
_FRAME = struct.Struct(">IIQ")
_AT = struct.Struct(">Q")

log = get_logger("careloop.spool")


@dataclass(frozen=True, slots=True)
class Frame:
    """A record as it stands in a segment, and where it ends."""

    at: int
    sealed: bytes
    path: Path
    end: int


class SegmentReader:
    """Reads one segment from its beginning, while its owner may still add to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._place = 0
        self._head: Frame | None = None
        self.gone = False

    def head(self) -> Frame | None:
        """The next whole frame; None at the end."""
        if self._head is None:
            self._head = self._read()
        return self._head

    def step(self) -> None:
        """Go on behind the head."""
        assert self._head is not None
        self._place, self._head = self._head.end, None

    def remove_if_ended(self) -> Frame | None:
        """Under the writer's lock: what came meanwhile, else the segment is removed."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            head = self.head()
            if head is None:
                self._remove()
            return head
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _remove(self) -> None:
        left = os.fstat(self._file).st_size - self._place
        if left >= _FRAME.size + self._length():  # not torn off: altered, or a bad disk
            log.error("spool damaged", bytes=left)
            self._path.rename(self._path.with_suffix(DAMAGED))
        else:
            if left:
                log.warning("spool ends in a half record", bytes=left)
            self._path.unlink()
        self.gone = True

    def _length(self) -> int:
        raw = os.pread(self._file, _FRAME.size, self._place)
        return int(_FRAME.unpack(raw)[0]) if len(raw) == _FRAME.size else LONGEST

    def _read(self) -> Frame | None:
        raw = os.pread(self._file, _FRAME.size, self._place)
        if len(raw) < _FRAME.size:
            return None
        length, check, at = _FRAME.unpack(raw)
        if length > LONGEST:
            return None
        sealed = os.pread(self._file, length, self._place + _FRAME.size)
        if len(sealed) < length or _check(at, sealed) != check:
            return None
        return Frame(at, sealed, self._path, self._place + _FRAME.size + length)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def count_frames(path: Path) -> int:
    """How many frames a segment has: only their headers are read."""
    count = place = 0
    try:
        with path.open("rb") as segment:
            while len(raw := segment.read(_FRAME.size)) == _FRAME.size:
                place += _FRAME.size + _FRAME.unpack(raw)[0]
                count += 1
                segment.seek(place)
    except FileNotFoundError:
        return 0
    return count


def framed(at: int, sealed: bytes) -> bytes:
    """A sealed record as it is written."""
    return _FRAME.pack(len(sealed), _check(at, sealed), at) + sealed


def _check(at: int, sealed: bytes) -> int:
    return zlib.crc32(sealed, zlib.crc32(_AT.pack(at)))


def write_all(file: int, data: bytes) -> None:
    """Write all of it: one call may write a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def sync(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
