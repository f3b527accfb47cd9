"""What may go out is decided where it is stamped: times, the daily cap, opt-outs.

Each of these was broken once, and a test here failed:
- `rows[0].now` -> `datetime.now(UTC)` (a wrong clock at night);
- `theirs = times` for everybody (a contact's own hours and holidays); holidays left out of
  `allowed_times`; `with_own` without its yearly days, and without its other days;
- `until >= row.valid_until` left out (sent too late); `due_at = coalesce(m.until, u.due_at)` ->
  `u.due_at` (claimed again and again);
- `for no key update of a` -> nothing, and -> `for share of a` (more than the cap, an opt-out
  passed by); the count in `_LOCK`'s statement, with its older snapshot (more than the cap);
- `w.place +` left out (a whole batch passes the cap); `x.attempted_at >= :today` left out
  (yesterday counts); `x.status not in` left out (what never left counts).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from models.address import Address
from models.contact import Contact
from models.delivery import DeliveryStatus as S
from models.establishment import Establishment, Holiday
from models.reminder import Purpose
from services import dispatch
from services.contact.address import address_for, opt_out
from services.contact.contacts import reference_index
from tests.fixtures import NORTH, SOUTH, owned
from tests.services.deliveries import (
    LEASE,
    PHONE,
    FakeSender,
    begin,
    causes,
    claim,
    conclude,
    delivery,
    due,
    make,
    now,
    reminder_status,
)
from utils.clock import AllowedTimes

HOUR = timedelta(hours=1)
OTHER_PHONE = "+237650000002"


def window(start: datetime, end: datetime) -> tuple[time, time]:
    return tuple(
        moment.astimezone(UTC).time().replace(second=0, microsecond=0) for moment in (start, end)
    )  # type: ignore[return-value]


def quiet_now(hours: float = 1) -> AllowedTimes:
    """Quiet since an hour, for some more."""
    return AllowedTimes(UTC, (window(now() - HOUR, now() + hours * HOUR),))


@pytest.fixture
def north(database: Any, owner: Any) -> Iterator[Callable[..., None]]:
    """Changes the northern hospital's settings; the workers' context knows them at once."""
    from workers.context import get_context

    def change(*holidays: Holiday, **settings: Any) -> None:
        with Session(owner) as session, session.begin():
            session.execute(delete(Holiday))
            session.add_all(holidays)
            place = session.get_one(Establishment, NORTH)
            for name, value in settings.items():
                setattr(place, name, value)
        get_context().directory.forget()

    yield change
    change(quiet_start=None, quiet_end=None, daily_cap=None, time_zone="Africa/Douala")


@pytest.fixture
def sender() -> Iterator[FakeSender]:
    from workers.context import get_context

    context = get_context()
    row = context.directory.sender(NORTH, "sms")
    assert row is not None
    fake = context.senders["sms", row.address] = FakeSender()
    yield fake
    context.senders.pop(("sms", row.address), None)


def send(ids: list[int]) -> None:
    from workers.delivery import finish
    from workers.delivery import send as send_claimed

    send_claimed(NORTH, ids)
    finish()


def test_quiet_hours_defer_to_their_end(database: Any) -> None:
    (number,) = make(database)
    claim(database)
    times = quiet_now(0.5)
    assert begin(database, [number], times=times) == []
    waiting = due(database, number)
    assert waiting is not None
    assert (waiting.due_at, waiting.claimed_until) == (times.next_allowed(now()), None)
    assert delivery(database, number).due_at == waiting.due_at
    assert delivery(database, number).status == S.scheduled
    assert causes(database, number)[-1] == "quiet hours"
    assert claim(database).to_send == ()


@pytest.mark.parametrize("cause", ["quiet hours", "holiday", "daily cap"])
def test_a_deferral_that_would_pass_the_validity_ends_visibly(database: Any, cause: str) -> None:
    first, number = make(database, 2)  # valid for an hour
    claim(database)
    times = middle_of_the_day()
    today = now().astimezone(times.zone).date()
    rules: dict[str, Any] = {
        "quiet hours": {"times": quiet_now(2)},
        "holiday": {"times": AllowedTimes(times.zone, holidays=frozenset({today}))},
        "daily cap": {"times": times, "daily_cap": 1},
    }[cause]
    if cause == "daily cap":
        assert begin(database, [first], **rules)
    assert begin(database, [number], **rules) == []
    assert delivery(database, number).status == S.expired
    assert causes(database, number)[-1] == cause
    assert due(database, number) is None
    assert reminder_status(database, number) == "expired"


def middle_of_the_day() -> AllowedTimes:
    """A zone in which this day neither began nor ends within two hours."""
    zones = [timezone(timedelta(hours=hours)) for hours in range(-12, 13)]
    return AllowedTimes(next(zone for zone in zones if 2 <= now().astimezone(zone).hour <= 20))


def test_a_holiday_defers_to_the_next_day(database: Any) -> None:
    (number,) = make(database, validity=3 * 86_400)
    claim(database)
    today = now().date()
    times = AllowedTimes(UTC, holidays=frozenset({today, today + timedelta(days=1)}))
    assert begin(database, [number], times=times) == []
    found = delivery(database, number)
    assert (found.status, causes(database, number)[-1]) == (S.scheduled, "holiday")
    assert found.due_at.astimezone(UTC).date() == today + timedelta(days=2)


def test_a_contacts_own_quiet_hours(database: Any) -> None:
    start, end = window(now() - HOUR, now() + HOUR)
    with database.establishment(NORTH) as session:
        contact = Contact(
            patient_id="PAT1",
            patient_id_index=reference_index(session, "PAT1"),
            quiet_start=start,
            quiet_end=end,
        )
        session.add(contact)
        session.flush()
        number_of_contact = contact.id
    (theirs,) = make(database, contact_id=number_of_contact, validity=5 * 3600)
    (others,) = make(database)
    claim(database)
    (attempt,) = begin(database, [theirs, others])
    assert attempt.delivery_id == others
    found = delivery(database, theirs)
    assert found.status == S.scheduled
    assert found.due_at == AllowedTimes(UTC, ((start, end),)).next_allowed(now())
    assert causes(database, theirs)[-1] == "quiet hours"


def contact_with(database: Any, **own: Any) -> int:
    with database.establishment(NORTH) as session:
        reference = f"PAT{own}"
        contact = Contact(
            patient_id=reference, patient_id_index=reference_index(session, reference), **own
        )
        session.add(contact)
        session.flush()
        return contact.id


@pytest.mark.parametrize("every_year", [False, True])
def test_a_contacts_own_holidays(database: Any, every_year: bool) -> None:
    """Two days of their own; everybody else's message goes out, and that of a contact with none."""
    times = middle_of_the_day()
    today = now().astimezone(times.zone).date()
    days = [today, today + timedelta(days=1)]
    if every_year:
        own = {"yearly_holidays": [day.replace(year=2000) for day in days]}
    else:
        own = {"holidays": days}
    away = contact_with(database, **own)
    there = contact_with(database, holidays=[today + timedelta(days=2)])
    (theirs,) = make(database, contact_id=away, validity=3 * 86_400)
    (too_late,) = make(database, contact_id=away, validity=86_400)
    (another,) = make(database, contact_id=there)
    (others,) = make(database)
    claim(database)
    stamped = begin(database, [theirs, too_late, another, others], times=times)
    assert sorted(attempt.delivery_id for attempt in stamped) == sorted([another, others])
    waiting = delivery(database, theirs)
    midnight = datetime.combine(today + timedelta(days=2), time(), times.zone)
    assert (waiting.status, waiting.due_at) == (S.scheduled, midnight)
    assert due(database, theirs).due_at == midnight  # type: ignore[union-attr]
    assert causes(database, theirs)[-1] == "holiday"
    assert (delivery(database, too_late).status, due(database, too_late)) == (S.expired, None)
    assert causes(database, too_late)[-1] == "holiday"


