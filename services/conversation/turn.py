"""One message and all that is known when it is answered: who, in which conversation, how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from sqlalchemy import select

from database.session import ScopedSession
from models.address import Address
from models.contact import Contact
from models.conversation import Conversation
from models.establishment import Establishment, Sender
from models.message import Message
from models.reminder import Purpose
from models.task import LOOK_AT_MESSAGE, TALKATIVE
from services.conversation.ending import end
from services.conversation.reply import replies_of_today, reply
from services.conversation.said import Said, take_apart
from services.inbound.voice import voices_of
from services.phrase.phrases import Speech, shipped, speech
from services.task import open_task
from utils.logs import current_correlation

FEEDBACK, REMINDER, CHOICES = "feedback_by_sms", "reminder_by_sms", "choices_by_sms"
"""The flows of `services.phrase.phrases.FLOWS` that are held by SMS."""

PATIENT = "patient"
"""Who acted, where it was whoever wrote."""
PICTURE = "picture"
"""The subject of a task about something attached that is no voice."""
MOST_QUESTIONS = 2
MOST_REPLIES = 12
"""To one address within 24 hours. Two machines that answer each other end there."""
GOES_ON_FOR = timedelta(hours=24)
"""What is written later than that after the last word begins another conversation."""
MOST_CHOICES = 5
"""In one numbered list: more would not fit one SMS."""


class Step(StrEnum):
    """What a conversation waits for."""

    rating = "rating"
    words = "words"
    patient = "patient"  # one of `offered`, which are contacts
    which_confirm = "which_confirm"  # one of `offered`, which are deliveries
    which_reschedule = "which_reschedule"
    key = "key"
    language = "language"  # one of `offered`, which are places in a list of languages
    nothing = ""


@dataclass
class Turn:
    """A message on its way to an answer, in the transaction that will note it as handled."""

    session: ScopedSession
    establishment: Establishment
    message: Message
    address: Address
    now: datetime
    conversation: Conversation | None

    @cached_property
    def said(self) -> Said:
        """The message taken apart."""
        asked = self.conversation is not None and self.conversation.step == Step.rating
        return take_apart(self.message.body, asked=asked)

    @cached_property
    def voices(self) -> list[UUID]:
        """What they said, attached to the message: identities of recordings on their way here."""
        return voices_of(self.session, self.message.id) if self.message.media else []

    @property
    def unseen(self) -> bool:
        """True when something is attached that nobody here can hear: a picture, a film."""
        return self.message.media > len(self.voices)

    @property
    def step(self) -> str:
        """What is waited for at this moment."""
        return self.conversation.step if self.conversation else Step.nothing

    @property
    def current(self) -> Conversation:
        """The conversation that this message belongs to, once that is known."""
        assert self.conversation is not None
        return self.conversation

    @cached_property
    def contacts(self) -> Sequence[Contact]:
        """The persons whom this address leads to; a family shares a phone."""
        return self.session.scalars(
            select(Contact).where(Contact.phone_id == self.address.id).order_by(Contact.id)
        ).all()

    @cached_property
    def may_reply(self) -> bool:
        """False for whoever said stop, where the carrier has answered itself, and after too many.

        The last makes a task: somebody may be in need, or a machine is answering ours.
        """
        if self.address.opted_out_at is not None or self.message.opt_out_type is not None:
            return False
        if replies_of_today(self.session, self.address.id) < MOST_REPLIES:
            return True
        open_task(
            self.session,
            TALKATIVE,
            f"{TALKATIVE}:{self.address.id}",
            conversation_id=self.conversation.id if self.conversation else None,
        )
        return False

    @cached_property
    def sender(self) -> Sender | None:
        """The number that was written to."""
        return self.session.get(Sender, self.message.sender_id or 0)

    @property
    def channel(self) -> str:
        """The way that a reply goes: what was written on WhatsApp to a number for SMS, by SMS."""
        return self.sender.channel if self.sender else self.message.channel

    @cached_property
    def may_ask(self) -> bool:
        """True when an answer could come back here: a number that cannot receive asks nothing."""
        receives = self.sender is not None and self.sender.can_receive
        return self.may_reply and receives and self.channel == self.message.channel

    def open(self, flow: str, *, like: str | None = None) -> Conversation:
        """Begin a conversation with this message; one that was open ends with what was said.

        `like` is the language of what the patient answers to.
        """
        if self.conversation is not None:
            end(self.session, self.conversation)
        self.conversation = Conversation(
            channel=self.message.channel,
            address_id=self.address.id,
            sender_id=self.message.sender_id,
            flow=flow,
            step=Step.nothing,
        )
        self.conversation.language = self._speech(flow, like).language
        self.session.add(self.conversation)
        self.session.flush()
        self.join(self.conversation)
        return self.conversation

    def join(self, conversation: Conversation) -> None:
        """Have this message be a part of a conversation."""
        self.conversation = conversation
        self.message.conversation_id = conversation.id
        conversation.last_at = self.now

    def end(self) -> None:
        """Nothing more is waited for."""
        end(self.session, self.current)

    def ask(self, step: Step, key: str, **values: str) -> None:
        """Ask something and wait for the answer."""
        self.current.step = step
        self.current.questions += 1
        self.say(key, values)

    def say(
        self,
        key: str,
        values: Mapping[str, str] | None = None,
        *,
        flow: str | None = None,
        purpose: Purpose = Purpose.reply,
    ) -> None:
        """Reply with a phrase, where a reply may go out."""
        if purpose == Purpose.reply and not self.may_reply:
            return
        said = self._speech(flow or self.current.flow)
        reply(
            self.session,
            address=self.address,
            sender_id=self.message.sender_id,
            text=said.sms(key, **{"hospital": self.establishment.name, **(values or {})}),
            language=said.language,
            purpose=purpose,
            conversation_id=self.current.id,
            channel=self.channel,
            correlation_id=current_correlation(),
        )

    def note_picture(self) -> None:
        """Have somebody look at what was attached, where the carrier keeps it. One for each phone.

        Bounded so that an album is not a hundred tasks.
        """
        open_task(
            self.session,
            LOOK_AT_MESSAGE,
            f"{LOOK_AT_MESSAGE}:media:{self.address.id}",
            subject=PICTURE,
            conversation_id=self.current.id,
        )

    def note(self, reminder_id: int | None = None, contact_id: int | None = None) -> None:
        """Have somebody read this conversation."""
        open_task(
            self.session,
            LOOK_AT_MESSAGE,
            f"{LOOK_AT_MESSAGE}:{self.current.id}",
            conversation_id=self.current.id,
            reminder_id=reminder_id,
            contact_id=contact_id,
        )

    def _speech(self, flow: str, like: str | None = None) -> Speech:
        """A flow's words: in the conversation's language, else the patient's, else the house's."""
        begun = self.conversation.language if self.conversation else None
        own = {contact.language for contact in self.contacts}
        chosen = (begun, like, self.address.language, *(own if len(own) == 1 else ()))
        preferred = (*chosen, *self.establishment.languages, *shipped())
        return speech(self.session, flow, [language for language in preferred if language])
