"""A batch by COPY: the rows of the careful way, and that way where something stands in this one.

Seen to fail: each rule of `device_clock.submitted_at` left out, times as they were written, a
department that is not looked up, no audit, no job for a voice that is awaited; a batch without its
savepoint, or without its other way; an error of ours told as one of psycopg2's; what is here not
looked for, a number drawn for it too, or too few for the others.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from config.settings import get_settings
from database.driver import copied_in, undone_on_error
from models.establishment import Establishment
from models.user import Role
from schemas.sync import OfflineFeedback
from services.errors import CareloopError
from services.feedback.feedbacks import in_local_time
from services.feedback.intake import Stored, arrival, store, submitted_columns, submitted_fields
from services.feedback.intake_copy import FEW, PIECE, copy_feedback
from services.identity import Principal, fingerprint, fingerprints
from tests.fixtures import NORTH, owned
from tests.routers.test_sync import item, now, rows, sync
from tests.services.deliveries import until_blocked
from utils.crypto import BlindIndex, get_cipher

TABLET = Principal(NORTH, "device:7", device_id=7)
NURSE = Principal(NORTH, "user:2", role=Role.staff, user_id=2)
TWIN, AWAITED = str(uuid4()), str(uuid4())
ITEMS = [
    item(),
    item(patient_id=None, content=None, rating=1),
    item(patient_id=None, content=None, rating=None, emoji="🙂"),
    item(content="ligne\nligne\tfin \\N \\. \\", patient_id="ß-Éc\\"),
    item(recording=AWAITED),
    item(department="lab"),
    item(department="nowhere"),
    item(language="ewo", channel="web"),
    item(client_id=TWIN),
    item(client_id=TWIN, rating=2),
    item(client_id=TWIN, content=None),
    item(recorded_at=None),
    *(
        item(recorded_at=moment)
        for moment in (
            now(days=-3),
            now(days=9000),
            "0001-06-01T00:00:00Z",
            "9999-06-01T00:00:00Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05.678901+23:00",
            "2026-01-02T03:04:05-23:30",
        )
    ),
    *(item() for _ in range(2 * PIECE)),
]
SEALED = {name: f"feedbacks.{name}" for name in ("patient_id", "content", "emoji")}


def offline(given: Mapping[str, Any]) -> OfflineFeedback:
    wanted = OfflineFeedback.model_validate(given)
    return in_local_time(wanted, Establishment(time_zone="Africa/Douala"))


def stored_rows(session: Any) -> list[dict[str, Any]]:
    """All columns, opened, but for the numbers."""
    found = session.execute(text("select * from feedbacks order by client_id"))
    return [
        {
            name: get_cipher().open(bytes(value), SEALED[name])
            if name in SEALED and value is not None
            else value
            for name, value in row._mapping.items()
            if name != "id"
        }
        for row in found
    ]


def traces(session: Any) -> Any:
    """What else there is: audited rows by their identities, and jobs."""
    audited = session.execute(
        text(
            "select a.actor, a.action, a.kind, f.client_id from audit_entries a"
            " join feedbacks f on f.id::text = a.row_id order by f.client_id"
        )
    ).all()
    jobs, session.jobs = session.jobs, []
    spoken = session.scalars(
        text("select client_id from feedbacks where id = any(:ids)"),
        {"ids": [number for job in jobs for number in job.ids]},
    ).all()
    return audited, [job.name for job in jobs], spoken


def said(result: Any, row_id: Any) -> Any:
    if isinstance(result, CareloopError):
        return type(result), result.code, result.fields, result.row_id and row_id(result.row_id)
    return result.created, result.date_submitted, row_id(result.id)


@pytest.mark.parametrize("who", [TABLET, NURSE], ids=["tablet", "staff"])
@pytest.mark.parametrize(
    "slow",
    [
        timedelta(0),
        timedelta(seconds=90),
        timedelta(hours=5),
        timedelta(hours=-5),
        timedelta(days=20_000),
        timedelta(days=-1_000_000),
    ],
    ids=str,
)
def test_both_ways_make_the_same_rows(database: Any, who: Principal, slow: timedelta) -> None:
    sent_at = datetime.now(UTC) - slow
    items = dict(enumerate(map(offline, ITEMS)))
    with database.establishment(NORTH) as session:
        session.execute(
            text("insert into departments (code, name, active) values ('lab','',false)")
        )
        ways = []
        for way in (copied, carefully):
            savepoint = session.begin_nested()
            results = way(session, who, sent_at, items)
            identity = dict(session.execute(text("select id, client_id from feedbacks")).all())
            outcomes = {place: said(one, identity.get) for place, one in results.items()}
            ways.append((stored_rows(session), traces(session), outcomes))
            savepoint.rollback()
    assert ways[0] == ways[1]
    assert len(ways[0][0]) == len(ITEMS) - 3


def copied(session: Any, who: Principal, sent_at: datetime, items: Any) -> dict[int, Any]:
    made = copy_feedback(session, who, sent_at, items)
    submitted = dict(session.execute(text("select id, date_submitted from feedbacks")).all())
    created = {p: Stored(n, submitted[n], created=True) for p, n in made.created.items()}
    in_order = sorted(made.created, key=lambda place: items[place].client_id.int)
    assert [made.created[place] for place in in_order] == sorted(made.created.values())
    return dict(sorted((created | made.others).items()))


def carefully(session: Any, who: Principal, sent_at: datetime, items: Any) -> dict[int, Any]:
    arrivals = [
        arrival(one, identity=one.client_id, principal=who, sent_at=sent_at)
        for one in items.values()
    ]
    return dict(zip(items, store(session, arrivals), strict=True))


def test_of_a_batch_that_comes_twice_at_once_each_item_is_stored_once(
    client: Any, owner: Any, database: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """One item is stored by another connection after this one has looked for it."""
    batch = [item() for _ in range(3)]
    contested = offline(batch[1])
    one = arrival(contested, identity=contested.client_id, principal=TABLET)
    with ThreadPoolExecutor(1) as pool:
        with database.establishment(NORTH) as session:
            store(session, [one])
            answer = pool.submit(sync, client, *batch)
            until_blocked(owner)
        statuses = [result["status"] for result in answer.result(20)]
    assert statuses == ["created", "duplicate", "created"]
    assert {str(row.client_id) for row in rows(owner)} == {one["client_id"] for one in batch}
    assert "batch not copied" in caplog.text
    caplog.clear()
    drawn = numbers_drawn(owner)
    sync(client, *batch, item())
    assert "batch not copied" not in caplog.text
    assert numbers_drawn(owner) == drawn + 1  # what is sent again takes none


def test_of_a_large_batch_a_few_are_looked_up(
    client: Any, owner: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Sent again, it is seen by them; what they miss is stored once all the same."""
    batch = [item() for _ in range(3 * FEW)]
    sync(client, *batch)
    drawn = numbers_drawn(owner)
    answer = sync(client, *batch, item())
    assert [one["status"] for one in answer] == ["duplicate"] * 3 * FEW + ["created"]
    assert numbers_drawn(owner) == drawn + 1
    assert "batch not copied" not in caplog.text
    others = [item() for _ in range(3 * FEW)]
    answer = sync(client, *others[:1], batch[0], *others[1:])
    statuses = ["created", "duplicate"] + ["created"] * (3 * FEW - 1)
    assert [one["status"] for one in answer] == statuses
    assert "batch not copied" in caplog.text
    assert len(rows(owner)) == 6 * FEW + 1


