"""Jobs on alarms: send the mails that are stored. Ids in, nothing out."""

from __future__ import annotations

from models.establishment import Establishment
from models.reminder import Channel
from services.alarm import mail as alarm_mail
from services.alarm.mail import Letter
from services.sender.suspension import ANSWER, note_fault
from utils.failpoint import reached
from utils.logs import get_logger
from utils.senders import Outcome, Sender, Verdict
from workers.context import Context, get_context
from workers.errands import errand

NOT_A_MEMBER = Outcome(Verdict.refused, code="no_member")

log = get_logger("careloop.worker")


@errand
def mail(establishment_id: int, ids: list[int]) -> None:
    """Tell administrators of alarms.

    Killed before the mails are taken, the scheduler hands them over again; killed after that, they
    may have gone out and stay so.
    """
    context = get_context()
    place = context.directory.get(establishment_id)
    sender = context.sender(establishment_id, Channel.email)
    if sender is None:
        return  # the rows wait; the scheduler says so and gives up in the end
    with context.database.establishment(establishment_id) as session:
        letters = alarm_mail.take(session, ids, place)
    reached("alarm.after_take")
    with context.database.service() as session:
        known = alarm_mail.addresses(session, [letter.user_id for letter in letters])
    for letter in letters:
        to = known.get(letter.user_id)
        outcome = sender.send(alarm_mail.outbound(letter, to, place)) if to else NOT_A_MEMBER
        reached("alarm.after_call")
        _conclude(context, place, sender, letter, outcome)


def _conclude(
    context: Context, place: Establishment, sender: Sender, letter: Letter, outcome: Outcome
) -> None:
    with context.database.establishment(place.id) as session:
        alarm_mail.conclude(session, letter, outcome)
        if outcome.code is not None:
            note_fault(
                session,
                Channel.email,
                sender.provider,
                outcome.code,
                said_by=ANSWER,
                probe_after=context.settings.engine.probe_after,
            )
    log.info(
        "alarm mailed",
        establishment=place.id,
        mail=letter.mail_id,
        verdict=outcome.verdict.value,
        code=outcome.code,
    )
