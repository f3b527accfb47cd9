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
