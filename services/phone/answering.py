"""An answer on the phone: taken in once, in one transaction, and led on.

The address that an answer comes to names the turn. The same turn again, a late one, or ten at once
move nothing: they get the instructions of where the call stands. A recording counts whenever it is
told of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from database.session import ScopedSession
from models.address import Address
from models.conversation import Conversation
from models.delivery import Delivery, Reply
from models.establishment import Establishment
from models.message import Call
from models.task import STOPPED
from services.contact.address import opt_out
from services.errors import NotFound
from services.phone.caller import lock_address
from services.phone.calls import PROVIDER, conversation_of
from services.phone.feedback import feedback_of
from services.phone.flow import (
    LANGUAGE_KEYS,
    Effect,
    Flow,
    Heard,
    Move,
    Remark,
    State,
    Step,
    go_on,
)
from services.phone.links import Place
from services.phone.patients import choose, told_apart
from services.phone.phrase import keep_spoken
from services.phone.recordings import Spoken, note_recording, playable
from services.phone.script import newest_recording, spoken, state_of
from services.phrase.phone_code import redeem
from services.reminder.reply import note_reply
from services.task import open_task

KEY_9 = "key 9"


@dataclass(frozen=True, slots=True)
class Given:
    """What came with an answer, in the provider's words."""

    call_id: str
    keys: str = ""
    recording: Spoken | None = None


def answer(
    session: ScopedSession, establishment: Establishment, place: Place, given: Given
) -> Conversation:
    """Take an answer in; the conversation, where it stands then. Raises `NotFound`."""
    call, conversation = locked(session, place.conversation_id, given.call_id)
    if given.recording is not None:
        note_recording(session, call, conversation, given.recording)
    if place.turn == conversation.turn and conversation.step != Step.done:
        _go_on(session, establishment, conversation, given)
    note_asked(call, conversation)
    session.flush()
    return conversation


def locked(session: ScopedSession, conversation_id: int, call_id: str) -> tuple[Call, Conversation]:
    """A call and its conversation, locked; raises `NotFound` when they do not belong together."""
    call = session.scalar(
        select(Call).where(Call.provider == PROVIDER, Call.provider_id == call_id).with_for_update()
    )
    if call is None or call.conversation_id != conversation_id:
        raise NotFound("call")
    conversation = conversation_of(session, call)
    assert conversation is not None  # the foreign key says so
    return call, conversation


def note_asked(call: Call, conversation: Conversation) -> None:
    """Remember that somebody is about to speak: there may be a recording nobody tells us of."""
    if conversation.step == Step.speak and not call.recorded:
        call.recorded = True


def _go_on(
    session: ScopedSession, establishment: Establishment, conversation: Conversation, given: Given
) -> None:
    before = state_of(conversation)
    heard = _heard(session, establishment, conversation, before, given)
    move = go_on(before, heard, conversation.turn + 1)
    if move.state.step == Step.patient and before.step != Step.patient:
        conversation.offered = [contact.id for contact in told_apart(session, conversation)]
    if move.effect is not None:
        _EFFECTS[move.effect](session, conversation, given.keys)
    if before.step == Step.language and move.state.step == Step.rating:
        conversation.language = conversation.language or next(
            iter(spoken(session, establishment, Flow.feedback))
        )
    _stand(session, conversation, move)


def _stand(session: ScopedSession, conversation: Conversation, move: Move) -> None:
    state: State = move.state
    conversation.flow, conversation.step = state.flow, state.step
    conversation.questions, conversation.remark = state.tries, state.remark
    conversation.turn += 1
    conversation.last_at = session.now()


def _heard(
    session: ScopedSession,
    establishment: Establishment,
    conversation: Conversation,
    state: State,
    given: Given,
) -> Heard:
    """What was done, and what must be known to go on from there."""
    languages: frozenset[str] = frozenset()
    if state.step in (Step.language, Step.rating):
        languages = frozenset(spoken(session, establishment, Flow.feedback))
    looks = state.step in (Step.review, Step.fetching)
    return Heard(
        keys=given.keys,
        recorded=given.recording is not None,
        ready=looks and playable(session, conversation.id),
        given=conversation.feedback_id is not None,
        code_good=state.step == Step.code and _redeem(session, conversation, given.keys),
        languages=languages,
        greeting=Remark.called_back if conversation.reminder_id else Remark.welcome,
        patients=_patients(session, conversation, state),
    )


def _patients(session: ScopedSession, conversation: Conversation, state: State) -> int:
    """How many patients may be chosen from, where that is asked next or is being asked."""
    if state.step == Step.patient:
        return len(conversation.offered)
    if state.flow == Flow.feedback and state.step in (Step.speak, Step.review):
        return len(told_apart(session, conversation))
    return 0


def _choose_language(session: ScopedSession, conversation: Conversation, keys: str) -> None:
    conversation.language = LANGUAGE_KEYS[keys]
    if conversation.address_id is not None:
        address = session.get_one(Address, conversation.address_id)
        address.language = conversation.language


def _rate(session: ScopedSession, conversation: Conversation, keys: str) -> None:
    feedback_of(session, conversation, rating=int(keys))


def _reply(answer: Reply) -> Callable[[ScopedSession, Conversation, str], None]:
    def note(session: ScopedSession, conversation: Conversation, _keys: str) -> None:
        delivery_id = _delivery_of(session, conversation)
        note_reply(session, delivery_id, answer, conversation_id=conversation.id)

    return note


def _delivery_of(session: ScopedSession, conversation: Conversation) -> int:
    return session.scalars(
        select(Delivery.id)
        .join(Call, Call.delivery_id == Delivery.id)
        .where(Call.conversation_id == conversation.id)
    ).one()


def _stop(session: ScopedSession, conversation: Conversation, _keys: str) -> None:
    """Everything to this number stops; a person learns of it."""
    assert conversation.address_id is not None  # it was called
    address = lock_address(session, conversation.address_id)
    opt_out(address, KEY_9)
    open_task(
        session,
        STOPPED,
        f"{STOPPED}:{address.id}",
        reminder_id=conversation.reminder_id,
        conversation_id=conversation.id,
    )


def _redeem(session: ScopedSession, conversation: Conversation, keys: str) -> bool:
    """Whether a code was good; it is used up by that."""
    invitation = redeem(session, keys)
    if invitation is not None:
        conversation.offered = [invitation.id]
    return invitation is not None


def _keep(session: ScopedSession, conversation: Conversation, _keys: str) -> None:
    """A patient's recording is kept anyway; a phrase's only when somebody says so."""
    newest = newest_recording(session, conversation.id)
    if conversation.flow == Flow.phrase and newest is not None:
        newest.kept_at = session.now()
        session.flush()
        keep_spoken(session, conversation.offered[0], newest)


_EFFECTS: dict[Effect, Callable[[ScopedSession, Conversation, str], None]] = {
    Effect.language: _choose_language,
    Effect.rate: _rate,
    Effect.confirm: _reply(Reply.confirmed),
    Effect.reschedule: _reply(Reply.reschedule),
    Effect.stop: _stop,
    Effect.keep: _keep,
    Effect.patient: choose,
}
