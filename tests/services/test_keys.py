"""Keys: rotated while old rows stay readable, missed before they are needed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from config.settings import PrivacySettings, get_settings
from database.session import Database
from schemas.contact import ContactIn
from services.contact import contacts
from services.identity import Principal
from services.keys import (
    KeyInUse,
    KeyProblem,
    check,
    re_encrypt,
    register_keys,
    retire,
    sealed_columns,
)
from services.recording import audio_of, put_away, reseal, storage_key
from tests.fixtures import NORTH, SOUTH, owned
from utils import crypto
from utils.crypto import CannotDecrypt, Cipher, get_cipher, sealed_with
from utils.storage import LocalStorage

Ring = Callable[..., PrivacySettings]


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ring]:
    """Gives the process another key ring, e.g. `ring("k2", "k1")`; the test's own stays last."""
    usual = get_settings().privacy.key_ring

    def install(*key_ids: str) -> PrivacySettings:
        given = [f"{key_id}:{key(key_id[-1])}" for key_id in key_ids]
        given += [f"{name}:{base64.b64encode(value).decode()}" for name, value in usual.items()]
        privacy = PrivacySettings(
            SECRET_KEY=get_settings().privacy.secret_key,
            ENCRYPTION_KEYS=SecretStr(",".join(given)),
        )
        cipher = Cipher(privacy.key_ring)
        monkeypatch.setattr("database.types.get_cipher", lambda: cipher)
        return privacy

    yield install
    crypto.get_cipher.cache_clear()


def add(database: Database, reference: str, establishment: int = NORTH) -> None:
    with database.establishment(establishment) as session:
        contacts.create(
            session,
            "CM",
            ContactIn(patient_id=reference, name="Marie", phone_number="650000001"),
            Principal(establishment, "cli"),
        )


def names(database: Database, establishment: int = NORTH) -> list[str | None]:
    with database.establishment(establishment) as session:
        found = contacts.search(session, "CM", Principal(establishment, "cli"))
    return [contact.name for contact in found.items]


def test_rotated_read_re_encrypted_and_retired(database: Database, owner: Any, ring: Ring) -> None:
    usual = get_cipher().current
    add(database, "P1")
    add(database, "P1", SOUTH)
    privacy = ring("k1")
    register_keys(database, privacy)
    assert names(database) == ["Marie"]
    add(database, "P2")
    report = check(owner, privacy)
    assert report.current == "k1"
    assert report.values["k1"] > 0
    assert report.values[usual] > 0
    assert report.problems == []
    with pytest.raises(KeyInUse, match="still sealed"):
        retire(owner, privacy, usual)
    steps: list[tuple[int, int]] = []
    cipher = Cipher(privacy.key_ring)
    done = re_encrypt(owner, cipher, progress=lambda *step: steps.append(step))
    assert done == steps[-1][0] == steps[-1][1] == report.values[usual]
    assert re_encrypt(owner, cipher) == 0
    after = check(owner, privacy)
    assert set(after.values) == {"k1"}
    assert sum(after.values.values()) == sum(report.values.values())
    retire(owner, privacy, usual)
    with pytest.raises(KeyInUse, match="current"):
        retire(owner, privacy, "k1")
    only = PrivacySettings(
        SECRET_KEY=privacy.secret_key, ENCRYPTION_KEYS=SecretStr(f"k1:{key('1')}")
    )
    register_keys(database, only)  # nothing is missed any more
    assert names(database) == ["Marie", "Marie"]
    assert names(database, SOUTH) == ["Marie"]
    # The users of the template are sealed too: bring them back for the next test.
    re_encrypt(owner, Cipher(get_settings().privacy.key_ring | {"k1": b"1" * 32}))


