"""Remembers which migrations the database in the data folder has passed."""

import hashlib

from supervisor.files import write_private
from supervisor.settings import ROOT, RunSettings

MIGRATIONS = ROOT / "database"


class PreparedStamp:
    """A note beside the embedded database. A database of the user's own is never taken on trust."""

    def __init__(self, settings: RunSettings) -> None:
        self._own = settings.own_database
        # Inside the database's folder, so that it cannot outlive the database.
        self._path = settings.data / "postgres" / "prepared"

    def is_current(self) -> bool:
        """Whether exactly the code's migrations have been applied."""
        return self._own and self._path.exists() and self._path.read_text() == _fingerprint()

    def write(self) -> None:
        """Note that they have."""
        if self._own:
            write_private(self._path, _fingerprint())

    def remove(self) -> None:
        """Trust nothing at the next start."""
        self._path.unlink(missing_ok=True)


def _fingerprint() -> str:
    """Changes with any file that makes the schema."""
    digest = hashlib.sha256()
    for path in sorted(MIGRATIONS.rglob("*.py")):
        digest.update(str(path.relative_to(MIGRATIONS)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
