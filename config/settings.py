"""Every setting of the service, in groups, validated once at start.

Names are those of the published manual (`DATABASE_URL`, `TWILIO_ACCOUNT_SID`, ...). Values come
from the environment, else from `.env`, else from files in `/run/secrets` (container secrets; upper
or lower case), which no container has together with a `.env`. While `make run` runs, it keeps the
addresses and keys of what it has started in the data folder (`running.env`): a command in another
terminal works on that, unless the environment or `.env` says otherwise.
Outside development the service refuses to start on a placeholder secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SECRETS_FOLDER = Path("/run/secrets")
PLACEHOLDER = "change-me"
AES_KEY_BYTES = 32
_RATE = re.compile(r"[1-9][0-9]{0,8} ?(/|per) ?([1-9][0-9]* ?)?(second|minute|hour|day)s?")
_DSN = re.compile(r"https?://[^@/\s]+@[^@/\s]+(/[^\s]*)?/[0-9]+")


class Environment(StrEnum):
    """Where the process runs. Only `production` is strict about secrets and database roles."""

    development = "development"
    test = "test"
    production = "production"


def _files() -> tuple[Path, ...]:
    """The files with settings, the last one first believed."""
    environment = os.environ.get("ENVIRONMENT")
    if environment == Environment.test:  # tests must not pick up somebody's real credentials
        return ()
    if environment == Environment.production:
        return (Path(".env"),)
    return (Path(os.environ.get("CARELOOP_DATA") or ".careloop") / "running.env", Path(".env"))


class Group(BaseSettings):
    """One nested group; each reads the same sources, so names stay flat."""

    model_config = SettingsConfigDict(
        env_file=_files(),
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        secrets_dir=SECRETS_FOLDER if SECRETS_FOLDER.is_dir() else None,
        extra="ignore",
        # By alias only. By field name too, any TIMEOUT, URL or HOST in the environment would be
        # taken, and the file `secret_key` for the storage's secret key.
        populate_by_name=False,
        hide_input_in_errors=True,
    )


def _psycopg2(url: str) -> str:
    """`postgresql://` means psycopg2 here; SQLAlchemy 2.1 alone would pick psycopg 3."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg2{separator}{rest}"
    if scheme == "postgresql+psycopg2":
        return url
    raise ValueError("must be a postgresql:// URL")


class DatabaseSettings(Group):
    """PostgreSQL. `owner_url` migrates; `url` serves and, in production, owns nothing."""

    url: SecretStr = Field(
        default=SecretStr("postgresql://careloop:careloop@127.0.0.1:5432/careloop"),
        validation_alias="DATABASE_URL",
    )
    owner_url_given: SecretStr | None = Field(default=None, validation_alias="DATABASE_OWNER_URL")
    pool_size: int = Field(default=10, ge=1, le=200, validation_alias="DATABASE_POOL_SIZE")
    pool_timeout: float = Field(default=5.0, gt=0, validation_alias="DATABASE_POOL_TIMEOUT")
    connect_timeout: int = Field(default=5, ge=1, validation_alias="DATABASE_CONNECT_TIMEOUT")
    statement_timeout_ms: int = Field(
        default=15_000, ge=0, validation_alias="DATABASE_STATEMENT_TIMEOUT_MS"
    )

    @field_validator("url", "owner_url_given")
    @classmethod
    def _driver(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else SecretStr(_psycopg2(value.get_secret_value()))

    @property
    def owner_url(self) -> SecretStr:
        """The login that owns the schemas; the service's own when only one was given."""
        return self.owner_url_given or self.url


class RedisSettings(Group):
    """Redis or Valkey: a fast path. PostgreSQL can rebuild everything that is in it."""

    url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"), validation_alias="REDIS_URL"
    )
    timeout: float = Field(default=1.0, gt=0, validation_alias="REDIS_TIMEOUT")

    @field_validator("url")
    @classmethod
    def _scheme(cls, value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            known = parts.scheme in ("redis", "rediss", "unix") and (parts.port or True)
        except ValueError:  # its own words quote what stands in the port's place: a password, maybe
            known = False
        if not known:
            raise ValueError("must be a redis://, rediss:// or unix:// URL") from None
        return value


class TwilioSettings(Group):
    """SMS and calls. `api_url` points the official library elsewhere (the simulator)."""

    account_sid: str = Field(default="", validation_alias="TWILIO_ACCOUNT_SID")
    auth_token: SecretStr = Field(default=SecretStr(""), validation_alias="TWILIO_AUTH_TOKEN")
    phone_number: str = Field(default="", validation_alias="TWILIO_PHONE_NUMBER")
    api_url: str | None = Field(default=None, validation_alias="TWILIO_API_URL")
    timeout: float = Field(default=10.0, gt=0, le=60, validation_alias="TWILIO_TIMEOUT")

    @property
    def configured(self) -> bool:
        """True when messages can be sent at all."""
        return bool(self.account_sid and self.auth_token.get_secret_value())


class AndroidSettings(Group):
    """Android phones as gateways. Where each is and how to log in stands with its sender."""

    timeout: float = Field(default=10.0, gt=0, le=60, validation_alias="ANDROID_TIMEOUT")


class EmailSettings(Group):
    """E-mail by SendGrid when its key is set, else by SMTP."""

    sendgrid_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="SENDGRID_API_KEY")
    sendgrid_api_url: str | None = Field(default=None, validation_alias="SENDGRID_API_URL")
    sendgrid_webhook_key: str = Field(default="", validation_alias="SENDGRID_WEBHOOK_KEY")
    smtp_host: str = Field(default="", validation_alias="SMTP_HOST")
    smtp_port: int = Field(default=587, ge=1, le=65535, validation_alias="SMTP_PORT")
    smtp_user: str = Field(default="", validation_alias="SMTP_USER")
    smtp_pass: SecretStr = Field(default=SecretStr(""), validation_alias="SMTP_PASS")
    smtp_tls: bool = Field(default=True, validation_alias="SMTP_TLS")
    sender: str = Field(default="no-reply@hospital.example", validation_alias="EMAIL_FROM")
    timeout: float = Field(default=10.0, gt=0, le=60, validation_alias="EMAIL_TIMEOUT")

    @property
    def provider(self) -> str | None:
        """`sendgrid`, `smtp`, or None when no e-mail can be sent."""
        if self.sendgrid_api_key.get_secret_value():
            return "sendgrid"
        return "smtp" if self.smtp_host else None


