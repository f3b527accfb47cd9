"""`memory`: what the whole idle tree of `make run` keeps resident.

PSS counts a page that several processes share once, divided among them: the sum is what the
machine really gives. RSS counts it in each of them, and is what a limit may be set by. Linux only.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bench.figures import console, table
from bench.stack import ROOT
from supervisor.ports import free_port

TARGET, BEYOND = 400, 250  # MB
START_SECONDS, IDLE_SECONDS = 60.0, 15.0
_OF_A_PERSON = re.compile(
    r"DATABASE_|REDIS_|TWILIO_|SENDGRID_|SMTP_|SIMULATOR_|STORAGE_|CARELOOP_|PUBLIC_URL|PORT"
)


@dataclass(frozen=True)
class Process:
    """One process of the tree; sizes in MB."""

    name: str
    rss: float
    pss: float


def run(_options: argparse.Namespace) -> None:
    """Start the tree, let it come to rest, print the table."""
    if not Path("/proc/self/smaps_rollup").exists():
        console.print("memory: needs Linux, left out")
        return
    console.print("memory: starting the tree of `make run` …")
    seen = idle_tree(IDLE_SECONDS)
    shown = table("Memory of the idle tree (make run), MB", "process", "PSS", "RSS", "target")
    for process in sorted(seen, key=lambda process: -process.pss):
        shown.add_row(process.name, f"{process.pss:.0f}", f"{process.rss:.0f}", "")
    total = sum(process.pss for process in seen)
    shown.add_section()
    shown.add_row("all", f"{total:.0f}", f"{sum(p.rss for p in seen):.0f}", _verdict(total))
    console.print(shown)


def _verdict(total: float) -> str:
    if total < BEYOND:
        return f"beyond ({BEYOND})"
    return f"{'met' if total < TARGET else 'MISSED'} ({TARGET})"


def idle_tree(idle_seconds: float) -> list[Process]:
    """Start `python -m supervisor` with servers of its own; its processes after a rest."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="careloop-bench-", ignore_cleanup_errors=True) as name:
        env = {key: value for key, value in os.environ.items() if not _OF_A_PERSON.match(key)}
        env |= {"PORT": str(port), "CARELOOP_DATA": name}
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "supervisor"], cwd=ROOT, env=env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_until_ready(port)
            time.sleep(idle_seconds)
            return [_look(pid) for pid in family(supervisor.pid)]
        finally:
            supervisor.send_signal(signal.SIGINT)
            supervisor.wait(30)


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    last = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = httpx2.get(f"http://127.0.0.1:{port}/health/ready", timeout=2)
        except httpx2.TransportError as error:
            last = type(error).__name__
        else:
            if answer.is_success and not answer.json().get("reasons"):
                return
            last = answer.text
        time.sleep(0.5)
    raise SystemExit(f"the tree was not ready within {START_SECONDS:.0f} s: {last}")


def family(pid: int) -> list[int]:
    """A process and all that it started, and these started."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(entry.parent.name)] = int(fields[1])
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def _look(pid: int) -> Process:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = {key: int(size) / 1024 for key, size in re.findall(r"(?m)^(Rss|Pss): +(\d+)", rollup)}
    return Process(_name(words_of(pid)), sizes["Rss"], sizes["Pss"])


def words_of(pid: int) -> list[str]:
    """The command line of a process; nothing when it has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().split()
    except OSError:
        return []


def _name(words: list[str]) -> str:
    """What a person would call it: `cli.py worker`, `supervisor`, `postgres: checkpointer`."""
    program = Path(words[0]).name
    if program.startswith("python"):
        words = [word for word in words[1:] if not word.startswith("-")]
        return " ".join(words[:2])
    return " ".join([program, *words[1:2]]) if program.endswith(":") else program