def test_re_encryption_goes_on_where_it_was_cut(
    database: Database, owner: Any, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.keys._BATCH", 2)
    for number in range(5):
        add(database, f"P{number}")
    cipher = Cipher(ring("k1").key_ring)

    def cut(done: int, _total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        re_encrypt(owner, cipher, progress=cut)
    assert names(database) == ["Marie"] * 5
    rest = re_encrypt(owner, cipher)
    assert rest > 0
    assert set(check(owner, ring("k1")).values) == {"k1"}
    re_encrypt(owner, Cipher(get_settings().privacy.key_ring | {"k1": b"1" * 32}))


def test_a_missing_or_changed_key_is_said_at_the_start(database: Database, ring: Ring) -> None:
    register_keys(database, ring("k2", "k1"))
    with pytest.raises(KeyProblem, match=r"'k1' is not in ENCRYPTION_KEYS.*keys retire k1"):
        register_keys(database, ring("k2"))
    changed = ring("k2", "k1").model_copy(
        update={
            "encryption_keys": SecretStr(
                f"k2:{key('2')},k1:{key('x')},dev:"
                + base64.b64encode(next(iter(get_settings().privacy.key_ring.values()))).decode()
            )
        }
    )
    with pytest.raises(KeyProblem, match="'k1' in ENCRYPTION_KEYS is not the key"):
        register_keys(database, changed)
    with pytest.raises(KeyProblem, match="k2"):  # and a wrong ring has replaced nothing
        register_keys(database, ring("k3"))
    with pytest.raises(KeyProblem, match="k1"):
        register_keys(database, ring("k3", "k2"))
    register_keys(database, ring("k3", "k2", "k1"))


def test_values_of_a_key_that_is_gone_are_found(database: Database, owner: Any, ring: Ring) -> None:
    ring("k1")
    add(database, "P1")
    problems = " ".join(check(owner, ring()).problems)
    assert "sealed with key 'k1', which is not in ENCRYPTION_KEYS" in problems
    with pytest.raises(CannotDecrypt, match="k1"):
        names(database)


@pytest.mark.parametrize(
    "spoil",
    [
        "update contacts set name = set_byte(name, length(name) - 1,"
        " get_byte(name, length(name) - 1) # 1)",
        "update contacts set name = patient_id",
        "update contacts set name = (select value from addresses limit 1)",
        "update contacts set name = '\\x00'",
    ],
)
def test_altered_or_copied_values_do_not_open(database: Database, owner: Any, spoil: str) -> None:
    add(database, "P1")
    with owned(owner) as connection:
        connection.execute(text(spoil))
    with pytest.raises(CannotDecrypt) as caught:
        names(database)
    assert "Marie" not in str(caught.value)
    assert any("contacts.name" in problem for problem in _problems(owner))


def _problems(owner: Any) -> list[str]:
    return check(owner, get_settings().privacy).problems


def test_every_sealed_column_is_found_in_every_schema(owner: Any) -> None:
    found = {(place.schema, place.table, place.column) for place in sealed_columns(owner)}
    assert ("shared", "users", "email") in found
    for schema in ("est_1", "est_2"):
        assert (schema, "feedbacks", "content") in found
        assert (schema, "audit_entries", "before") in found
    labels = [place.label for place in sealed_columns(owner) if place.schema != "est_2"]
    assert len(labels) == len(set(labels))  # else a value could be copied between two columns


def test_recordings_are_handed_to_who_knows_the_store(
    database: Database, owner: Any, ring: Ring
) -> None:
    number = uuid4()
    with owned(owner) as connection:
        connection.execute(
            text(
                "insert into recordings (id, key_id, size, checksum, problems)"
                " values (:id, 'dev', 1, '', '{}')"
            ),
            {"id": number},
        )
    privacy = ring("k1")
    cipher = Cipher(privacy.key_ring)
    re_encrypt(owner, cipher)
    assert check(owner, privacy).recordings == {"dev": 1}
    register_keys(database, privacy)
    with pytest.raises(KeyInUse, match="1 recordings"):
        retire(owner, privacy, "dev")
    asked: list[tuple[int, str]] = []
    re_encrypt(owner, cipher, recordings=lambda *which: asked.append(which))
    assert asked == [(NORTH, str(number))]
    assert check(owner, privacy).recordings == {"k1": 1}
    re_encrypt(owner, Cipher(get_settings().privacy.key_ring | {"k1": b"1" * 32}))


def test_recordings_are_sealed_anew_too(
    tmp_path: Path, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(tmp_path)

    def with_ring(*key_ids: str) -> None:
        cipher = Cipher(ring(*key_ids).key_ring)
        monkeypatch.setattr("services.recording.get_cipher", lambda: cipher)

    with_ring("k1")
    stored = put_away(storage, NORTH, b"what was said")
    with_ring("k2", "k1")
    reseal(storage, NORTH, stored.id)
    assert sealed_with(storage.get(storage_key(NORTH, stored.id))) == "k2"
    with_ring("k2")
    assert audio_of(storage, NORTH, stored.id) == b"what was said"
