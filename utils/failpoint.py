"""Named points at which a test may kill this process, as `kill -9` would, or make it stand still.

`CARELOOP_CRASH_AT=point` or `point:3` (the third time it is reached); `CARELOOP_PAUSE_AT` likewise:
the process stops (SIGSTOP) until somebody continues it, as one does whose machine was suspended.
Settings refuse both in production; unset, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
from itertools import count

from config.settings import get_settings

DELIVERY = (
    "reminder.before_commit",
    "reminder.after_commit",
    "scheduler.in_claim",
    "scheduler.after_claim",
    "scheduler.after_enqueue",
    "scheduler.before_release",
    "scheduler.after_release",
    "worker.before_begin",
    "worker.in_begin",
    "worker.after_begin",
    "worker.before_call",
    "worker.after_call",
    "worker.before_outcome",
    "worker.in_outcome",
    "worker.after_outcome",
    "settle.begun",
    "settle.done",
    "callback.before_commit",
    "callback.after_commit",
    "sweep.before_commit",
    "sweep.after_commit",
    "reconcile.before_ask",
    "reconcile.after_ask",
    "reconcile.before_commit",
    "reconcile.after_commit",
)
"""Every step of a delivery, in order; the last six only happen after something went wrong.

`in_…`: the statement was carried out, but its transaction is not committed.
"""
UPLOAD = ("upload.after_store", "upload.after_finish")
"""The steps of an upload."""
CAMPAIGN = ("campaign.before_batch", "campaign.before_commit", "campaign.after_commit")
"""Every step of a campaign's batch, in order."""
ALARM = ("alarm.after_take", "alarm.after_call")
"""The steps of an alarm's mail."""
INBOUND = (
    "inbound.before_commit",
    "inbound.after_commit",
    "spool.after_append",
    "spool.after_store",
)
"""The steps of storing a message that came in; the last two while PostgreSQL is away, and after."""
RECORDING = (
    "recording.after_store",
    "recording.after_fetch",
    "recording.before_delete",
    "recording.after_delete",
)
"""The steps of a recording of a call, on its way to our store."""
VOICE = ("voice.after_store", "voice.after_fetch", "voice.before_delete", "voice.after_delete")
"""The steps of a voice that was attached to a message."""
CONVERSATION = (
    "conversation.before_hear",
    "conversation.before_commit",
    "conversation.after_commit",
)
"""The steps of hearing one message."""
POINTS = DELIVERY + UPLOAD + CAMPAIGN + ALARM + INBOUND + CONVERSATION + RECORDING + VOICE

_times = {point: count(1) for point in POINTS}


def reached(point: str) -> None:
    """Die or stand still here, without a word, when a test asked for it."""
    engine = get_settings().engine
    if not (engine.crash_at or engine.pause_at):
        return
    times = next(_times[point])  # many threads come by here at once
    for wanted, harm in ((engine.crash_at, signal.SIGKILL), (engine.pause_at, signal.SIGSTOP)):
        name, _, which = wanted.partition(":")
        if name == point and times == int(which or 1):
            os.kill(os.getpid(), harm)
