"""Twilio's requests for a call: what is said and asked, what was keyed and recorded, how it ended.

The signature covers the address with its ids, so nobody else can speak for a caller. Whatever goes
wrong here, the person on the phone hears a sentence and the call ends: never Twilio's own error.
While PostgreSQL is away what was keyed or recorded goes through the same door as every webhook
(`services/webhook/door.py`), so it is not lost either.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from database.away import is_away
from database.engine import DatabaseNotReady
from database.session import Database, ScopedSession
from models.conversation import Conversation
from models.establishment import Establishment, InboundCalls, Sender
from routers.problems import problem
from routers.state import State, state_of
from routers.webhooks.twilio import sent_from, signed_about, webhook_of
from services.errors import CareloopError, NotFound
from services.establishment.directory import Directory
from services.phone.answering import Given, answer, locked
from services.phone.caller import caller
from services.phone.calls import (
    Incoming,
    begin_feedback,
    begin_reminder,
    begin_unheard,
    conversation_of,
    note_call,
    note_pick_up,
    note_status,
)
from services.phone.links import Links, Place, parse_place
from services.phone.missed_call import VALID_FOR, call_back
from services.phone.recordings import Spoken, note_recording
from services.phone.script import instructions
from services.phrase.phrases import shipped
from services.webhook.callback import parse_reference
from services.webhook.door import Webhook
from utils.logs import get_logger
from utils.twiml import HangUp, Instructions, Reject, Say, twiml

INBOUND, PICKED_UP, ANSWER = "twilio.voice", "twilio.voice.reminder", "twilio.voice.answer"
RECORDING, ENDED = "twilio.voice.recording", "twilio.voice.status"

router = APIRouter(prefix="/twilio/voice", tags=["webhooks"], include_in_schema=False)

AWAY = (DBAPIError, PoolTimeout, DatabaseNotReady)
ANSWER_SECONDS = 6.0
"""Twilio waits 15 seconds for instructions; what the database owes by then goes to the door."""
_REJECTED = Instructions((), Reject())

log = get_logger("careloop.webhooks")


def _called(directory: Directory, _request: Request, form: FormData) -> Iterable[Sender | None]:
    return (directory.called("voice", str(form.get("To", ""))[:32]),)


def _talking(directory: Directory, request: Request, _form: FormData) -> Iterable[Sender | None]:
    """The numbers of the hospital whose conversation it is: not every request names the number."""
    place = parse_place(request.query_params.get("c", ""))
    return () if place is None else directory.senders(place.establishment_id).of_channel("voice")


SignedCall = Annotated[FormData, Depends(signed_about(_called))]
SignedPickUp = Annotated[FormData, Depends(signed_about(sent_from))]
SignedAnswer = Annotated[FormData, Depends(signed_about(_talking))]


@router.post("")
async def inbound(request: Request, form: SignedCall) -> Response:
    """Somebody calls one of our numbers."""
    return await _told(state_of(request), _inbound, webhook_of(INBOUND, request, form))


@router.post("/reminder")
async def picked_up(request: Request, form: SignedPickUp) -> Response:
    """Somebody, or something, picked up a call of ours."""
    return await _told(state_of(request), _picked_up, webhook_of(PICKED_UP, request, form))


@router.post("/gather")
async def gathered(request: Request, form: SignedAnswer) -> Response:
    """A key, or none."""
    return await _told(state_of(request), _answered, webhook_of(ANSWER, request, form))


@router.post("/recorded")
async def recorded(request: Request, form: SignedAnswer) -> Response:
    """The end of a recording, or nothing was said."""
    return await _told(state_of(request), _answered, webhook_of(ANSWER, request, form))


@router.post("/recording")
async def recording_ready(request: Request, form: SignedAnswer) -> Response:
    """A recording is ready to be fetched."""
    await state_of(request).door.take(webhook_of(RECORDING, request, form))
    return Response(status_code=200)


@router.post("/status")
async def status(request: Request, form: SignedCall) -> Response:
    """How a call to us ended; those from us tell it to `/webhooks/twilio/status`."""
    await state_of(request).door.take(webhook_of(ENDED, request, form))
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


async def _told(
    state: State, tell: Callable[[State, Webhook], Instructions], webhook: Webhook
) -> Response:
    """The document that a rule comes to; an apology where it comes to none."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            document = twiml(await run_in_threadpool(tell, state, webhook))
    except (TimeoutError, *AWAY) as error:
        if not (isinstance(error, TimeoutError) or is_away(error)):
            raise
        log.warning("call without a database", error=type(error).__name__)
        document = await _without_database(state, webhook)
    except CareloopError as error:
        log.warning("call that leads nowhere", code=error.code)
        document = apology()
    return Response(document, media_type="text/xml")


