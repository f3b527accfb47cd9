"""A number for calls that goes by an account of its own: what signs for it, where its voice is.

Seen to fail: `_talking` or `_called` answering nobody (a call ends at its first key); a token
looked for in every hospital; `recordings_of` answering the settings' account; a recording's number
taken from the call alone (one of ours, noted before it was picked up, has none there).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select, text, update

from config.settings import get_settings
from models.call_recording import CallRecording
from models.establishment import Sender
from models.message import Call as CallRow
from services.phone.fetching import calls_to_ask, take
from tests.fixtures import NORTH, SOUTH, owned
from tests.phone.telephone import OUR_NUMBER, Call, Carrier, play
from tests.phone.test_recordings import record, work
from tests.simulator.simulator_harness import SID, TOKEN, Simulator
from tests.simulator.simulator_service import Service
from workers import call_recording
from workers.context import get_context

Look = Callable[[str], list[tuple[Any, ...]]]
VOICE = "/webhooks/twilio/voice"


@contextmanager
def own_account(client: Any, database: Any, owner: Any, number: int) -> Iterator[int]:
    """A hospital's number for calls has the simulator's account for its own, for a while."""
    directories = client.app.state.careloop.directory, get_context().directory
    with database.establishment(number) as session:
        sender = session.scalars(
            select(Sender).where(Sender.establishment_id == number, Sender.channel == "voice")
        ).one()
        sender.credentials = {"account_sid": SID, "auth_token": TOKEN}
        sender_id = int(sender.id)
    for directory in directories:
        directory.forget()
    yield sender_id
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set credentials = null where id = :id"), {"id": sender_id}
        )
    for directory in directories:
        directory.forget()


def test_a_whole_call_by_an_account_of_its_own(
    client: Any, database: Any, owner: Any, simulator: Simulator, service: Service, look: Look,
    monkeypatch: pytest.MonkeyPatch, twilio: Any,
) -> None:  # fmt: skip
    monkeypatch.setattr(get_settings().twilio, "api_url", simulator.base)
    entry = record(simulator, service, "Tout était propre", "Et merci")
    first, second = entry["extra"]["recordings"]
    carrier = Carrier(client, TOKEN)
    with own_account(client, database, owner, NORTH) as sender_id:
        call = Call(carrier, carrier.base + VOICE, sid=entry["id"]).start()
        play(call, "presses 1\npresses 4")
        call.tell(first, 3)
        assert call.recording_ready(first).status_code == 200
        play(call, "presses 2\nends")
        ended = call.params() | {"CallStatus": "completed", "CallDuration": "9"}
        assert carrier.post(f"{carrier.base}{VOICE}/status", ended).status_code == 200
        work(database)
        assert look("select deleted_at is not null from call_recordings") == [(True,)]
        assert [one.sid for one in twilio.recordings.list()] == [second]
        call_recording.ask(NORTH, [1])  # by its own list, too
        assert look("select count(*) from call_recordings") == [(2,)]
        with database.establishment(NORTH) as session:
            session.execute(update(CallRecording).values(next_at=session.now()))
            session.execute(update(CallRow).values(recordings_asked_at=None))
        with database.establishment(NORTH) as session:
            assert {one.sender_id for one in take(session, [1, 2], 60)} == {sender_id}
            assert {one.sender_id for one in calls_to_ask(session, [1])} == {sender_id}


def test_a_call_of_ours_is_its_deliverys_number_all_along(
    client: Any, database: Any, owner: Any, ring: Any, look: Look
) -> None:
    with own_account(client, database, owner, NORTH) as sender_id:
        call = ring()
        call.carrier = Carrier(client, TOKEN)
        call.again()  # the pick-up, as its own account signs it
        told = f"{call.carrier.base}/webhooks/twilio/status?delivery=1.{call.delivery}.1"
        form = call.params() | {"CallStatus": "in-progress"}
        assert call.carrier.post(told, form).status_code == 200
        play(call, "presses 1\nhears c'est noté\nends")
        with owned(owner) as connection:  # what passed is changed by nobody else
            connection.execute(text("update deliveries set sender_id = :id"), {"id": sender_id})
            connection.execute(text("update calls set sender_id = null"))
        with database.establishment(NORTH) as session:
            assert [one.sender_id for one in calls_to_ask(session, [1])] == [sender_id]


def test_another_hospitals_account_signs_nothing_of_our_calls(
    client: Any, database: Any, owner: Any, dial: Any, look: Look
) -> None:
    play(dial(), "presses 1")
    before = look("select turn, step from conversations")
    forger = Carrier(client, TOKEN)
    with own_account(client, database, owner, SOUTH):
        form = {"CallSid": "CA1", "From": "+15005550007", "To": OUR_NUMBER, "Digits": "4"}
        form |= {"RecordingSid": "RE1", "RecordingStatus": "completed", "CallStatus": "completed"}
        for path in (
            "",
            "/reminder?delivery=1.1.1",
            "/gather?c=1.1.1",
            "/recorded?c=1.1.1",
            "/recording?c=1.1.1",
            "/status",
            "/gather",
            "/reminder",
        ):
            refused = forger.post(f"{forger.base}{VOICE}{path}", form)
            assert (refused.status_code, refused.json()["code"]) == (403, "signature_invalid"), path
        told = f"{forger.base}/webhooks/twilio/status?delivery=1.1.1"
        assert forger.post(told, form).status_code == 403
    assert look("select turn, step from conversations") == before
