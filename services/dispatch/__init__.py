"""The hot path of sending: claim, begin, outcome. A few statements for a whole batch.

This is one of the three places where SQL is written by hand (the others are intake and sync):
per delivery the ORM costs a millisecond, these statements some tens of microseconds. Each moves
deliveries, their events and the due queue together.
"""

from services.dispatch.attempts import Attempt, Rules, begin, held_for
from services.dispatch.claims import (
    Claim,
    HasDue,
    claim,
    establishments_due,
    release,
    seconds_to_next,
)
from services.dispatch.outcomes import conclude
from services.dispatch.routes import Routes

__all__ = [
    "Attempt",
    "Claim",
    "HasDue",
    "Routes",
    "Rules",
    "begin",
    "claim",
    "conclude",
    "establishments_due",
    "held_for",
    "release",
    "seconds_to_next",
]
