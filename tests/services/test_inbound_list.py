"""Messages that never reached us, found in the carrier's list: none left out, none twice.

The list is Twilio's, as its own library asks for it: the newest first, in pages, whole seconds.

Seen to fail: the search not going on where a list ended at its bound (the earliest are lost); what
could not be read to its end passed for whole; no overlap with the last look; `_first` answering
True for everybody (one message is two).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from config.settings import TwilioSettings
from models.inbound_look import InboundLook
from models.message import Message
from services.inbound.provider_list import (
    FIRST,
    LONGEST,
    OVERLAP,
    look_of,
    looked,
    take_in,
    unknown,
)
from tests.fixtures import NORTH
from utils import twilio_client
from utils.senders import Received
from utils.twilio_client import TwilioSms

OURS = "+15005550006"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Ledger(HttpClient):
    """Twilio's list of messages, at its own bounds. `away` after so many requests."""

    def __init__(self, times: list[datetime]) -> None:
        newest_first = sorted(times, reverse=True)
        self.rows = [(f"SM{len(times) - n:032d}", at) for n, at in enumerate(newest_first)]
        self.requests = 0
        self.away_after = 1000

    def request(self, method: str, url: str, params: Any = None, **_more: Any) -> Response:
        self.requests += 1
        if self.requests > self.away_after:
            return Response(503, json.dumps({"code": 20500, "message": "later", "status": 503}))
        asked = params or {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        since, until = (datetime.fromisoformat(asked[f"DateSent{sign}"]) for sign in "><")
        found = [row for row in self.rows if since <= row[1] <= until]
        size, page = int(asked["PageSize"]), int(asked.get("Page", 0))
        shown = found[page * size : (page + 1) * size]
        more = {"PageSize": size, "Page": page + 1} | {
            name: asked[name] for name in ("DateSent>", "DateSent<")
        }
        following = None
        if len(found) > (page + 1) * size:
            following = "/2010-04-01/Accounts/AC/Messages.json?" + "&".join(
                f"{name.replace('>', '%3E').replace('<', '%3C')}={value}"
                for name, value in more.items()
            )
        return Response(200, json.dumps({
            "messages": [_listed(sid, at) for sid, at in shown],
            "next_page_uri": following, "page": page, "page_size": size,
        }))  # fmt: skip


def _listed(sid: str, at: datetime) -> dict[str, Any]:
    told = format_datetime(at)
    return {
        "sid": sid, "direction": "inbound", "from": "+237650000001", "to": OURS, "body": sid,
        "num_media": "0", "date_sent": told, "date_created": told,
    }  # fmt: skip


@pytest.fixture
def listing() -> Callable[[list[datetime]], tuple[TwilioSms, Ledger]]:
    def sender(times: list[datetime]) -> tuple[TwilioSms, Ledger]:
        client = TwilioSms(TwilioSettings(auth_token=SecretStr("t"), account_sid="AC"), OURS, 1)
        ledger = Ledger(times)
        client._client = Client("AC", "t", http_client=ledger)
        client.most_received = 4
        return client, ledger

    return sender


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 13])
def test_a_list_that_ends_at_its_bound_is_asked_for_what_came_before(
    listing: Any, count: int
) -> None:
    client, ledger = listing([NOW - timedelta(minutes=n) for n in range(1, count + 1)])
    found = client.received(NOW - timedelta(days=1), NOW)
    assert sorted(one.provider_id for one in found) == sorted(sid for sid, _ in ledger.rows)


def test_several_in_the_second_at_which_a_list_ends_are_all_found(listing: Any) -> None:
    second = NOW - timedelta(minutes=5)
    client, _ = listing([NOW - timedelta(minutes=1), *[second] * 3, NOW - timedelta(minutes=9)])
    assert len(client.received(NOW - timedelta(days=1), NOW)) == 5


def test_what_cannot_be_read_to_its_end_says_so(listing: Any) -> None:
    client, ledger = listing([NOW - timedelta(seconds=n) for n in range(100)])
    assert client.received(NOW - timedelta(days=1), NOW) is None
    assert ledger.requests <= twilio_client.MOST_LISTS * 2  # bounded, whatever there is
    client, ledger = listing([NOW - timedelta(minutes=n) for n in range(9)])
    ledger.away_after = 1
    assert client.received(NOW - timedelta(days=1), NOW) is None


def found(number: int, at: datetime) -> Received:
    return Received(f"SM{number}", "+237650000001", f"message {number}", 0, at)


def test_what_is_found_is_stored_once_whoever_brings_it_and_however_often(database: Any) -> None:
    listed = [found(n, NOW + timedelta(seconds=n)) for n in (3, 2, 1)]  # the newest first
    number = _look(database)
    with database.service() as session:
        sender = look_of(session, number, 60).sender
    with database.establishment(NORTH) as session:
        missing = unknown(session, sender, listed)
        assert [one.provider_id for one in missing] == ["SM1", "SM2", "SM3"]
        assert take_in(session, sender, listed[0])  # its own webhook was faster
        assert [take_in(session, sender, one) for one in missing] == [True, True, False]
    with database.establishment(NORTH) as session:
        assert unknown(session, sender, listed) == []
        assert not any(take_in(session, sender, one) for one in listed)
        assert session.scalar(select(func.count(Message.id))) == 3


def _look(database: Any, until: datetime | None = None) -> int:
    """The number of a sender whose look has come so far."""
    with database.service() as session:
        number: int = session.scalars(
            text("select id from senders where establishment_id = :n and channel = 'sms'"),
            {"n": NORTH},
        ).one()
        session.execute(
            text(
                "insert into inbound_looks (sender_id, complete_until, look_at)"
                " values (:id, coalesce(:until, now() - interval '1 hour'), now())"
                " on conflict (sender_id) do update set complete_until = excluded.complete_until"
            ),
            {"id": number, "until": until},
        )
    return number


def test_a_look_goes_back_behind_the_last_one_and_never_asks_for_more_than_a_day(
    database: Any,
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=5)
    number = _look(database, long_ago)
    with database.service() as session:
        look = look_of(session, number, 60)
        assert look.since == long_ago - OVERLAP
        assert look.until == long_ago + LONGEST
        looked(session, look)
        assert session.get_one(InboundLook, number).complete_until == look.until
        later = look_of(session, number, 60)
        assert (later.since, later.until) == (look.until - OVERLAP, look.until + LONGEST)
        looked(session, look)  # late, from another worker: nothing goes back
        assert session.get_one(InboundLook, number).complete_until == look.until
    assert timedelta(0) < OVERLAP < FIRST