async def _without_database(state: State, webhook: Webhook) -> str:
    """What somebody did is kept for later; who only let it ring is still not made to pay."""
    rejects = webhook.kind == INBOUND and _calls_back(state.directory, webhook)
    with contextlib.suppress(CareloopError):  # turned away: it is logged there, loudly
        await state.door.take(webhook)
    return twiml(_REJECTED) if rejects else apology()


@lru_cache(maxsize=1)
def apology() -> str:
    """Said when nothing can be noted, in both languages: nobody knows which one is spoken."""
    said = [Say(shipped()[code]["phone.sorry"].text or "", code) for code in ("fra", "eng")]
    return twiml(Instructions(said, HangUp()))


def _calls_back(directory: Directory, webhook: Webhook) -> bool:
    sender = directory.called("voice", _text(webhook, "To", 32))
    if sender is None or not sender.can_receive:
        return False
    establishment = directory.get(sender.establishment_id)
    return establishment.inbound_calls == InboundCalls.call_back


def _inbound(state: State, webhook: Webhook) -> Instructions:
    sender = state.directory.called("voice", _text(webhook, "To", 32))
    if sender is None:
        return _REJECTED  # a number of the account that is nobody's
    establishment = state.directory.get(sender.establishment_id)
    with state.database.establishment(establishment.id) as session:
        conversation = _taken(session, establishment, sender, webhook)
        if conversation is None:
            return _REJECTED
        return _instructions(session, state, establishment, conversation)


def _taken(
    session: ScopedSession, establishment: Establishment, sender: Sender, webhook: Webhook
) -> Conversation | None:
    """The conversation of a call that comes in; None for one that is rejected, now or before."""
    who = caller(session, establishment, _text(webhook, "From", 64))
    call, new = note_call(session, Incoming(_text(webhook, "CallSid", 64), sender.id, who))
    conversation = conversation_of(session, call)
    if conversation is not None or not new:
        return conversation
    calls_back = establishment.inbound_calls == InboundCalls.call_back and sender.can_receive
    if calls_back and who is not None:
        call_back(session, establishment, who, sender.id)
        return None
    return begin_feedback(session, establishment, call, who)


def _picked_up(state: State, webhook: Webhook) -> Instructions:
    reference = parse_reference(webhook.query.get("delivery", ""))
    if reference is None:
        raise NotFound("delivery")
    establishment = state.directory.get(reference.establishment_id)
    with state.database.establishment(establishment.id) as session:
        call, delivery = note_pick_up(
            session,
            reference.delivery_id,
            reference.attempt,
            _text(webhook, "CallSid", 64),
            _text(webhook, "AnsweredBy", 24) or None,
        )
        conversation = conversation_of(session, call)
        if conversation is None:
            conversation = begin_reminder(session, establishment, call, delivery)
        return _instructions(session, state, establishment, conversation)


def _answered(state: State, webhook: Webhook) -> Instructions:
    place = _place(webhook)
    establishment = state.directory.get(place.establishment_id)
    with state.database.establishment(establishment.id) as session:
        conversation = answer(session, establishment, place, _given(webhook))
        return _instructions(session, state, establishment, conversation)


