"""Jobs on deliveries: send a claimed batch, ask about unknown ones. Ids in, nothing out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from models.delivery import DeliveryStatus
from models.establishment import Establishment
from models.reminder import Channel
from services import dispatch
from services.callback import reference_of
from services.dispatch import Attempt, Settlement
from services.reconcile import Patience, Question, questions, settle_unknown, settle_unlisted
from services.reminder_plan import email_subject, sms_text
from utils.backoff import delay
from utils.failpoint import reached
from utils.logs import get_logger
from utils.senders import NoList, Outbound, Outcome, Passed, Verdict
from utils.sms_encoding import analyse
from workers.asking import answers
from workers.context import Context, get_context
from workers.pipeline import Finished, Pipeline

RETRY_BASE, RETRY_CAP = 5.0, 600.0  # seconds
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
    for establishment_id, ids in _pipeline().give_up_waiting():
        with context.database.establishment(establishment_id) as session:
            dispatch.release(session, ids, "worker stopped")
    finish()


def _begin(
    context: Context, establishment_id: int, group: Sequence[int]
) -> tuple[Establishment, list[Attempt]]:
    """Stamp, and commit, what of a group may go out now."""
    establishment = context.directory.get(establishment_id)
    reached("worker.before_begin")
    with context.database.establishment(establishment_id) as session:
        attempts = dispatch.begin(
            session,
            group,
            rules=context.rules(establishment),
            lease=context.settings.engine.claim_lease,
        )
    reached("worker.after_begin")
    return establishment, attempts


def _conclude(context: Context, establishment: Establishment, finished: Sequence[Finished]) -> None:
    """Store what a group's calls brought.

    A call that broke in our own code leaves its delivery `sending`, which the sweep makes
    unknown; it does not take the others' outcomes with it.
    """
    settlements = [one.settlement for one in finished if one.settlement]
    reached("worker.before_outcome")
    with context.database.establishment(establishment.id) as session:
        dispatch.conclude(session, settlements, ask_after=context.settings.engine.ask_after)
    reached("worker.after_outcome")
    _log_attempts(establishment, finished)


def _log_attempts(establishment: Establishment, finished: Sequence[Finished]) -> None:
    """One line for each kind of outcome: a line for each delivery costs as much as sending it."""
    lines: dict[tuple[str, str | None], list[Attempt]] = {}
    for one in finished:
        if one.settlement:
            outcome = one.settlement.status.value, one.settlement.code
            lines.setdefault(outcome, []).append(one.attempt)
    for (status, code), attempts in lines.items():
        log.info(
            "deliveries attempted",
            establishment=establishment.id,
            status=status,
            code=code,
            deliveries=[attempt.delivery_id for attempt in attempts],
            correlation_ids=[attempt.correlation_id for attempt in attempts],
        )


def _call(context: Context, establishment: Establishment, attempt: Attempt) -> Settlement:
    """Call the provider once, for one delivery; raises nothing of the provider's."""
    sender = context.sender(establishment.id, attempt.channel)
    message = _outbound(context, establishment, attempt)
    outcome = sender.send(message) if sender else NO_SENDER
    reached("worker.after_call")
    accepted_sms = attempt.channel == Channel.sms and outcome.verdict is Verdict.accepted
    encoding = analyse(message.text) if accepted_sms else None
    return Settlement(
        delivery_id=attempt.delivery_id,
        attempt=attempt.attempt,
        status=_STATUS[outcome.verdict],
        provider=sender.provider if sender else "none",
        provider_id=outcome.provider_id,
        code=outcome.code,
        retry_at=_retry_at(outcome, attempt.attempt),
        encoding=encoding.encoding if encoding else None,
        segments=encoding.segments if encoding else None,
    )


def _outbound(context: Context, establishment: Establishment, attempt: Attempt) -> Outbound:
    """A delivery's words as its channel carries them."""
    sms = attempt.channel == Channel.sms
    words = sms_text(establishment, attempt.language, attempt.message) if sms else attempt.message
    reference = reference_of(establishment.id, attempt.delivery_id)
    return Outbound(
        to=attempt.to,
        text=words,
        language=attempt.language,
        reference=reference,
        callback=(
            f"{context.settings.web.base_url}/webhooks/twilio/status"
            f"?delivery={reference}.{attempt.attempt}"
        ),
        seconds_valid=attempt.seconds_valid,
        subject=email_subject(establishment, attempt.language),
        sender_name=establishment.name,
    )


def _retry_at(outcome: Outcome, attempt: int) -> datetime | None:
    """When to try again after an outcome that allows it; the validity window ends the trying."""
    if _STATUS[outcome.verdict] is not DeliveryStatus.scheduled:
        return None
    seconds = delay(attempt, RETRY_BASE, RETRY_CAP, _dice)
    if outcome.retry_after is not None:  # spread, too: all that was throttled heard the same
        seconds = outcome.retry_after + _dice.uniform(0, RETRY_BASE)
    return datetime.now(UTC) + timedelta(seconds=1.0 + min(seconds, RETRY_CAP))


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
        return _ask(context, establishment_id, question)

    for question, told in answers(asked, ask):
        with context.database.establishment(establishment_id) as session:
            if isinstance(told, NoList):
                settle_unlisted(session, question, patience)
            else:
                settle_unknown(session, question, told, patience)


def _ask(
    context: Context, establishment_id: int, question: Question
) -> Sequence[Passed] | NoList | None:
    sender = context.sender(establishment_id, question.channel)
    try:
        return sender.passed(question.to, question.since) if sender else None
    except NoList as none:
        return none
