"""The parameters of every request that a call makes, by their published names.

Source: https://www.twilio.com/docs/voice/twiml#request-parameters and
https://www.twilio.com/docs/voice/api/call-resource#statuscallback.
"""

from __future__ import annotations

import math
import time

from simulator.numbers import country
from simulator.resources import Call, Recording, rfc2822


def request_params(account: str, call: Call) -> dict[str, str]:
    """What goes with every TwiML request."""
    params = {
        "AccountSid": account,
        "ApiVersion": "2010-04-01",
        "CallSid": call.sid,
        "CallStatus": call.state,
        "Direction": call.direction,
        "From": call.sender,
        "To": call.to,
        "Caller": call.sender,
        "Called": call.to,
    }
    for side, number in (("From", call.sender), ("To", call.to), ("Caller", call.sender)):
        params |= place(side, number)
    params |= place("Called", call.to)
    if call.answered_by:
        params["AnsweredBy"] = call.answered_by
    return params


def place(side: str, number: str) -> dict[str, str]:
    return {
        f"{side}City": "",
        f"{side}State": "",
        f"{side}Zip": "",
        f"{side}Country": country(number),
    }


def status_params(account: str, call: Call, status: str) -> dict[str, str]:
    """A call progress event. `Duration` is in started minutes, `CallDuration` in seconds."""
    params = request_params(account, call)
    params["CallStatus"] = status
    params["CallbackSource"] = "call-progress-events"
    params["SequenceNumber"] = str(call.sequence)
    params["Timestamp"] = rfc2822(time.time()) or ""
    if call.ended_at is not None:
        seconds = call.duration() or 0
        params["CallDuration"] = str(seconds)
        params["Duration"] = str(math.ceil(seconds / 60))
    return params


def recording_params(account: str, recording: Recording, url: str) -> dict[str, str]:
    """A recording status event."""
    return {
        "AccountSid": account,
        "CallSid": recording.call_sid,
        "RecordingSid": recording.sid,
        "RecordingUrl": url,
        "RecordingStatus": recording.status,
        "RecordingDuration": str(recording.duration),
        "RecordingChannels": "1",
        "RecordingStartTime": rfc2822(recording.created_at) or "",
        "RecordingSource": recording.source,
        "RecordingTrack": "both",
        "ErrorCode": "0",
    }
