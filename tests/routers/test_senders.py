"""Senders as administrators keep them: entered, changed, put into order, retired, noted.

Seen to fail: `credentials` kept in `facts`; `expected_version` not compared; `refuse_anothers` left
out; `call_up` left out of `retire`; `_HISTORY` answering false; each of the two unique indexes
dropped; `can_receive` left out of `_fitting`; `directory.forget` left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.establishment import Sender
from services.sender import suspension
from tests.fixtures import NORTH
from tests.services.deliveries import FakeSender, claim, delivery, due, make
from tests.template import SOUTH_NUMBER

Headers = dict[str, str]
LogIn = Callable[[str], Headers]
PATH = "/api/v1/senders"
ORANGE = "+237690000001"
SID, TOKEN = "AC" + "0" * 32, "a1" * 16  # invented
PHONE = {
    **{"url": "http://192.168.1.20:8080", "username": "sms", "password": "quiet-river"},
    "signing_key": "0123456789",
}


@pytest.fixture(autouse=True)
def _as_they_were(client: Any, owner: Any) -> Iterator[None]:
    with owner.begin() as connection:
        most = connection.scalar(text("select max(id) from shared.senders"))
    yield
    with owner.begin() as connection:
        connection.execute(text("delete from shared.senders where id > :most"), {"most": most})
        connection.execute(
            text(
                "update shared.senders set active = true, retired_at = null, label = null,"
                " priority = 10, operators = '{}', rate_per_second = null, gives_receipts = false,"
                " can_receive = establishment_id = 1 and channel <> 'email'"
            )
        )
    client.app.state.careloop.directory.forget()
    from workers.context import get_context

    get_context().directory.forget()


@pytest.fixture
def admin(log_in: LogIn) -> Headers:
    return log_in("admin@north")


@pytest.fixture
def add(client: Any, admin: Headers) -> Callable[..., dict[str, Any]]:
    """Enters a sender of the northern hospital; what is shown of it."""

    def entered(**more: Any) -> dict[str, Any]:
        body = {"channel": "sms", "address": ORANGE} | more
        answer = client.post(PATH, json=body, headers=admin)
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    return entered


def sms(client: Any, admin: Headers) -> list[dict[str, Any]]:
    found = client.get(PATH, headers=admin).json()
    return [one for one in found if one["channel"] == "sms"]


def audited(database: Any) -> list[Any]:
    from models.audit import AuditEntry

    with database.establishment(NORTH) as session:
        return list(session.query(AuditEntry).filter_by(kind="sender").order_by(AuditEntry.id))


def test_one_is_entered_read_changed_and_noted(
    client: Any, admin: Headers, database: Any, owner: Any
) -> None:
    body = {
        **{"channel": "sms", "address": "6 90 00 00 01", "label": "Orange SIM"},
        **{"can_receive": True, "rate_per_minute": 30, "priority": 5, "operators": ["Orange"]},
        "credentials": {"account_sid": SID, "auth_token": TOKEN},
    }
    made = client.post(PATH, json=body, headers=admin | {"Idempotency-Key": "one"})
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert made.headers["Location"] == f"{PATH}/{number}"
    again = client.post(PATH, json=body, headers=admin | {"Idempotency-Key": "one"})
    assert (again.status_code, again.json()) == (201, made.json())
    read = client.get(f"{PATH}/{number}", headers=admin)
    assert read.json() == made.json() | {
        **{"channel": "sms", "address": ORANGE, "provider": "twilio", "label": "Orange SIM"},
        **{"can_receive": True, "gives_receipts": False, "rate_per_second": 0.5},
        **{"rate_per_minute": 30, "priority": 5, "operators": ["orange"]},
        **{"has_credentials": True, "active": True, "retired_at": None, "version": 1},
    }
    assert read.headers["ETag"] == '"1"'
    stale = client.patch(
        f"{PATH}/{number}", json={"label": "x"}, headers=admin | {"If-Match": '"7"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "changed_meanwhile")
    renewed = {"credentials": {"auth_token": TOKEN[::-1]}, "rate_per_second": None, "label": None}
    changed = client.patch(
        f"{PATH}/{number}", json=renewed, headers=admin | {"If-Match": read.headers["ETag"]}
    )
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] == '"2"'
    assert (changed.json()["rate_per_second"], changed.json()["label"]) == (None, None)
    with database.establishment(NORTH) as session:
        kept = session.get(Sender, number).credentials
        assert kept == {"account_sid": SID, "auth_token": TOKEN[::-1]}
    first, second = audited(database)
    assert (first.action, second.action) == ("create", "change")
    assert first.after["has_credentials"] is True
    assert second.after["credentials"] == "replaced"
    written = json.dumps([made.json(), read.json(), changed.json(), first.after, second.after])
    assert not any(secret in written for secret in (SID, TOKEN, TOKEN[::-1]))
    with owner.begin() as connection:
        sealed = connection.scalar(
            text("select credentials from shared.senders where id = :n"), {"n": number}
        )
    assert SID.encode() not in bytes(sealed)
    without = client.patch(f"{PATH}/{number}", json={"credentials": None}, headers=admin)
    assert without.json()["has_credentials"] is False


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no such channel": ({"channel": "fax"}, "channel", "enum"),
    "no number": ({"address": "12"}, "address", "phone_too_short"),
    "no name for a call": (
        {"channel": "voice", "address": "HOPITAL"}, "address", "phone_not_a_number"
    ),
    "no address": ({"channel": "email", "address": "x"}, "address", "email_invalid"),
    "a provider of another channel": ({"provider": "sendgrid"}, "provider", "provider_unfit"),
    "a provider that nobody knows": ({"provider": "x"}, "provider", "provider_unfit"),
    "a name that receives": (
        {"address": "HOPITAL", "can_receive": True}, "can_receive", "cannot_receive"
    ),
    "WhatsApp that does not": (
        {"channel": "whatsapp", "can_receive": False}, "can_receive", "must_receive"
    ),
    "no operator of here": ({"operators": ["telekom"]}, "operators", "operator_unknown"),
    "no rate at all": ({"rate_per_second": 0}, "rate_per_second", "greater_than_equal"),
    "both rates": ({"rate_per_second": 1, "rate_per_minute": 1}, "body", "value_error"),
    "no place": ({"priority": 0}, "priority", "greater_than_equal"),
    "half an account": (
        {"credentials": {"account_sid": SID}}, "credentials.auth_token", "missing"
    ),
    "no account": (
        {"credentials": {"account_sid": "sesame", "auth_token": TOKEN}},
        "credentials.account_sid", "credential_invalid",
    ),
    "a phone without its account": (
        {"provider": "android"}, "credentials", "credentials_missing"
    ),
    "a phone that sends passwords in the clear through the world": (
        {"provider": "android", "credentials": PHONE | {"url": "http://sesame.example"}},
        "credentials.url", "credential_invalid",
    ),
    "a third SIM and one more": (
        {"provider": "android", "credentials": PHONE | {"sim": 4}},
        "credentials.sim", "credential_invalid",
    ),
    "a credential of another": (
        {"credentials": {"sesame": "sesame"}}, "credentials", "credential_unknown"
    ),
    "an account of its own for e-mail": (
        {"channel": "email", "address": "soins@nord.example", "credentials": {"api_key": TOKEN}},
        "credentials", "credentials_not_taken",
    ),
    "an invisible name": ({"label": "\u200b"}, "label", "value_error"),
    "what nobody knows": ({"suspended": False}, "suspended", "extra_forbidden"),
}  # fmt: skip


def test_what_is_wrong_is_named_and_not_repeated(client: Any, admin: Headers) -> None:
    before = [one["version"] for one in sms(client, admin)]
    for case, (body, field, code) in WRONG.items():
        whole = {"channel": "sms", "address": ORANGE} | body
        answer = client.post(PATH, json=whole, headers=admin)
        assert answer.status_code == 422, (case, answer.text)
        told = answer.json()
        items = [told, *told.get("errors", [])]
        assert field in [one.get("field") for one in items], (case, told)
        assert code in [one.get("code") for one in items], (case, told)
        assert "sesame" not in answer.text
    for field in ("can_receive", "priority", "operators", "active"):
        answer = client.patch(f"{PATH}/1", json={field: None}, headers=admin)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert [one["version"] for one in sms(client, admin)] == before


def test_an_address_stands_once_and_belongs_to_one_hospital(
    client: Any, admin: Headers, log_in: LogIn, add: Callable[..., dict[str, Any]]
) -> None:
    made = add(can_receive=True)
    doubled = client.post(PATH, json={"channel": "sms", "address": ORANGE}, headers=admin)
    told = doubled.json()
    assert (doubled.status_code, told["code"], told["field"]) == (409, "sender_exists", "address")
    assert told["id"] == made["id"]
    add(channel="voice")  # another channel is another sender
    body = {"channel": "whatsapp", "address": ORANGE}
    anothers = client.post(PATH, json=body, headers=log_in("admin@south"))
    assert (anothers.status_code, anothers.json()["code"]) == (409, "sender_elsewhere")
    theirs = {"channel": "sms", "address": SOUTH_NUMBER}
    assert client.post(PATH, json=theirs, headers=admin).json()["code"] == "sender_elsewhere"


def test_answers_to_one_number_go_to_one_hospital(
    client: Any, admin: Headers, log_in: LogIn, owner: Any, add: Callable[..., dict[str, Any]]
) -> None:
    """An operator lets two send from one number; the database lets one of them receive."""
    add(can_receive=True)
    with owner.begin() as connection:
        shared = connection.scalar(
            text(
                "insert into shared.senders (establishment_id, channel, address, provider,"
                " can_receive, gives_receipts, operators) values"
                " (2, 'sms', :address, 'twilio', false, false, '{}') returning id"
            ),
            {"address": ORANGE},
        )
    south = log_in("admin@south")
    answer = client.patch(f"{PATH}/{shared}", json={"can_receive": True}, headers=south)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "receives_elsewhere")
    assert told["field"] == "can_receive"
    assert client.get(f"{PATH}/{shared}", headers=south).json()["can_receive"] is False


def test_one_that_was_retired_comes_back_only_where_nobody_else_has_its_address(
    client: Any, admin: Headers, owner: Any, log_in: LogIn, add: Callable[..., dict[str, Any]]
) -> None:
    number = add(can_receive=False)["id"]
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set active = false, retired_at = now() where id = :n"),
            {"n": number},
        )
    theirs = {"channel": "sms", "address": ORANGE, "can_receive": False}
    assert client.post(PATH, json=theirs, headers=log_in("admin@south")).status_code == 201
    back = client.patch(f"{PATH}/{number}", json={"active": True}, headers=admin)
    assert (back.status_code, back.json()["code"]) == (409, "sender_elsewhere")


@pytest.mark.parametrize(
    ("more", "change", "secret"),
    [
        ({"provider": "android", "credentials": PHONE}, {"url": "http://10.0.0.9"}, "password"),
        (
            {"credentials": {"account_sid": SID, "auth_token": TOKEN}},
            {"account_sid": "AC" + "1" * 32},
            "auth_token",
        ),
    ],
)
def test_a_secret_that_is_kept_is_not_sent_to_another_place(
    client: Any, admin: Headers, add: Callable[..., dict[str, Any]], more: Any, change: Any,
    secret: str,
) -> None:  # fmt: skip
    number = add(**more)["id"]
    answer = client.patch(f"{PATH}/{number}", json={"credentials": change}, headers=admin)
    assert (answer.status_code, answer.json()["field"]) == (422, f"credentials.{secret}")
    same = {name: more["credentials"][name] for name in change}
    again = client.patch(f"{PATH}/{number}", json={"credentials": same}, headers=admin)
    assert again.status_code == 200, again.text


def test_they_are_put_into_order_together(
    client: Any, admin: Headers, database: Any, add: Callable[..., dict[str, Any]]
) -> None:
    second, third = add()["id"], add(address="HOPITAL")["id"]
    body = {"channel": "sms", "order": [[third], [1, second]]}
    answer = client.put(f"{PATH}/order", json=body, headers=admin)
    assert answer.status_code == 200, answer.text
    assert [(one["id"], one["priority"]) for one in sms(client, admin)] == [
        (third, 10), (1, 20), (second, 20),
    ]  # fmt: skip
    assert audited(database)[-1].after == {str(third): 10, "1": 20, str(second): 20}
    unseen = client.put(f"{PATH}/order", json=body | {"order": [[1], [second]]}, headers=admin)
    assert (unseen.status_code, unseen.json()["code"]) == (409, "changed_meanwhile")
    twice = body | {"order": [[1, 1], [second], [third]]}
    assert client.put(f"{PATH}/order", json=twice, headers=admin).json()["field"] == "order"


def test_one_that_was_never_used_is_deleted_and_any_other_retired(
    client: Any, admin: Headers, database: Any, add: Callable[..., dict[str, Any]]
) -> None:
    unused = add()["id"]
    gone = client.delete(f"{PATH}/{unused}", headers=admin)
    assert gone.json() == {"id": unused, "outcome": "deleted"}
    assert client.get(f"{PATH}/{unused}", headers=admin).status_code == 404
    used = add(priority=1)
    (number,) = make(database)
    run()
    assert delivery(database, number).sender_id == used["id"]
    stale = client.delete(f"{PATH}/{used['id']}", headers=admin | {"If-Match": '"9"'})
    assert stale.json()["code"] == "changed_meanwhile"
    gone = client.delete(f"{PATH}/{used['id']}", headers=admin | {"If-Match": '"1"'})
    assert gone.json() == {"id": used["id"], "outcome": "retired"}
    assert [one["id"] for one in sms(client, admin)] == [1]
    with_retired = client.get(PATH, params={"retired": True}, headers=admin).json()
    assert used["id"] in [one["id"] for one in with_retired]
    kept = client.get(f"{PATH}/{used['id']}", headers=admin).json()
    assert (kept["active"], kept["retired_at"] is None) == (False, False)
    assert [entry.action for entry in audited(database)] == [
        "create", "delete", "create", "retire",
    ]  # fmt: skip
    heir = add()  # its address is free again
    back = client.patch(f"{PATH}/{used['id']}", json={"active": True}, headers=admin)
    assert (back.status_code, back.json()["code"]) == (409, "sender_exists")
    client.delete(f"{PATH}/{heir['id']}", headers=admin)
    back = client.patch(f"{PATH}/{used['id']}", json={"active": True}, headers=admin)
    assert (back.json()["active"], back.json()["retired_at"]) == (True, None)


@pytest.fixture
def carriers() -> Iterator[Callable[..., FakeSender]]:
    """Has the worker's code call, for a sender's address, a client that keeps to a script."""
    from workers.context import get_context

    context = get_context()
    keys = []

    def use(address: str, *answers: Any) -> FakeSender:
        fake = context.senders["sms", address] = FakeSender(*answers)
        keys.append(("sms", address))
        return fake

    yield use
    for key in keys:
        context.senders.pop(key, None)


def run() -> None:
    from workers.context import get_context
    from workers.delivery import finish, send

    context = get_context()
    context.directory.forget()
    ways = {(one.channel, one.address) for one in context.directory.senders(NORTH).on("sms")}
    unscripted = ways - set(context.senders)
    context.senders.update((way, FakeSender()) for way in unscripted)
    send(NORTH, list(claim(context.database).to_send))
    finish()
    for way in unscripted:
        context.senders.pop(way)


def shut_out(database: Any, sender_id: int) -> None:
    with database.establishment(NORTH) as session:
        suspension.note_fault(
            session, "sms", "twilio", "21606", said_by="answer", probe_after=600,
            sender_id=sender_id,
        )  # fmt: skip


@pytest.mark.parametrize("remedy", ["another is added", "it is retired", "it is lifted"])
def test_what_waited_for_one_that_is_shut_out_is_due_again(
    client: Any, admin: Headers, database: Any, owner: Any, add: Callable[..., dict[str, Any]],
    remedy: str,
) -> None:  # fmt: skip
    """And the alarm about it ends by itself."""
    from models.alarm import Alarm
    from services.alarm.alarms import look

    shut_out(database, 1)
    (number,) = make(database)
    run()
    waits = due(database, number)
    assert waits is not None
    assert waits.due_at > datetime.now(UTC) + timedelta(seconds=60)
    place = client.app.state.careloop.directory.get(NORTH)
    with database.establishment(NORTH) as session:
        look(session, place, [], mails=False)
        assert session.query(Alarm).filter(Alarm.cleared_at.is_(None)).count() == 1
    if remedy == "another is added":
        add()
    elif remedy == "it is retired":
        with owner.begin() as connection:  # as one that has sent something
            connection.execute(text("update shared.senders set gives_receipts = true where id = 1"))
        assert client.delete(f"{PATH}/1", headers=admin).json()["outcome"] == "retired"
    else:
        lifted = client.patch(f"{PATH}/1", json={"suspended": False}, headers=admin)
        assert lifted.json()["suspended_at"] is None
    waits = due(database, number)
    assert waits is not None
    assert waits.due_at <= datetime.now(UTC)
    with database.establishment(NORTH) as session:
        look(session, place, [], mails=False)
        raised = session.query(Alarm).filter(Alarm.cleared_at.is_(None)).count()
    assert raised == (remedy == "another is added")


def test_one_that_cannot_receive_is_never_asked_to_carry_a_question(
    client: Any, admin: Headers, staff: Headers, database: Any, owner: Any,
    add: Callable[..., dict[str, Any]], carriers: Callable[..., FakeSender],
) -> None:  # fmt: skip
    mute = add(priority=1)
    silent, hears = carriers(ORANGE), carriers(sms(client, admin)[1]["address"])

    def remind(**more: Any) -> Any:
        at = datetime.now(UTC).isoformat()
        body = {"message": "Rappel", "language": "fr", "phone_number": "+237650000001"}
        body |= {"scheduled_time": at, "channels": ["sms"], "valid_for": "P1D"} | more
        return client.post("/api/v1/reminders", json=body, headers=staff)

    assert remind(expects_reply=True).status_code == 201
    assert remind().status_code == 201
    run()
    assert (len(hears.given), len(silent.given)) == (1, 1)
    assert hears.given[0].text != "Rappel"  # with its keys
    # What waits already is not put to it either, when the one that hears is taken away.
    waiting = remind(expects_reply=True).json()["id"]
    client.patch(f"{PATH}/1", json={"can_receive": False}, headers=admin)
    refused = remind(expects_reply=True)
    assert (refused.status_code, refused.json()["code"]) == (422, "sender_cannot_receive")
    assert refused.json()["field"] == "expects_reply"
    run()
    (ended,) = client.get(f"/api/v1/reminders/{waiting}", headers=staff).json()["deliveries"]
    assert (ended["status"], ended["error_code"]) == ("failed", "no_sender")
    assert (len(hears.given), len(silent.given)) == (1, 1)
    client.patch(f"{PATH}/{mute['id']}", json={"can_receive": True}, headers=admin)
    assert remind(expects_reply=True).status_code == 201
    run()
    assert len(silent.given) == 2


def test_a_phone_is_entered_and_its_password_changed_alone(
    client: Any, admin: Headers, database: Any, add: Callable[..., dict[str, Any]]
) -> None:
    made = add(provider="android", can_receive=True, credentials=PHONE | {"sim": 2})
    assert (made["provider"], made["has_credentials"]) == ("android", True)
    change = {"credentials": {"password": "loud-river", "sim": None}}
    assert client.patch(f"{PATH}/{made['id']}", json=change, headers=admin).status_code == 200
    with database.establishment(NORTH) as session:
        kept = session.get(Sender, made["id"]).credentials
    assert kept == PHONE | {"password": "loud-river"}
    gone = client.patch(f"{PATH}/{made['id']}", json={"credentials": None}, headers=admin)
    assert (gone.status_code, gone.json()["code"]) == (422, "credentials_missing")


def test_choices_name_what_may_be_entered_and_no_value(client: Any, admin: Headers) -> None:
    found = client.get(f"{PATH}/choices", headers=admin).json()
    assert {"mtn", "orange", "camtel"} <= set(found["operators"])
    twilio = next(one for one in found["providers"] if one["name"] == "twilio")
    assert twilio["channels"] == ["sms", "voice", "whatsapp"]
    assert [one["name"] for one in twilio["credentials"]] == ["account_sid", "auth_token"]
