"""A PostgreSQL whose data lie on a disk of a few megabytes, for the test of a full one.

Run inside a user and mount namespace of its own (`unshare`), where anybody may mount a tmpfs. One
command a line: `fill` leaves no byte free, `free` gives the room back, `stands` says whether the
server still runs and starts it again if not. Each is answered by a line. Ends with its input.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

from supervisor.embedded import EmbeddedPostgres
from supervisor.errors import ServerNotStartedError

BLOCK = b"\0" * 65536


def main() -> None:
    """Mount, start, then do as told."""
    folder, size = Path(sys.argv[1]), sys.argv[2]
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    ballast = folder / "ballast"
    with EmbeddedPostgres(folder / "postgres") as server:
        _say(server.url)
        for line in sys.stdin:
            match line.strip():
                case "fill":
                    _fill(ballast)
                    _say("full")
                case "free":
                    ballast.unlink()
                    _say("free")
                case "stands":
                    _say(_stands(server))


def _fill(ballast: Path) -> None:
    """Write until there is no room, by ever smaller pieces."""
    with ballast.open("ab", buffering=0) as file:
        for size in (len(BLOCK), 4096, 1):
            try:
                while file.write(BLOCK[:size]) == size:
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def _stands(server: EmbeddedPostgres) -> str:
    if server.pid is not None:
        return "stands"
    try:
        server.revive()
    except ServerNotStartedError:
        return "fell"
    return "revived"


def _say(what: str) -> None:
    os.write(sys.stdout.fileno(), what.encode() + b"\n")


if __name__ == "__main__":
    main()
