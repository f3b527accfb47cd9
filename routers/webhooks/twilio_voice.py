"""Twilio's requests for a call: what is said and asked, what was keyed and recorded, how it ended.

The signature covers the address with its ids, so nobody else can speak for a caller. Whatever goes
wrong here, the person on the phone hears a sentence and the call ends: never Twilio's own error.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from database.engine import DatabaseNotReady
from database.session import ScopedSession
from models.conversation import Conversation
from models.establishment import Establishment, InboundCalls, Sender
from routers.problems import problem
from routers.state import State, state_of
from routers.upload import form_of
from routers.webhooks.twilio import genuine
from services.callback import Reference, parse_reference
from services.errors import CareloopError, Forbidden
from services.phone.answering import Given, answer, locked
from services.phone.caller import caller
from services.phone.calls import (
    Incoming,
    begin_feedback,
    begin_reminder,
    conversation_of,
    note_call,
    note_pick_up,
    note_status,
)
from services.phone.links import Links, Place, parse_place
from services.phone.missed_call import call_back
from services.phone.recordings import Spoken, note_recording
from services.phone.script import instructions
from services.phrase import shipped
from utils.logs import get_logger
from utils.metrics import WEBHOOKS_REFUSED
from utils.twiml import HangUp, Instructions, Reject, Say, twiml

router = APIRouter(prefix="/twilio/voice", tags=["webhooks"], include_in_schema=False)

AWAY = (OperationalError, InterfaceError, PoolTimeout, DatabaseNotReady)
_REJECTED = Instructions((), Reject())

log = get_logger("careloop.webhooks")


async def signed_form(request: Request) -> FormData:
    """A form that the provider signed; raises `Forbidden`."""
    form = await form_of(request)
    if not genuine(state_of(request), request, form):
        WEBHOOKS_REFUSED.labels("twilio").inc()
        raise Forbidden("This request was not signed by the provider.", code="signature_invalid")
    return form


SignedForm = Annotated[FormData, Depends(signed_form)]


@router.post("")
async def inbound(request: Request, form: SignedForm) -> Response:
    """Somebody calls one of our numbers."""
    return await _told(_inbound, state_of(request), form)


@router.post("/reminder")
async def picked_up(request: Request, form: SignedForm) -> Response:
    """Somebody, or something, picked up a call of ours."""
    reference = parse_reference(request.query_params.get("delivery", ""))
    return await _told(_picked_up, state_of(request), form, reference)


@router.post("/gather")
async def gathered(request: Request, form: SignedForm) -> Response:
    """A key, or none."""
    return await _told(_answered, state_of(request), form, _place(request))


@router.post("/recorded")
async def recorded(request: Request, form: SignedForm) -> Response:
    """The end of a recording, or nothing was said."""
    return await _told(_answered, state_of(request), form, _place(request))


@router.post("/recording")
async def recording_ready(request: Request, form: SignedForm) -> Response:
    """A recording is ready to be fetched."""
    await run_in_threadpool(_recording_ready, state_of(request), form, _place(request))
    return Response(status_code=200)


@router.post("/status")
async def status(request: Request, form: SignedForm) -> Response:
    """How a call to us goes; those from us tell it to `/webhooks/twilio/status`."""
    await run_in_threadpool(_status, state_of(request), form)
    return Response(status_code=200)


@router.get("/audio/{path:path}")
async def audio(request: Request, path: str) -> Response:
    """What a call plays. Twilio asks for it without its signature: the address has ours."""
    state = state_of(request)
    named = _links(state).parse_audio(path, time.time())
    if named is None:
        return problem(404, "not_found", "There is nothing at this address.")
    sound = await run_in_threadpool(state.prompts.wav, named)
    # A prompt may be kept as long as its address is good; what a person said, by nobody.
    keep = "private, max-age=3600" if named.kind == "prompt" and sound.good else "no-store"
    return Response(sound.wav, media_type="audio/wav", headers={"Cache-Control": keep})


def _place(request: Request) -> Place | None:
    return parse_place(request.query_params.get("c", ""))


async def _told(tell: Callable[..., Instructions], *given: object) -> Response:
    """The document that a rule comes to; an apology where it comes to none."""
    try:
        document = twiml(await run_in_threadpool(tell, *given))
    except AWAY as error:
        log.warning("call without a database", error=type(error).__name__)
        document = apology()
    except CareloopError as error:
        log.warning("call that leads nowhere", code=error.code)
        document = apology()
    return Response(document, media_type="text/xml")


@lru_cache(maxsize=1)
def apology() -> str:
    """Said when nothing can be noted, in both languages: nobody knows which one is spoken."""
    said = [Say(shipped()[code]["phone.sorry"].text or "", code) for code in ("fra", "eng")]
    return twiml(Instructions(said, HangUp()))


def _inbound(state: State, form: FormData) -> Instructions:
    sender = state.directory.called("voice", _text(form, "To", 32))
    if sender is None:
        return _REJECTED  # a number of the account that is nobody's
    establishment = state.directory.get(sender.establishment_id)
    with state.database.establishment(establishment.id) as session:
        told = _taken(session, state, establishment, sender, form)
    return told


def _taken(
    session: ScopedSession,
    state: State,
    establishment: Establishment,
    sender: Sender,
    form: FormData,
) -> Instructions:
    who = caller(session, establishment, _text(form, "From", 64))
    call, new = note_call(session, Incoming(_text(form, "CallSid", 64), sender.id, who))
    conversation = conversation_of(session, call)
    if conversation is None and not new:
        return _REJECTED  # the same call again
    calls_back = establishment.inbound_calls == InboundCalls.call_back and sender.can_receive
    if conversation is None and calls_back and who is not None:
        call_back(session, establishment, who, sender.id)
        return _REJECTED
    if conversation is None:
        conversation = begin_feedback(session, establishment, call, who)
    return _instructions(session, state, establishment, conversation)


def _picked_up(state: State, form: FormData, reference: Reference | None) -> Instructions:
    if reference is None:
        raise Forbidden("This names no delivery.", code="not_found")
    establishment = state.directory.get(reference.establishment_id)
    answered_by = _text(form, "AnsweredBy", 24) or None
    with state.database.establishment(establishment.id) as session:
        sid = _text(form, "CallSid", 64)
        call, delivery = note_pick_up(
            session, reference.delivery_id, reference.attempt, sid, answered_by
        )
        conversation = conversation_of(session, call)
        if conversation is None:
            conversation = begin_reminder(session, establishment, call, delivery)
        return _instructions(session, state, establishment, conversation)


def _answered(state: State, form: FormData, place: Place | None) -> Instructions:
    if place is None:
        raise Forbidden("This names no conversation.", code="not_found")
    establishment = state.directory.get(place.establishment_id)
    sid = _text(form, "RecordingSid", 64)
    keys = _text(form, "Digits", 32)
    given = Given(
        _text(form, "CallSid", 64),
        keys="" if sid or keys == "hangup" else keys,
        recording=Spoken(sid, _number(form, "RecordingDuration")) if sid else None,
    )
    with state.database.establishment(establishment.id) as session:
        conversation = answer(session, establishment, place, given)
        return _instructions(session, state, establishment, conversation)


def _instructions(
    session: ScopedSession, state: State, establishment: Establishment, conversation: Conversation
) -> Instructions:
    told = instructions(session, establishment, conversation, _links(state), time.time())
    session.flush()
    return told


def _recording_ready(state: State, form: FormData, place: Place | None) -> None:
    if place is None or _text(form, "RecordingStatus", 16) != "completed":
        return
    sid, seconds = _text(form, "RecordingSid", 64), _number(form, "RecordingDuration")
    if not sid or seconds == 0:
        return
    with state.database.establishment(place.establishment_id) as session:
        call, conversation = locked(session, place.conversation_id, _text(form, "CallSid", 64))
        note_recording(session, call, conversation, Spoken(sid, seconds))


def _status(state: State, form: FormData) -> None:
    sender = state.directory.called("voice", _text(form, "To", 32))
    if sender is None:
        return
    with state.database.establishment(sender.establishment_id) as session:
        note_status(
            session,
            _text(form, "CallSid", 64),
            _text(form, "CallStatus", 16),
            _number(form, "CallDuration"),
        )


def _text(form: FormData, name: str, longest: int) -> str:
    return str(form.get(name) or "")[:longest]


def _number(form: FormData, name: str) -> int | None:
    text = _text(form, name, 10)
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _links(state: State) -> Links:
    return Links.of(state.settings.web.base_url, state.settings.privacy)
