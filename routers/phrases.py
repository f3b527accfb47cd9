"""Phrases: read, written, recorded and approved by staff; switched on by administrators."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse

from models.phrase import Phrase
from routers.dependencies import (
    Admin,
    AdminSession,
    IfMatch,
    Staff,
    StaffSession,
    StateDep,
    Viewer,
    ViewerSession,
    establishment_of,
    expected_version,
)
from routers.idempotency import OnceDep
from routers.state import State
from schemas.common import LanguageIn
from schemas.phrase import (
    CallOut,
    CoverageOut,
    FlowOut,
    PendingPhrase,
    PhraseBook,
    PhraseCodeOut,
    PhraseIn,
    PhrasePreview,
    PhraseRecordingIn,
    RejectionIn,
    SwitchIn,
    WordsOut,
)
from services.identity import Principal
from services.phone.rehearsal import rehearse
from services.phrase import change as phrase_change
from services.phrase import flow as phrase_flow
from services.phrase import phone_code as phrase_code
from services.phrase import view as phrase_view
from services.phrase.coverage import switch
from services.phrase.recording import spoken

router = APIRouter(prefix="/phrases", tags=["phrases"])

Key = Annotated[str, Path(max_length=60, examples=["feedback.thanks"])]
Flow = Annotated[str, Path(max_length=24, examples=["feedback_by_phone"])]
Language = Annotated[LanguageIn, Path()]


@router.get("", summary="All that is said to patients, in every language, and what is covered")
def read_phrases(state: StateDep, principal: Viewer, session: ViewerSession) -> PhraseBook:
    return phrase_view.book(session, establishment_of(state, principal))


@router.get("/coverage", summary="Which flows are covered, and on, in which language")
def read_coverage(session: ViewerSession) -> list[CoverageOut]:
    return phrase_view.covered(session)


@router.get("/pending", summary="What waits for a second person, and what was sent back")
def read_pending(session: ViewerSession, _principal: Viewer) -> list[PendingPhrase]:
    return phrase_flow.pending(session)


@router.get("/flows/{flow}/{language}", summary="A flow in a language, phrase by phrase")
def read_flow(
    flow: Flow, language: Language, state: StateDep, principal: Viewer, session: ViewerSession
) -> FlowOut:
    return phrase_flow.flow_of(session, establishment_of(state, principal), flow, language)


@router.get(
    "/flows/{flow}/{language}/call", summary="A call as a table, to be heard as a caller would"
)
def read_call(
    flow: Flow, language: Language, state: StateDep, principal: Viewer, session: ViewerSession
) -> CallOut:
    return rehearse(session, establishment_of(state, principal), flow, language)


@router.put("/flows/{flow}/{language}", summary="Have a flow said in a language, or no longer")
def switch_flow(
    flow: Flow,
    language: Language,
    body: SwitchIn,
    principal: Admin,
    session: AdminSession,
) -> CoverageOut:
    return CoverageOut.model_validate(
        switch(session, flow, language, on=body.on, principal=principal)
    )


@router.put("/{key}/{language}", summary="Write a phrase in the establishment's own words")
def write_phrase(
    key: Key,
    language: Language,
    body: PhraseIn,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    if_match: IfMatch = None,
) -> WordsOut:
    phrase = phrase_change.write(
        session,
        key,
        language,
        text=body.text,
        sms_text=body.sms_text,
        principal=principal,
        expected_version=expected_version(if_match),
    )
    return _shown(response, state, principal, phrase)


@router.delete("/{key}/{language}", status_code=204, summary="Take the establishment's words back")
def take_phrase_back(
    key: Key,
    language: Language,
    principal: Staff,
    session: StaffSession,
    if_match: IfMatch = None,
) -> None:
    phrase_change.take_back(
        session, key, language, principal=principal, expected_version=expected_version(if_match)
    )


@router.put("/{key}/{language}/recording", summary="Let a recording speak a phrase")
def record_phrase(
    key: Key,
    language: Language,
    body: PhraseRecordingIn,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    if_match: IfMatch = None,
) -> WordsOut:
    if body.recording is not None:
        recording_id = phrase_change.own_recording(session, body.recording, principal)
    else:
        recording_id = spoken(session, state.storage, base64.b64decode(body.voice_data or ""))
    phrase = phrase_change.record(
        session,
        key,
        language,
        recording_id,
        principal=principal,
        expected_version=expected_version(if_match),
    )
    return _shown(response, state, principal, phrase)


@router.get(
    "/{key}/{language}/recording", summary="Hear a phrase's recording", response_class=Response
)
def hear_phrase(key: Key, language: Language, state: StateDep, principal: Viewer) -> Response:
    with state.database.establishment(principal.establishment_id) as session:
        recording = phrase_change.recording_of(session, key, language)
    heard = state.player.open(principal.establishment_id, recording.id)
    headers = {"Cache-Control": "no-store"}
    return Response(heard.audio, media_type=heard.media_type, headers=headers)


@router.post(
    "/{key}/{language}/preview", summary="What words would look like and cost by SMS; nothing kept"
)
def preview_phrase(
    key: Key, language: Language, body: PhraseIn, state: StateDep, principal: Staff
) -> PhrasePreview:
    return phrase_view.preview(
        establishment_of(state, principal),
        key,
        language,
        text=body.text,
        sms_text=body.sms_text,
    )


@router.post("/{key}/{language}/approve", summary="Approve what somebody else has written")
def approve_phrase(
    key: Key,
    language: Language,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    if_match: IfMatch = None,
) -> WordsOut:
    phrase = phrase_change.approve(
        session, key, language, principal=principal, expected_version=expected_version(if_match)
    )
    return _shown(response, state, principal, phrase)


@router.post("/{key}/{language}/reject", summary="Send back what somebody else has written")
def reject_phrase(
    key: Key,
    language: Language,
    body: RejectionIn,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    if_match: IfMatch = None,
) -> WordsOut:
    phrase = phrase_change.reject(
        session,
        key,
        language,
        reason=body.reason,
        principal=principal,
        expected_version=expected_version(if_match),
    )
    return _shown(response, state, principal, phrase)


@router.post(
    "/{key}/{language}/code",
    status_code=201,
    summary="A code with which somebody speaks a phrase in by phone, once",
    response_model=PhraseCodeOut,
)
def make_code(
    key: Key, language: Language, principal: Staff, session: StaffSession, once: OnceDep
) -> PhraseCodeOut | JSONResponse:
    return once.run(
        session,
        principal,
        lambda: PhraseCodeOut.model_validate(phrase_code.issue(session, key, language, principal)),
    )


def _shown(response: Response, state: State, principal: Principal, phrase: Phrase) -> WordsOut:
    response.headers["ETag"] = f'"{phrase.version}"'
    return phrase_view.words(
        establishment_of(state, principal), phrase.key, phrase.language, phrase
    )
