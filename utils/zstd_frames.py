"""Splits a Zstandard stream into its frames and blocks, without decoding them (RFC 8878 §3.1).

The Python binding can neither bound what one call makes nor tell that a stream was cut short.
A block makes 128 KB at the most, so to hand it over block by block does both.
"""

from collections.abc import Iterable, Iterator

_MAGIC = 0xFD2FB528
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_LARGEST_BLOCK = 128 * 1024
_RLE = 1  # the block type of one byte that is repeated
_MOST_FRAMES = 1_000  # each one costs time, even without content


class MalformedFrameError(Exception):
    """This is no Zstandard stream."""


class TooShortError(Exception):
    """The stream ends within a frame."""


def split(pieces: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
    """Yield each frame as an iterator over its header, its blocks and its checksum.

    A frame must be read to its end before the next. Skippable frames are skipped. An empty
    stream raises `TooShortError`.
    """
    source = _Source(pieces)
    for number in range(_MOST_FRAMES):
        if number and source.is_at_end():
            return
        start = source.take(4)
        magic = int.from_bytes(start, "little")
        if magic in _SKIPPABLE:
            source.skip(int.from_bytes(source.take(4), "little"))
        elif magic == _MAGIC:
            yield _frame(start, source)
        else:
            raise MalformedFrameError("not a frame")
    if not source.is_at_end():
        raise MalformedFrameError("too many frames")


def _frame(start: bytes, source: "_Source") -> Iterator[bytes]:
    descriptor = source.take(1)
    flags = descriptor[0]
    yield start + descriptor + source.take(_rest_of_header(flags))
    is_last = False
    while not is_last:
        header = source.take(3)
        word = int.from_bytes(header, "little")
        is_last, kind, size = bool(word & 1), word >> 1 & 3, word >> 3
        if size > _LARGEST_BLOCK:
            raise MalformedFrameError("a block is too large")
        yield header + source.take(1 if kind == _RLE else size)
    if flags & 0b100:
        yield source.take(4)  # the checksum


def _rest_of_header(flags: int) -> int:
    """The bytes of window descriptor, dictionary id and content size (§3.1.1.1)."""
    is_single_segment = bool(flags & 0b10_0000)
    window = 0 if is_single_segment else 1
    dictionary = (0, 1, 2, 4)[flags & 0b11]
    content_size = (1 if is_single_segment else 0, 2, 4, 8)[flags >> 6]
    return window + dictionary + content_size


class _Source:
    """Bytes on demand from pieces; holds no more than was asked for and one piece."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._waiting = bytearray()

    def take(self, size: int) -> bytes:
        while len(self._waiting) < size:
            self._refill()
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken

    def skip(self, size: int) -> None:
        while len(self._waiting) < size:
            size -= len(self._waiting)
            self._waiting.clear()
            self._refill()
        del self._waiting[:size]

    def is_at_end(self) -> bool:
        while not self._waiting:
            if not self._has_more():
                return True
        return False

    def _refill(self) -> None:
        if not self._has_more():
            raise TooShortError("the stream ends within a frame")

    def _has_more(self) -> bool:
        piece = next(self._pieces, None)
        self._waiting += piece or b""
        return piece is not None
