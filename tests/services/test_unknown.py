"""What becomes of a delivery that stays unknown: the establishment's choice, once, and visibly.

Seen to fail without: the choice, the look at `SENT_AGAIN` or at the validity in `_choose`; the wait
in `settle_unlisted`; the code of the sweep.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.delivery import DeliveryEvent
from models.delivery import DeliveryStatus as S
from models.due import Due
from services.delivery.moves import lock_delivery
from services.delivery.reconcile import (
    SENT_AGAIN,
    Patience,
    questions,
    settle_unknown,
    settle_unlisted,
)
from services.delivery.sweep import sweep
from tests.fixtures import NORTH
from tests.services.deliveries import (
    begun,
    causes,
    conclude,
    delivery,
    due,
    establishment_with,
    now,
    start_next,
    states,
    tasks,
    tell,
)
from utils.senders import Passed

OVER = Patience(settle_after=90, give_up_after=0)
"""The set time is over."""
WAITING = Patience(settle_after=90, give_up_after=3600)
RESEND = {"unknown_sms": "resend", "unknown_voice": "resend", "unknown_email": "resend"}


def unknown(database: Any, **more: Any) -> int:
    number = begun(database, **more)
    conclude(database, number, S.unknown, code="timeout")
    return number


def ask(database: Any, number: int, patience: Patience, listed: list[Passed] | None = None) -> None:
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [number])
        settle_unknown(session, question, listed, patience)


def ask_unlisted(database: Any, number: int, patience: Patience) -> None:
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [number])
        settle_unlisted(session, question, patience)


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_given_up_visibly_by_default(database: Any, channel: str) -> None:
    number = unknown(database, channels=(channel, "email"))
    ask(database, number, WAITING)
    assert tasks(database) == []
    ask(database, number, OVER)
    assert states(database, number) == [(channel, "unknown")]
    assert tasks(database) == [("unknown_delivery", number)]
    assert due(database, number) is None
    tell(database, number, "delivered")  # a callback still counts
    assert (delivery(database, number).status, tasks(database)) == (S.delivered, [])


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_sent_again_where_a_double_is_accepted_and_only_once(
    database: Any, owner: Any, channel: str
) -> None:
    with establishment_with(owner, **RESEND):
        number = unknown(database, channels=(channel,))
        ask(database, number, WAITING)
        assert delivery(database, number).status == S.unknown
        ask(database, number, OVER)
        assert causes(database, number)[-1] == SENT_AGAIN
        assert start_next(database) == number
        conclude(database, number, S.unknown, attempt=2, code="503")
        ask(database, number, OVER)
    assert delivery(database, number).status == S.unknown
    assert tasks(database) == [("unknown_delivery", number)]


@pytest.mark.parametrize("reason", ["validity", "attempts"])
def test_never_sent_again_past_its_bounds(database: Any, owner: Any, reason: str) -> None:
    with establishment_with(owner, **RESEND):
        number = unknown(database, max_attempts=1 if reason == "attempts" else None)
        if reason == "validity":
            with database.establishment(NORTH) as session:
                lock_delivery(session, number).valid_until = now()
        ask(database, number, OVER)
    assert delivery(database, number).status == S.unknown
    assert tasks(database) == [("unknown_delivery", number)]


def test_evidence_comes_before_the_choice(database: Any, owner: Any) -> None:
    with establishment_with(owner, **RESEND):
        number = unknown(database)
        ask(database, number, OVER, [Passed("SM1", "delivered", "Rappel")])
    assert delivery(database, number).status == S.delivered


def test_an_email_is_a_task_at_once(database: Any) -> None:
    number = unknown(database, channels=("email",))
    ask_unlisted(database, number, WAITING)
    assert tasks(database) == [("unknown_delivery", number)]


def test_an_email_goes_again_only_where_the_establishment_says_so(
    database: Any, owner: Any
) -> None:
    with establishment_with(owner, unknown_sms="resend", unknown_voice="resend"):
        first = unknown(database, channels=("email",))
        ask_unlisted(database, first, OVER)
        assert delivery(database, first).status == S.unknown
    with establishment_with(owner, unknown_email="resend"):
        second = unknown(database, channels=("email",))
        ask_unlisted(database, second, WAITING)
        waiting = due(database, second)
        assert waiting is not None
        assert timedelta(seconds=3500) < waiting.due_at - now() <= timedelta(seconds=3600)
        ask_unlisted(database, second, OVER)
    assert causes(database, second)[-1] == SENT_AGAIN


def reasons(database: Any, number: int) -> tuple[str, str | None]:
    with database.establishment(NORTH) as session:
        found = session.execute(
            select(DeliveryEvent.cause, DeliveryEvent.code)
            .where(DeliveryEvent.delivery_id == number, DeliveryEvent.status == S.unknown)
            .order_by(DeliveryEvent.id)
        ).one()
        return found.cause, found.code


@pytest.mark.parametrize("code", ["timeout", "503", "cut", "unreadable"])
def test_staff_see_why_an_answer_is_not_known(database: Any, code: str) -> None:
    number = begun(database)
    conclude(database, number, S.unknown, code=code)
    assert reasons(database, number) == ("answer", code)
    assert delivery(database, number).error_code == code


def test_staff_see_that_a_worker_died(database: Any) -> None:
    number = begun(database)
    with database.establishment(NORTH) as session:
        session.get_one(Due, (NORTH, number)).claimed_until = now() - timedelta(seconds=1)
    with database.establishment(NORTH) as session:
        sweep(session, ask_after=10)
    assert reasons(database, number) == ("lease ran out", "no_outcome")
    assert delivery(database, number).error_code == "no_outcome"
    tell(database, number, "failed")  # the reason of the unknown is not that of the failure
    assert delivery(database, number).error_code is None
