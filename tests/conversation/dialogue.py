"""A small language that reads like a dialogue, played by the service itself on real PostgreSQL.

    < 4 bon service          the patient writes
    > Merci. Votre avis …    the only reply; `…` stands for anything
    > -                      no reply
    ~ 3h                     time passes (d, h, min)
    = feedback 4 "bon service" patient PAT123
    = no feedback / task reschedule / no task / opted out / opted in
    = reply confirmed / language eng / ended / open rating
    ! remind                 a reminder that expects a reply went out (`! remind at 10:00`)
    ! cancel                 … and was cancelled by staff
    ! patient PAT123 Marie Bella
    <STOP STOP               the patient writes, and the carrier has recognised STOP
    <media                   a picture without a word
    <picture bon service     one with words
    <voice                   a voice without a word (`<voice 4 bon`: with some)

Time passes by making everything older. Blank lines and `# remarks` are for the reader.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import select, text

from models.contact import Contact
from models.conversation import Conversation
from models.delivery import Delivery, DeliveryStatus, Reply
from models.establishment import Establishment, Sender
from models.feedback import Feedback
from models.message import Message
from models.phrase import Phrase
from models.reminder import Purpose, Reminder
from models.task import Task
from services.contact.address import address_for
from services.contact.contacts import reference_index
from services.conversation import GOES_ON_FOR, end_stale, hear
from services.due.opening import open_delivery
from services.inbound.voice import Piece, note_voices
from services.reminder.reply import note_reply

PHONE = "+237650000001"
_numbers = count(1)

_OLDER = {
    "conversations": ("started_at", "last_at", "ended_at"),
    "messages": ("at", "handled_at"),
    "reminders": ("created_at", "scheduled_time", "event_time"),
    "deliveries": ("occurrence", "due_at", "valid_until", "attempted_at", "replied_at"),
    "feedbacks": ("received_at", "date_submitted"),
}
_UNITS = {"d": "days", "h": "hours", "min": "minutes"}


class Dialogue:
    """One address and what is said to and from it. Uses a session that somebody else ends."""

    def __init__(self, session: Any, *, phone: str = PHONE, channel: str = "sms") -> None:
        self.session = session
        self.channel = channel
        self.address = address_for(session, "phone", phone)
        self.place: Establishment = session.get_one(Establishment, session.establishment_id)
        session.expunge(self.place)  # as the directory hands it out
        self.sender: Sender = session.scalars(
            select(Sender)
            .where(Sender.establishment_id == session.establishment_id, Sender.channel == "sms")
            .order_by(Sender.id)
        ).first()
        self.before = 0

    def play(self, script: str) -> None:
        """Play a whole script; an AssertionError names the line at which it went another way."""
        for number, written in enumerate(script.strip().splitlines(), start=1):
            line = written.strip(" ")  # other spaces are what somebody wrote
            if not line or line.startswith("#"):
                continue
            try:
                self._play(line)
            except AssertionError as error:
                raise AssertionError(f"line {number}, {line!r}: {error}") from None

    def _play(self, line: str) -> None:
        if line.startswith("<"):
            kind, _, body = line[1:].partition(" ")
            self.write(body, kind)
        elif line.startswith(">"):
            self.replied(line[1:].strip())
        elif line.startswith("~"):
            self.later(line[1:].strip())
        elif line.startswith("!"):
            word, *more = shlex.split(line[1:])
            getattr(self, f"do_{word}")(*more)
        elif line.startswith("="):
            self.see(line[1:].strip())
        else:
            raise AssertionError("not a line of a dialogue")

    def write(self, body: str | None, kind: str = "") -> Message:
        """The patient writes; it is heard at once."""
        message = self.put(body, kind)
        self.before = self._last_reply()
        while hear(self.session, self.place, message.id):
            pass
        self.session.expire_all()
        assert message.handled_at is not None
        return message

    def put(self, body: str | None, kind: str = "") -> Message:
        """What the patient wrote, as the webhook stores it."""
        message = Message(
            direction="in",
            channel=self.channel,
            provider="twilio",
            provider_id=f"SM{next(_numbers)}-{uuid4().hex}",
            address_id=self.address.id,
            sender_id=self.sender.id,
            body=None if kind == "media" else body,
            media=1 if kind in ("media", "voice", "picture") else 0,
            opt_out_type=kind if kind in ("STOP", "START", "HELP") else None,
        )
        self.session.add(message)
        self.session.flush()
        if kind == "voice":
            note_voices(self.session, message, [Piece(f"ME{uuid4().hex}", "audio/ogg")])
        return message

    def _last_reply(self) -> int:
        return self.session.scalar(select(text("coalesce(max(id), 0)")).select_from(Reminder))

    def replies(self) -> list[Reminder]:
        """What was replied to the last message."""
        return list(
            self.session.scalars(
                select(Reminder)
                .where(Reminder.id > self.before, Reminder.purpose != Purpose.reminder)
                .order_by(Reminder.id)
            )
        )

    def replied(self, wanted: str) -> None:
        found = self.replies()
        if wanted == "-":
            assert [one.message for one in found] == []
            return
        assert len(found) == 1, [one.message for one in found]
        pattern = ".*".join(map(re.escape, wanted.split("…")))
        assert re.fullmatch(pattern, found[0].message, re.DOTALL), found[0].message
        assert found[0].sender_id == self.sender.id
        assert found[0].conversation_id is not None
        deliveries = self.session.scalars(
            select(Delivery).where(Delivery.reminder_id == found[0].id)
        ).all()
        assert [one.channel for one in deliveries] == [self.sender.channel]

    def later(self, how_long: str, *, sweep: bool = True) -> None:
        """Time passes: everything that is there becomes older."""
        number, unit = re.fullmatch(r"(\d+)\s*(d|h|min)", how_long).groups()  # type: ignore[union-attr]
        ago = {"ago": timedelta(**{_UNITS[unit]: int(number)})}
        self.session.flush()
        with self._as_owner():
            for table, columns in _OLDER.items():
                moved = ", ".join(f"{column} = {column} - :ago" for column in columns)
                self.session.execute(text(f"update {table} set {moved}"), ago)
        self.session.expire_all()
        if sweep:
            end_stale(self.session, GOES_ON_FOR)

    def do_patient(self, reference: str, *name: str, **more: Any) -> None:
        self.session.add(
            Contact(
                patient_id=reference,
                patient_id_index=reference_index(self.session, reference),
                name=" ".join(name) or None,
                phone_id=self.address.id,
                **more,
            )
        )
        self.session.flush()

    def do_remind(self, *words: str) -> None:
        """`at 10:00` of tomorrow is the event; `for PAT123`; `in english`; `quietly`: no reply.

        `of PAT123`: who is no contact.
        """
        wanted = dict(zip(words[::2], words[1::2], strict=False))
        now = self.session.now() - timedelta(seconds=10 - len(self.reminders()))
        event = None
        if "at" in wanted:
            hour, minute = map(int, wanted["at"].split(":"))
            tomorrow = now.astimezone(self.place.zone) + timedelta(days=1)
            event = tomorrow.replace(hour=hour, minute=minute, second=0, microsecond=0)
        contact = self.session.scalar(
            select(Contact).where(
                Contact.patient_id_index == reference_index(self.session, wanted.get("for", ""))
            )
        )
        reminder = Reminder(
            client_id=uuid4(),
            fingerprint=b"",
            message="Rappel : votre rendez-vous",
            language="eng" if wanted.get("in") == "english" else "fra",
            scheduled_time=now,
            phone_id=self.address.id,
            contact_id=contact.id if contact else None,
            patient_id=wanted.get("of"),
            channels=["sms", "voice"],
            validity_seconds=4 * 3600,
            event_time=event,
            before=[3600] if event else None,
            expects_reply="quietly" not in words,
            status="scheduled",
            created_by="test",
        )
        self.session.add(reminder)
        self.session.flush()
        delivery = open_delivery(
            self.session, reminder, "sms", occurrence=now, due_at=now, cause="scheduled"
        )
        delivery.status, delivery.attempt, delivery.attempted_at = DeliveryStatus.sent, 1, now
        self.session.flush()

    def do_approve(self, key: str, written: str, language: str = "dua") -> None:
        """A phrase of the establishment's own, approved by a second person."""
        self.session.add(
            Phrase(
                key=key, language=language, text=written, written_by="user:1", approved_by="user:2"
            )
        )
        self.session.flush()

    def do_cancel(self) -> None:
        """Staff cancel the last reminder; it had left."""
        self.reminders()[-1].cancelled_at = datetime.now(UTC)
        self.session.flush()

    def do_answered(self, answer: str) -> None:
        """The same occurrence was answered by another channel: a key on the phone."""
        reminder = self.reminders()[-1]
        occurrence = self.session.scalars(
            select(Delivery.occurrence).where(Delivery.reminder_id == reminder.id)
        ).first()
        call = open_delivery(
            self.session, reminder, "voice", occurrence=occurrence, due_at=occurrence, cause="test"
        )
        call.status, call.attempted_at = DeliveryStatus.sent, occurrence
        note_reply(self.session, call.id, Reply(answer))

    def do_refused(self) -> None:
        """The carrier refused the last reminder: it never arrived."""
        for delivery in self.session.scalars(
            select(Delivery).where(Delivery.reminder_id == self.reminders()[-1].id)
        ):
            delivery.status = DeliveryStatus.failed
        self.session.flush()

    def do_deaf(self) -> None:
        """The number that was written to cannot receive: a row that says so."""
        self.can_receive(False)

    def do_whatsapp(self) -> None:
        """The number is entered for WhatsApp, too, and that is what is used."""
        with self._as_owner():
            other = Sender(
                establishment_id=self.place.id,
                channel="whatsapp",
                address=self.sender.address,
                provider="twilio",
                can_receive=True,
            )
            self.session.add(other)
        self.sender = other

    def can_receive(self, whether: bool) -> None:
        """Change the sender's row, which only an administrator of the service may."""
        with self._as_owner():
            self.sender.can_receive = whether

    @contextmanager
    def _as_owner(self) -> Iterator[None]:
        """What only the database's owner may do."""
        role = self.session.scalar(text("select current_setting('role')"))
        self.session.execute(text("select set_config('role', 'none', true)"))
        yield
        self.session.flush()
        self.session.execute(text("select set_config('role', :role, true)"), {"role": role})

    def do_languages(self, *languages: str) -> None:
        self.place.languages = list(languages)

    def reminders(self) -> list[Reminder]:
        return list(
            self.session.scalars(
                select(Reminder).where(Reminder.purpose == Purpose.reminder).order_by(Reminder.id)
            )
        )

    def see(self, wanted: str) -> None:
        word, *more = shlex.split(wanted.replace("\\n", "\n"))
        if word == "no":
            assert getattr(self, f"seen_{more[0]}")() in ([], [None]), wanted
            return
        found = getattr(self, f"seen_{word}")()
        assert " ".join(more) in found, f"there is {found}"
        if word in ("feedback", "task"):
            assert len(found) == 1, f"there is {found}"

    def seen_feedback(self) -> list[str]:
        rows = self.session.scalars(select(Feedback).order_by(Feedback.id)).all()
        assert all(row.channel == "sms" and row.conversation_id for row in rows)
        return [
            " ".join(
                str(part)
                for part in (
                    row.rating,
                    row.emoji,
                    row.content,
                    "(voice)" if row.awaited_recording else None,
                    f"patient {row.patient_id}" if row.patient_id else None,
                )
                if part is not None
            )
            for row in rows
        ]

    def seen_task(self) -> list[str]:
        """Kind, and of what: `message`, `message reminder` (it names one)."""
        rows = self.session.scalars(
            select(Task).where(Task.state != "done").order_by(Task.id)
        ).all()
        return [f"{row.kind} reminder" if row.reminder_id else row.kind for row in rows]

    def seen_tasks(self) -> list[str]:
        return [", ".join(self.seen_task())]

    def seen_feedbacks(self) -> list[str]:
        """All of them, in order."""
        return [" | ".join(self.seen_feedback())]

    def seen_opted(self) -> list[str]:
        return ["out" if self.address.opted_out_at else "in"]

    def seen_reply(self) -> list[str | None]:
        """What was answered to each reminder, in order; `-` for none."""
        rows = self.session.scalars(
            select(Delivery)
            .join(Reminder, Reminder.id == Delivery.reminder_id)
            .where(Reminder.purpose == Purpose.reminder, Delivery.channel == "sms")
            .order_by(Delivery.id)
        ).all()
        if all(row.reply is None for row in rows):
            return [None]
        return [" ".join(row.reply or "-" for row in rows)]

    def seen_language(self) -> list[str]:
        """Of the contact, else of the phone."""
        contacts = self.session.scalars(
            select(Contact).where(Contact.phone_id == self.address.id)
        ).all()
        one = contacts[0].language if len(contacts) == 1 else None
        return [f"contact {one}" if one else f"phone {self.address.language}"]

    def seen_replies(self) -> list[str]:
        rows = self.session.scalars(select(Reminder).where(Reminder.purpose != Purpose.reminder))
        return [str(len(rows.all()))]

    def seen_open(self) -> list[str]:
        return [
            row.step
            for row in self.session.scalars(
                select(Conversation).where(
                    Conversation.ended_at.is_(None), Conversation.address_id == self.address.id
                )
            )
        ]
