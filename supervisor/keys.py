"""Secrets and the first login: made once, kept in the data folder (0600), passed by environment."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from supervisor.errors import SecretsMissingError
from supervisor.files import write_private
from supervisor.settings import DEFAULT_ADMIN, RunSettings

# Without these, what is stored cannot be read again.
OF_THE_DATA = ("SECRET_KEY", "ENCRYPTION_KEYS", "BLIND_INDEX_KEY")
# A number from the block that the North American plan keeps for fiction.
SIMULATED_SENDER = "+12025550142"
RUNNING = "running.env"


def ensure_secrets(settings: RunSettings) -> dict[str, str]:
    """The secrets of this data folder, made on first use; what the user sets is left out.

    Raises SecretsMissingError rather than make new keys beside an existing database.
    """
    path = settings.data / "secrets.env"
    if not path.exists():
        all_given = all(settings.given(name) for name in OF_THE_DATA)
        if has_database(settings) and not all_given:
            raise SecretsMissingError(path)
        _write(path, _fresh_secrets(), "Keep this file: without it the data cannot be read.")
    return _read(path)


def has_database(settings: RunSettings) -> bool:
    """Whether an embedded PostgreSQL was made in the data folder before."""
    return (settings.data / "postgres" / "data").exists()


@dataclass(frozen=True)
class Login:
    """The first administrator. `password` is None when the user chose it in an earlier run."""

    email: str
    password: str | None = field(repr=False)


def ensure_login(settings: RunSettings) -> Login:
    """What to log in with: set by the user, else kept from before, else made now.

    A password that the user set is never written to disk; a generated one is.
    """
    path = settings.data / "admin.env"
    given = settings.given("CARELOOP_ADMIN_PASSWORD")
    email = settings.given("CARELOOP_ADMIN_EMAIL")
    if not path.exists():
        kept = {"CARELOOP_ADMIN_EMAIL": email or DEFAULT_ADMIN}
        if given is None:
            kept["CARELOOP_ADMIN_PASSWORD"] = secrets.token_urlsafe(12)
        _write(path, kept, "The first administrator, made when this folder was new.")
    known = _read(path)
    return Login(
        email or known.get("CARELOOP_ADMIN_EMAIL", DEFAULT_ADMIN),
        given or known.get("CARELOOP_ADMIN_PASSWORD"),
    )


def tell_commands(settings: RunSettings, env: Mapping[str, str]) -> None:
    """Keep addresses and keys for `cli.py` in another terminal (read by `config/settings.py`)."""
    _write(settings.data / RUNNING, env, "Of what `make run` has started; gone when it ends.")


def forget_commands(settings: RunSettings) -> None:
    """What was told is true no longer."""
    (settings.data / RUNNING).unlink(missing_ok=True)


def _fresh_secrets() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": f"k1:{_key()}",
        "BLIND_INDEX_KEY": _key(),
        # For the simulator only: they open nothing anywhere else.
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_PHONE_NUMBER": SIMULATED_SENDER,
        "SENDGRID_API_KEY": f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}",
    }


def _key() -> str:
    """32 random bytes in base64: a key for AES-256 or HMAC-SHA-256."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _write(path: Path, values: Mapping[str, str], remark: str) -> None:
    lines = [f"# {remark}", *(f"{key}={value}" for key, value in values.items())]
    write_private(path, "\n".join(lines) + "\n")


def _read(path: Path) -> dict[str, str]:
    values = dotenv_values(path, interpolate=False)
    return {key: value for key, value in values.items() if value}
