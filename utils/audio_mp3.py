"""Recordings as MP3: what every browser plays, which AMR, 3GP and Opus are not.

ffmpeg reads hostile files here, on the same short lead as in `utils/audio.py`.
"""

from __future__ import annotations

import subprocess

import imageio_ffmpeg

from utils.audio import (
    DECODERS,
    DEMUXERS,
    LARGEST_ALLOCATION,
    ProbeUnavailable,
    limit_process,
    unnamed_file,
)

BITRATE = "32k"
"""Enough for a voice; a minute is 240 kB."""


def to_mp3(data: bytes, container: str, max_seconds: float, timeout: float) -> bytes | None:
    """`data` as MP3, mono; None when nothing in it can be decoded in time.

    Raises `ProbeUnavailable` where ffmpeg cannot be started.
    """
    with unnamed_file(data) as recording:
        try:
            process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell, no file's name
                _command(container, max_seconds),
                stdin=recording,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},  # FFREPORT would have it write a file
                cwd="/",
            )
        except (OSError, RuntimeError) as failure:
            raise ProbeUnavailable("ffmpeg cannot be started") from failure
        with process:
            try:
                limit_process(process.pid, timeout)
                made, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                return None
            finally:
                process.kill()  # nothing, if it has ended
    return made or None


def _command(container: str, max_seconds: float) -> list[str]:
    quiet = "-nostdin -hide_banner -nostats -loglevel quiet"
    bounds = f"-max_alloc {LARGEST_ALLOCATION} -filter_threads 1 -threads 1"
    source = f"-protocol_whitelist fd -codec_whitelist {DECODERS} -f {DEMUXERS[container]} -i fd:"
    words = f"-map 0:a:0 -vn -sn -dn -map_metadata -1 -ac 1 -ar 22050 -t {max_seconds:.3f}"
    sink = f"-c:a libmp3lame -b:a {BITRATE} -write_xing 0 -id3v2_version 0 -f mp3 pipe:1"
    return [imageio_ffmpeg.get_ffmpeg_exe(), *f"{quiet} {bounds} {source} {words} {sink}".split()]