def numbers_drawn(owner: Any) -> int:
    with owned(owner) as connection:
        return int(connection.scalar(text("select last_value from est_1.feedbacks_id_seq")))


def test_what_breaks_while_rows_are_made_is_raised_as_it_is(database: Any) -> None:
    def pieces() -> Any:
        yield "1\n"
        raise ArithmeticError("as it is")

    with database.establishment(NORTH) as session:
        session.execute(text("create temporary table given (number integer check (number < 9))"))
        for broken, error in (
            (pieces(), ArithmeticError),
            (["9\n"], IntegrityError),
            (["x\n"], DataError),
        ):
            with pytest.raises(error) as raised, undone_on_error(session.connection()):
                copied_in(session.connection(), "copy given from stdin", broken)
            assert "copy given" not in str(raised.value.__cause__)
        assert session.scalar(text("select count(*) from given")) == 0
        copied_in(session.connection(), "copy given from stdin", ["1\n", "2\n3\n"])
        assert session.scalar(text("select count(*) from given")) == 3


def test_many_values_are_sealed_as_one_is() -> None:
    cipher = get_cipher()
    plains = [b"a", None, b"", b"a" * 1000]
    sealed = cipher.seal_all(plains, "a.b")
    assert [value and cipher.open(value, "a.b") for value in sealed] == plains
    assert len({bytes(value)[:20] for value in cipher.seal_all([b"a"] * 50, "a.b") if value}) == 50


def test_what_was_stored_before_is_known_again() -> None:
    """The fingerprint of a submission is the same for ever, whichever way it comes."""
    many = [offline(given) for given in ITEMS]
    one_by_one = [fingerprint(submitted_fields(one)) for one in many]
    assert fingerprints(submitted_columns(many)) == one_by_one
    key = get_settings().privacy.index_key
    written = [f"{name}={value!r}".encode() for name, value in submitted_fields(many[3]).items()]
    hashes = [hashlib.blake2b(one, key=key, digest_size=8).digest() for one in written]
    assert one_by_one[3] == b"".join(hashes)


@pytest.mark.parametrize("length", [1, 32, 64, 65, 200])
def test_the_blind_index_is_an_hmac(length: int) -> None:
    key = bytes(range(length))
    wanted = hmac.digest(key, b"7:reference:pat1", "sha256")[:16]
    index = BlindIndex(key)
    assert [index.of("reference", "pat1", 7) for _ in range(2)] == [wanted] * 2