def _given(webhook: Webhook) -> Given:
    sid, keys = _text(webhook, "RecordingSid", 64), _text(webhook, "Digits", 32)
    return Given(
        _text(webhook, "CallSid", 64),
        keys="" if sid or keys == "hangup" else keys,
        recording=Spoken(sid, _number(webhook, "RecordingDuration")) if sid else None,
    )


def _place(webhook: Webhook) -> Place:
    place = parse_place(webhook.query.get("c", ""))
    if place is None:
        raise NotFound("conversation")
    return place


def _instructions(
    session: ScopedSession, state: State, establishment: Establishment, conversation: Conversation
) -> Instructions:
    return instructions(session, establishment, conversation, _links(state), time.time())


def _links(state: State) -> Links:
    return Links.of(state.settings.web.base_url, state.settings.privacy)


# --- What is stored, now or after an outage, without anybody waiting for instructions ---


def store_inbound(database: Database, directory: Directory, webhook: Webhook) -> None:
    """A call that came in during an outage: who let it ring is called back, if that is soon."""
    soon = webhook.received_at > datetime.now(UTC) - VALID_FOR
    sender = directory.called("voice", _text(webhook, "To", 32))
    if sender is None or not soon or not _calls_back(directory, webhook):
        return
    establishment = directory.get(sender.establishment_id)
    with database.establishment(establishment.id) as session:
        _taken(session, establishment, sender, webhook)


def store_picked_up(database: Database, directory: Directory, webhook: Webhook) -> None:
    """A call of ours that was picked up during an outage: nobody was told what it is about."""
    reference = parse_reference(webhook.query.get("delivery", ""))
    if reference is None:
        return
    directory.get(reference.establishment_id)
    with database.establishment(reference.establishment_id) as session:
        call, delivery = note_pick_up(
            session,
            reference.delivery_id,
            reference.attempt,
            _text(webhook, "CallSid", 64),
            _text(webhook, "AnsweredBy", 24) or None,
        )
        conversation = conversation_of(session, call)
        if conversation is None:
            begin_unheard(session, call, delivery)
        elif conversation.turn == 0:
            call.heard_at = None  # we were just too slow: what they heard was the apology


def store_answer(database: Database, directory: Directory, webhook: Webhook) -> None:
    """What was keyed or recorded during an outage."""
    place = _place(webhook)
    establishment = directory.get(place.establishment_id)
    with database.establishment(establishment.id) as session:
        answer(session, establishment, place, _given(webhook))


def store_recording(database: Database, directory: Directory, webhook: Webhook) -> None:
    """A recording that is ready. One of nothing, or one that is not ready yet, is none."""
    place = _place(webhook)
    sid, seconds = _text(webhook, "RecordingSid", 64), _number(webhook, "RecordingDuration")
    if _text(webhook, "RecordingStatus", 16) != "completed" or not sid or seconds == 0:
        return
    directory.get(place.establishment_id)
    with database.establishment(place.establishment_id) as session:
        call, conversation = locked(session, place.conversation_id, _text(webhook, "CallSid", 64))
        note_recording(session, call, conversation, Spoken(sid, seconds))


def store_end(database: Database, directory: Directory, webhook: Webhook) -> None:
    """How a call that came in goes, and its end."""
    sender = directory.called("voice", _text(webhook, "To", 32))
    if sender is None:
        return
    with database.establishment(sender.establishment_id) as session:
        note_status(
            session,
            _text(webhook, "CallSid", 64),
            _text(webhook, "CallStatus", 16),
            _number(webhook, "CallDuration"),
        )


def _text(webhook: Webhook, name: str, longest: int) -> str:
    return str(webhook.fields.get(name) or "")[:longest]


def _number(webhook: Webhook, name: str) -> int | None:
    text = _text(webhook, name, 10)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


HANDLERS = {
    INBOUND: store_inbound,
    PICKED_UP: store_picked_up,
    ANSWER: store_answer,
    RECORDING: store_recording,
    ENDED: store_end,
}
