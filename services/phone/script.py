"""What is said at each step of a call, in the one language of the conversation.

A pure function of what is stored: a webhook that comes twice gets the same document twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from database.session import ScopedSession
from models.call_recording import CallRecording
from models.conversation import Conversation
from models.delivery import Delivery
from models.establishment import Establishment
from models.message import Call
from models.phrase import PhraseCode
from models.reminder import Reminder
from services.phone.flow import Flow, Remark, State, Step
from services.phone.links import Links
from services.phone.parts import Kind, parts
from services.phone.patients import offered, words_of
from services.phrase.phrases import NoLanguage, Speech, shipped, speech
from utils.languages import VOICES
from utils.twiml import GoOn, HangUp, Instructions, Keys, Pause, Play, Record, Say, Sound

CODE_DIGITS = 8


def spoken(session: ScopedSession, establishment: Establishment, flow: Flow) -> dict[str, Speech]:
    """The languages in which a whole call can be spoken, in the establishment's order.

    French and English ship with every phrase, so there is always one.
    """
    found = _complete(session, flow, establishment.languages)
    return found or _complete(session, flow, list(VOICES))


def _complete(session: ScopedSession, flow: Flow, languages: Sequence[str]) -> dict[str, Speech]:
    found = {}
    for language in languages:
        try:
            found[language] = speech(session, flow, [language], spoken=True)
        except NoLanguage:
            continue
    return found


def state_of(conversation: Conversation) -> State:
    """Where a conversation stands."""
    return State(
        Flow(conversation.flow),
        Step(conversation.step),
        conversation.questions,
        Remark(conversation.remark) if conversation.remark else None,
    )


def instructions(
    session: ScopedSession,
    establishment: Establishment,
    conversation: Conversation,
    links: Links,
    now: float,
) -> Instructions:
    """What is said now, and what is waited for."""
    state = state_of(conversation)
    languages = spoken(session, establishment, state.flow)
    preferred = [conversation.language or "", *languages, *VOICES]
    said = speech(session, state.flow, preferred, spoken=True)
    teller = _Teller(session, establishment, conversation, links, now, said, languages)
    return teller.tell(state)


@dataclass(frozen=True)
class _Teller:
    session: ScopedSession
    establishment: Establishment
    conversation: Conversation
    links: Links
    now: float
    speech: Speech
    languages: Mapping[str, Speech]

    def tell(self, state: State) -> Instructions:
        sounds = list(self._sounds(state))
        if state.step == Step.done:
            return Instructions(sounds, HangUp())
        place = self.establishment.id, self.conversation
        answer = self.links.answer(*place)
        match state.step:
            case Step.speak:
                status = self.links.recording(*place)
                return Instructions(sounds, Record(self.links.recorded(*place), status))
            case Step.fetching:
                return Instructions(sounds, GoOn(answer))
            case Step.code:
                return Instructions(sounds, Keys(answer, CODE_DIGITS, timeout=10))
        return Instructions(sounds, Keys(answer))

    def _sounds(self, state: State) -> Iterator[Sound]:
        beginning = self.conversation.turn == 0
        for part in parts(state, beginning=beginning, several=len(self.languages) > 1):
            match part.kind:
                case Kind.phrase:
                    yield self._phrase(part.key)
                case Kind.menu:
                    for language in self.languages.values():
                        yield self._phrase(part.key, language)
                case Kind.message:
                    yield self._message()
                case Kind.voice:
                    recording = newest_recording(self.session, self.conversation.id)
                    if recording is not None:
                        yield self._audio(recording)
                case Kind.model:
                    yield self._phrase_to_record()
                case Kind.patients:
                    yield from self._patients()
                case Kind.pause:
                    yield Pause(part.seconds)

    def _message(self) -> Sound:
        reminder = self.session.get_one(Reminder, self.conversation.reminder_id)
        # As it was when the call was made: staff may have changed the reminder since.
        stamped = self.session.scalar(
            select(Delivery.message)
            .join(Call, Call.delivery_id == Delivery.id)
            .where(Call.conversation_id == self.conversation.id)
        )
        return Say(stamped or reminder.message, reminder.language)

    def _patients(self) -> Iterator[Sound]:
        """Each by the last digits of the file, one by one; no name, no department."""
        words = words_of(self.session, self.conversation)
        if words is None:
            return
        yield self._phrase("phone.which_patient", words)
        for number, digits in enumerate(offered(self.session, self.conversation), start=1):
            yield from self._choice(words, digits, str(number))
        yield self._phrase("phone.patient_unknown", words)

    def _choice(self, words: Speech, digits: str, key: str) -> Iterator[Sound]:
        """One patient and the key for them: a sentence, or put together from recordings."""
        if "phone.patient_choice" in words.words:
            said = words.text("phone.patient_choice", digits=", ".join(digits), number=key)
            yield Say(said, words.language)
            return
        yield self._phrase("phone.patient_file", words)
        yield from self._digits(words, digits)
        yield self._phrase("phone.patient_press", words)
        yield from self._digits(words, key)

    def _digits(self, words: Speech, digits: str) -> Iterator[Sound]:
        """One by one; those of another script are the same digits."""
        return (self._phrase(f"phone.digit_{int(digit)}", words) for digit in digits)

    def _phrase_to_record(self) -> Sound:
        code = self.session.get_one(PhraseCode, self.conversation.offered[0])
        language = self.speech.language if self.speech.language in VOICES else "fra"
        values = defaultdict(str, hospital=self.establishment.name)
        return Say((shipped()[language][code.key].text or "").format_map(values), language)

    def _phrase(self, key: str, language: Speech | None = None) -> Sound:
        """A phrase as it was recorded, else by the language's voice."""
        said = language or self.speech
        recording = said.recording(key)
        if recording is not None:
            place = self.establishment.id, recording, "prompt"
            return Play(self.links.audio(*place, self.now))
        return Say(said.text(key, hospital=self.establishment.name), said.language)

    def _audio(self, recording: CallRecording) -> Sound:
        place = self.establishment.id, recording.recording_id, "voice"
        return Play(self.links.audio(*place, self.now))


def newest_recording(session: ScopedSession, conversation_id: int) -> CallRecording | None:
    """What was said last in a conversation, and not said anew since."""
    return session.scalar(
        select(CallRecording)
        .where(
            CallRecording.conversation_id == conversation_id, CallRecording.replaced_at.is_(None)
        )
        .order_by(CallRecording.received_at.desc(), CallRecording.id.desc())
        .limit(1)
    )
