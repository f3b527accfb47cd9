"""A spool on disk: what must not be lost while nothing better can be reached.

A folder of segment files, each written by one process alone and read by whoever drains the folder;
any number of processes may share it. A record is written and synced before `append` returns, sealed
by the key ring, so nothing in it can be read. Segments are drained merged by the time of their
records, by one process at a time (file lock), and are removed when every record in them was handed
over: a crash while draining hands some over again, so what takes them in must know a repeat.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from utils.crypto import CannotDecrypt, Cipher
from utils.logs import get_logger
from utils.spool_segment import Frame, SegmentReader, count_frames, framed, sync, write_all

SEGMENT, ASIDE = ".spool", ".aside"
TURNED_AWAY = ".refused"
"""When something found no room last is the time of this file: that needs no room on the disk."""
LABEL = "webhook spool"
SEGMENT_BYTES = 1024 * 1024
MOST_FILES = 1000
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

log = get_logger("careloop.spool")


class SpoolFull(Exception):
    """There is no room for another record, in the spool's bounds or on the disk."""


class SpoolUnusable(Exception):
    """The folder cannot be written; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record with its time, in nanoseconds since 1970."""

    at: int
    record: bytes


class Spool:
    """The spool in one folder, for one process. Thread-safe; make it after a fork.

    `most_bytes` bounds all files together, whosever they are. Two processes that write at the same
    moment may pass it by a record.
    """

    def __init__(self, folder: Path, cipher: Cipher, most_bytes: int) -> None:
        self.folder = folder
        self._cipher = cipher
        self._most_bytes = most_bytes
        self._writing = Lock()
        self._segment: int | None = None
        self._path = folder

    def prepare(self) -> None:
        """Make the folder and try to write into it; raises `SpoolUnusable`.

        What was set aside is to be tried again: this may be a release that can store it.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.folder / f".probe-{secrets.token_hex(6)}"
            probe.write_bytes(b"\0")
            sync(probe)
            probe.unlink()
            for path in self.folder.glob(f"*{ASIDE}"):
                with contextlib.suppress(FileNotFoundError):  # another process was quicker
                    path.rename(path.with_suffix(SEGMENT))
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.folder / TURNED_AWAY, os.O_CREAT | os.O_EXCL, 0o600))
                os.utime(self.folder / TURNED_AWAY, (0, 0))
            sync(self.folder)
        except OSError as error:
            raise SpoolUnusable(
                f"the spool folder {self.folder} cannot be written ({error.strerror}): what"
                " providers tell us while PostgreSQL is away would be lost. Make it writable, or"
                " name another one in WEBHOOK_SPOOL."
            ) from error

    @property
    def empty(self) -> bool:
        """True when nothing waits, of any process."""
        return nothing_spooled(self.folder)

    @property
    def full(self) -> bool:
        """True when the next record would find no room within the bounds."""
        files, taken = self._taken()
        return files >= MOST_FILES or taken + SEGMENT_BYTES // 16 > self._most_bytes

    def note_turned_away(self) -> None:
        """Remember that something found no room, for all processes and those to come."""
        with contextlib.suppress(OSError):  # a folder that is gone remembers nothing
            os.utime(self.folder / TURNED_AWAY)

    @property
    def turned_away_at(self) -> datetime | None:
        """When something found no room last, in any process; None: never."""
        with contextlib.suppress(OSError):
            at = (self.folder / TURNED_AWAY).stat().st_mtime
            return datetime.fromtimestamp(at, UTC) if at else None
        return None

    def waiting(self) -> int:
        """How many records wait, of all processes."""
        return sum(count_frames(path) for path in self._segments())

    def append(self, entry: Entry) -> None:
        """Keep a record: it is on the disk when this returns. Raises `SpoolFull`."""
        frame = framed(entry.at, self._cipher.seal(entry.record, LABEL))
        with self._writing:
            files, taken = self._taken()
            if taken + len(frame) > self._most_bytes or files >= MOST_FILES:
                raise SpoolFull("the spool holds as much as it may")
            try:
                self._write(frame)
            except OSError as error:
                self._let_go()
                if error.errno in _NO_ROOM:
                    raise SpoolFull("there is no room on the disk") from error
                raise SpoolFull(f"the spool cannot be written: {error.strerror}") from error

    def _write(self, frame: bytes) -> None:
        with self._own_segment() as segment:
            size = os.fstat(segment).st_size
            try:
                write_all(segment, frame)
                os.fsync(segment)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(segment, size)  # nobody was promised what is only half there
                raise

    @contextlib.contextmanager
    def _own_segment(self) -> Iterator[int]:
        """This process's segment, locked. A new one when the last is full, or was drained.

        An empty one, too, may be drained before it is locked here: so it is looked at under the
        lock, or its records would go with it.
        """
        segment = self._locked(self._segment)
        while segment is None:
            segment = self._locked(self._new_segment())
        try:
            yield segment
        finally:
            fcntl.flock(segment, fcntl.LOCK_UN)

    def _locked(self, segment: int | None) -> int | None:
        if segment is None:
            return None
        fcntl.flock(segment, fcntl.LOCK_EX)
        if self._path.exists() and os.fstat(segment).st_size < SEGMENT_BYTES:
            return segment
        self._let_go()
        return None

    def _new_segment(self) -> int:
        name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{SEGMENT}"
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        self._path = self.folder / name
        self._segment = os.open(self._path, flags, 0o600)
        sync(self.folder)
        return self._segment

    def _let_go(self) -> None:
        if self._segment is not None:
            os.close(self._segment)
            self._segment = None

    def drain(self, hand_over: Callable[[Entry], None]) -> int:
        """Hand over everything that waits, the earliest first; returns how many.

        0 while another process does it. What `hand_over` raises ends it: that record and those
        after it stay. A record whose key is missing is set aside.
        """
        count = 0
        with self._turn() as mine:
            readers: dict[Path, SegmentReader] = {}
            try:
                while mine and (entry := self._earliest(readers)) is not None:
                    self._hand(entry, hand_over)
                    readers[entry.path].step()
                    count += 1
            finally:
                for reader in readers.values():
                    reader.close()
        return count

    def _hand(self, frame: Frame, hand_over: Callable[[Entry], None]) -> None:
        try:
            record = self._cipher.open(frame.sealed, LABEL)
        except CannotDecrypt as error:
            log.error("spooled webhook set aside", reason=str(error))
            self._put_aside(frame.at, frame.sealed)
        else:
            hand_over(Entry(frame.at, record))

    def _earliest(self, readers: dict[Path, SegmentReader]) -> Frame | None:
        """The next frame of all segments; those that are at their end are removed."""
        heads: list[Frame] = []
        for path in self._segments():
            if path not in readers:
                with contextlib.suppress(FileNotFoundError):
                    readers[path] = SegmentReader(path)
            reader = readers.get(path)
            if reader is None:
                continue
            head = reader.head() or reader.remove_if_ended()
            if head is not None:
                heads.append(head)
            elif reader.gone:
                readers.pop(path).close()
        return min(heads, key=lambda head: (head.at, head.path), default=None)

    def set_aside(self, entry: Entry) -> None:
        """Keep a record out of the way of the others, until the next start."""
        self._put_aside(entry.at, self._cipher.seal(entry.record, LABEL))

    def _put_aside(self, at: int, sealed: bytes) -> None:
        path = self.folder / f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{ASIDE}"
        path.write_bytes(framed(at, sealed))
        sync(path)
        sync(self.folder)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[bool]:
        """True for the one process that drains; the kernel frees it when that one dies."""
        lock = os.open(self.folder / ".drain", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(lock)

    def _segments(self) -> list[Path]:
        with os.scandir(self.folder) as found:
            names = sorted(item.name for item in found if item.name.endswith(SEGMENT))
        return [self.folder / name for name in names]

    def _taken(self) -> tuple[int, int]:
        """Files and bytes of all processes, those set aside too."""
        files = taken = 0
        with os.scandir(self.folder) as found:
            for item in found:
                with contextlib.suppress(FileNotFoundError):
                    files, taken = files + 1, taken + item.stat().st_size
        return files, taken


def nothing_spooled(folder: Path) -> bool:
    """True when nothing waits in a folder, or there is none."""
    try:
        with os.scandir(folder) as found:
            return not any(item.name.endswith(SEGMENT) for item in found)
    except FileNotFoundError:
        return True
