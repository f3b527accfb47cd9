"""Audio as a telephone carries it: WAV, 8,000 samples a second, 16 bits, one channel.

What every provider of calls plays, made of whatever somebody recorded. ffmpeg hands back bare
samples: the header of a WAV file that is written into a pipe would not know its own length.
"""

from __future__ import annotations

import io
import wave

from utils.audio import sniff
from utils.audio_remake import remade

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
    sink = f"-t {max_seconds:.3f} -ar {RATE} -ac 1 -f s16le"
    samples = remade(audio, container, sink, timeout)
    if samples is None:
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