def test_a_contacts_holiday_and_quiet_hours_are_both_waited_for(database: Any) -> None:
    """The day after begins in their own quiet hours: it goes out when those end."""
    times = middle_of_the_day()
    today = now().astimezone(times.zone).date()
    own = {"holidays": [today], "quiet_start": time(22), "quiet_end": time(9, 30)}
    (theirs,) = make(database, contact_id=contact_with(database, **own), validity=3 * 86_400)
    claim(database)
    assert begin(database, [theirs], times=times) == []
    tomorrow = today + timedelta(days=1)
    assert delivery(database, theirs).due_at == datetime.combine(tomorrow, time(9, 30), times.zone)


def test_a_contacts_holiday_is_theirs_in_one_establishment(database: Any) -> None:
    """The same number of a contact elsewhere is somebody else."""
    times = middle_of_the_day()
    today = now().astimezone(times.zone).date()
    here = contact_with(database, holidays=[today])
    with database.establishment(SOUTH) as session:
        session.add(
            Contact(id=here, patient_id="PAT9", patient_id_index=reference_index(session, "PAT9"))
        )
    (ours,) = make(database, contact_id=here)
    (theirs,) = make(database, contact_id=here, establishment=SOUTH)
    for place, number, stamped in ((NORTH, ours, 0), (SOUTH, theirs, 1)):
        claim(database, establishment=place)
        with database.establishment(place) as session:
            rules = dispatch.Rules(times=times)
            assert len(dispatch.begin(session, [number], rules=rules, lease=LEASE)) == stamped


