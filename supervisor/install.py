"""`python -m supervisor.install <lock>`: install a hash-locked file, quietly but not silently.

Standard library only: nothing else is there yet.
"""

import os
import re
import subprocess
import sys
from collections import deque
from pathlib import Path

PINNED = re.compile(r"^[A-Za-z0-9][\w.\-\[\]]*==", re.MULTILINE)
SEEN = re.compile(r"^\s*(?:Collecting|Requirement already satisfied:) ([\w.\-]+)")
PIP = ("-m", "pip", "install", "--require-hashes", "--no-input", "--progress-bar", "off")
QUIET = ("--disable-pip-version-check", "--no-warn-script-location", "--root-user-action=ignore")
LINES_SHOWN = 30
STEP = 25


class Progress:
    """One line that counts on a terminal; a line for every 25 packages elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._count = 0
        self._live = sys.stdout.isatty()

    def package(self, name: str) -> None:
        """One more package was looked at."""
        self._count += 1
        if self._live:
            self._write(f"\r\x1b[K  {self._count} of {self._total}  {name}")
        elif self._count % STEP == 0:
            self._write(f"  {self._count} of {self._total}\n")

    def end(self, text: str) -> None:
        """The last line."""
        self._write(f"\r\x1b[K  {text}\n" if self._live else f"  {text}\n")

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def install(lock: Path) -> int:
    """Install what the lock names; return pip's exit code, after its last lines if it failed."""
    total = len(PINNED.findall(lock.read_text(encoding="utf-8")))
    sys.stdout.write(f"installing {lock} (the first time takes a minute or two)\n")
    progress = Progress(total)
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    with subprocess.Popen(  # noqa: S603 - our own interpreter, fixed words, a file of ours
        [sys.executable, *PIP, *QUIET, "-r", str(lock)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            last.append(line)
            if found := SEEN.match(line):
                progress.package(found[1])
            elif line.startswith("Installing collected packages"):
                progress.package("unpacking")
    if pip.returncode == 0:
        progress.end("installed")
    else:
        progress.end(f"pip failed with code {pip.returncode}; its last lines:")
        sys.stderr.writelines(last)
    return pip.returncode


def main() -> int:
    """Install the lock that is named on the command line."""
    try:
        return install(Path(sys.argv[1]))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
