"""A process whose keys are not the ones that sealed the rows does not serve."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from config.settings import DatabaseSettings, PrivacySettings, Settings
from database.engine import service_engine
from database.session import Database
from services.readiness import NotFit, NotYet, in_one_line, make_ready


def settings(*keys: str) -> Settings:
    ring = ",".join(f"{key}:{base64.b64encode(key.encode() * 16).decode()}" for key in keys)
    privacy = PrivacySettings(
        SECRET_KEY=SecretStr("a-secret-key-for-tests"), ENCRYPTION_KEYS=SecretStr(ring)
    )
    return Settings(privacy=privacy)


@pytest.fixture
def keys_of_its_own(database: Any, owner: Any) -> Iterator[None]:
    """Registers keys that no other test knows: an application that started here would refuse."""
    yield
    with owner.begin() as connection:
        connection.execute(text("truncate shared.encryption_keys"))


@pytest.mark.usefixtures("keys_of_its_own")
def test_a_missing_key_is_named_and_stops_the_process(database: Any) -> None:
    make_ready(database, settings("k1"))
    make_ready(database, settings("k2", "k1"))
    with pytest.raises(NotFit, match="'k1'"):
        make_ready(database, settings("k2"))


def test_a_database_that_is_away_is_asked_again_later() -> None:
    away = DatabaseSettings(DATABASE_URL=SecretStr("postgresql://x:y@127.0.0.1:1/none"))
    database = Database(service_engine(away))
    with pytest.raises(NotYet, match=r"^OperationalError: .*Connection refused$"):
        make_ready(database, settings("k1"))
    database.dispose()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("password wrong\nfor you", "password wrong"),
        ('could not translate host name "rest@host" to address', 'host name "[login]@host"'),
        ("cannot use postgresql://app:s3cret/1@host/db", "cannot use [login]@host/db"),
        ('no such user "s3cret"', 'no such user "[password]"'),
    ],
)
def test_the_reason_is_one_line_without_credentials(said: str, told: str) -> None:
    line = in_one_line(OperationalError("select", {}, psycopg2.OperationalError(said)), "s3cret")
    assert line.startswith("OperationalError: ")
    assert told in line
    assert "s3cret" not in line
    assert "rest" not in line
    assert "\n" not in line
