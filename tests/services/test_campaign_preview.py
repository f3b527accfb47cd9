"""The dry run of a campaign tells what the real one then does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.campaign import campaigns
from tests.fixtures import NORTH, owned
from tests.services.campaigns import (
    STAFF,
    contact,
    contacts,
    draft,
    dry_run,
    expand_all,
    phone,
    place,
    quiet,
    reasons,
    seen,
    start,
    started,
    step,
)
from tests.services.deliveries import begin, claim, now
from tests.services.test_campaign import all_due
from utils.clock import AllowedTimes


def test_the_dry_run_counts_segments_pace_and_what_comes_too_late(database: Any) -> None:
    contacts(database, 5, language="english")
    contacts(database, 3, start=5, language="french")
    texts = {"english": "ok " * 60, "french": "Ɓ"}
    number = draft(database, texts=texts, rate_per_minute=1, valid_for="PT6M30S")
    shown = dry_run(database, number)
    assert (shown.recipients, shown.excluded) == (7, {"past_validity": 1})
    assert (shown.encodings, shown.segments) == ({"GSM-7": 5, "UCS-2": 2}, {1: 2, 2: 5})
    assert shown.segments_total == 12
    assert shown.channels == {"sms": 7}
    assert shown.pace.lasts_seconds == 360
    assert shown.pace.summary == (
        "7 messages would take 0 h 6 min; 1 would fall past the validity and not go out."
    )
    assert seen(database, number).made == 0


def test_whom_their_own_holidays_shut_out_is_told_before_and_left_out(
    database: Any, owner: Any
) -> None:
    """The dry run and the real one alike; who is back in time waits for it."""
    zone = place().zone
    today = now().astimezone(zone).date()
    days = [today + timedelta(days=n) for n in range(10)]
    contact(database, "AWAY", phone(1), holidays=[{"day": day} for day in days])
    contact(database, "BACK", phone(2), holidays=[{"day": day} for day in days[:2]])
    contact(database, "HERE", phone(3), holidays=[{"day": days[9]}])
    number = draft(database, texts={"french": "Fermé."}, valid_for="P3D")
    shown = dry_run(database, number)
    assert (shown.recipients, shown.excluded) == (2, {"past_validity": 1})
    start(database, number)
    expand_all(database, number)
    assert reasons(database, number) == {"past_validity": 1}
    assert shown.segments_total == 2
    all_due(owner)
    claimed = claim(database).to_send
    assert len(claimed) == 2
    (attempt,) = begin(database, claimed, times=AllowedTimes(zone))
    assert attempt.to == phone(3)


def test_the_dry_run_goes_around_the_quiet_hours(database: Any) -> None:
    contacts(database, 5)
    moment = now() + timedelta(days=1)
    eight = moment.replace(hour=19, minute=58, second=0, microsecond=0)  # 20:58 in Douala
    night = quiet(*((eight + timedelta(hours=h)).time().replace(minute=0) for h in (2, 12)))
    number = draft(database, scheduled_time=eight.isoformat(), rate_per_minute=1)
    shown = dry_run(database, number, night)
    assert shown.pace.starts_at == eight
    assert shown.pace.ends_at == eight + timedelta(hours=10, minutes=4)
    assert (shown.pace.local_start[-5:], shown.pace.local_end[-5:]) == ("20:58", "07:02")  # type: ignore[index]


@pytest.mark.parametrize("channels", [["sms"], ["email"], ["email", "sms"]])
def test_the_dry_run_of_the_rest_knows_who_had_it_at_the_same_address(
    database: Any, owner: Any, channels: list[str]
) -> None:
    """Whose phone or mailbox somebody before them shares, as the real run leaves them out."""
    for n in range(21):
        contact(database, f"P{n}", phone(n), email=f"p{n}@example.com")
    contact(database, "CHILD", phone(0), email="p0@example.com")
    contact(database, "ALONE", phone(40), email="p40@example.com")
    number = started(database, channels=channels)
    step(database, number)
    with database.establishment(NORTH) as session:
        campaigns.pause(session, number, None, STAFF)
    shown = dry_run(database, number)
    assert (shown.contacts, shown.recipients, shown.excluded) == (3, 2, {"same_address": 1})
    with database.establishment(NORTH) as session:
        campaigns.resume(session, place(), number, None, STAFF)
    with owned(owner) as connection:  # the window is free again
        connection.execute(text("update deliveries set due_at = now() + interval '1 hour'"))
    expand_all(database, number)
    assert reasons(database, number) == shown.excluded


def test_the_dry_run_says_who_had_enough_today(database: Any, owner: Any) -> None:
    contacts(database, 2)
    number = started(database)
    expand_all(database, number)
    with owned(owner) as connection:
        connection.execute(text("update deliveries set status = 'sent', attempted_at = now()"))
    another = draft(database)
    strict, lax = quiet(None, None), quiet(None, None)
    strict.daily_cap, lax.daily_cap = 1, 2
    assert dry_run(database, another, strict).daily_cap_reached == 2
    assert dry_run(database, another, lax).daily_cap_reached == 0
    # Counted as the engine counts: what never left does not, nor what was a reply to them.
    with owned(owner) as connection:
        connection.execute(text("update deliveries set status = 'cancelled' where id = 1"))
    assert dry_run(database, another, strict).daily_cap_reached == 1
    with owned(owner) as connection:
        connection.execute(text("update reminders set purpose = 'reply'"))
    assert dry_run(database, another, strict).daily_cap_reached == 0
