"""What an establishment can say in which language: phrase by phrase, flow by flow.

A flow by SMS needs every phrase as a text, one by phone every phrase as a recording, or as a text
where a voice speaks the language; all of it approved. Only then a language is switched on for it,
and it falls silent by itself while a phrase is being changed: `services.phrase.phrases.speech` asks
anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.phrase import FlowLanguage, Phrase
from services.audit import audit
from services.errors import Conflict, NotFound
from services.identity import Principal
from services.phrase.phrases import (
    FLOWS,
    Words,
    is_spoken,
    sayable,
    shipped,
    spoken_words,
    switched_on,
)
from utils.languages import NAMES


@dataclass(frozen=True, slots=True)
class Coverage:
    """One flow in one language. `ready`: all of it is there and approved; `on`: it is said."""

    flow: str
    language: str
    phrases: int
    there: int
    approved: int
    recorded: int
    waiting: int
    rejected: int
    missing: tuple[str, ...]
    switched_on: bool

    @property
    def ready(self) -> bool:
        """True when nothing is missing."""
        return not self.missing

    @property
    def on(self) -> bool:
        """True when a conversation may take place in it."""
        return self.ready and self.switched_on


def coverage(session: ScopedSession) -> list[Coverage]:
    """Every flow in every language, in the order of the flows."""
    own = own_phrases(session)
    on = {(one.flow, one.language) for one in session.scalars(select(FlowLanguage))}
    return [
        _coverage(flow, language, own, language in shipped() or (flow, language) in on)
        for flow in FLOWS
        for language in NAMES
    ]


def coverage_of(session: ScopedSession, flow: str, language: str) -> Coverage:
    """One flow in one language."""
    on = language in switched_on(session, flow)
    return _coverage(flow, language, own_phrases(session), on)


def own_phrases(session: ScopedSession) -> dict[tuple[str, str], Phrase]:
    """All of an establishment's own words, by key and language."""
    rows = session.scalars(select(Phrase).order_by(Phrase.key, Phrase.language))
    return {(row.key, row.language): row for row in rows}


def _coverage(
    flow: str, language: str, own: Mapping[tuple[str, str], Phrase], switched: bool
) -> Coverage:
    keys = FLOWS[flow]
    rows = [own[key, language] for key in keys if (key, language) in own]
    there = _sayable(keys, flow, language, rows)
    approved = _sayable(keys, flow, language, [row for row in rows if row.approved_by])
    return Coverage(
        flow=flow,
        language=language,
        phrases=len(keys),
        there=len(there),
        approved=len(approved),
        recorded=sum(row.recording_id is not None for row in rows),
        waiting=sum(
            row.key in there and row.approved_by is None and row.rejected_by is None for row in rows
        ),
        rejected=sum(row.rejected_by is not None for row in rows),
        missing=tuple(key for key in keys if key not in approved),
        switched_on=switched,
    )


def _sayable(
    keys: Sequence[str], flow: str, language: str, rows: Sequence[Phrase]
) -> frozenset[str]:
    own = {row.key: Words(row.text, row.sms_text, row.recording_id) for row in rows}
    words = spoken_words(language, own)
    return frozenset(
        key for key in keys if sayable(words.get(key), language, spoken=is_spoken(flow))
    )


def switch(
    session: ScopedSession, flow: str, language: str, *, on: bool, principal: Principal
) -> Coverage:
    """Have a flow said in a language, or no longer; raises `NotFound` or `Conflict`.

    Languages that ship are always on: somebody must be answered in some language.
    """
    if flow not in FLOWS:
        raise NotFound("flow")
    found = _coverage(flow, language, own_phrases(session), switched=on)
    if not on and language in shipped():
        raise Conflict("A language that ships cannot be switched off.", code="language_ships")
    if on and not found.ready:
        raise Conflict(
            "Not every phrase of this flow is written and approved in this language: "
            + ", ".join(found.missing),
            code="flow_not_covered",
            fields=found.missing,
        )
    changed = _on(session, flow, language, principal) if on else _off(session, flow, language)
    if changed:
        audit(session, principal, "switch", "flow", flow, after={"language": language, "on": on})
    return found


def _on(session: ScopedSession, flow: str, language: str, principal: Principal) -> bool:
    if language in shipped():
        return False
    made = session.execute(
        insert(FlowLanguage)
        .values(flow=flow, language=language, switched_by=principal.actor)
        .on_conflict_do_nothing()
        .returning(FlowLanguage.id)
    )
    return made.scalar() is not None


def _off(session: ScopedSession, flow: str, language: str) -> bool:
    gone = session.execute(
        delete(FlowLanguage)
        .where(FlowLanguage.flow == flow, FlowLanguage.language == language)
        .returning(FlowLanguage.id)
    )
    return gone.scalar() is not None
