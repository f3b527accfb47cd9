"""Mails about alarms: stored first, then sent, by the establishment's own e-mail sender.

One mail a person and raising, and at most one an hour about the same thing. The row says what is
to be sent, so a crash loses nothing; it is marked as `sending` before the call, so a crash doubles
nothing: what may have gone out is not sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import aliased

from database.session import ScopedSession
from models.alarm import Alarm, AlarmMail, AlarmMailStatus
from models.establishment import Establishment, Sender
from models.user import Membership, Role, User
from services.alarm.text import compose
from utils.languages import VOICES
from utils.senders import Outbound, Outcome, Verdict

ALARM_MAIL = "workers.alarm.mail"
PAUSE_SECONDS = 3600.0
"""Between two mails about the same thing."""
GIVEN_UP_AFTER_SECONDS = 24 * 3600.0
LEASE_SECONDS = 120.0
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 60.0, 3600.0

S = AlarmMailStatus
_PENDING = (S.waiting, S.sending)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is being sent, and what it says."""

    mail_id: int
    user_id: int
    attempts: int
    subject: str
    text: str
    language: str


def administrators(session: ScopedSession) -> dict[int, list[int]]:
    """The numbers of the users to tell, by establishment (in a session of the service)."""
    found: dict[int, list[int]] = {}
    for place, user in session.execute(
        select(Membership.establishment_id, Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.role == Role.admin, Membership.active, User.active)
        .order_by(Membership.user_id)
    ):
        found.setdefault(place, []).append(user)
    return found


def addresses(session: ScopedSession, user_ids: Sequence[int]) -> dict[int, str]:
    """The e-mail addresses of users (in a session of the service); they go nowhere else."""
    users = session.scalars(select(User).where(User.id.in_(user_ids), User.active))
    return {user.id: user.email for user in users}


def store_mails(session: ScopedSession, user_ids: Sequence[int]) -> None:
    """Store what has to be told, and hand over what waits: new, to be tried again, or lost."""
    _settle_old(session)
    for alarm in _untold(session) if user_ids else ():
        for user_id in user_ids:
            session.add(
                AlarmMail(
                    establishment_id=session.establishment_id, alarm_id=alarm.id, user_id=user_id
                )
            )
        alarm.mailed_at = session.scalar(select(func.now()))
    session.flush()
    waiting = session.scalars(
        select(AlarmMail.id)
        .where(*_own(session), AlarmMail.status == S.waiting, AlarmMail.next_at <= func.now())
        .order_by(AlarmMail.id)
        .limit(100)
    ).all()
    if waiting:
        session.enqueue(ALARM_MAIL, *waiting)


def _own(session: ScopedSession) -> tuple[ColumnElement[bool], ...]:
    """The pending mails of this establishment, by their index."""
    return AlarmMail.establishment_id == session.establishment_id, AlarmMail.status.in_(_PENDING)


def _untold(session: ScopedSession) -> Sequence[Alarm]:
    """Raised alarms that nobody was told of, unless about the same thing within the hour."""
    earlier = aliased(Alarm)
    told = select(earlier.id).where(
        earlier.establishment_id == Alarm.establishment_id,
        earlier.kind == Alarm.kind,
        earlier.subject == Alarm.subject,
        earlier.mailed_at > _from_now(-PAUSE_SECONDS),
    )
    return session.scalars(
        select(Alarm).where(
            Alarm.establishment_id == session.establishment_id,
            Alarm.cleared_at.is_(None),
            Alarm.mailed_at.is_(None),
            ~told.exists(),
        )
    ).all()


def _settle_old(session: ScopedSession) -> None:
    """A call that nobody came back from may have gone out; what is over need not be told."""
    session.execute(
        update(AlarmMail)
        .where(*_own(session), AlarmMail.status == S.sending, AlarmMail.next_at < func.now())
        .values(status=S.unknown)
        .execution_options(synchronize_session=False)
    )
    over = select(Alarm.id).where(Alarm.id == AlarmMail.alarm_id, Alarm.cleared_at.is_not(None))
    too_old = AlarmMail.created_at < _from_now(-GIVEN_UP_AFTER_SECONDS)
    session.execute(
        update(AlarmMail)
        .where(*_own(session), AlarmMail.status == S.waiting, over.exists() | too_old)
        .values(status=S.given_up)
        .execution_options(synchronize_session=False)
    )


def take(session: ScopedSession, ids: Sequence[int], place: Establishment) -> list[Letter]:
    """Mark waiting mails as being sent and write them; commit before any call."""
    taken = session.execute(
        update(AlarmMail)
        .where(
            AlarmMail.id.in_(ids),
            AlarmMail.establishment_id == place.id,
            AlarmMail.status == S.waiting,
            AlarmMail.next_at <= func.now(),
        )
        .values(
            status=S.sending,
            attempts=AlarmMail.attempts + 1,
            next_at=_from_now(LEASE_SECONDS),
        )
        .returning(AlarmMail.id, AlarmMail.alarm_id, AlarmMail.user_id, AlarmMail.attempts)
    ).all()
    return [_letter(session, place, *row) for row in taken]


def _letter(
    session: ScopedSession,
    place: Establishment,
    mail_id: int,
    alarm_id: int,
    user_id: int,
    attempts: int,
) -> Letter:
    alarm = session.get_one(Alarm, alarm_id)
    sender = session.get(Sender, int(alarm.subject)) if alarm.subject else None
    language = next((code for code in place.languages if code in VOICES), "eng")
    subject, words = compose(alarm, sender, place, language)
    return Letter(mail_id, user_id, attempts, subject, words, language)


def outbound(letter: Letter, to: str, place: Establishment) -> Outbound:
    """A letter as the e-mail clients take it. Its reference names no delivery."""
    return Outbound(
        to=to,
        text=letter.text,
        language=letter.language,
        reference=f"alarm.{place.id}.{letter.mail_id}",
        callback="",
        seconds_valid=int(GIVEN_UP_AFTER_SECONDS),
        subject=letter.subject,
        sender_name="Careloop",
    )


def conclude(session: ScopedSession, letter: Letter, outcome: Outcome) -> None:
    """Store what became of a mail. Only what surely did not leave is tried again."""
    values: dict[str, object] = {"status": _STATUS[outcome.verdict], "code": outcome.code}
    if values["status"] is S.waiting:
        pause = outcome.retry_after or RETRY_SECONDS * 2.0 ** min(letter.attempts - 1, 10)
        values["next_at"] = _from_now(min(pause, LONGEST_RETRY_SECONDS))
    session.execute(
        update(AlarmMail)
        .where(AlarmMail.id == letter.mail_id, AlarmMail.status.in_((S.sending, S.unknown)))
        .values(values)
        .execution_options(synchronize_session=False)
    )


_STATUS = {
    Verdict.accepted: S.sent,
    Verdict.refused: S.refused,
    Verdict.throttled: S.waiting,
    Verdict.unreachable: S.waiting,
    Verdict.unknown: S.unknown,
}


def _from_now(seconds: float) -> ColumnElement[datetime]:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
