"""The state machine: the same news in any order, any number of times, ends in the same state.

Seen to fail with `delivered` allowed to move to `undelivered` in `models/delivery.TRANSITIONS`;
`in-progress`, or a `completed` of 0 seconds, counted as delivered; `_OUTCOME` in
`services/dispatch/outcomes.py` moving what a callback has already moved; the error code kept by
good news.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.delivery import FINAL, TRANSITIONS, DeliveryStatus, may_move
from services.delivery.moves import lock_delivery, move
from services.delivery.news import provider_news
from services.delivery.twilio_status import COMPLETED, TWILIO_STATUS, meaning
from services.dispatch import conclude
from services.sender.settlement import Settlement
from tests.fixtures import NORTH
from tests.services.deliveries import begun, delivery, tell, was_told

S = DeliveryStatus
Word = tuple[str, int | None]
LADDER = [S.sent, S.failed, S.undelivered, S.delivered]
# (Twilio's word, seconds of talk). Message status: 13 values, of which `receiving`, `received` are
# of inbound messages; call status: 8.
SMS_WORDS: list[Word] = [
    *((word, None) for word in ("accepted", "scheduled", "queued", "sending", "sent", "read")),
    *((word, None) for word in ("delivered", "undelivered", "failed", "canceled")),
    *((word, None) for word in ("partially_delivered", "receiving", "received")),
]
CALL_WORDS: list[Word] = [
    *((word, None) for word in ("queued", "initiated", "ringing", "in-progress")),
    *((word, None) for word in ("busy", "no-answer", "failed", "canceled", "completed")),
    ("completed", 0),
    ("completed", 12),
]
News = tuple[str, str, int | None]


def callbacks(words: list[Word]) -> st.SearchStrategy[list[News]]:
    return st.lists(st.sampled_from(words), max_size=5).map(
        lambda told: [("callback", word, seconds) for word, seconds in told]
    )


# What the worker and the sweep make of the same attempt: an answer, a time-out, or a crash.
OURS: list[list[News]] = [
    [],
    [("answer", "sent", None)],
    [("answer", "unknown", None)],
    [("sweep", "unknown", None)],
    [("sweep", "unknown", None), ("answer", "sent", None)],
    [("sweep", "unknown", None), ("answer", "unknown", None)],
]


@st.composite
def stories(draw: st.DrawFn, words: list[Word]) -> tuple[list[News], list[News]]:
    """The same news in two orders, some of it repeated."""
    told = draw(callbacks(words)) + draw(st.sampled_from(OURS))
    first, second = draw(st.permutations(told)), draw(st.permutations(told))
    repeated = draw(st.lists(st.sampled_from(told), max_size=4)) if told else []
    return list(first), [*second, *repeated]


def expected(news: list[News]) -> set[DeliveryStatus]:
    """The highest rung that anything reached; without any, the attempt is still open."""
    rungs = {S.sent for kind, word, _ in news if (kind, word) == ("answer", "sent")}
    rungs |= {
        found
        for kind, word, seconds in news
        if kind == "callback" and (found := meaning(word, seconds)) is not None
    }
    return {max(rungs, key=LADDER.index)} if rungs else {S.sending, S.unknown}


def folded(news: list[News]) -> DeliveryStatus:
    """The rules alone, without a database."""
    state = S.sending
    for kind, word, seconds in news:
        to = meaning(word, seconds) if kind == "callback" else S(word)
        ours = kind != "callback"
        if to is None or (ours and state not in (S.sending, S.unknown)):
            continue
        if may_move(state, to):
            state = to
    return state


@pytest.mark.parametrize("words", [SMS_WORDS, CALL_WORDS], ids=["sms", "call"])
def test_any_order_ends_the_same_by_the_rules(words: list[Word]) -> None:
    @settings(max_examples=500, deadline=None)
    @given(stories(words))
    def check(told: tuple[list[News], list[News]]) -> None:
        first, second = told
        assert folded(first) in expected(first)
        assert folded(second) in expected(first)

    check()


@pytest.mark.parametrize(
    ("channel", "words"), [("sms", SMS_WORDS), ("voice", CALL_WORDS)], ids=["sms", "call"]
)
def test_any_order_ends_the_same_in_the_database(
    database: Any, channel: str, words: list[Word]
) -> None:
    number = begun(database, channels=(channel,))

    def played(news: list[News]) -> DeliveryStatus:
        with database.establishment(NORTH) as session:
            for one in news:
                apply(session, number, one)
                session.flush()
                session.expire_all()
            state = S(lock_delivery(session, number).status)
            session.rollback()
        return state

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(stories(words))
    def check(told: tuple[list[News], list[News]]) -> None:
        first, second = told
        assert played(first) in expected(first)
        assert played(second) in expected(first)

    check()


def apply(session: Any, number: int, news: News) -> None:
    kind, word, seconds = news
    if kind == "answer":
        id_ = "SM1" if word == "sent" else None
        settlement = Settlement(number, 1, S(word), "twilio", provider_id=id_)
        conclude(session, [settlement], ask_after=10)
        return
    delivery = lock_delivery(session, number)
    if kind == "callback":
        if word == COMPLETED:  # and a person has heard it
            was_told(session, number, "SM1")
        provider_news(
            session,
            delivery,
            word,
            cause="callback",
            provider="twilio",
            provider_id="SM1",
            seconds=seconds,
        )
    elif delivery.status == S.sending:  # the sweep looks at nothing else
        move(session, delivery, S.unknown, cause="lease ran out")


@pytest.mark.parametrize(
    ("word", "seconds", "state"),
    [
        ("in-progress", None, S.sent),  # picked up: nothing was said yet
        ("completed", 12, S.delivered),
        ("completed", 0, S.undelivered),  # its instructions broke, or nobody listened
        ("completed", None, S.sent),
        ("busy", None, S.undelivered),
        ("no-answer", None, S.undelivered),
        ("failed", None, S.failed),
        ("canceled", None, S.failed),
        ("delivered", None, S.delivered),
        ("receiving", None, None),
        ("a word of next year", None, None),
    ],
)
def test_what_twilios_words_mean(
    word: str, seconds: int | None, state: DeliveryStatus | None
) -> None:
    assert meaning(word, seconds) is state


def test_the_table_is_whole_and_never_goes_back() -> None:
    assert set(TRANSITIONS) == set(S)
    for current, allowed in TRANSITIONS.items():
        assert current not in allowed
        if current in LADDER:
            assert allowed == set(LADDER[LADDER.index(current) + 1 :])
    assert set(TWILIO_STATUS.values()) <= set(LADDER)
    assert S.unknown not in FINAL


def test_good_news_takes_the_error_away(database: Any) -> None:
    number = begun(database)
    tell(database, number, "undelivered", code="30003")
    assert delivery(database, number).error_code == "30003"
    tell(database, number, "delivered")
    found = delivery(database, number)
    assert (found.status, found.error_code) == (S.delivered, None)
