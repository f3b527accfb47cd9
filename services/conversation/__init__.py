"""Conversations by SMS (and whatever else is typed): what patients write is heard and answered.

    hearing ─ order, one transaction each ─ routing ─ choices, reminders, feedback ─ turn ─ reply

Their whole state is in PostgreSQL (`models/conversation.py`): any process goes on with one.
"""

from services.conversation.ending import end_stale
from services.conversation.hearing import find_unheard, hear, note_failure
from services.conversation.turn import GOES_ON_FOR

__all__ = ["GOES_ON_FOR", "end_stale", "find_unheard", "hear", "note_failure"]
