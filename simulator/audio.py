"""A voice that costs nothing: tones, one for each letter of what was 'said'."""

from __future__ import annotations

import io
import math
import struct
import wave

RATE = 8000
LONGEST_SECONDS = 600


def speech_seconds(text: str) -> int:
    """How long a text takes to say, in whole seconds: 2.5 words a second, at least one."""
    return max(1, math.ceil(len(text.split()) / 2.5)) if text.strip() else 0


def synthesise(text: str, seconds: int) -> bytes:
    """A WAV file (8 kHz, mono, 16-bit PCM) that lasts `seconds` and differs with the text."""
    length = min(max(seconds, 0), LONGEST_SECONDS)
    letters = text or "simulator"
    frames = bytearray()
    steps = length * 8  # eight 'syllables' a second
    for step in range(steps):
        pitch = 180 + (ord(letters[step % len(letters)]) * 7) % 240
        frames += _syllable(pitch, RATE // 8)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(frames))
    return out.getvalue()


def _syllable(pitch: int, samples: int) -> bytes:
    envelope = math.pi / samples
    step = 2 * math.pi * pitch / RATE
    return struct.pack(
        f"<{samples}h",
        *(int(9000 * math.sin(envelope * n) * math.sin(step * n)) for n in range(samples)),
    )
