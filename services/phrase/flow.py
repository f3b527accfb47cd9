"""One flow in one language, phrase by phrase: what is there, what waits for whom, what is missing.

What staff work through, in the order of the flow. The same rules as `services.phrase.coverage`.
"""

from __future__ import annotations

from enum import StrEnum

from database.session import ScopedSession
from models.establishment import Establishment
from models.phrase import Phrase
from schemas.phrase import (
    CoverageOut,
    FlowOut,
    FlowPhrase,
    PendingPhrase,
    PhraseState,
    ShippedWords,
)
from services.errors import NotFound
from services.phrase.about import notes
from services.phrase.coverage import coverage_of, own_phrases
from services.phrase.phrases import (
    APP,
    FLOWS,
    Words,
    is_spoken,
    placeholders,
    sayable,
    shipped,
    spoken_words,
)
from services.phrase.view import SAMPLES, words
from utils.languages import VOICES, tag

PHONE = "phone."
WORD_LISTS = "words."


class Needs(StrEnum):
    """Without what a phrase is missing from a flow."""

    words = "words"
    recording = "recording"


def flow_of(
    session: ScopedSession, establishment: Establishment, flow: str, language: str
) -> FlowOut:
    """A flow in a language; raises `NotFound`."""
    if flow not in FLOWS:
        raise NotFound("flow")
    own = own_phrases(session)
    return FlowOut(
        flow=flow,
        language=language,
        spoken=is_spoken(flow),
        needs=needs(flow, language),
        ships=language in shipped(),
        coverage=CoverageOut.model_validate(coverage_of(session, flow, language)),
        samples={"hospital": establishment.name, **SAMPLES},
        phrases=[
            _phrase(establishment, flow, language, key, own.get((key, language)))
            for key in FLOWS[flow]
        ],
    )


def needs(flow: str, language: str) -> Needs:
    """A call in a language without a voice needs recordings; everything else needs words."""
    recorded = is_spoken(flow) and language not in VOICES
    return Needs.recording if recorded else Needs.words


def state_of(flow: str, language: str, key: str, row: Phrase | None) -> PhraseState:
    """Where a phrase stands in a flow; `row` is the establishment's own, if it has one."""
    if not sayable(newest(language, key, row), language, spoken=is_spoken(flow)):
        return PhraseState.rejected if row is not None and row.rejected_by else PhraseState.missing
    if row is None:
        return PhraseState.shipped
    if row.rejected_by:
        return PhraseState.rejected
    return PhraseState.approved if row.approved_by else PhraseState.waiting


def newest(language: str, key: str, row: Phrase | None) -> Words | None:
    """What would be said if it were approved."""
    own = {} if row is None else {key: Words(row.text, row.sms_text, row.recording_id)}
    return spoken_words(language, own).get(key)


def pending(session: ScopedSession) -> list[PendingPhrase]:
    """All that waits for a second person, and all that was sent back; the oldest first."""
    found = []
    for (key, language), row in own_phrases(session).items():
        for flow in (name for name, theirs in FLOWS.items() if key in theirs):
            state = state_of(flow, language, key, row)
            if state in (PhraseState.waiting, PhraseState.rejected):
                found.append(PendingPhrase.of(row, flow, state))
                break
    return sorted(found, key=lambda one: one.updated_at)


def _phrase(
    establishment: Establishment, flow: str, language: str, key: str, row: Phrase | None
) -> FlowPhrase:
    return FlowPhrase(
        key=key,
        about=notes().get(key, {}),
        originals={
            tag(one): ShippedWords(text=ours[key].text, sms_text=ours[key].sms_text)
            for one, ours in shipped().items()
        },
        placeholders=sorted(placeholders(key)),
        by_sms=any(key in FLOWS[name] for name in FLOWS if name.endswith("_by_sms"))
        and not key.startswith(WORD_LISTS),
        spoken=key.startswith((PHONE, APP)),
        word_list=key.startswith(WORD_LISTS),
        state=state_of(flow, language, key, row),
        words=words(establishment, key, language, row),
    )
