"""The hot path of sending: claim, begin, outcome. Three statements for a whole batch.

This is one of the three places where SQL is written by hand (the others are intake and sync):
per delivery the ORM costs a millisecond, these statements some tens of microseconds. Every one
of them is a single statement, so its transitions, their events and the due queue change together
or not at all.
"""

from services.dispatch.attempts import Attempt, begin
from services.dispatch.claims import Claim, claim, establishments_due, release, seconds_to_next
from services.dispatch.outcomes import Settlement, conclude

__all__ = [
    "Attempt",
    "Claim",
    "Settlement",
    "begin",
    "claim",
    "conclude",
    "establishments_due",
    "release",
    "seconds_to_next",
]
