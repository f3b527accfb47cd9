"""Audio as a telephone carries it: WAV, 8,000 samples a second, 16 bits, one channel.

What every provider of calls plays, made of whatever somebody recorded. ffmpeg is kept on the same
short lead as in `utils/audio.py`, and hands back bare samples: the header of a WAV file that is
written into a pipe would not know its own length.
"""

import io
import subprocess
import wave

import imageio_ffmpeg

from utils.audio import DECODERS, DEMUXERS, ProbeUnavailable, started, unnamed_file
from utils.audio_container import sniff

RATE = 8000
SAMPLE_BYTES = 2


class NotPlayable(Exception):
    """This is no audio that a telephone could play."""


def telephone_wav(audio: bytes, max_seconds: float, timeout: float) -> bytes:
    """The first `max_seconds` of a recording; at most `timeout` seconds of our time.

    Raises `NotPlayable`, or `ProbeUnavailable` where ffmpeg cannot be started.
    """
    container = sniff(audio)
    if container is None:
        raise NotPlayable
    source = f"-protocol_whitelist fd -codec_whitelist {DECODERS} -f {DEMUXERS[container]} -i fd:"
    sink = f"-map 0:a:0 -vn -sn -dn -t {max_seconds:.3f} -ar {RATE} -ac 1 -f s16le pipe:1"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *f"-nostdin -hide_banner -loglevel quiet -threads 1 {source} {sink}".split(),
    ]
    with unnamed_file(audio) as recording, started(command, recording, timeout) as process:
        try:
            samples, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise NotPlayable from None
        finally:
            process.kill()
    if not samples:
        raise NotPlayable
    return wav(samples[: int(max_seconds * RATE) * SAMPLE_BYTES])


def silence(seconds: float) -> bytes:
    """Nothing to hear, in the same format."""
    return wav(b"\0" * (int(seconds * RATE) * SAMPLE_BYTES))


def wav(samples: bytes) -> bytes:
    """Bare samples as a file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(RATE)
        file.writeframes(samples)
    return out.getvalue()


__all__ = ["NotPlayable", "ProbeUnavailable", "silence", "telephone_wav", "wav"]
