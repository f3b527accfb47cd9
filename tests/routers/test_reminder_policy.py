"""What staff change of how a reminder is tried: retries, receipts, channels, validity.

Seen to fail with: `model_fields_set` not asked in `changed_wishes` (what was left out is lost);
`_take_the_next` or `_switch` of what was called off left out; `whole.beside` left out of the first
(the same channel twice); `_refuse_fewer`; `channel_under_way`; `can_answer` or `check_voice` left
out of `_check`; `_look_by`; `_may_go_on`; `_naming`; `sent` left out of `with_carrier`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, text, update

from models.delivery import Delivery
from models.delivery import DeliveryStatus as S
from models.due import Due
from tests.fixtures import NORTH, owned
from tests.routers.test_series import made, read, tomorrow
from tests.services.deliveries import begin, claim, conclude, delivery, sent, states

URL = "/api/v1/reminders"
MAIL = {"email": "patient@example.com"}


def patch(client: Any, headers: dict[str, str], number: int = 1, **wanted: Any) -> Any:
    return client.patch(f"{URL}/{number}", json=wanted, headers=headers)


def changed(client: Any, headers: dict[str, str], number: int = 1, **wanted: Any) -> dict[str, Any]:
    answer = patch(client, headers, number, **wanted)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def channels(shown: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["channel"], one["status"]) for one in shown["deliveries"]]


def test_what_is_left_out_stays_and_null_is_the_establishments(
    client: Any, staff: dict[str, str]
) -> None:
    retry = {"max_attempts": 3, "call_again_after": "PT10M", "call_again_at_most": 2}
    made(client, staff, retry=retry, receipt_window="PT20M", escalate=False)

    def policy() -> tuple[int | None, int, int, int, bool]:
        now = read(client, staff)
        tried = now["retry"]
        return (
            tried["max_attempts"],
            tried["call_again_after"],
            tried["call_again_at_most"],
            now["receipt_window"],
            now["escalate"],
        )

    assert policy() == (3, 600, 2, 1200, False)
    before = read(client, staff)["deliveries"][0]
    changed(client, staff, retry={"max_attempts": 5})
    assert policy() == (5, 600, 2, 1200, False)
    changed(client, staff, retry={"call_again_after": None}, receipt_window=None)
    assert policy() == (5, 900, 2, 1800, False)
    changed(client, staff, retry=None, escalate=True)
    assert policy() == (None, 900, 0, 1800, True)
    assert read(client, staff)["deliveries"][0] == before  # nothing of it moved


def test_a_change_of_policy_is_audited(client: Any, staff: dict[str, str], log_in: Any) -> None:
    made(client, staff)
    changed(client, staff, retry={"max_attempts": 5}, channels=["voice", "sms"])
    entries = client.get(
        "/api/v1/audit", params={"kind": "reminder"}, headers=log_in("admin@north")
    ).json()["items"]
    (entry,) = [one for one in entries if one["action"] == "change"]
    assert (entry["before"]["max_attempts"], entry["after"]["max_attempts"]) == (None, 5)
    assert (entry["before"]["channels"], entry["after"]["channels"]) == (["sms"], ["voice", "sms"])


REFUSED: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"channels": []}, "channels", "too_short"),
    ({"channels": ["sms", "sms"]}, "channels", "value_error"),
    ({"channels": ["whatsapp"]}, "channels", "value_error"),
    ({"channels": ["email", "sms"]}, "channels", "channel_without_address"),
    ({"channels": ["voice"]}, "channels", "voice_needs_recording"),
    ({"channels": ["voice"], "message": "x"}, "channels", "voice_needs_recording"),
    ({"retry": {"max_attempts": 0}}, "retry.max_attempts", "out_of_range"),
    ({"retry": {"call_again_at_most": 6}}, "retry.call_again_at_most", "out_of_range"),
    ({"retry": {"every": 1}}, "retry.every", "extra_forbidden"),
    ({"receipt_window": 59}, "receipt_window", "out_of_range"),
    ({"valid_for": "PT10S"}, "valid_for", "out_of_range"),
    ({"valid_for": "PT30M"}, "valid_for", "scheduled_time_past"),
)


def test_what_cannot_be_names_its_field(client: Any, staff: dict[str, str]) -> None:
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    made(client, staff, language="ewondo", scheduled_time=past)
    before = read(client, staff)
    for wanted, field, code in REFUSED:
        answer = patch(client, staff, **wanted)
        assert answer.status_code == 422, (wanted, answer.text)
        problem = answer.json()
        assert problem["field"] == field, wanted
        assert code in (problem["code"], *(one["code"] for one in problem.get("errors", [])))
    after = read(client, staff)
    assert (after["version"], after["channels"]) == (before["version"], before["channels"])


def test_a_question_keeps_a_channel_on_which_it_can_be_answered(
    client: Any, staff: dict[str, str]
) -> None:
    made(client, staff, expects_reply=True, **MAIL)
    answer = patch(client, staff, channels=["email", "sms"])
    assert (answer.status_code, answer.json()["field"]) == (422, "channels"), answer.text
    assert answer.json()["code"] == "sender_cannot_receive"
    changed(client, staff, channels=["sms", "voice"])


def test_the_first_channel_that_was_not_tried_takes_over(
    client: Any, staff: dict[str, str], database: Any
) -> None:
    made(client, staff, **MAIL)
    assert changed(client, staff, channels=["email", "sms"])["channels"] == ["email", "sms"]
    assert channels(read(client, staff)) == [("email", "scheduled")]
    changed(client, staff, channels=["voice", "email", "sms"], scheduled_time=soon())
    (number,) = claim(database).to_send
    (attempt,) = begin(database, [number])
    assert (attempt.channel, attempt.to) == ("voice", "+237650000001")
    conclude(database, number, S.failed, code="21614")
    assert channels(read(client, staff)) == [("voice", "failed"), ("email", "scheduled")]
    changed(client, staff, channels=["voice", "sms", "email"])
    assert channels(read(client, staff)) == [("voice", "failed"), ("sms", "scheduled")]
    changed(client, staff, channels=["voice"])  # nothing is left to be tried
    ended = read(client, staff)
    assert channels(ended) == [("voice", "failed"), ("sms", "cancelled")]
    assert ended["status"] == "failed"
    gone = patch(client, staff, channels=["sms"])
    assert (gone.status_code, gone.json()["code"]) == (409, "already_gone")


def soon() -> str:
    return (datetime.now(UTC) - timedelta(seconds=1)).isoformat()


def test_what_waits_to_be_tried_again_stays_on_its_channel(
    client: Any, staff: dict[str, str], database: Any
) -> None:
    made(client, staff, scheduled_time=soon(), **MAIL)
    (number,) = claim(database).to_send
    begin(database, [number])
    conclude(database, number, S.scheduled, code="20429", retry_in=60)
    for wanted, field, code in (
        ({"channels": ["email"]}, "channels", "channel_under_way"),
        ({"retry": {"max_attempts": 1}}, "retry.max_attempts", "attempts_made"),
    ):
        answer = patch(client, staff, **wanted)
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
        assert answer.json()["code"] == code
    changed(client, staff, channels=["email", "sms"], retry={"max_attempts": 2})
    assert channels(read(client, staff)) == [("sms", "scheduled")]
    due_at = delivery(database, number).due_at
    assert due_at > datetime.now(UTC) + timedelta(seconds=30)  # its wait goes on


def test_what_is_with_the_carrier_is_told_and_falls_back_by_the_new_order(
    client: Any, staff: dict[str, str], database: Any
) -> None:
    made(client, staff, scheduled_time=soon(), **MAIL)
    (number,) = claim(database).to_send
    begin(database, [number])
    assert changed(client, staff, channels=["sms", "voice"])["already_with_carrier"] == 1
    words = patch(client, staff, channels=["sms", "voice"], message="Autre chose")
    assert (words.status_code, words.json()["code"]) == (409, "already_with_carrier")
    conclude(database, number, S.failed, code="21614")
    assert states(database, number) == [("sms", "failed"), ("voice", "scheduled")]


def test_the_receipt_of_what_was_sent_is_asked_for_by_the_new_window(
    client: Any, staff: dict[str, str], database: Any
) -> None:
    number = sent(database, channels=("sms", "email"), ago=300)
    with database.establishment(NORTH) as session:
        session.execute(update(Due).values(due_at=datetime.now(UTC) + timedelta(hours=3)))
    answer = changed(client, staff, receipt_window="PT10M", channels=["sms", "voice", "email"])
    assert (answer["status"], answer["already_with_carrier"]) == ("done", 1)
    with database.establishment(NORTH) as session:
        looks_at = session.scalars(select(Due.due_at)).one()
    assert looks_at < datetime.now(UTC) + timedelta(minutes=6)
    with database.establishment(NORTH) as session:  # its time is over: nothing can follow it
        session.get_one(Delivery, number).valid_until = datetime.now(UTC)
    late = patch(client, staff, receipt_window="PT20M")
    assert (late.status_code, late.json()["code"]) == (409, "already_gone")


def test_all_that_comes_of_a_series_goes_by_the_new_order(
    client: Any, staff: dict[str, str], database: Any
) -> None:
    made(client, staff, rrule="FREQ=DAILY", scheduled_time=tomorrow("08:00"), **MAIL)
    client.post(f"{URL}/1/skip", json={}, headers=staff)
    changed(client, staff, channels=["email"])
    shown = read(client, staff)
    assert channels(shown) == [("email", "cancelled"), ("email", "scheduled")]
    skipped = shown["deliveries"][0]["occurrence"]
    client.post(f"{URL}/1/unskip", json={"occurrence": skipped}, headers=staff)
    assert channels(read(client, staff)) == [("email", "scheduled"), ("email", "scheduled")]


def test_a_reply_goes_back_the_way_it_came(client: Any, staff: dict[str, str], owner: Any) -> None:
    made(client, staff)
    with owned(owner) as connection:
        connection.execute(text("update reminders set purpose = 'reply'"))
    answer = patch(client, staff, channels=["voice"])
    assert (answer.status_code, answer.json()["code"]) == (422, "reply_keeps_its_channel")


def test_a_worker_that_holds_it_finds_it_changed(
    client: Any, staff: dict[str, str], database: Any
) -> None:
    made(client, staff, scheduled_time=soon(), **MAIL)
    claimed = claim(database).to_send
    changed(client, staff, channels=["email", "sms"])
    assert begin(database, claimed) == []
    (attempt,) = begin(database, claim(database).to_send)
    assert (attempt.channel, attempt.to) == ("email", "patient@example.com")
