"""What can go wrong before anything runs. Each prints as one clear line (and a log's end)."""

from dataclasses import dataclass
from pathlib import Path


class SupervisorError(Exception):
    """The base: `str()` of it is meant for a person at a terminal."""


@dataclass(eq=False)
class ServerNotStartedError(SupervisorError):
    """An embedded server could not be started; `log_end` holds the last lines that it wrote."""

    server: str
    reason: str
    log: Path | None = None
    log_end: str = ""

    def __str__(self) -> str:
        line = f"{self.server} did not start: {self.reason}"
        if self.log_end:
            line += f"\nThe end of {self.log}:\n{self.log_end}"
        return line


@dataclass(eq=False)
class FolderInUseError(SupervisorError):
    """Another process already runs on this data folder."""

    folder: Path
    holder: str = ""

    def __str__(self) -> str:
        by = f" (process {self.holder})" if self.holder else ""
        return (
            f"{self.folder} is in use by another Careloop{by}: "
            "stop that one, or set CARELOOP_DATA to another folder."
        )


class BadSettingError(SupervisorError):
    """A setting makes no sense; the message says which and what to set."""


class PreparationError(SupervisorError):
    """The database could not be brought up to date; the lines above it say why."""


@dataclass(eq=False)
class PortTakenError(SupervisorError):
    """Nobody can listen on the port; `reason` is the system's own word for why."""

    port: int
    reason: str

    def __str__(self) -> str:
        return (
            f"Port {self.port} cannot be used ({self.reason}): stop the program that has it, "
            f"or choose another one, for example `PORT={self.another()} make run`."
        )

    def another(self) -> int:
        """A port to suggest: near, and one that a plain user may open."""
        return self.port + 1 if 1024 <= self.port < 65535 else 8001


@dataclass(eq=False)
class SecretsMissingError(SupervisorError):
    """The database is there and the keys to read it are not."""

    path: Path

    def __str__(self) -> str:
        return (
            f"{self.path} is missing, but {self.path.parent} holds a database that only its keys "
            "can read: put the file back, or set CARELOOP_DATA to an empty folder to start anew."
        )
