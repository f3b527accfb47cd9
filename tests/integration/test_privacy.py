"""What a patient says and who they are: nowhere in the clear.

A whole running service is led through log-in, contacts, a reminder that is sent, refusals of every
kind, a provider's errors, with every logger at DEBUG. Then every log, metric, error body, Redis key
and a raw dump of every table are searched for what was used, in every form a library may write it.

To see it fail: log `body.message` in `routers/reminders.py`, take `Sealed` from a column, or let
`routers/problems.py` quote the input. The last test does as much without touching the code.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import psycopg2
import pytest
from redis import Redis

from tests import http
from tests.template import PASSWORD
from tests.tree import Tree, running_tree, wait_for

PHONE = "+237650918273"
SECRETS = {
    "phone": PHONE,
    "phone without its country": PHONE[4:],
    "phone as typed": "6 50 91 82 73",
    "e-mail": "ngobassong.privee@example.org",
    "name": "Ngobassong Philomène",
    "first name": "Philomène",
    "reference": "REFPRIV-77231",
    "message": "Rappel confidentiel mélancolie-4471",
    "wrong password": "wrong-password-qzx-9914",
    "password": PASSWORD,
    "who logs in": "staff@north.example",
    "feedback": "Accueil chaleureux insolite-8830",
    "voice": "voix-chuchotée-3391",
    "text in a refused request": "intimate-remark-5582",
    "staff's note": "note-interne-famille-2290",
    "answer": "Réponse attentionnée compassion-6614",
}


def forms(value: str) -> set[bytes]:
    """How a value may have been written: plain, escaped, URL-encoded, base64 at any offset, hex."""
    raw = value.encode()
    written = {
        raw,
        raw.hex().encode(),
        quote(value).encode(),
        quote_plus(value).encode(),
        quote(value, safe="").lower().encode(),
        json.dumps(value)[1:-1].encode(),
        repr(raw)[2:-1].encode(),
    }
    for offset in range(3):
        # Whatever stands before it shifts base64 by 0, 1 or 2 bytes; its ends depend on what
        # stands beside it and are left out.
        coded = base64.b64encode(b"\0" * offset + raw)
        written.add(coded[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6])
    return written


def leaks(haystacks: dict[str, bytes], secrets: dict[str, str] | None = None) -> list[str]:
    """Where something was found: the place and which secret, not its text."""
    return [
        f"{what} in {place}"
        for place, content in haystacks.items()
        for what, value in (secrets or SECRETS).items()
        for form in forms(value)
        if form in content or form.lower() in content.lower()
    ]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    folder: Path = tmp_path_factory.mktemp("privacy")
    with running_tree(folder, "privacy", LOG_LEVEL="DEBUG") as tree:
        yield tree


class Walk:
    """A walk through the service that keeps what it was answered where it was refused."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.refused: list[bytes] = []
        self.headers = tree.token()

    def ask(self, method: str, path: str, expected: int, **given: Any) -> Any:
        headers = self.headers | given.pop("headers", {})
        answer = http.request(
            method, f"{self.tree.url}{path}", headers=headers, timeout=15, **given
        )
        assert answer.status_code == expected, f"{method} gave {answer.status_code}"
        if expected >= 400:
            self.refused.append(answer.content + str(dict(answer.headers)).encode())
        return answer