@contextmanager
def _named(setting: str) -> Iterator[None]:
    """Says of a check that spans several settings which one is at fault."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{setting}: {error}") from error


def _decode_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("a key must be base64") from error
    if len(key) != AES_KEY_BYTES:
        raise ValueError(f"a key must be {AES_KEY_BYTES} bytes long")
    return key


class PrivacySettings(Group):
    """Keys. The first of `ENCRYPTION_KEYS` encrypts; the others only decrypt what is old."""

    secret_key: SecretStr = Field(
        default=SecretStr(PLACEHOLDER), min_length=8, validation_alias="SECRET_KEY"
    )
    previous_secret_keys: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list, validation_alias="SECRET_KEYS_PREVIOUS"
    )
    encryption_keys: SecretStr = Field(default=SecretStr(""), validation_alias="ENCRYPTION_KEYS")
    blind_index_key: SecretStr = Field(default=SecretStr(""), validation_alias="BLIND_INDEX_KEY")

    @field_validator("previous_secret_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

    @property
    def key_ring(self) -> dict[str, bytes]:
        """Key id to key, the current one first.

        Without `ENCRYPTION_KEYS` (development only) a key is derived from `SECRET_KEY`.
        """
        given = self.encryption_keys.get_secret_value()
        if not given:
            return {"dev": self._derived("encryption")}
        pairs = [pair.partition(":") for pair in given.split(",")]
        return {key_id.strip(): _decode_key(key.strip()) for key_id, _, key in pairs}

    @property
    def index_key(self) -> bytes:
        """The HMAC key of every blind index."""
        given = self.blind_index_key.get_secret_value()
        return _decode_key(given) if given else self._derived("blind-index")

    def _derived(self, purpose: str) -> bytes:
        material = f"{purpose}:{self.secret_key.get_secret_value()}"
        return hashlib.sha256(material.encode()).digest()

    def weaknesses(self) -> list[str]:
        """The settings that must not be what they are outside development."""
        secret = self.secret_key.get_secret_value()
        found = []
        if PLACEHOLDER in secret or len(secret) < AES_KEY_BYTES:
            found.append("SECRET_KEY (32 characters or more, not the example's)")
        if not self.encryption_keys.get_secret_value():
            found.append("ENCRYPTION_KEYS")
        if not self.blind_index_key.get_secret_value():
            found.append("BLIND_INDEX_KEY")
        return found

    @model_validator(mode="after")
    def _parse_once(self) -> Self:
        with _named("ENCRYPTION_KEYS"):
            ring = self.key_ring
        if not all(0 < len(key_id) <= 16 and key_id.isalnum() for key_id in ring):
            raise ValueError(
                "ENCRYPTION_KEYS: an id is 1 to 16 letters or digits, as in k1:<base64>"
            )
        with _named("BLIND_INDEX_KEY"):
            _ = self.index_key
        return self


class EngineSettings(Group):
    """Durations of the delivery engine, in seconds (DESIGN: decisions and defaults)."""

    claim_lease: float = Field(default=60.0, gt=0, validation_alias="ENGINE_CLAIM_LEASE")
    batch: int = Field(default=200, ge=1, le=1000, validation_alias="ENGINE_BATCH")
    outstanding_batches: int = Field(
        default=4, ge=1, le=100, validation_alias="ENGINE_OUTSTANDING_BATCHES"
    )
    concurrency: int = Field(default=50, ge=1, le=500, validation_alias="ENGINE_CONCURRENCY")
    # Seconds after an attempt at which an unknown delivery is first asked about: a callback is
    # usually faster.
    ask_after: float = Field(default=10.0, gt=0, validation_alias="ENGINE_ASK_AFTER")
    # Twilio shows a message in its list within seconds of accepting it. A negative answer this
    # long after the attempt is taken as proof that the carrier never had it.
    settle_after: float = Field(default=90.0, gt=0, validation_alias="ENGINE_SETTLE_AFTER")
    # Seconds after an attempt at which a provider that can be asked is first asked for a receipt
    # that has not come by itself. Later looks come at growing steps.
    receipt_after: float = Field(default=60.0, gt=0, validation_alias="ENGINE_RECEIPT_AFTER")
    poll: float = Field(default=1.0, gt=0, validation_alias="ENGINE_POLL")
    sweep: float = Field(default=5.0, gt=0, validation_alias="ENGINE_SWEEP")
    # Seconds until one delivery tries a suspended sender again; doubled with each try, four times.
    probe_after: float = Field(default=60.0, gt=0, validation_alias="ENGINE_PROBE_AFTER")
    # Calls of one sender in a row that its provider did not answer, after which it is suspended;
    # 0: never. Few would take a moment's cut of the line for a carrier that is down.
    silent_after: int = Field(default=20, ge=0, le=1000, validation_alias="ENGINE_SILENT_AFTER")
    alarms: float = Field(default=15.0, gt=0, validation_alias="ENGINE_ALARMS")
    # Seconds between two looks at a provider's own list of what patients wrote to us.
    inbound: float = Field(default=120.0, gt=0, validation_alias="ENGINE_INBOUND")
    # A message so young may still be on its way to us.
    inbound_after: float = Field(default=60.0, ge=0, validation_alias="ENGINE_INBOUND_AFTER")
    crash_at: str = Field(default="", validation_alias="CARELOOP_CRASH_AT")
    dry_run: bool = Field(default=False, validation_alias="DRY_RUN")
    pause_at: str = Field(default="", validation_alias="CARELOOP_PAUSE_AT")


class WebSettings(Group):
    """What the API listens on and allows."""

    host: str = Field(default="127.0.0.1", validation_alias="HOST")
    port: int = Field(default=8000, ge=1, le=65535, validation_alias="PORT")
    public_url: str = Field(default="", validation_alias="PUBLIC_URL")
    simulator_url: str | None = Field(default=None, validation_alias="SIMULATOR_URL")
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list, validation_alias="CORS_ORIGINS"
    )
    trusted_proxies: str = Field(default="127.0.0.1", validation_alias="TRUSTED_PROXIES")
    rate_limit: str = Field(default="600/minute", validation_alias="RATE_LIMIT")
    anonymous_rate_limit: str = Field(
        default="1200/minute", validation_alias="RATE_LIMIT_ANONYMOUS"
    )
    login_rate_limit: str = Field(default="30/minute", validation_alias="RATE_LIMIT_LOGIN")
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, validation_alias="MAX_BODY_BYTES")

    @field_validator("rate_limit", "anonymous_rate_limit", "login_rate_limit")
    @classmethod
    def _rate(cls, value: str) -> str:
        if not _RATE.fullmatch(value):
            raise ValueError("must be a number in a time, such as 600/minute")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [origin.strip() for origin in value.split(",") if origin.strip()]
        return value

    @property
    def base_url(self) -> str:
        """The address that providers and links use, without a slash at its end."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")


