"""Keeping audio, and saying where it is."""

from __future__ import annotations

from simulator.audio import synthesise
from simulator.carrier import Carrier
from simulator.resources import API, Call, Recording, new_sid


def keep_recording(
    carrier: Carrier, call: Call, text: str, seconds: int, source: str = "RecordVerb"
) -> Recording:
    """Make a recording of what was said, `seconds` long, and attach it to the call."""
    recording = Recording(
        sid=new_sid("RE"),
        call_sid=call.sid,
        duration=seconds,
        wav=synthesise(text, seconds),
        text=text,
        source=source,
    )
    carrier.store.add_recording(recording)
    call.recording_sids.append(recording.sid)
    return recording


def recording_url(carrier: Carrier, recording: Recording) -> str:
    """The RecordingUrl of webhooks: without an extension it gives WAV, as at Twilio."""
    settings = carrier.settings
    return f"{settings.base_url()}{API}/Accounts/{settings.account_sid}/Recordings/{recording.sid}"
