"""What kind of audio file some bytes claim to be, and whether they stop before their own end.

Looks at lengths and labels only and decodes nothing: fit for every upload, before `probe`.
"""

import struct
from collections.abc import Callable

_MOST_STEPS = 100_000  # boxes, pages or frames: over half an hour of AMR

_WAV_UNKNOWN_LENGTH = {0, 0xFFFFFFFF}  # written by what streams and cannot go back
# 3GPP TS 26.101 and 26.201: the bytes of a stored frame by its type, header included.
_AMR_NB_FRAMES = (13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1)
_AMR_WB_FRAMES = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1)


def sniff(data: bytes) -> str | None:
    """`amr-nb, amr-wb, 3gp, m4a, ogg-opus, webm, wav, mp3`, or None for everything else."""
    return next((container for container, is_it in _SIGNATURES if is_it(data)), None)


def ends_early(container: str, data: bytes) -> bool:
    """Whether the file says that it is longer than it is. False where it does not say."""
    return _CHECKS[container](data)


_3GP_BRANDS = {b"3gp", b"3g2", b"3gr", b"3gs", b"3ge"}  # 3GPP TS 26.244 §5.3, by three letters
_MP4_BRANDS = {b"M4A", b"M4B", b"M4V", b"mp4", b"iso", b"avc", b"MSN", b"das", b"qt "}


def _is_mp4_of(data: bytes, brands: set[bytes]) -> bool:
    return data[4:8] == b"ftyp" and data[8:11] in brands


def _is_webm(data: bytes) -> bool:
    # An EBML header; which document type it heads stands among its first bytes.
    return data.startswith(b"\x1aE\xdf\xa3") and b"webm" in data[:64]


def _is_mp3(data: bytes) -> bool:
    return data.startswith(b"ID3") or _is_mp3_frame(data)


def _is_mp3_frame(data: bytes) -> bool:
    """ISO 11172-3 §2.4.1.3: eleven bits of sync, layer III, a real bit rate and sample rate."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return False
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    bit_rate, sample_rate = data[2] >> 4, data[2] >> 2 & 3
    return version != 1 and layer == 1 and bit_rate not in {0, 15} and sample_rate != 3


_SIGNATURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("amr-nb", lambda data: data.startswith(b"#!AMR\n")),
    ("amr-wb", lambda data: data.startswith(b"#!AMR-WB\n")),
    ("3gp", lambda data: _is_mp4_of(data, _3GP_BRANDS)),
    ("m4a", lambda data: _is_mp4_of(data, _MP4_BRANDS)),
    ("ogg-opus", lambda data: data.startswith(b"OggS") and data[28:36] == b"OpusHead"),
    ("webm", _is_webm),
    ("wav", lambda data: data.startswith(b"RIFF") and data[8:12] == b"WAVE"),
    ("mp3", _is_mp3),
)


def _mp4_ends_early(data: bytes) -> bool:
    """ISO 14496-12 §4.2: a row of boxes, one of which (`moov`) says where the sound is."""
    at, has_index = 0, False
    for _ in range(_MOST_STEPS):
        if at + 8 > len(data):
            break
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size == 0:  # to the end of the file, wherever that is
            return not (has_index or kind == b"moov")
        if size < 8:
            return False  # nonsense, but not a cut
        has_index = has_index or kind == b"moov"
        at += size
    return at != len(data) or not has_index


def _wav_ends_early(data: bytes) -> bool:
    at = 12
    for _ in range(_MOST_STEPS):
        if at + 8 > len(data):
            return True  # before any sound
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"data":
            return size not in _WAV_UNKNOWN_LENGTH and at + 8 + size > len(data)
        at += 8 + size + size % 2
    return False


def _ogg_ends_early(data: bytes) -> bool:
    """RFC 3533 §6: whole pages, the last of which is marked as such."""
    at, is_last = 0, False
    for _ in range(_MOST_STEPS):
        if at == len(data):
            return not is_last
        if data[at : at + 4] != b"OggS":
            return data[at : at + 4] == b"OggS"[: len(data) - at]
        if at + 27 > len(data):
            return True
        is_last = bool(data[at + 5] & 4)
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        at += 27 + data[at + 26] + sum(lacing)
        if at > len(data):
            return True
    return False


def _webm_ends_early(data: bytes) -> bool:
    """RFC 8794 §5: the segment after the header says how long it is, unless it was streamed."""
    after_header = _after_ebml_element(data, 4, 0)
    if after_header is None:
        return True
    if data[after_header : after_header + 4] != b"\x18S\x80g":
        return after_header + 4 > len(data)
    end = _after_ebml_element(data, 4, after_header)
    return end is not None and end > len(data)


def _after_ebml_element(data: bytes, id_size: int, at: int) -> int | None:
    """Where the element at `at` ends; None if its length is unknown or cut off."""
    start = at + id_size
    width = 9 - data[start].bit_length() if start < len(data) and data[start] else 0
    number = data[start : start + width]
    if not width or len(number) < width:
        return None
    size = int.from_bytes(number, "big") & (1 << 7 * width) - 1
    is_unknown = size == (1 << 7 * width) - 1
    return None if is_unknown else start + width + size


def _amr_ends_early(data: bytes, start: int, frames: tuple[int, ...]) -> bool:
    at = start
    for _ in range(_MOST_STEPS):
        if at >= len(data):
            return at > len(data)
        size = frames[data[at] >> 3 & 15]
        if size == 0:
            return False  # nonsense, but not a cut
        at += size
    return False


_CHECKS: dict[str, Callable[[bytes], bool]] = {
    "3gp": _mp4_ends_early,
    "m4a": _mp4_ends_early,
    "wav": _wav_ends_early,
    "ogg-opus": _ogg_ends_early,
    "webm": _webm_ends_early,
    "amr-nb": lambda data: _amr_ends_early(data, 6, _AMR_NB_FRAMES),
    "amr-wb": lambda data: _amr_ends_early(data, 9, _AMR_WB_FRAMES),
    "mp3": lambda _: False,  # an MP3 stream has no end of its own
}