class StorageSettings(Group):
    """Where recordings live: a folder, or any S3-compatible store."""

    data_folder: Path = Field(default=Path(".careloop"), validation_alias="CARELOOP_DATA")
    url: str = Field(default="", validation_alias="STORAGE_URL")
    access_key: str = Field(default="", validation_alias="STORAGE_ACCESS_KEY")
    secret_key: SecretStr = Field(default=SecretStr(""), validation_alias="STORAGE_SECRET_KEY")

    spool_given: Path | None = Field(default=None, validation_alias="WEBHOOK_SPOOL")
    spool_megabytes: int = Field(default=64, ge=1, le=4096, validation_alias="WEBHOOK_SPOOL_MB")
    # Seconds for which a provider waits for the database. Twilio itself gives up after 15.
    spool_after: float = Field(default=5.0, gt=0, le=12, validation_alias="WEBHOOK_SPOOL_AFTER")

    @field_validator("url")
    @classmethod
    def _scheme(cls, value: str) -> str:
        if value and not value.startswith(("file://", "s3://")):
            raise ValueError("must be a file:// or s3:// URL")
        return value

    @property
    def spool(self) -> Path:
        """Where webhooks wait while PostgreSQL is away: a folder that survives a restart."""
        return (self.spool_given or self.data_folder / "spool").resolve()

    @property
    def location(self) -> str:
        """The storage URL, the data folder's `recordings` when none was given."""
        return self.url or (self.data_folder.resolve() / "recordings").as_uri()

    @property
    def where(self) -> tuple[str, str | None, str | None]:
        """URL, access key and secret key, as the storage is opened with."""
        return self.location, self.access_key or None, self.secret_key.get_secret_value() or None