def reminder(**more: Any) -> dict[str, Any]:
    return {
        "patient_id": SECRETS["reference"],
        "message": SECRETS["message"],
        "language": "french",
        "scheduled_time": (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat(),
        "phone_number": PHONE,
        "email": SECRETS["e-mail"],
        **more,
    }


def contact(**more: Any) -> dict[str, Any]:
    return {
        "patient_id": SECRETS["reference"],
        "name": SECRETS["name"],
        "phone_number": SECRETS["phone as typed"],
        "email": SECRETS["e-mail"],
        **more,
    }


def walk(tree: Tree) -> Walk:
    """Use every secret in every way: accepted, refused, sent, failed."""
    steps = Walk(tree)
    log_in = {"username": SECRETS["who logs in"], "password": SECRETS["wrong password"]}
    steps.ask("POST", "/api/v1/auth/token", 401, data=log_in)
    steps.ask("POST", "/api/v1/auth/token", 401, data=log_in | {"username": SECRETS["e-mail"]})
    _contacts(steps)
    _refusals(steps)
    _reminders(steps)
    _other_channels(steps)
    _feedback(steps)
    return steps


def _contacts(steps: Walk) -> None:
    key = {"Idempotency-Key": f"key-{SECRETS['reference']}"}
    for _ in range(2):
        steps.ask("POST", "/api/v1/contacts", 201, json=contact(), headers=key)
    steps.ask("POST", "/api/v1/contacts", 409, json=contact())
    steps.ask("POST", "/api/v1/contacts", 409, json=contact(name="x"), headers=key)
    for query in (
        {"phone": PHONE},
        {"email": SECRETS["e-mail"]},
        {"name": SECRETS["first name"]},
        {"patient_id": SECRETS["reference"]},
    ):
        found = steps.ask("GET", "/api/v1/contacts", 200, params=query)
        assert len(found.json()["items"]) == 1
    steps.ask("GET", "/api/v1/contacts", 422, params={"phone": SECRETS["name"]})
    steps.ask("GET", f"/api/v1/contacts/{quote(SECRETS['name'])}", 422)
    steps.ask("GET", f"/api/v1/{quote(SECRETS['reference'])}", 404)
    steps.ask("PATCH", "/api/v1/contacts/1", 409, json=contact(), headers={"If-Match": '"9"'})
    csv = f"patient_id,name,phone\nQ1,{SECRETS['name']},{PHONE}00\n"
    csv_type = {"Content-Type": "text/csv"}
    steps.ask("POST", "/api/v1/contacts/import", 200, content=csv, headers=csv_type)
    steps.ask("POST", "/api/v1/contacts/import", 422, content=csv[12:], headers=csv_type)


def _refusals(steps: Walk) -> None:
    remark = SECRETS["text in a refused request"]
    for body in (
        reminder(phone_number=PHONE + "99"),
        reminder(email=remark),
        reminder(language=remark),
        reminder(rrule=remark),
        reminder(scheduled_time=remark),
        reminder(message=f"{remark}\x00"),
        {remark: SECRETS["message"]},
        [SECRETS["message"]],
    ):
        steps.ask("POST", "/api/v1/reminders", 422, json=body)
    broken = f'{{"message": "{remark}", "phone_number": "{PHONE}'
    json_type = {"Content-Type": "application/json"}
    steps.ask("POST", "/api/v1/reminders", 422, content=broken, headers=json_type)
    gzip = {"Content-Encoding": "gzip"}
    steps.ask("POST", "/api/v1/reminders", 400, content=broken, headers=json_type | gzip)
    steps.ask("GET", "/api/v1/reminders", 401, headers={"Authorization": f"Bearer {remark}"})
    steps.ask("POST", "/webhooks/twilio/status", 403, data={"To": PHONE, "Body": remark})
    code = {"code": remark}
    steps.ask("POST", "/api/v1/devices/enrol", 422, json=code)


def _reminders(steps: Walk) -> None:
    """One that arrives, one refused by the provider, one whose answer is cut, one repeated."""
    tree = steps.tree
    identity = {"client_id": "0197aaaa-0000-7000-8000-000000000001"}
    first = steps.ask("POST", "/api/v1/reminders", 201, json=reminder(**identity)).json()["id"]
    steps.ask("POST", "/api/v1/reminders", 409, json=reminder(**identity, message=SECRETS["name"]))
    _until(steps, first, {"delivered"})
    for kind, more in (
        ("status", {"status": 503}),
        ("accept_then_drop", {}),
        ("status", {"status": 400}),
    ):
        tree.behave(faults=[{"on": "messages.create", "kind": kind, "times": 1, **more}])
        number = steps.ask("POST", "/api/v1/reminders", 201, json=reminder()).json()["id"]
        _until(steps, number, {"delivered", "failed", "undelivered", "unknown"})
    tree.behave(faults=[])


def _other_channels(steps: Walk) -> None:
    """A call and an e-mail that arrive, and one of each that the provider refuses."""
    tree = steps.tree
    tree.behave(voice={"answer": "auto", "pace": 0.01})
    for channel, create in (("voice", "calls.create"), ("email", "mail.send")):
        for faults in ([], [{"on": create, "kind": "status", "status": 400, "times": 1}]):
            tree.behave(faults=faults, voice={"answer": "auto", "pace": 0.01})
            body = reminder(channels=[channel])
            number = steps.ask("POST", "/api/v1/reminders", 201, json=body).json()["id"]
            _until(steps, number, {"sent", "delivered", "failed", "undelivered"})
    tree.behave(faults=[])


def _feedback(steps: Walk) -> None:
    """Text and voice that are kept, repeated, in conflict, refused, and heard by staff."""
    spoken = base64.b64encode(SECRETS["voice"].encode() * 50).decode()
    said = {
        "client_id": "0197bbbb-0000-7000-8000-000000000001",
        "patient_id": SECRETS["reference"],
        "language": "french",
        "content": SECRETS["feedback"],
    }
    number = steps.ask("POST", "/api/v1/feedback", 201, json=said).json()["id"]
    steps.ask("POST", "/api/v1/feedback", 409, json=said | {"content": SECRETS["name"]})
    steps.ask("POST", "/api/v1/feedback", 422, json=said | {"rating": SECRETS["feedback"]})
    elsewhere = {"language": "french", "rating": 1, "department": SECRETS["name"]}
    steps.ask("POST", "/api/v1/feedback", 422, json=elsewhere)
    voice = {"language": "ewondo", "voice_data": spoken}
    heard = steps.ask("POST", "/api/v1/feedback", 201, json=voice).json()["id"]
    steps.ask("GET", f"/api/v1/feedback/{heard}/voice", 200)
    steps.ask("GET", f"/api/v1/feedback?patient_id={quote(SECRETS['reference'])}", 200)
    wait_for(
        lambda: steps.ask("GET", f"/api/v1/feedback/{number}", 200).json()["processed"],
        "the feedback to be processed",
    )
    _care(steps, number)


def _care(steps: Walk, number: int) -> None:
    """Notes, answers, lists and files of staff, taken and refused."""
    path = f"/api/v1/feedback/{number}"
    steps.ask("PATCH", path, 200, json={"note": SECRETS["staff's note"]})
    stale = {"If-Match": '"1"'}
    steps.ask("PATCH", path, 409, json={"note": SECRETS["staff's note"]}, headers=stale)
    steps.ask("PATCH", path, 422, json={"state": SECRETS["staff's note"]})
    steps.ask("POST", f"{path}/answer", 201, json={"text": SECRETS["answer"]})
    steps.ask("POST", f"{path}/answer", 409, json={"text": SECRETS["answer"]}, headers=stale)
    steps.ask("POST", f"{path}/answer", 422, json={"text": SECRETS["answer"] * 100})
    steps.ask("GET", f"{path}/history", 200)
    exported = steps.ask("GET", "/api/v1/feedback/export.csv", 200)
    assert not leaks({"the file": exported.content})
    steps.ask("GET", "/api/v1/feedback/export.csv?personal=true", 403)
    for page in ("today", "statistics", "statistics/report.pdf", "members", "tasks?assigned=me"):
        steps.ask("GET", f"/api/v1/{page}", 200)
    csv = {"Content-Type": "text/csv"}
    wrong = (
        f"{SECRETS['name']},{PHONE}\n{SECRETS['reference']},{SECRETS['text in a refused request']}"
    )
    given = {"content": wrong.encode(), "headers": csv}
    steps.ask("POST", "/api/v1/contacts/import?column=patient_id:9", 422, **given)
    steps.ask("POST", "/api/v1/contacts/import", 422, **given)
    broken = {"content": b"PK\x03\x04" + wrong.encode(), "headers": csv}
    steps.ask("POST", "/api/v1/contacts/import/columns", 422, **broken)
    steps.ask("POST", "/api/v1/campaigns/file", 422, **broken)
    layout = "column=patient_id:0&column=phone_number:1"
    steps.ask("POST", f"/api/v1/campaigns/file?{layout}", 200, **given)
    form = {"username": SECRETS["who logs in"], "password": SECRETS["wrong password"]}
    ours = {"X-Careloop-Console": "1", "Sec-Fetch-Site": "same-origin"}
    steps.ask("POST", "/api/v1/console/session", 401, data=form, headers=ours)
    signed_in = steps.ask(
        "POST", "/api/v1/console/session", 204, data=form | {"password": PASSWORD}, headers=ours
    )
    steps.ask("DELETE", "/api/v1/console/session", 204, headers=ours, cookies=signed_in.cookies)


def _until(steps: Walk, number: int, states: set[str]) -> None:
    def there() -> bool:
        detail = steps.ask("GET", f"/api/v1/reminders/{number}", 200).json()
        return any(delivery["status"] in states for delivery in detail["deliveries"])

    wait_for(there, f"reminder {number} to be one of {sorted(states)}", 40, every=0.2)


def everything(tree: Tree, steps: Walk) -> dict[str, bytes]:
    """Every place where something could have been left."""
    places = {
        f"log of {path.stem}": path.read_bytes()
        for path in tree.folder.glob("*.log")
        # The simulator stands for the carrier and the patient's phone: it has to know.
        if path.stem != "simulator"
    }
    places["metrics"] = http.get(f"{tree.url}/metrics", timeout=10).content
    places |= {f"error body {n}": body for n, body in enumerate(steps.refused)}
    places["redis"] = redis_dump(tree.env["REDIS_URL"])
    for path in Path(tree.env["CARELOOP_DATA"]).rglob("*"):
        if path.is_file():
            places[f"stored file {path.name[:8]}"] = path.read_bytes()
    return places | database_dump(tree.env["DATABASE_URL"])


def redis_dump(url: str) -> bytes:
    """Every key with its whole content, RQ's jobs (compressed or not) among them."""
    import zlib

    found = []
    with Redis.from_url(url) as redis:
        for key in redis.scan_iter(count=1000):
            kind = redis.type(key)
            content: Any = {
                b"string": lambda key=key: redis.get(key),
                b"hash": lambda key=key: redis.hgetall(key),
                b"list": lambda key=key: redis.lrange(key, 0, -1),
                b"set": lambda key=key: redis.smembers(key),
                b"zset": lambda key=key: redis.zrange(key, 0, -1, withscores=True),
                b"stream": lambda key=key: redis.xrange(key),
                b"none": lambda: None,  # its time ran out since it was listed
            }[kind]()
            found.append(key + b" " + repr(content).encode())
            if isinstance(content, dict):
                found += [
                    zlib.decompress(value)
                    for value in content.values()
                    if value[:1] == b"x" and value[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda")
                ]
    return b"\n".join(found)


def database_dump(url: str) -> dict[str, bytes]:
    """Every row of every table as the owner sees it: text, and the bytes of `bytea`."""
    places = {}
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select schemaname, tablename from pg_tables"
            " where schemaname = 'shared' or schemaname like 'est\\_%'"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(f'select * from "{schema}"."{table}"')
            cells = (
                bytes(cell) if isinstance(cell, memoryview) else str(cell).encode()
                for row in cursor.fetchall()
                for cell in row
            )
            places[f"table {schema}.{table}"] = b"\n".join(cells)
    connection.close()
    return places


def test_nothing_of_a_patient_is_left_anywhere(tree: Tree) -> None:
    steps = walk(tree)
    time.sleep(1)  # the last callbacks and their log lines
    places = everything(tree, steps)
    assert b"request" in places["log of api"]
    assert b"debug" in places["log of worker"].lower()
    assert len(places["redis"]) > 100
    assert places["table est_1.contacts"]
    assert places["table est_1.audit_entries"]
    assert len(steps.refused) > 20
    assert leaks(places) == []
    # The search does find what is there: the carrier knows the phone and the words.
    assert leaks({"ledger": json.dumps(tree.ledger(channel="sms")).encode()})


@pytest.mark.parametrize("what", SECRETS)
def test_the_search_finds_each_form_of_each_secret(what: str) -> None:
    value = SECRETS[what]
    for written in (
        value.encode(),
        f"To={quote_plus(value)}&x".encode(),
        base64.b64encode(f"a{value}b".encode()),
        base64.b64encode(f"ab{value}".encode()),
        json.dumps({"m": value}).encode(),
        repr({"m": value.encode()}).encode(),
        b"\\x" + value.encode().hex().encode(),
        value.upper().encode() if value.isascii() else value.encode(),
    ):
        assert leaks({"somewhere": b"... " + written + b" ..."}, {what: value})
