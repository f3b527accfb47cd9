"""Compressed request bodies, expanded within a bound (RFC 9110 §8.4, RFC 9659 for zstd)."""

import io
import zlib
from collections.abc import Callable, Iterable, Iterator

import brotli
import zstandard

from utils.zstd_frames import MalformedFrameError, TooShortError, split

_PIECE = 16 * 1024  # bytes of input looked at in one go
_STEP = 64 * 1024  # bytes of output made in one go
_MOST_MEMBERS = 1_000  # of a gzip body: each one costs time, even without content
_LARGEST_WINDOW = 8 * 1024 * 1024  # RFC 9659: what a sender of zstd may ask of a receiver


class BodyError(Exception):
    """The base of what `expand` raises. `code` is stable; the body is never quoted."""

    code = "body_corrupt"


class BodyTooLarge(BodyError):
    """Over the limit, expanded or as it came."""

    code = "body_too_large"


class BodyCorrupt(BodyError):
    """Not of its encoding, cut short, or followed by something else."""


class UnsupportedEncoding(BodyError):
    """No encoding of ours, or several on top of each other."""

    code = "encoding_unsupported"


def expand(encoding: str, chunks: Iterable[bytes], limit: int) -> bytes:
    """Undo `encoding` (a Content-Encoding: gzip, deflate, br, zstd or identity).

    `limit` is the most bytes that may come out; about as many may come in. Memory stays at the
    limit and some 400 KB, beside what the caller's chunks take and a decoder's window (32 KB
    for gzip and deflate, up to 8 MB for zstd, 16 MB for br). Raises a `BodyError` as soon as
    the answer is known, without reading the chunks to their end.
    """
    decoder = _DECODERS.get(encoding.strip().lower())
    if decoder is None:
        raise UnsupportedEncoding("the content encoding is not supported")
    output = _BoundedOutput(limit)
    try:
        for part in decoder(_pieces(chunks, limit + limit // 8 + _STEP)):
            output.add(part)
    except (zlib.error, brotli.error, zstandard.ZstdError, MalformedFrameError, TooShortError):
        # Not chained: a decoder's message is of no use, and its frames hold the body.
        raise BodyCorrupt("the body is not what its content encoding says") from None
    return output.whole()


class _BoundedOutput:
    """Grows by doubling to the limit at the most; BytesIO gives its bytes away uncopied."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = io.BytesIO()
        self._room = 0
        self._size = 0

    def add(self, part: bytes) -> None:
        size = self._size + len(part)
        if size > self._limit:
            raise BodyTooLarge("the body is too large")
        while self._room < size:
            self._grow()
        self._buffer.write(part)
        self._size = size

    def _grow(self) -> None:
        # Ahead of need and to a size of our own: BytesIO would add an eighth to small steps.
        room = max(2 * self._room, _STEP)
        self._room = self._limit if 2 * room > self._limit else room
        self._buffer.seek(self._room - 1)
        self._buffer.write(b"\0")
        self._buffer.seek(self._size)

    def whole(self) -> bytes:
        self._buffer.truncate(self._size)
        return self._buffer.getvalue()


def _pieces(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The body in small pieces, so that what a decoder copies of its input stays small."""
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > most:
            raise BodyTooLarge("the body is too large")
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]


def _identity(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield from pieces


def _gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """RFC 1952, one member or several."""
    member, members = zlib.decompressobj(wbits=31), 1
    for piece in pieces:
        data = piece
        while data:
            if member.eof:
                member, members = zlib.decompressobj(wbits=31), members + 1
            if members > _MOST_MEMBERS:
                raise BodyCorrupt("the body has too many members")
            yield from _inflated(member, data)
            data = member.unused_data
    if not member.eof:
        raise BodyCorrupt("the body was cut short")


def _inflate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """RFC 1950 as HTTP says; or bare RFC 1951, as some clients understood "deflate"."""
    stream = None
    for piece in pieces:
        stream = stream or zlib.decompressobj(wbits=15 if _has_zlib_header(piece) else -15)
        if stream.eof:
            raise BodyCorrupt("something follows the body")
        yield from _inflated(stream, piece)
        if stream.unused_data:
            raise BodyCorrupt("something follows the body")
    if stream is None or not stream.eof:
        raise BodyCorrupt("the body was cut short")


def _has_zlib_header(piece: bytes) -> bool:
    """By the first byte alone, for the second may not have come: a low half of 8 is "deflate".

    A bare stream does not begin so: it would be a stored block whose spare bits are not zero.
    """
    return piece[0] & 0x0F == 8


def _inflated(stream: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    while True:
        part = stream.decompress(data, _STEP)
        yield part
        data = stream.unconsumed_tail
        # A full step may leave output behind even where it left no input.
        if stream.eof or (not data and len(part) < _STEP):
            return


def _unbrotli(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """RFC 7932. The decoder itself refuses what follows the end."""
    stream = brotli.Decompressor()
    for piece in pieces:
        part = stream.process(piece, output_buffer_limit=_STEP)
        while part:
            yield part
            part = stream.process(b"", output_buffer_limit=_STEP)
    if not stream.is_finished():
        raise BodyCorrupt("the body was cut short")


def _unzstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """RFC 8878, block by block: no call makes more than the 128 KB of one block."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    for frame in split(pieces):
        stream = decompressor.decompressobj()
        for block in frame:
            yield stream.decompress(block)
        if not stream.eof:
            raise BodyCorrupt("the body was cut short")


_DECODERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "": _identity,
    "identity": _identity,
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
