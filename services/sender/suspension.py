"""Senders that a provider shut out, or whose provider does not answer any more.

A suspended account, a number that is not ours, a full queue; or a carrier that hangs. That is no
fault of the patient: what becomes of deliveries meanwhile is in `services/dispatch/suspended.py`.
Now and then one delivery tries the sender; the first success lifts the suspension (where the
provider was silent, its first answer of any kind), and so does an administrator.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, text, update

from database.session import ScopedSession
from models.delivery import SENDER_SUSPENDED, Delivery, DeliveryStatus
from models.establishment import NO_ANSWER, Sender
from services.due.queue import WAKE
from services.sender.settlement import Settlement
from services.sender.silence import unanswered, unanswered_in_a_row
from utils.logs import get_logger
from utils.provider_codes import ACCOUNT_CODES, Blame, fault_of

ANSWER, RECEIPT = "answer", "receipt"
"""What said that a sender is shut out: the answer to a request, or a status callback later."""
_NOT_SUSPENDED = {
    "suspended_at": None,
    "suspended_code": None,
    "suspended_by": None,
    "probe_at": None,
    "probes": 0,
}

log = get_logger("careloop.senders")

# Only what was held back is called up: what was scheduled for later stays where it is.
_CALL_UP = text(
    """
    with held as (
        select u.delivery_id from shared.due u join deliveries d on d.id = u.delivery_id
        where u.establishment_id = :establishment_id and u.claimed_until is null
            and u.due_at between now() and now() + make_interval(secs => :within)
            and d.status = 'scheduled' and d.channel = :channel and d.error_code = :code
        for update of u skip locked
    )
    update shared.due u set due_at = now() from held h
    where u.establishment_id = :establishment_id and u.delivery_id = h.delivery_id
    """
)


def from_now(seconds: float) -> ColumnElement[datetime]:
    """A time so many seconds after now, by PostgreSQL's clock."""
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def suspends(provider: str | None, code: str | None) -> bool:
    """True when every other message of the same sender would meet this code as well."""
    fault = fault_of(provider, code)
    return fault is not None and fault.suspends


def note_answers(
    session: ScopedSession,
    channels: Mapping[int, str],
    settlements: Sequence[Settlement],
    *,
    some_suspended: bool,
    probe_after: float,
    silent_after: int = 0,
) -> bool:
    """Suspend senders whose fault an answer was, lift those that worked; True if any may have
    changed since they were last read.

    Suspended are, too, those of whose calls `silent_after` (0: any number) in a row got no answer.
    `channels` tells the channel of each delivery. All is well nearly always: then nothing is asked
    of the database. The settlements must be stored already.
    """
    faults = {
        (channels[s.delivery_id], s.provider, s.sender_id): s.code
        for s in settlements
        if s.code is not None and suspends(s.provider, s.code)
    }
    changed = False
    for (channel, provider, sender_id), code in faults.items():
        changed |= note_fault(
            session,
            channel,
            provider,
            code,
            said_by=ANSWER,
            probe_after=probe_after,
            sender_id=sender_id,
        )
    if silent_after:
        for sender_id in sorted(
            {s.sender_id for s in settlements if s.sender_id and unanswered(s)}
        ):
            changed |= _note_silence(session, sender_id, silent_after, probe_after)
    if not some_suspended:
        return changed
    changed |= _note_heard(session, {s.sender_id for s in settlements if not unanswered(s)})
    worked = {s.delivery_id for s in settlements if s.status is DeliveryStatus.sent}
    attempted_at = session.scalar(
        select(func.min(Delivery.attempted_at)).where(Delivery.id.in_(worked))
    )
    ways = {
        (channels[s.delivery_id], s.provider, s.sender_id)
        for s in settlements
        if s.delivery_id in worked
    }
    for channel, provider, sender_id in ways - faults.keys():
        assert attempted_at is not None  # stamped before each call
        changed |= note_success(
            session,
            channel,
            provider,
            said_by=ANSWER,
            attempted_at=attempted_at,
            sender_id=sender_id,
        )
    return changed


def note_fault(
    session: ScopedSession,
    channel: str,
    provider: str,
    code: str,
    *,
    said_by: str,
    probe_after: float,
    sender_id: int | None = None,
) -> bool:
    """Mark what a code shuts out as suspended; True when it was not yet.

    A fault of the account shuts out every sender of that account, else it is the sender's that
    met it (`sender_id`; None, as before a sender was chosen for each delivery: the channel's). Who
    says so has broken their silence: the code takes the place of `no_answer`.
    """
    fault = fault_of(provider, code)
    if fault is None or not fault.suspends:
        return False
    shut_out = _its_own(session, channel, provider, sender_id)
    if fault.blame is Blame.account:
        shut_out = shut_out | _same_account(session, provider, sender_id)
    free = Sender.suspended_at.is_(None) | (Sender.suspended_code == NO_ANSWER)
    return _suspend(
        session,
        free & shut_out,
        code,
        said_by=said_by,
        probe_after=probe_after,
        blame=fault.blame,
    )