class OperationsSettings(Group):
    """Logs and error reports."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        default="INFO", validation_alias="LOG_LEVEL"
    )
    log_format: str = Field(default="", pattern="^(|json|console)$", validation_alias="LOG_FORMAT")
    sentry_dsn: SecretStr = Field(default=SecretStr(""), validation_alias="SENTRY_DSN")
    metrics_token: SecretStr = Field(default=SecretStr(""), validation_alias="METRICS_TOKEN")

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: Any) -> Any:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("sentry_dsn")
    @classmethod
    def _reports_somewhere(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _DSN.fullmatch(value.get_secret_value()):
            raise ValueError("must be a DSN as Sentry shows it: https://<key>@<host>/<number>")
        return value


class Settings(Group):
    """All groups together."""

    # An EMAIL or REDIS in the environment is not a group.
    model_config = SettingsConfigDict(env_prefix="CARELOOP_GROUP_")

    environment: Environment = Field(
        default=Environment.development, validation_alias="ENVIRONMENT"
    )
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    twilio: TwilioSettings = Field(default_factory=TwilioSettings)
    android: AndroidSettings = Field(default_factory=AndroidSettings)
    email: EmailSettings = Field(default_factory=EmailSettings)
    privacy: PrivacySettings = Field(default_factory=PrivacySettings)
    engine: EngineSettings = Field(default_factory=EngineSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    storage: StorageSettings = Field(default_factory=StorageSettings)
    operations: OperationsSettings = Field(default_factory=OperationsSettings)

    @property
    def production(self) -> bool:
        """True where placeholders, a simulator and an owning database login are refused."""
        return self.environment is Environment.production

    @model_validator(mode="after")
    def _simulator_speaks_for_providers(self) -> Self:
        simulator = self.web.simulator_url
        if simulator and not self.production:
            self.twilio.api_url = self.twilio.api_url or simulator
            self.email.sendgrid_api_url = self.email.sendgrid_api_url or simulator
        return self

    @model_validator(mode="after")
    def _settles_after_the_longest_call(self) -> Self:
        """What is not in the carrier's list is sent again: not while it may be on its way."""
        timeouts = self.twilio.timeout, self.android.timeout, self.email.timeout
        longest = self.engine.claim_lease + max(timeouts)
        if self.engine.settle_after <= longest:
            raise ValueError(
                f"ENGINE_SETTLE_AFTER is {self.engine.settle_after:g} seconds: it must be longer"
                f" than a call may take, ENGINE_CLAIM_LEASE and the longest of TWILIO_TIMEOUT,"
                f" ANDROID_TIMEOUT and EMAIL_TIMEOUT together ({longest:g}), or a message still on"
                " its way would be sent again"
            )
        return self

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if not self.production:
            return self
        wrong = self.privacy.weaknesses()
        if self.web.simulator_url:
            wrong.append("SIMULATOR_URL (there is no simulator in production)")
        if self.engine.crash_at or self.engine.pause_at:
            wrong.append("CARELOOP_CRASH_AT, CARELOOP_PAUSE_AT (for tests only)")
        if self.engine.dry_run:
            wrong.append("DRY_RUN (nothing would be sent)")
        if urlsplit(self.web.public_url).scheme != "https":
            wrong.append("PUBLIC_URL (the https:// address that Twilio and SendGrid call)")
        if wrong:
            raise ValueError("set before starting in production: " + "; ".join(wrong))
        return self


class WrongSettings(SystemExit):
    """A process with such settings must not go on: it ends with a line that names each of them."""

    def __init__(self, error: ValidationError) -> None:
        said = [
            (*map(str, e["loc"]), e["msg"].removeprefix("Value error, ")) for e in error.errors()
        ]
        super().__init__("careloop: settings: " + "; ".join(": ".join(parts) for parts in said))


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once. Raises `WrongSettings`."""
    try:
        return Settings()
    except ValidationError as error:
        raise WrongSettings(error) from error
