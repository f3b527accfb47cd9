"""Twilio's words for what became of a message or a call, in ours."""

from __future__ import annotations

from models.delivery import DeliveryStatus

S = DeliveryStatus

# What Twilio calls a message or a call -> our state. Its words for "not there yet" say nothing
# that we do not know. (Message status: 13 values, call status: 8, in the published specification.)
# A call that is "in-progress" was picked up, by a person or a machine: nothing was said yet.
TWILIO_STATUS: dict[str, DeliveryStatus] = {
    "accepted": S.sent,
    "scheduled": S.sent,
    "queued": S.sent,
    "sending": S.sent,
    "sent": S.sent,
    "read": S.delivered,
    "delivered": S.delivered,
    "partially_delivered": S.delivered,
    "undelivered": S.undelivered,
    "failed": S.failed,
    "canceled": S.failed,
    # Calls; `completed` is in `_of_completed_call`
    "initiated": S.sent,
    "ringing": S.sent,
    "in-progress": S.sent,
    "busy": S.undelivered,
    "no-answer": S.undelivered,
}

ON_ITS_WAY = frozenset(
    {"accepted", "scheduled", "queued", "sending", "initiated", "ringing", "in-progress"}
)
"""Words for what Twilio itself still has in hand: no receipt is missing yet."""

NOT_BEGUN = frozenset({"accepted", "scheduled", "queued"})
"""Words for what waits at the provider: no network has seen it."""

COMPLETED = "completed"
"""Twilio's word for a call that was picked up and is over, whatever was said in it."""

NOT_PICKED_UP = frozenset({"busy", "no-answer"})
"""Words for a call that reached a phone and nobody: another try may help."""

MACHINES = ("machine", "fax")
"""What Twilio's `AnsweredBy` begins with where no person picked up."""

CARRIER_OPT_OUT = "21610"
"""Twilio's error for a recipient who said stop to the carrier itself."""


def meaning(status: str, seconds: int | None = None) -> DeliveryStatus | None:
    """Our state for Twilio's word; None for a word that we do not know."""
    if status == COMPLETED:
        return _of_completed_call(seconds)
    return TWILIO_STATUS.get(status)


def _of_completed_call(seconds: int | None) -> DeliveryStatus:
    """A call is delivered when there was time to hear it.

    Twilio also says `completed` of a call whose instructions broke before a word was said.
    """
    if seconds is None:
        return S.sent
    return S.delivered if seconds > 0 else S.undelivered
