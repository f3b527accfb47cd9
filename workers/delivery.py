"""Jobs on deliveries: send a claimed batch, ask about unknown ones. Ids in, nothing out."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from functools import lru_cache, partial

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from database.away import is_away
from database.engine import DatabaseNotReady
from models.delivery import DeliveryStatus
from models.establishment import AnsweringMachines, AskOneWay, Establishment
from models.reminder import Channel
from services import dispatch
from services.delivery.reconcile import (
    Patience,
    Question,
    questions,
    settle_unknown,
    settle_unlisted,
)
from services.dispatch import Attempt
from services.dispatch.suspended import Ready, hold_back
from services.email_words import email_subject
from services.reminder.reply_hint import ask
from services.sender.settlement import Settlement
from services.sender.suspension import note_answers
from services.sms import sms_text
from services.webhook.callback import reference_of
from utils.backoff import delay
from utils.failpoint import reached
from utils.lease import LeaseOver, awake, held_until, insist
from utils.logs import get_logger
from utils.senders import ByReference, NoList, Outbound, Outcome, Passed, Sender, Verdict
from utils.sms_encoding import analyse
from workers.asking import answers
from workers.context import Context, get_context
from workers.errands import errand
from workers.pipeline import Begun, Finished, Pipeline

RETRY_BASE, RETRY_CAP = 5.0, 600.0  # seconds
STOOD_STILL = "stood still"
STORED_FOR, STORED_EVERY = 30.0, 0.5
"""Seconds for which outcomes are kept while PostgreSQL is away, and between two tries."""
_OF_THE_DATABASE = (DBAPIError, PoolTimeout, DatabaseNotReady)
NO_SENDER = Outcome(Verdict.refused, code="no_sender")

_STATUS = {
    Verdict.accepted: DeliveryStatus.sent,
    Verdict.refused: DeliveryStatus.failed,
    Verdict.throttled: DeliveryStatus.scheduled,
    Verdict.unreachable: DeliveryStatus.scheduled,
    Verdict.unknown: DeliveryStatus.unknown,
}

log = get_logger("careloop.worker")
_dice = random.Random()  # noqa: S311 - jitter, not a secret


@lru_cache(maxsize=1)
def _pipeline() -> Pipeline:
    context = get_context()
    return Pipeline(
        context.settings.engine.concurrency,
        begin=partial(_begin, context),
        call=partial(_call, context),
        conclude=partial(_conclude, context),
    )


def send(establishment_id: int, ids: list[int]) -> None:
    """Hand a claimed batch to the pipeline; waits only while that has no room.

    The end of this job says nothing: what becomes of the batch stands in PostgreSQL.
    """
    _pipeline().put(establishment_id, ids)


def finish() -> None:
    """Wait until everything that was handed to the pipeline is done."""
    _pipeline().drain()


def stop() -> None:
    """Stamp nothing more, give back what was not stamped, finish what was."""
    context = get_context()
    try:
        for establishment_id, ids in _pipeline().give_up_waiting():
            with context.database.establishment_by_key(establishment_id) as session:
                dispatch.release(session, ids, "worker stopped")
    except _OF_THE_DATABASE as error:
        log.warning("claims not given back", error=type(error).__name__)  # the leases run out
    finish()


def _begin(context: Context, establishment_id: int, group: list[int]) -> list[Begun]:
    """Stamp, and commit, what of a group may go out now.

    What one delivery breaks (a sealed value that does not open) keeps none of the others: they are
    begun one by one. It comes again when its claim ends, and is late for all to see.
    """
    try:
        return _begin_at_once(context, establishment_id, group)
    except _OF_THE_DATABASE:  # the next one would fare no better
        raise
    except Exception as error:
        if len(group) == 1:
            raise
        log.error(
            "group not begun, each by itself now",
            establishment=establishment_id,
            error=type(error).__name__,
        )
    begun: list[Begun] = []
    for delivery_id in group:
        try:
            begun += _begin_at_once(context, establishment_id, [delivery_id])
        except _OF_THE_DATABASE:
            log.warning("not begun", establishment=establishment_id, delivery=delivery_id)
            break  # what was stamped is ours to send
        except Exception:
            log.error(
                "not begun", establishment=establishment_id, delivery=delivery_id, exc_info=True
            )
    return begun


def _begin_at_once(context: Context, establishment_id: int, group: list[int]) -> list[Begun]:
    establishment = context.directory.get(establishment_id)
    lease = context.settings.engine.claim_lease
    ready = _ready(context, establishment_id, group)
    reached("worker.before_begin")
    lease_over = awake() + dispatch.held_for(lease)
    with context.database.establishment_by_key(establishment_id) as session:
        rules = context.rules(establishment, ready.probes)
        stamped = dispatch.begin(session, ready.ids, rules=rules, lease=lease)
        attempts = ask(session, stamped)
        reached("worker.in_begin")
    reached("worker.after_begin")
    return [Begun(establishment, attempt, lease_over) for attempt in attempts]


def _ready(context: Context, establishment_id: int, group: list[int]) -> Ready:
    """What may go out of a group: all of it, unless a provider shut out one of the senders.

    In a transaction of its own: what falls back locks its reminder.
    """
    if not context.directory.suspended(establishment_id):
        return Ready(group)
    probe_after = context.settings.engine.probe_after
    with context.database.establishment_briefly(establishment_id) as session:
        drop = context.directory.get(establishment_id).ask_one_way == AskOneWay.drop
        return hold_back(session, group, probe_after=probe_after, drop_questions=drop)


def _conclude(context: Context, establishment: Establishment, finished: Sequence[Finished]) -> None:
    """Store what a group's calls brought; again for a while, where PostgreSQL is away.

    What was answered is known only here: lost, it would be asked about, and a mail be a task for
    staff. Stored twice, the second time changes nothing. A call that broke in our own code leaves
    its delivery `sending`, which the sweep makes unknown; the others' outcomes are stored.
    """
    reached("worker.before_outcome")
    until = time.monotonic() + STORED_FOR
    while True:
        try:
            changed = _store(context, establishment, finished)
            break
        except Exception as error:
            if not is_away(error) or time.monotonic() >= until:
                raise
            log.warning("outcomes kept: database unavailable", error=type(error).__name__)
            time.sleep(STORED_EVERY)
    if changed:
        context.directory.forget()
    reached("worker.after_outcome")
    _log_attempts(establishment, finished)


def _store(context: Context, establishment: Establishment, finished: Sequence[Finished]) -> bool:
    """One transaction; True when a sender was suspended or works again."""
    settlements = [one.settlement for one in finished if one.settlement]
    with context.database.establishment_by_key(establishment.id) as session:
        dispatch.conclude(session, settlements, ask_after=context.settings.engine.ask_after)
        changed = note_answers(
            session,
            {one.begun.attempt.delivery_id: one.begun.attempt.channel for one in finished},
            settlements,
            some_suspended=context.directory.suspended(establishment.id),
            probe_after=context.settings.engine.probe_after,
            silent_after=context.settings.engine.silent_after,
        )
        reached("worker.in_outcome")
    return changed


def _log_attempts(establishment: Establishment, finished: Sequence[Finished]) -> None:
    """One line for each kind of outcome: a line for each delivery costs as much as sending it."""
    lines: dict[tuple[str, str | None], list[Attempt]] = {}
    for one in finished:
        if one.settlement:
            outcome = one.settlement.status.value, one.settlement.code
            lines.setdefault(outcome, []).append(one.begun.attempt)
    for (status, code), attempts in lines.items():
        log.info(
            "deliveries attempted",
            establishment=establishment.id,
            status=status,
            code=code,
            deliveries=[attempt.delivery_id for attempt in attempts],
            correlation_ids=[attempt.correlation_id for attempt in attempts],
        )


def _call(context: Context, begun: Begun) -> Settlement:
    """Call the provider once, for one delivery; raises nothing of the provider's.

    A process that slept through its lease, as on a machine that was suspended, must not call any
    more: the carrier's list has been asked meanwhile, and it may have been sent by somebody else.
    The provider's client asks once more, before the last bytes of its request leave. That this
    attempt was never made is known here alone: unsaid, a mail would be left to staff.
    """
    establishment, attempt = begun.establishment, begun.attempt
    sender = _sender(context, establishment.id, attempt)
    message = _outbound(context, establishment, attempt)
    reached("worker.before_call")
    try:
        with held_until(begun.lease_over):
            insist()
            outcome = sender.send(message) if sender else NO_SENDER
    except LeaseOver:
        return Settlement(
            delivery_id=attempt.delivery_id,
            attempt=attempt.attempt,
            status=DeliveryStatus.scheduled,
            provider=sender.provider if sender else "none",
            retry_in=RETRY_BASE,
            cause=STOOD_STILL,
        )
    reached("worker.after_call")
    if attempt.sender_id is not None:
        reached_it = outcome.verdict is not Verdict.unreachable
        context.out_of_reach.note(attempt.sender_id, reached=reached_it)
    accepted_sms = attempt.channel == Channel.sms and outcome.verdict is Verdict.accepted
    encoding = analyse(message.text) if accepted_sms else None
    return Settlement(
        delivery_id=attempt.delivery_id,
        attempt=attempt.attempt,
        status=_STATUS[outcome.verdict],
        provider=sender.provider if sender else "none",
        provider_id=outcome.provider_id,
        code=outcome.code,
        retry_in=_retry_in(outcome, attempt.attempt),
        encoding=encoding.encoding if encoding else None,
        segments=encoding.segments if encoding else None,
        sender_id=attempt.sender_id,
    )


def _sender(context: Context, establishment_id: int, attempt: Attempt) -> Sender | None:
    """The client of the sender that was chosen; None when none could do what was needed."""
    if attempt.sender_id is None:
        return None
    return context.sender(establishment_id, attempt.channel, attempt.sender_id)


def _outbound(context: Context, establishment: Establishment, attempt: Attempt) -> Outbound:
    """A delivery's words as its channel carries them."""
    sms = attempt.channel == Channel.sms
    words = sms_text(establishment, attempt.language, attempt.message) if sms else attempt.message
    reference = reference_of(establishment.id, attempt.delivery_id)
    webhooks = f"{context.settings.web.base_url}/webhooks/twilio"
    return Outbound(
        to=attempt.to,
        text=words,
        language=attempt.language,
        reference=reference,
        callback=f"{webhooks}/status?delivery={reference}.{attempt.attempt}",
        seconds_valid=attempt.seconds_valid,
        subject=email_subject(establishment, attempt.purpose, attempt.language),
        sender_name=establishment.name,
        answer=f"{webhooks}/voice/reminder?delivery={reference}.{attempt.attempt}",
        waits_for_tone=establishment.answering_machines == AnsweringMachines.message,
        attempt=attempt.attempt,
    )


