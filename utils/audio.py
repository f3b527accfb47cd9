"""What a recording really is: decoded from end to end by ffmpeg, which is kept on a short lead.

ffmpeg reads hostile files here. It is told the one container to expect (so a playlist is never
tried), may open no protocol but the descriptor that it was given, knows only the decoders for
speech, writes no file, and has bounds on time, memory and on what we keep of its words. The
recording never touches a disk in the clear.
"""

import os
import re
import selectors
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

import imageio_ffmpeg

from utils.audio_container import ends_early, sniff

__all__ = [
    "DECODERS",
    "DEMUXERS",
    "LARGEST_ALLOCATION",
    "AudioFacts",
    "ProbeUnavailable",
    "limit_process",
    "probe",
    "sniff",
    "unnamed_file",
]

DEMUXERS = {
    **dict.fromkeys(("amr-nb", "amr-wb"), "amr"),
    **dict.fromkeys(("3gp", "m4a"), "mov"),
    "ogg-opus": "ogg",
    "webm": "matroska",
    "wav": "wav",
    "mp3": "mp3",
}
DECODERS = (
    "amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,aac,opus,libopus,vorbis,mp3float,mp3,"
    "pcm_s16le,pcm_s24le,pcm_s32le,pcm_u8,pcm_f32le,pcm_alaw,pcm_mulaw,adpcm_ima_wav,adpcm_ms"
)
_SILENT_DB = -50.0  # of the loudest sample; the comfort noise of a phone codec stays under it
_LARGEST_MEMORY = 1024**3  # of address space, most of it never used
LARGEST_ALLOCATION = 64 * 1024**2
_KEPT_BYTES = 64 * 1024  # of the beginning, and of the end, of what ffmpeg says


class ProbeUnavailable(Exception):
    """ffmpeg cannot be started on this machine. Says nothing about the recording."""


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """`container` as `sniff` names it, `codec` as ffmpeg does (amr_nb, aac, opus, pcm_s16le).

    `seconds` is what could be decoded (with `too_long`: at least). `problems` are among:
    `not_audio` (no container of ours, or no sound in it), `empty` (no sound at all), `truncated`
    (stops before its own end), `damaged` (whole, but parts do not decode), `too_long`, `silent`,
    `probe_timeout` (took too long to decode: nothing more is known).
    """

    container: str | None = None
    codec: str | None = None
    seconds: float = 0.0
    sample_rate: int | None = None
    channels: int | None = None
    problems: tuple[str, ...] = ()


def probe(data: bytes, max_seconds: float, timeout: float) -> AudioFacts:
    """Decode all of `data`, up to `max_seconds` of sound and `timeout` seconds of our time.

    Never raises for what is in the recording: a bad one is kept and flagged. Raises
    `ProbeUnavailable` only.
    """
    if not data:
        return AudioFacts(problems=("empty",))
    container = sniff(data)
    if container is None:
        return AudioFacts(problems=("not_audio",))
    report = _decode(data, container, max_seconds, timeout)
    if report is None:
        return AudioFacts(container, problems=("probe_timeout",))
    return _facts(data, container, report, max_seconds)


# --- What ffmpeg says ---

_STREAM = re.compile(r"^\[info\] +Stream #0:\d+.*?: Audio: (\w+)[^,]*, (\d+) Hz, ([^,]+)", re.M)
_DURATION = re.compile(r"^\[info\] +Duration: (\d+):(\d+):([\d.]+)", re.M)
_DECODED = re.compile(r"^out_time_us=(\d+)", re.M)
_LOUDEST = re.compile(r"max_volume: (-?[\d.]+|-inf) dB")
_ERROR = re.compile(r"^.*\[(?:error|fatal)\](?!.*not on whitelist).*", re.M)
_CHANNELS = re.compile(r"(\d+) channels")
_LAYOUTS = {"mono": 1, "stereo": 2}


def _facts(data: bytes, container: str, report: str, max_seconds: float) -> AudioFacts:
    stream = _STREAM.search(report)
    seconds = max((int(us) / 1e6 for us in _DECODED.findall(report)), default=0.0)
    if stream is None:
        cut = ends_early(container, data)
        return AudioFacts(container, problems=("truncated" if cut else "not_audio",))
    return AudioFacts(
        container,
        stream[1],
        seconds,
        int(stream[2]),
        _channels(stream[3]),
        _problems(data, container, report, seconds, max_seconds),
    )