@pytest.mark.parametrize("wrong", [timedelta(hours=3), timedelta(hours=-3), timedelta(days=40)])
def test_a_worker_whose_clock_is_wrong_keeps_the_quiet_hours(
    north: Callable[..., None],
    database: Any,
    sender: FakeSender,
    monkeypatch: pytest.MonkeyPatch,
    wrong: timedelta,
) -> None:
    """PostgreSQL's clock decides: by the worker's own it is day (then: night)."""
    start, end = window(now() - HOUR, now() + HOUR)
    north(time_zone="UTC", quiet_start=start, quiet_end=end)
    set_clock(monkeypatch, wrong)
    (night,) = make(database, validity=5 * 3600)
    claim(database)
    send([night])
    assert (sender.given, delivery(database, night).status) == ([], S.scheduled)
    start, end = window(now() + wrong - HOUR, now() + wrong + HOUR)
    if wrong < timedelta(days=1):
        north(quiet_start=start, quiet_end=end)
    else:
        north(quiet_start=None, quiet_end=None)
    (day,) = make(database)
    claim(database)
    send([day])
    assert delivery(database, day).status == S.sent


def set_clock(monkeypatch: pytest.MonkeyPatch, wrong: timedelta) -> None:
    """Set this process's clock: what every module of the sending side knows as `datetime`."""
    import services.allowed_times
    import services.dispatch.attempts
    import services.dispatch.lines
    import utils.clock
    import workers.context
    import workers.delivery

    class WrongClock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> WrongClock:
            return super().now(tz) + wrong

    for module in (
        services.dispatch.attempts,
        services.dispatch.lines,
        services.allowed_times,
        utils.clock,
        workers.context,
        workers.delivery,
    ):
        if hasattr(module, "datetime"):
            monkeypatch.setattr(module, "datetime", WrongClock)


def test_settings_that_change_later_count_for_what_waits(
    north: Callable[..., None], database: Any, sender: FakeSender
) -> None:
    first, second, third = make(database, 3, validity=3 * 86_400)
    claim(database)
    start, end = window(now() - HOUR, now() + HOUR)
    north(time_zone="UTC", quiet_start=start, quiet_end=end)
    send([first])
    assert causes(database, first)[-1] == "quiet hours"
    holiday = Holiday(establishment_id=NORTH, day=now().date(), name="Deuil", every_year=True)
    north(holiday, quiet_start=None, quiet_end=None)
    send([second])
    assert causes(database, second)[-1] == "holiday"
    north()
    send([third])
    assert delivery(database, third).status == S.sent
    assert len(sender.given) == 1


def test_over_the_cap_waits_for_the_next_day(database: Any) -> None:
    ids = make(database, 6, validity=3 * 86_400)
    claim(database)
    times = middle_of_the_day()
    stamped = begin(database, ids, daily_cap=4, times=times)
    assert sorted(attempt.delivery_id for attempt in stamped) == ids[:4]
    for number in ids[4:]:
        found = delivery(database, number)
        assert (found.status, found.due_at, found.attempt) == (
            S.scheduled,
            times.next_day(now()),
            0,
        )
        assert causes(database, number)[-1] == "daily cap"
    more = make(database, 1, validity=3 * 86_400)
    elsewhere = make(database, 1, phone=OTHER_PHONE)
    claim(database)
    (other,) = begin(database, more + elsewhere, daily_cap=4, times=times)
    assert other.to == OTHER_PHONE


