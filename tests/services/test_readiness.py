"""A process whose keys are not the ones that sealed the rows does not serve."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import DatabaseSettings, PrivacySettings, Settings
from database.engine import service_engine
from database.session import Database
from services.readiness import NotFit, make_ready


def settings(*keys: str) -> Settings:
    ring = ",".join(f"{key}:{base64.b64encode(key.encode() * 16).decode()}" for key in keys)
    privacy = PrivacySettings(
        SECRET_KEY=SecretStr("a-secret-key-for-tests"), ENCRYPTION_KEYS=SecretStr(ring)
    )
    return Settings(privacy=privacy)


def test_a_missing_key_is_named_and_stops_the_process(database: Any) -> None:
    assert make_ready(database, settings("k1"))
    assert make_ready(database, settings("k2", "k1"))
    with pytest.raises(NotFit, match="'k1'"):
        make_ready(database, settings("k2"))


def test_a_database_that_is_away_is_asked_again_later() -> None:
    away = DatabaseSettings(DATABASE_URL=SecretStr("postgresql://x:y@127.0.0.1:1/none"))
    database = Database(service_engine(away))
    assert make_ready(database, settings("k1")) is False
    database.dispose()
