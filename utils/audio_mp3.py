"""Recordings as MP3: what every browser plays, which AMR, 3GP and Opus are not."""

from __future__ import annotations

from utils.audio_remake import remade

BITRATE = "32k"
"""Enough for a voice; a minute is 240 kB."""


def to_mp3(data: bytes, container: str, max_seconds: float, timeout: float) -> bytes | None:
    """`data` as MP3, mono; None when nothing in it can be decoded in time.

    Raises `ProbeUnavailable` where ffmpeg cannot be started.
    """
    words = f"-map_metadata -1 -ac 1 -ar 22050 -t {max_seconds:.3f}"
    sink = f"-c:a libmp3lame -b:a {BITRATE} -write_xing 0 -id3v2_version 0 -f mp3"
    return remade(data, container, f"{words} {sink}", timeout)