def test_what_never_left_is_not_counted_and_a_retry_counts_once(database: Any) -> None:
    times = middle_of_the_day()
    first, second, third = make(database, 3, validity=3 * 86_400)
    claim(database)
    assert begin(database, [first], daily_cap=2, times=times)
    conclude(database, first, S.scheduled, code="unreachable", retry_in=0)
    assert begin(database, [second], daily_cap=1, times=times)
    conclude(database, second, S.sent, provider_id="SM2")
    assert first in claim(database).to_send
    (again,) = begin(database, [first], daily_cap=2, times=times)
    assert again.attempt == 2
    conclude(database, first, S.sent, attempt=2, provider_id="SM1")
    assert begin(database, [third], daily_cap=2, times=times) == []


def test_yesterdays_messages_do_not_count(database: Any, owner: Any) -> None:
    times = middle_of_the_day()
    ids = make(database, 3, validity=3 * 86_400)
    claim(database)
    assert begin(database, ids[:2], daily_cap=2, times=times)
    with owned(owner) as connection:
        connection.execute(text("update deliveries set attempted_at = now() - interval '1 day'"))
    assert begin(database, ids[2:], daily_cap=2, times=times)


def test_a_reply_goes_out_at_night_and_beside_the_cap(database: Any) -> None:
    replies = make(database, 3, purpose="reply")
    reminders = make(database, 2)
    claim(database)
    night = begin(database, replies + reminders, times=quiet_now(), daily_cap=1)
    assert sorted(attempt.delivery_id for attempt in night) == replies
    (tonight,) = make(database, validity=3 * 86_400)
    claim(database)
    assert begin(database, [tonight], daily_cap=1, times=middle_of_the_day())


def test_only_the_confirmation_of_a_stop_passes_it(database: Any) -> None:
    purposes = {make(database, purpose=each)[0]: each for each in Purpose}
    claim(database)
    with database.establishment(NORTH) as session:
        opt_out(address_for(session, "phone", PHONE), "STOP")
    stamped = begin(database, list(purposes))
    assert [purposes[attempt.delivery_id] for attempt in stamped] == [Purpose.opt_out]
    assert {delivery(database, n).status for n, p in purposes.items() if p != "opt_out"} == {
        S.suppressed
    }


def test_the_cap_holds_among_many_workers(database: Any) -> None:
    """Eight workers, forty messages to one address, four a day."""
    times = middle_of_the_day()
    ids = make(database, 40, validity=3 * 86_400)
    claim(database)
    start = threading.Barrier(8)

    def work(share: list[int]) -> int:
        start.wait(10)
        return sum(len(begin(database, [n], daily_cap=4, times=times)) for n in share)

    with ThreadPoolExecutor(8) as workers:
        begun = [workers.submit(work, ids[worker::8]) for worker in range(8)]
        assert sum(done.result(60) for done in begun) == 4
    found = [delivery(database, number) for number in ids]
    assert sum(one.status == S.sending for one in found) == 4
    assert sum(one.attempt for one in found) == 4


def test_an_opt_out_and_a_worker_wait_for_each_other(database: Any) -> None:
    (number,) = make(database)
    claim(database)
    with ThreadPoolExecutor(1) as worker:
        with database.establishment(NORTH) as session:
            opt_out(address_for(session, "phone", PHONE), "STOP")
            session.flush()
            beginning = worker.submit(begin, database, [number])
            with pytest.raises(TimeoutError):
                beginning.result(0.5)
        assert beginning.result(5) == []
    assert delivery(database, number).status == S.suppressed


def test_an_opt_out_waits_for_a_worker_that_stamps(database: Any) -> None:
    from services import dispatch

    (number,) = make(database)
    claim(database)

    def stop() -> None:
        with database.establishment(NORTH) as session:
            opt_out(session.get_one(Address, 1), "STOP")

    with ThreadPoolExecutor(1) as phone:
        with database.establishment(NORTH) as session:
            rules = dispatch.Rules(AllowedTimes(UTC))
            assert dispatch.begin(session, [number], rules=rules, lease=60)
            stopping = phone.submit(stop)
            with pytest.raises(TimeoutError):
                stopping.result(0.5)
        stopping.result(5)
    found = delivery(database, number)
    with database.establishment(NORTH) as session:
        opted_out_at = session.get_one(Address, 1).opted_out_at
    assert found.attempted_at is not None
    assert opted_out_at is not None
    assert found.status == S.sending
