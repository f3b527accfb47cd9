"""A recording made into another format by ffmpeg.

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


def remade(data: bytes, container: str, sink: str, timeout: float) -> bytes | None:
    """What ffmpeg makes of `data`; None when nothing in it can be decoded in time.

    `sink` are ffmpeg's own words for what is wanted. Raises `ProbeUnavailable` where ffmpeg cannot
    be started.
    """
    with unnamed_file(data) as recording:
        try:
            process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell, no file's name
                _command(container, sink),
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


def _command(container: str, sink: str) -> list[str]:
    quiet = "-nostdin -hide_banner -nostats -loglevel quiet"
    bounds = f"-max_alloc {LARGEST_ALLOCATION} -filter_threads 1 -threads 1"
    source = f"-protocol_whitelist fd -codec_whitelist {DECODERS} -f {DEMUXERS[container]} -i fd:"
    sound = "-map 0:a:0 -vn -sn -dn"
    command = f"{quiet} {bounds} {source} {sound} {sink} pipe:1"
    return [imageio_ffmpeg.get_ffmpeg_exe(), *command.split()]