def _note_silence(
    session: ScopedSession, sender_id: int, silent_after: int, probe_after: float
) -> bool:
    """Suspend a sender whose provider has stopped answering; True when it is suspended now.

    It alone, though others may go by the same account: their calls are answered elsewhere, by a
    machine that may be well, and each finds out by itself within `silent_after` calls. Who learns
    so that another worker was quicker need not wait until it reads of it.
    """
    if unanswered_in_a_row(session, sender_id) < silent_after:
        return False
    _suspend(
        session,
        and_(Sender.id == sender_id, Sender.suspended_at.is_(None)),
        NO_ANSWER,
        said_by=ANSWER,
        probe_after=probe_after,
        blame=Blame.carrier,
    )
    return True


def _suspend(
    session: ScopedSession,
    shut_out: ColumnElement[bool],
    code: str,
    *,
    said_by: str,
    probe_after: float,
    blame: Blame,
) -> bool:
    numbers = session.scalars(
        update(Sender)
        .where(Sender.establishment_id == session.establishment_id, Sender.active, shut_out)
        .values(
            suspended_at=func.now(),
            suspended_code=code,
            suspended_by=said_by,
            probe_at=from_now(probe_after),
            probes=0,
        )
        .returning(Sender.id)
        .execution_options(synchronize_session=False)
    ).all()
    if numbers:
        log.error(
            "sender suspended",
            establishment=session.establishment_id,
            senders=list(numbers),
            code=code,
            blame=blame.value,
        )
    return bool(numbers)


def _note_heard(session: ScopedSession, sender_ids: Collection[int | None]) -> bool:
    """Lift the suspension of senders whose silent provider gave an answer, whatever it says.

    Whenever the call was begun: an answer that comes after the silence was noted has broken it.
    """
    if not sender_ids:
        return False
    heard = and_(Sender.id.in_(sender_ids), Sender.suspended_code == NO_ANSWER)
    return _lift_where(session, heard)


def _its_own(
    session: ScopedSession, channel: str, provider: str, sender_id: int | None
) -> ColumnElement[bool]:
    """The sender that an answer or receipt is about."""
    if sender_id is None or session.get(Sender, sender_id) is None:
        return and_(Sender.provider == provider, Sender.channel == channel)
    return Sender.id == sender_id


def _same_account(
    session: ScopedSession, provider: str, sender_id: int | None
) -> ColumnElement[bool]:
    """All that goes by the account of a sender: one with credentials of its own stands alone."""
    sender = None if sender_id is None else session.get(Sender, sender_id)
    if sender is not None and sender.credentials is not None:
        return Sender.id == sender.id
    return and_(Sender.provider == provider, Sender.credentials.is_(None))


def note_success(
    session: ScopedSession,
    channel: str,
    provider: str,
    *,
    said_by: str,
    attempted_at: datetime,
    sender_id: int | None = None,
) -> bool:
    """Lift the suspension of a sender that worked in an attempt after it; True when it was on.

    Where the account was shut out, its other senders work again as well. What a receipt told is
    only over when a receipt says that something arrived: a suspended account may still accept. A
    receipt breaks a silence, too: there is a provider that takes messages and is slow to say so.
    """
    works = and_(
        _its_own(session, channel, provider, sender_id)
        | (_same_account(session, provider, sender_id) & Sender.suspended_code.in_(ACCOUNT_CODES)),
        (Sender.suspended_by == said_by) | (Sender.suspended_code == NO_ANSWER),
        Sender.suspended_at < attempted_at,
    )
    return _lift_where(session, works)


def _lift_where(session: ScopedSession, works: ColumnElement[bool]) -> bool:
    lifted = session.scalars(
        update(Sender)
        .where(Sender.establishment_id == session.establishment_id, works)
        .values(_NOT_SUSPENDED)
        .returning(Sender.channel)
        .execution_options(synchronize_session=False)
    ).all()
    for freed in set(lifted):
        call_up(session, freed)
        log.info("sender works again", establishment=session.establishment_id, channel=freed)
    return bool(lifted)


def lift(session: ScopedSession, sender: Sender) -> None:
    """Take a sender into use again because an administrator says so."""
    for name, value in _NOT_SUSPENDED.items():
        setattr(sender, name, value)
    session.flush()
    call_up(session, sender.channel)


def call_up(session: ScopedSession, channel: str) -> None:
    """What waited for a suspended sender on a channel is due now: the choice is made again."""
    session.execute(
        _CALL_UP,
        {
            "establishment_id": session.establishment_id,
            "channel": channel,
            "code": SENDER_SUSPENDED,
            "within": 3600 * 24,
        },
    )
    session.execute(WAKE)
