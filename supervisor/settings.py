"""What a person may set for `make run`: the environment, then `.env` in the repository's root."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from supervisor.errors import BadSettingError

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8000
# A domain reserved for documentation: no message can ever leave for it.
DEFAULT_ADMIN = "admin@hospital.example"


@dataclass(frozen=True)
class RunSettings:
    """The choices of one run. `environ` is everything set; empty values count as unset."""

    port: int
    data: Path
    environ: Mapping[str, str] = field(repr=False)

    def given(self, name: str) -> str | None:
        """The value that the user has set, or None."""
        return self.environ.get(name) or None

    @property
    def own_database(self) -> bool:
        """Whether PostgreSQL is ours to start."""
        return self.given("DATABASE_URL") is None

    @property
    def url(self) -> str:
        """Where everything is served."""
        return f"http://127.0.0.1:{self.port}"


def load(environ: Mapping[str, str] | None = None, root: Path = ROOT) -> RunSettings:
    """Read the settings. Raises BadSettingError for a PORT that is no port."""
    real = os.environ if environ is None else environ
    in_file = {key: value for key, value in dotenv_values(root / ".env").items() if value}
    merged = in_file | {key: value for key, value in real.items() if value}
    data = Path(merged.get("CARELOOP_DATA", ".careloop")).expanduser()
    return RunSettings(port=_port(merged), data=(root / data).absolute(), environ=merged)


def _port(environ: Mapping[str, str]) -> int:
    text = environ.get("PORT", str(DEFAULT_PORT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise BadSettingError(f"PORT is {text!r}: set it to a number from 1 to 65535.")
    return int(text)