def _retry_in(outcome: Outcome, attempt: int) -> float | None:
    """Seconds to the next try after an outcome that allows one; validity ends the trying."""
    if _STATUS[outcome.verdict] is not DeliveryStatus.scheduled:
        return None
    seconds = delay(attempt, RETRY_BASE, RETRY_CAP, _dice)
    if outcome.retry_after is not None:  # spread, too: all that was throttled heard the same
        seconds = outcome.retry_after + _dice.uniform(0, RETRY_BASE)
    return 1.0 + min(seconds, RETRY_CAP)


@errand
def reconcile(establishment_id: int, ids: list[int]) -> None:
    """Ask the provider about unknown deliveries; no transaction is open while it is asked."""
    context = get_context()
    establishment = context.directory.get(establishment_id)
    patience = Patience(
        settle_after=context.settings.engine.settle_after,
        give_up_after=establishment.unknown_after_seconds,
    )
    with context.database.establishment(establishment_id) as session:
        asked = questions(session, ids)

    def ask(question: Question) -> Sequence[Passed] | NoList | None:
        reached("reconcile.before_ask")
        told = _ask(context, establishment_id, question)
        reached("reconcile.after_ask")
        return told

    for question, told in answers(asked, ask):
        with context.database.establishment(establishment_id) as session:
            if isinstance(told, NoList):
                settle_unlisted(session, question, patience)
            else:
                settle_unknown(session, question, told, patience)
            reached("reconcile.before_commit")
        reached("reconcile.after_commit")


def _ask(
    context: Context, establishment_id: int, question: Question
) -> Sequence[Passed] | NoList | None:
    sender = context.sender(establishment_id, question.channel, question.sender_id)
    if isinstance(sender, ByReference):
        reference = reference_of(establishment_id, question.delivery_id)
        return sender.accepted(reference, question.attempt, question.to)
    try:
        return sender.passed(question.to, question.since) if sender else None
    except NoList as none:
        return none
