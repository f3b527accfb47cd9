"""What a phone heard and never told us is found in its list, and no message is two.

Seen to fail: `unknown` by the list's own ids (each look stores all of it again); the twin without
the same milliseconds in another time zone, or with signs that a phone's store loses; `has_own_list`
always true (two senders on one phone store one message twice); a first look that goes back; a
picture known by the id that its event has (it is stored twice), its attachment asked of Twilio;
`LISTING` without phones.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from models.message import Message, WebhookEvent
from services.inbound.provider_list import OVERLAP, look_of, take_due
from services.inbound.twin import twin_of
from services.webhook.android import AndroidEvent, has_own_list
from tests.android import NUMBER, PATIENT, android_sender
from tests.fixtures import NORTH
from tests.services.test_android import Ward, ward  # noqa: F401 - a fixture
from tests.simulator.simulator_harness import eventually
from utils.senders import LISTING


def written(one: Ward) -> list[str | None]:
    """What is here of what came in, in its order."""
    with one.database.establishment(NORTH) as session:
        return list(session.scalars(select(Message.body).order_by(Message.id)))


def look(one: Ward) -> None:
    """One look through the phone's list, of the last hour and all that is new."""
    from workers.inbound import ask

    with one.database.service() as session:
        session.execute(
            text(
                "insert into inbound_looks (sender_id, complete_until, look_at)"
                " values (:id, now() - interval '1 hour', now()) on conflict (sender_id)"
                " do update set complete_until = excluded.complete_until"
            ),
            {"id": one.sender},
        )
    ask(NORTH, [one.sender])


def hears(one: Ward, body: str) -> None:
    """The phone gets an SMS, and its webhook is on the way."""
    before = len(one.service.at("/phone"))
    one.simulator.post("inbound/sms", {"from": PATIENT, "to": NUMBER, "body": body})
    eventually(lambda: len(one.service.at("/phone")) > before)


def test_what_never_reached_us_is_in_the_list_and_nothing_is_stored_twice(
    ward: Ward, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    from workers.context import get_context

    monkeypatch.setattr(get_context().settings.engine, "inbound_after", -60)
    hears(ward, "4 très bien")
    ward.relay("sms:received")
    hears(ward, "Et merci ?")
    look(ward)
    assert written(ward) == ["4 très bien", "Et merci ?"]
    with ward.database.establishment(NORTH) as session:
        events = session.scalar(select(text("count(*)")).select_from(WebhookEvent))
    assert events == 4  # each under its event's or its list's name, and as a twin
    look(ward)
    ward.relay("sms:received")  # late, and after all
    look(ward)
    assert written(ward) == ["4 très bien", "Et merci ?"]
    with ward.database.establishment(NORTH) as session:
        after = session.scalar(select(text("count(*)")).select_from(WebhookEvent))
    assert after - events == 1  # the late event's own id: a look leaves nothing behind
    ward.simulator.behave(faults=[{"on": "phone.inbox", "kind": "drop"}])
    hears(ward, "5")
    look(ward)
    assert len(written(ward)) == 2
    ward.simulator.behave()
    look(ward)
    assert written(ward)[2:] == ["5"]


def test_a_picture_that_nobody_was_told_of_is_found_once_and_nobody_is_asked_for_it(
    ward: Ward, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    from workers.context import get_context

    monkeypatch.setattr(get_context().settings.engine, "inbound_after", -60)
    piece = {"content_type": "image/jpeg", "data": "AAAA"}
    for subject in ("La plaie", ""):
        told = {"from": PATIENT, "to": NUMBER, "body": subject, "media": [piece]}
        ward.simulator.post("inbound/sms", told)
    eventually(lambda: len(ward.service.at("/phone")) == 2)
    look(ward)
    assert sorted(map(str, written(ward))) == ["", "La plaie"]
    ward.relay("mms:received", "mms:received")  # late, and after all
    look(ward)
    assert len(written(ward)) == 2
    with ward.database.establishment(NORTH) as session:
        assert list(session.scalars(select(Message.media))) == [1, 1]


def test_a_first_look_at_a_phone_goes_back_to_nothing(ward: Ward) -> None:  # noqa: F811
    with ward.database.service() as session:
        take_due(session, sorted(LISTING), 60)
        assert look_of(session, ward.sender, 0) is None
        session.execute(text("update inbound_looks set complete_until = now()"))
        found = look_of(session, ward.sender, 0)
        assert found is not None
        assert found.until - found.since == OVERLAP


@pytest.mark.parametrize(
    ("own", "others", "alone"),
    [
        (None, [], True),
        (1, [], True),
        (1, [2], True),
        (None, [2], False),
        (1, [None], False),
    ],
)
def test_whose_a_list_is_must_be_known(
    ward: Ward, owner: Any, own: int | None, others: list[int | None], alone: bool  # noqa: F811
) -> None:  # fmt: skip
    from workers.context import get_context

    directory = get_context().directory
    phone = {"url": "http://192.168.1.7:8080"}
    with ExitStack() as stack:
        ids = [
            stack.enter_context(android_sender(owner, number=f"+23769000006{n}", sim=sim, **phone))
            for n, sim in enumerate([own, *others])
        ]
        directory.forget()
        sender = directory.sender_by_id(ids[0])
        assert sender is not None
        assert has_own_list(directory, sender) is alone


AT = datetime(2026, 6, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "same"),
    [
        ({}, True),
        ({"receivedAt": "2026-06-01T12:00:00.000+01:00"}, True),  # the phone's zone was changed
        ({"message": "Bonjour?"}, True),  # a sign that its store could not keep
        ({"message": "Bonjour\ud83d"}, True),
        ({"message": "Bonjour\0 et plus"}, True),
        ({"message": "Bonsoir"}, False),
        ({"receivedAt": "2026-06-01T11:00:00.001Z"}, False),
        ({"messageId": "c0ffef"}, False),
        ({"sender": "+237650000002"}, False),
    ],
)
def test_a_message_is_the_same_however_it_is_told(
    ward: Ward, more: dict[str, str], same: bool  # noqa: F811
) -> None:  # fmt: skip
    told = {"sender": PATIENT, "messageId": "c0ffee", "message": "Bonjour"}
    told |= {"receivedAt": "2026-06-01T11:00:00.000Z"}
    event = AndroidEvent("1", "sms:received", told | more)
    listed = twin_of(ward.row(), PATIENT, "c0ffee", AT, "Bonjour")
    assert (event.inbound(ward.row(), AT).twin == listed) is same
