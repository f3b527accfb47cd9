"""Alarms: raised at their threshold, cleared well below it, told in four ways, once.

Each of these was broken once, and a test here failed:
- `stays` answering `raises` (no hysteresis: an alarm that sways);
- `ended >= place.alarm_failing_count` left out (one failure raises it);
- `not bool_or(status = 'delivered')` left out of `_ENDED` (what arrived in the end counts as lost);
- `d.due_at` of `_LAG` read from the due queue instead (a dead worker's claims hide the lag);
- `close_task` left out of `_clear`; `uq_alarms_raised` left out of the insert's conflict;
- `~told.exists()` left out of `_untold` (a mail for every raising);
- `status == S.waiting` left out of `take` (two workers send the same mail);
- `S.unknown` sent again in `_settle_old`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, text

from models.alarm import Alarm, AlarmMail
from models.delivery import DeliveryStatus as S
from models.establishment import NO_ANSWER, Establishment, Sender
from models.reminder import Channel
from models.task import Task
from services.alarm import alarms as alarm
from services.alarm import mail as alarm_mail
from services.alarm.text import compose
from services.overview import health
from services.sender.suspension import note_fault
from tests.fixtures import NORTH, SOUTH
from tests.services.deliveries import begun, claim, conclude, make
from utils.senders import Outcome, Verdict

THRESHOLDS = {
    "alarm_failing_share": 0.5,
    "alarm_failing_count": 4,
    "alarm_window_seconds": 600,
    "alarm_late_seconds": 100,
    "alarm_unknown_count": 5,
    "alarm_unknown_seconds": 500,
}
ADMINISTRATORS = [1]


@pytest.fixture(autouse=True)
def _directory_forgets(database: Any) -> Iterator[None]:
    from workers.context import get_context

    get_context().directory.forget()
    yield
    get_context().directory.forget()


def look(
    database: Any,
    *,
    establishment: int = NORTH,
    mails: bool = True,
    turned_away: bool = False,
    **more: float,
) -> list[str]:
    """One look of a scheduler; the kinds that are raised after it."""
    from workers.context import get_context

    place = get_context().directory.get(establishment)
    facts = {column.key: getattr(place, column.key) for column in Establishment.__table__.columns}
    judged = Establishment(**facts | THRESHOLDS | more)
    with database.establishment(establishment) as session:
        alarm.look(session, judged, ADMINISTRATORS, mails=mails, turned_away=turned_away)
    return raised(database, establishment)


def raised(database: Any, establishment: int = NORTH) -> list[str]:
    with database.establishment(establishment) as session:
        return sorted(session.scalars(select(Alarm.kind).where(Alarm.cleared_at.is_(None))))


def tasks(database: Any, establishment: int = NORTH) -> list[tuple[str, str | None, str]]:
    with database.establishment(establishment) as session:
        rows = session.scalars(select(Task).where(Task.kind == "alarm").order_by(Task.id))
        return [(task.kind, task.subject, task.state) for task in rows]


def mails(database: Any) -> list[str]:
    with database.service() as session:
        return list(session.scalars(select(AlarmMail.status).order_by(AlarmMail.id)))


def let_pass(database: Any, seconds: float) -> None:
    """Let time pass for alarms and their mails."""
    with database.service() as session:
        for statement in (
            "update shared.alarms set raised_at = raised_at - make_interval(secs => :s),"
            " mailed_at = mailed_at - make_interval(secs => :s)",
            "update shared.alarm_mails set next_at = next_at - make_interval(secs => :s),"
            " created_at = created_at - make_interval(secs => :s)",
        ):
            session.execute(text(statement), {"s": seconds})


def ended(database: Any, good: int = 0, bad: int = 0) -> None:
    for status, count in ((S.sent, good), (S.failed, bad)):
        for _ in range(count):
            conclude(
                database, begun(database), status, code="21211" if status == S.failed else None
            )


def events_age(database: Any, seconds: float) -> None:
    from config.settings import get_settings
    from database.engine import owner_engine
    from tests.fixtures import owned

    engine = owner_engine(get_settings().database)
    with owned(engine) as connection:
        connection.execute(
            text("update delivery_events set at = at - make_interval(secs => :s)"), {"s": seconds}
        )


def test_too_few_failures_are_no_alarm(database: Any) -> None:
    ended(database, bad=3)
    assert look(database) == []
    ended(database, bad=1)
    assert look(database) == ["deliveries_failing"]


def test_a_share_raises_and_clears_with_a_distance(database: Any) -> None:
    ended(database, good=3, bad=2)
    assert look(database) == []
    ended(database, bad=1)
    assert look(database) == ["deliveries_failing"]
    ended(database, good=1)  # 3 of 7: below the half, not yet well below it
    assert look(database) == ["deliveries_failing"]
    ended(database, good=1)
    assert look(database) == []
    assert tasks(database) == [("alarm", "deliveries_failing", "done")]


def test_what_lies_before_the_window_does_not_count(database: Any) -> None:
    ended(database, bad=6)
    events_age(database, 601)
    assert look(database) == []


def test_what_failed_on_the_way_and_arrived_is_no_failure(database: Any) -> None:
    from services.delivery.moves import lock_delivery, move

    ended(database, bad=4)
    with database.establishment(NORTH) as session:
        for number in range(1, 5):
            move(session, lock_delivery(session, number), S.delivered, cause="callback")
    assert look(database) == []


@pytest.mark.parametrize("claimed", [False, True])
def test_what_waits_too_long_is_late_though_somebody_claimed_it(
    database: Any, claimed: bool
) -> None:
    make(database, due_in=-120)
    if claimed:
        assert claim(database).to_send
        with database.service() as session:  # as the sweep leaves it when the worker has died
            session.execute(text("update shared.due set due_at = now()"))
    assert look(database) == ["deliveries_late"]
    assert look(database, alarm_late_seconds=200) == ["deliveries_late"]  # above the half
    assert look(database, alarm_late_seconds=300) == []


def test_what_is_for_later_is_not_late(database: Any) -> None:
    make(database, 3, due_in=60)
    assert look(database) == []


def test_unknown_by_number(database: Any) -> None:
    for _ in range(5):
        conclude(database, begun(database), S.unknown, code="timeout")
    assert look(database) == ["deliveries_unknown"]
    assert look(database, alarm_unknown_count=6) == ["deliveries_unknown"]
    assert look(database, alarm_unknown_count=7) == []


def test_unknown_by_age(database: Any) -> None:
    conclude(database, begun(database), S.unknown, code="timeout")
    assert look(database) == []
    with database.establishment(NORTH) as session:
        session.execute(text("update deliveries set attempted_at = now() - interval '501 seconds'"))
    assert look(database) == ["deliveries_unknown"]


def suspend(database: Any) -> None:
    with database.establishment(NORTH) as session:
        assert note_fault(session, "sms", "twilio", "21606", said_by="answer", probe_after=60)


def lift(database: Any) -> None:
    with database.service() as session:
        session.execute(
            text(
                "update shared.senders set suspended_at = null, suspended_code = null,"
                " suspended_by = null, probe_at = null"
            )
        )


def test_a_suspended_sender_shows_in_four_ways(database: Any, client: Any) -> None:
    suspend(database)
    assert look(database) == ["sender_suspended"]
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert "sender_suspended" in ready.json()["reasons"]
    assert "north" not in ready.text.lower()
    said = client.get("/metrics").text
    assert 'careloop_alarms{establishment="north",kind="sender_suspended"} 1.0' in said
    assert 'careloop_senders_suspended{channel="sms",establishment="north"} 1.0' in said
    assert tasks(database) == [("alarm", "sender_suspended", "open")]
    assert mails(database) == ["waiting"]
    lift(database)
    assert look(database) == []
    assert "sender_suspended" not in client.get("/health/ready").json()["reasons"]
    assert "careloop_alarms{" not in client.get("/metrics").text
    assert tasks(database) == [("alarm", "sender_suspended", "done")]
    assert mails(database) == ["given_up"]  # it was over before anybody could be told


def fail_many(database: Any) -> None:
    ended(database, bad=20)


def be_late(database: Any) -> None:
    make(database, due_in=-120)


def know_nothing(database: Any) -> None:
    for _ in range(5):
        conclude(database, begun(database), S.unknown, code="timeout")


def let_them_arrive(database: Any) -> None:
    """Nothing fails, waits or is unknown any more."""
    with database.establishment(NORTH) as session:
        session.execute(text("delete from shared.due"))
        session.execute(text("update deliveries set status = 'delivered'"))
    events_age(database, 10_000)


@pytest.mark.parametrize(
    ("kind", "happen"),
    [
        ("deliveries_failing", fail_many),
        ("deliveries_late", be_late),
        ("deliveries_unknown", know_nothing),
    ],
)
def test_each_alarm_of_deliveries_shows_in_four_ways(
    database: Any, client: Any, kind: str, happen: Callable[[Any], None]
) -> None:
    """A metric, a reason in readiness (which stays 200), a task, a mail: and all of them end."""
    assert look(database) == []
    happen(database)
    assert look(database) == [kind]
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert kind in ready.json()["reasons"]
    line = f'careloop_alarms{{establishment="north",kind="{kind}"}} 1.0'
    assert line in client.get("/metrics").text
    assert tasks(database) == [("alarm", kind, "open")]
    assert mails(database) == ["waiting"]
    let_them_arrive(database)
    assert look(database) == []
    assert kind not in client.get("/health/ready").json()["reasons"]
    assert "careloop_alarms{" not in client.get("/metrics").text
    assert tasks(database) == [("alarm", kind, "done")]


def turn_away(database: Any, minutes_ago: float) -> bool:
    """An API process says when it had no room; whether a scheduler takes that for an alarm."""
    with database.service() as session:
        session.execute(
            text(
                "insert into shared.processes (id, kind, turned_away_at) values"
                " ('api:x', 'api', now() - make_interval(mins => :ago)) on conflict (id)"
                " do update set turned_away_at = excluded.turned_away_at"
            ),
            {"ago": minutes_ago},
        )
        return health.webhooks_turned_away(session)


def test_what_found_no_room_is_told_and_leaves_something_to_do(database: Any, client: Any) -> None:
    assert look(database, turned_away=turn_away(database, 5)) == ["webhooks_turned_away"]
    assert "webhooks_turned_away" in client.get("/health/ready").json()["reasons"]
    assert tasks(database) == [("alarm", "webhooks_turned_away", "open")]
    assert mails(database) == ["waiting"]
    assert look(database, turned_away=turn_away(database, 61)) == []
    assert "webhooks_turned_away" not in client.get("/health/ready").json()["reasons"]
    assert tasks(database) == [("alarm", "webhooks_turned_away", "open")]
    look(database, turned_away=turn_away(database, 1))
    assert len(tasks(database)) == 1


def test_looking_again_raises_nothing_again(database: Any) -> None:
    suspend(database)
    for _ in range(3):
        look(database)
    assert len(tasks(database)) == len(mails(database)) == 1
    with database.establishment(NORTH) as session:
        assert session.scalar(select(func.count()).select_from(Alarm)) == 1


def test_one_mail_an_hour_about_the_same_thing(database: Any) -> None:
    suspend(database)
    look(database)
    for _ in range(2):
        lift(database)
        look(database)
        suspend(database)
        look(database)
    assert mails(database) == ["given_up"]
    assert tasks(database)[-1] == ("alarm", "sender_suspended", "open")
    let_pass(database, 3500)
    look(database)
    assert len(mails(database)) == 1
    let_pass(database, 101)
    look(database)
    assert mails(database) == ["given_up", "waiting"]


def test_a_mail_speaks_of_a_sender_on_any_channel() -> None:
    raised = Alarm(kind="sender_suspended", raised_at=datetime.now(UTC), value=1, threshold=1)
    place = Establishment(
        name="H", time_zone="UTC", alarm_window_seconds=3600, alarm_unknown_seconds=1800
    )
    for channel in Channel:
        for language in ("fra", "eng"):
            for code in ("21606", NO_ANSWER, None):
                sender = Sender(channel=channel, suspended_code=code)
                subject, _ = compose(raised, sender, place, language)
                assert ("ne répond plus" in subject or "does not answer" in subject) == (
                    code == NO_ANSWER
                )


def test_without_a_sender_for_email_the_other_ways_remain(database: Any) -> None:
    suspend(database)
    assert look(database, mails=False) == ["sender_suspended"]
    assert mails(database) == []
    assert tasks(database) == [("alarm", "sender_suspended", "open")]
    look(database)  # there is one now: better late than never
    assert mails(database) == ["waiting"]


def test_one_hospitals_alarm_is_not_anothers(database: Any) -> None:
    suspend(database)
    look(database)
    assert look(database, establishment=SOUTH) == []
    assert tasks(database, SOUTH) == []
    with database.establishment(SOUTH) as session:
        assert session.scalars(select(Alarm)).all() == []
        assert session.scalars(select(AlarmMail)).all() == []


def take(database: Any) -> list[alarm_mail.Letter]:
    from workers.context import get_context

    place = get_context().directory.get(NORTH)
    with database.establishment(NORTH) as session:
        return alarm_mail.take(session, [1], place)


def told(database: Any, *outcomes: Outcome) -> None:
    for outcome in outcomes:
        (letter,) = take(database)
        with database.establishment(NORTH) as session:
            alarm_mail.conclude(session, letter, outcome)


def test_a_mail_is_taken_once(database: Any) -> None:
    suspend(database)
    look(database)
    assert len(take(database)) == 1
    assert take(database) == []


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.accepted, "sent"),
        (Verdict.refused, "refused"),
        (Verdict.unknown, "unknown"),
        (Verdict.unreachable, "waiting"),
        (Verdict.throttled, "waiting"),
    ],
)
def test_only_what_surely_did_not_leave_is_tried_again(
    database: Any, verdict: Verdict, status: str
) -> None:
    suspend(database)
    look(database)
    told(database, Outcome(verdict))
    assert mails(database) == [status]
    let_pass(database, 61)
    assert len(take(database)) == (1 if status == "waiting" else 0)


def test_a_call_that_nobody_came_back_from_is_not_made_again(database: Any) -> None:
    suspend(database)
    look(database)
    assert take(database)
    let_pass(database, alarm_mail.LEASE_SECONDS + 1)
    look(database)
    assert mails(database) == ["unknown"]
    assert take(database) == []


def test_a_mail_is_given_up_after_a_day(database: Any) -> None:
    suspend(database)
    look(database)
    told(database, Outcome(Verdict.unreachable))
    let_pass(database, alarm_mail.GIVEN_UP_AFTER_SECONDS + 1)
    look(database)
    assert mails(database) == ["given_up"]


def test_a_lost_job_is_handed_over_again(database: Any, redis: Any) -> None:
    from rq import Queue
    from rq.serializers import JSONSerializer

    from workers.queue import QUEUE_NAME

    suspend(database)
    for _ in range(2):
        redis.flushdb()
        look(database)
        (job,) = Queue(QUEUE_NAME, connection=redis, serializer=JSONSerializer).jobs
        assert (job.func_name, job.args) == ("workers.alarm.mail", [NORTH, [1]])


@pytest.mark.parametrize("languages", [["dua", "fra", "eng"], ["eng"], ["ewo"]])
@pytest.mark.parametrize("kind", list(alarm.AlarmKind))
def test_every_alarm_has_words_in_the_hospitals_language(
    database: Any, languages: list[str], kind: alarm.AlarmKind
) -> None:
    from services.alarm.text import compose
    from workers.context import get_context

    place = get_context().directory.get(NORTH)
    language = next((code for code in languages if code in ("fra", "eng")), "eng")
    with database.establishment(NORTH) as session:
        one = Alarm(establishment_id=NORTH, kind=kind, subject="", value=0.5, threshold=0.2)
        session.add(one)
        session.flush()
        subject, words = compose(one, None, place, language)
    assert "Hôpital Nord" in subject
    assert words.startswith("Bonjour" if language == "fra" else "Hello")
    assert "{" not in subject + words


def test_readiness_speaks_of_lag_in_one_word(database: Any) -> None:
    make(database, due_in=-120)
    look(database)
    assert health.check(database).reasons.count("deliveries_late") == 1
