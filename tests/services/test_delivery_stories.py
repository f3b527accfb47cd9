"""Whole stories of a delivery, by the real functions on the real database.

The facts are what the carrier made of each attempt. A story is how we come to hear of it: callbacks
lost, repeated, late or out of order, the worker's own outcome early, late or never, leases that run
out, lists and receipts asked for too soon. Whatever the story, the engine asks until it knows, and
what it ends with is decided by the facts alone.

Seen to fail with: `delivered` allowed to become `undelivered`; a word about an earlier attempt
counted; the provider's id kept over `_call_again`, or taken from a late outcome; `sent` forgotten
by `_OUTCOME`, or by the sweep; the count of calls left out; a call made again for a cancelled
reminder; an event left out of `move`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models.delivery import CLOSED, DeliveryEvent
from models.delivery import DeliveryStatus as S
from models.due import Due
from models.reminder import Reminder, ReminderStatus
from services import dispatch
from services.delivery.moves import lock_delivery
from services.delivery.news import provider_news
from services.delivery.receipt import Answer, look_later, take_in, wanted_receipts
from services.delivery.reconcile import Patience, questions, settle_unknown
from services.delivery.sweep import sweep
from services.delivery.twilio_status import COMPLETED, NOT_PICKED_UP, meaning
from services.identity import Principal
from services.reminder.change import cancel
from services.sender.settlement import Settlement
from services.webhook.callback import StatusNews, apply_status
from tests.fixtures import NORTH
from tests.services.deliveries import LEASE, begun, now, was_told
from utils.clock import AllowedTimes
from utils.senders import Passed

LADDER = [S.sent, S.failed, S.undelivered, S.delivered]
NUMBER = "+15005550006"
NEVER_GIVES_UP = Patience(settle_after=3600, give_up_after=7200)
STAFF = Principal(NORTH, "cli")

Word = tuple[str, int | None]
SMS_WAY: list[Word] = [("queued", None), ("sending", None), ("sent", None)]
CALL_WAY: list[Word] = [("queued", None), ("initiated", None), ("ringing", None)]
SMS_ENDS: list[Word] = [(word, None) for word in ("delivered", "undelivered", "failed")]
CALL_ENDS: list[Word] = [
    *((word, None) for word in ("busy", "no-answer", "failed", "canceled")),
    ("completed", 0),
    ("completed", 9),
]


@dataclass(frozen=True)
class Attempt:
    """What the carrier made of one attempt, and what the worker made of its answer.

    `told`: we were there when somebody picked up, and said what the call is about.
    """

    words: list[Word]
    answer: S | None
    told: bool

    @property
    def end(self) -> Word:
        return self.words[-1]

    @property
    def nobody(self) -> bool:
        """True when the call reached nobody, so that another one may help."""
        return self.end[0] in NOT_PICKED_UP or (self.end[0] == COMPLETED and not self.told)

    @property
    def state(self) -> S | None:
        """What it comes to by itself."""
        return S.undelivered if self.nobody else meaning(*self.end)


@st.composite
def attempts(draw: st.DrawFn, channel: str) -> Attempt:
    way, ends = (CALL_WAY, CALL_ENDS) if channel == "voice" else (SMS_WAY, SMS_ENDS)
    answer = draw(st.sampled_from([S.sent, S.unknown, None]))
    return Attempt([*way, draw(st.sampled_from(ends))], answer, draw(st.booleans()))


NUMBERS = st.integers(1, 2)
MOMENTS = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("callback"), NUMBERS, MOMENTS),
        st.tuples(st.just("news"), NUMBERS, MOMENTS),
        st.tuples(st.just("answer"), NUMBERS, st.just(0)),
        st.tuples(st.sampled_from(["sweep", "run"]), st.just(0), st.just(0)),
        st.tuples(st.sampled_from(["list", "receipt"]), st.just(0), MOMENTS),
    ),
    max_size=12,
)
Step = tuple[str, int, int]


def expected(channel: str, facts: tuple[Attempt, Attempt]) -> S | None:
    """The facts decide: the first attempt, or the second where nobody picked up."""
    first, second = facts
    last = second if channel == "voice" and first.nobody else first
    return last.state


class Story:
    """One delivery on its way, all in one transaction that is rolled back."""

    def __init__(self, session: Any, number: int, facts: tuple[Attempt, Attempt]) -> None:
        self.session, self.number, self.facts = session, number, facts

    @property
    def delivery(self) -> Any:
        self.session.flush()
        self.session.expire_all()
        return lock_delivery(self.session, self.number)

    def step(self, what: str, attempt: int, moment: int) -> None:
        getattr(self, what)(attempt, moment)
        self.session.flush()
        self.session.expire_all()

    def word(self, attempt: int, moment: int) -> Word:
        """What is told; before a call is over, whoever picked up has asked us what to say."""
        fact = self.facts[attempt - 1]
        word, seconds = fact.words[moment]
        if word == COMPLETED and fact.told:
            was_told(self.session, self.number, f"CA{attempt}", attempt)
        return word, seconds

    def callback(self, attempt: int, moment: int) -> None:
        """As Twilio's webhook brings it: each word of a call is stored once."""
        if attempt > self.delivery.attempt:
            return
        word, seconds = self.word(attempt, moment)
        news = StatusNews("call", f"CA{attempt}", word, None, seconds, NUMBER, attempt)
        apply_status(self.session, self.number, news)

    def news(self, attempt: int, moment: int) -> None:
        """The same again and again, and only the carrier's id tells the attempts apart."""
        if attempt > self.delivery.attempt:
            return
        word, seconds = self.word(attempt, moment)
        provider_news(
            self.session,
            self.delivery,
            word,
            cause="callback",
            provider="twilio",
            provider_id=f"CA{attempt}",
            seconds=seconds,
        )

    def answer(self, attempt: int, _moment: int) -> None:
        """The worker's outcome of an attempt; one that died has none."""
        status = self.facts[attempt - 1].answer
        if status is None or attempt > self.delivery.attempt:
            return
        id_ = f"CA{attempt}" if status == S.sent else None
        settlement = Settlement(self.number, attempt, status, "twilio", provider_id=id_)
        dispatch.conclude(self.session, [settlement], ask_after=10)

    def sweep(self, _attempt: int, _moment: int) -> None:
        """The lease of whoever holds it has run out."""
        due = self.session.get(Due, (NORTH, self.number))
        if due is not None and due.claimed_until is not None:
            due.claimed_until = now() - timedelta(hours=1)
            self.session.flush()
        sweep(self.session, ask_after=10)

    def run(self, _attempt: int, _moment: int) -> None:
        """Its time has come: claimed, and begun if it is something to send."""
        due = self.session.get(Due, (NORTH, self.number))
        if due is None or due.claimed_until is not None:
            return
        due.due_at = now() - timedelta(hours=1)
        self.session.flush()
        claimed = dispatch.claim(self.session, batch=10, outstanding=10, lease=LEASE)
        rules = dispatch.Rules(times=AllowedTimes(UTC))
        dispatch.begin(self.session, claimed.to_send, rules=rules, lease=LEASE)

    def told(self, attempt: int, moment: int) -> Passed:
        word, seconds = self.word(attempt, moment)
        return Passed(f"CA{attempt}", word, None, seconds=seconds, sender=NUMBER)

    def list(self, _attempt: int, moment: int) -> None:
        for question in questions(self.session, [self.number]):
            listed = [self.told(n, moment) for n in range(question.attempt, 0, -1)]
            settle_unknown(self.session, question, listed, NEVER_GIVES_UP)

    def receipt(self, _attempt: int, moment: int) -> None:
        for wanted in wanted_receipts(self.session, [self.number]):
            answer = Answer(wanted, self.told(wanted.attempt, moment), now())
            if answer.settles_nothing:
                look_later(self.session, [answer])
            else:
                take_in(self.session, answer)

    def go_on_to_the_end(self) -> None:
        """What the engine does by itself, with no callback at all, until nothing is left to do."""
        last_word = len(self.facts[0].words) - 1
        for _ in range(12):
            if self.delivery.status in CLOSED:
                return
            assert self.session.get(Due, (NORTH, self.number)) is not None, "forgotten"
            self.step("sweep", 0, 0)
            self.step("run", 0, 0)
            self.step("list", 0, last_word)
            self.step("receipt", 0, last_word)
        raise AssertionError(f"it never ends: {self.delivery.status}")

    def events(self) -> list[DeliveryEvent]:
        found = select(DeliveryEvent).where(DeliveryEvent.delivery_id == self.number)
        return list(self.session.scalars(found.order_by(DeliveryEvent.id)))

    def assert_never_back(self) -> None:
        """Each step is in the trace, in time and with a cause, and none undoes another."""
        events = self.events()
        delivery = self.delivery
        assert events[-1].status == delivery.status
        assert all(one.cause and one.at for one in events)
        assert [one.at for one in events] == sorted(one.at for one in events)
        begun = [one.attempt for one in events if one.status == S.sending]
        assert begun == list(range(1, delivery.attempt + 1))
        assert [one.attempt for one in events] == sorted(one.attempt for one in events)
        for attempt in range(1, delivery.attempt + 1):
            told = [S(one.status) for one in events if one.attempt == attempt]
            rungs = [LADDER.index(status) for status in told if status in LADDER]
            assert rungs == sorted(set(rungs))
        assert S.delivered not in [one.status for one in events[:-1]]


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_the_facts_decide_whatever_the_story(database: Any, channel: str) -> None:
    number = begun(
        database,
        channels=(channel,),
        validity=4 * 3600,
        call_again_at_most=1,
        call_again_after=60,
    )

    @settings(max_examples=50, suppress_health_check=list(HealthCheck))
    @given(st.tuples(attempts(channel), attempts(channel)), STEPS)
    def check(facts: tuple[Attempt, Attempt], steps: list[Step]) -> None:
        with database.establishment(NORTH) as session:
            story = Story(session, number, facts)
            for step in steps:
                story.step(*step)
                story.assert_never_back()
            story.go_on_to_the_end()
            story.assert_never_back()
            ended, tried = S(story.delivery.status), story.delivery.attempt
            for step in steps:  # all of it again, late
                story.step(*step)
            assert story.delivery.status == ended
            assert session.get(Due, (NORTH, number)) is None
            session.rollback()
        assert ended == expected(channel, facts)
        event(f"{ended.value} after {tried}")

    check()


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_a_cancel_at_any_moment_ends_it_and_tells_the_truth(database: Any, channel: str) -> None:
    """What has left is told to staff and ends by the facts; what had not, never leaves."""
    number = begun(
        database,
        channels=(channel,),
        validity=4 * 3600,
        call_again_at_most=1,
        call_again_after=60,
    )

    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(st.tuples(attempts(channel), attempts(channel)), STEPS, STEPS)
    def check(facts: tuple[Attempt, Attempt], before: list[Step], after: list[Step]) -> None:
        with database.establishment(NORTH) as session:
            story = Story(session, number, facts)
            for step in before:
                story.step(*step)
            reminder = session.get_one(Reminder, story.delivery.reminder_id)
            if reminder.status != ReminderStatus.scheduled:
                session.rollback()
                return  # it has ended: staff are told so
            tried = story.delivery.attempt
            gone = cancel(session, reminder.id, STAFF).with_carrier
            waited = story.delivery.status == S.cancelled
            assert gone == (not waited)
            for step in after:
                story.step(*step)
            story.go_on_to_the_end()
            story.assert_never_back()
            ended = story.delivery.status
            assert story.delivery.attempt == tried
            # What had left is not called cancelled: its own end is its reminder's.
            assert (reminder.status == ReminderStatus.cancelled) == (ended == S.cancelled)
            session.rollback()
        assert ended == (S.cancelled if waited else facts[tried - 1].state)
        event(f"{ended} {'before' if waited else 'after'} it left")

    check()
