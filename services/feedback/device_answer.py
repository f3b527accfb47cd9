"""Answers to who gave neither number nor name: they wait until the patient's own device asks.

Feedback that a device captured has an identity that only this device and the hospital know. An
answer to it is kept as any other, as a reminder, but one that goes nowhere by itself: it has no
channel and no delivery (docs/decisions/0020).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from database.session import ScopedSession
from models.feedback import Feedback
from models.reminder import Purpose, Reminder, ReminderStatus
from services.identity import Principal, fingerprint


def heard_by_device(feedback: Feedback) -> bool:
    """Whether a device captured it: what came by sync has the offset of a device's clock."""
    return feedback.channel == "app" and feedback.clock_offset is not None


def keep_for_device(
    session: ScopedSession,
    feedback: Feedback,
    words: str,
    *,
    identity: UUID,
    principal: Principal,
    now: datetime,
) -> Reminder:
    """Keep an answer that the device will ask for."""
    kept = Reminder(
        client_id=identity,
        fingerprint=fingerprint({"message": words}),
        message=words,
        language=feedback.language,
        scheduled_time=now,
        channels=[],
        validity_seconds=0,
        status=ReminderStatus.done,
        purpose=Purpose.answer,
        created_by=principal.actor,
    )
    session.add(kept)
    session.flush()
    return kept
