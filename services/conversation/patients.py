"""Which patient is this about? Asked discreetly: a phone is shared by a family.

A patient is shown by the last digits of the hospital's reference, or by initials; never by a name
or a department.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.contact import Contact
from services.contact.discreet import labels
from services.conversation.turn import MOST_CHOICES, Step, Turn


def patients(turn: Turn) -> list[Contact]:
    """The patients whom an address leads to."""
    return [contact for contact in turn.contacts if contact.kind == "patient"]


def ask_whose(turn: Turn) -> bool:
    """Ask which patient it is about; False when that cannot be asked."""
    family = patients(turn)
    shown = labels(family) if len(family) <= MOST_CHOICES else None
    if shown is None or not turn.may_ask:
        return False
    turn.current.offered = [contact.id for contact in family]
    turn.ask(Step.patient, "patient.which", choices=numbered(shown))
    return True


def chosen_patient(turn: Turn) -> Contact | None:
    """Who was chosen from the list: by its number, or by what stood beside it."""
    offered = turn.current.offered
    family = [contact for contact in patients(turn) if contact.id in offered]
    number = turn.said.number
    if number is not None and 1 <= number <= len(offered):
        return next((one for one in family if one.id == offered[number - 1]), None)
    written = re.sub(r"[\W_]", "", turn.said.text).casefold()
    shown = labels(family) or []
    named = [
        one
        for one, label in zip(family, shown, strict=False)
        if written and re.sub(r"[\W_]", "", label).casefold() == written
    ]
    return named[0] if len(named) == 1 else None


def numbered(shown: Sequence[str]) -> str:
    """A list to choose from, in one line: `1 = ..123, 2 = ..207`."""
    return ", ".join(f"{number} = {what}" for number, what in enumerate(shown, start=1))