def _channels(layout: str) -> int | None:
    found = _CHANNELS.search(layout)
    return int(found[1]) if found else _LAYOUTS.get(layout)


def _problems(
    data: bytes, container: str, report: str, seconds: float, max_seconds: float
) -> tuple[str, ...]:
    is_too_long = seconds > max_seconds
    is_cut = ends_early(container, data) or (not is_too_long and _stops_early(report, seconds))
    loudest = _LOUDEST.findall(report)
    found = {
        "empty": seconds == 0,
        "truncated": is_cut,
        "damaged": not is_cut and bool(_ERROR.search(report)),
        "too_long": is_too_long,
        "silent": seconds > 0 and bool(loudest) and float(loudest[-1]) < _SILENT_DB,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def _stops_early(report: str, seconds: float) -> bool:
    """Whether ffmpeg noticed the end missing, or got much less than the header had announced."""
    if "File ended prematurely" in report:
        return True
    announced = _DURATION.search(report)
    if announced is None or "Estimating duration" in report:
        return False
    hours, minutes, rest = announced.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(rest) > seconds * 1.02 + 0.1


# --- Running it ---


def _decode(data: bytes, container: str, max_seconds: float, timeout: float) -> str | None:
    """ffmpeg's report on the whole recording; None when it took too long."""
    deadline = time.monotonic() + timeout
    with unnamed_file(data) as recording, _started(recording, container, max_seconds) as process:
        try:
            limit_process(process.pid, timeout)
            said = _listen(process, deadline)
            process.wait(max(0.0, deadline - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            return None
        finally:
            process.kill()  # nothing, if it has ended
    return said.decode("utf-8", "replace")


def unnamed_file(data: bytes) -> IO[bytes]:
    """A file that can be sought in, as MP4 needs: in memory on Linux, elsewhere without a name."""
    if sys.platform == "linux":
        file: IO[bytes] = os.fdopen(os.memfd_create("recording", os.MFD_CLOEXEC), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(data)
    file.flush()
    file.seek(0)
    return file


def _started(recording: IO[bytes], container: str, max_seconds: float) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - a fixed command, no shell, no name of the file
            _command(container, max_seconds),
            stdin=recording,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={},  # FFREPORT would have it write a file
            cwd="/",
        )
    except (OSError, RuntimeError) as failure:
        raise ProbeUnavailable("ffmpeg cannot be started") from failure


def _command(container: str, max_seconds: float) -> list[str]:
    watch = "-nostdin -hide_banner -nostats -loglevel level+info -progress pipe:1"
    bounds = f"-max_alloc {LARGEST_ALLOCATION} -filter_threads 1 -threads 1"
    source = f"-protocol_whitelist fd -codec_whitelist {DECODERS} -f {DEMUXERS[container]} -i fd:"
    # One second more than allowed is enough to know that it is too long.
    sink = f"-map 0:a:0 -vn -sn -dn -t {max_seconds + 1:.3f} -af volumedetect -f null -"
    return [imageio_ffmpeg.get_ffmpeg_exe(), *f"{watch} {bounds} {source} {sink}".split()]


def limit_process(pid: int, timeout: float) -> None:
    """Bounds of the kernel's, where it can set them on another process (Linux)."""
    if sys.platform != "linux":
        return
    import resource

    limits = {
        resource.RLIMIT_AS: _LARGEST_MEMORY,
        resource.RLIMIT_CPU: int(timeout) + 1,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,  # a core file would hold the recording
    }
    with suppress(ProcessLookupError):  # it has ended already
        for limit, value in limits.items():
            resource.prlimit(pid, limit, (value, value))


def _listen(process: "subprocess.Popen[bytes]", deadline: float) -> bytes:
    """All that is said until the end; of very much, the beginning and the end. TimeoutError."""
    assert process.stdout is not None
    head, tail = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            said = os.read(process.stdout.fileno(), 65_536)
            if not said:
                return bytes(head + tail)
            room = _KEPT_BYTES - len(head)
            head += said[:room]
            tail += said[room:]
            del tail[:-_KEPT_BYTES]
    raise TimeoutError
