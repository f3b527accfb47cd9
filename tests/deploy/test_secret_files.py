"""Secrets from files, as containers get them, and names that only look like settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import (
    DatabaseSettings,
    Group,
    PrivacySettings,
    RedisSettings,
    Settings,
    StorageSettings,
    TwilioSettings,
)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def read(group: type[Group], folder: Path) -> Group:
    return group(_secrets_dir=folder)  # type: ignore[call-arg]


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_files_are_read_in_either_case(secrets: Path, spelling: object) -> None:
    assert callable(spelling)
    for name, value in {
        "secret_key": "from-a-file-and-longer-than-32-characters",
        "database_url": "postgresql://app:pass@postgres/careloop",
        "redis_url": "redis://:pass@redis:6379/0",
        "twilio_auth_token": "",
    }.items():
        (secrets / spelling(name)).write_text(value + "\n")
    privacy = read(PrivacySettings, secrets)
    assert isinstance(privacy, PrivacySettings)
    assert privacy.secret_key.get_secret_value() == "from-a-file-and-longer-than-32-characters"
    database = read(DatabaseSettings, secrets)
    assert isinstance(database, DatabaseSettings)
    assert database.url.get_secret_value() == "postgresql+psycopg2://app:pass@postgres/careloop"
    redis = read(RedisSettings, secrets)
    assert isinstance(redis, RedisSettings)
    assert redis.url.get_secret_value() == "redis://:pass@redis:6379/0"
    twilio = read(TwilioSettings, secrets)
    assert isinstance(twilio, TwilioSettings)
    assert not twilio.configured


def test_one_secret_is_not_taken_for_another(secrets: Path) -> None:
    (secrets / "secret_key").write_text("from-a-file-and-longer-than-32-characters")
    storage = read(StorageSettings, secrets)
    assert isinstance(storage, StorageSettings)
    assert storage.secret_key.get_secret_value() == ""


def test_common_names_in_the_environment_are_not_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TIMEOUT", "URL", "EMAIL", "REDIS", "DATABASE", "POLL", "BATCH"):
        monkeypatch.setenv(name, "7")
    settings = Settings()
    assert settings.redis.timeout == 1.0
    assert settings.engine.batch == 200
