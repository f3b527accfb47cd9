"""Children: heard line by line, restarted, and never left behind."""

import io
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from supervisor.output import Output
from supervisor.tree import SUCCESS, Child, Tree
from tests.supervisor.process_helpers import ROOT, is_alive, nobody_left, wait_for

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up')"
# A job in a process group of its own, as queue workers make them, that nobody told to stop.
WITH_JOB = """
    import os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setpgid(0, 0)
    os.write(1, b"up %d\\n" % os.getpid())  # at once: two processes share the pipe
    time.sleep(60)
"""


class Listener:
    """A tree whose output can be read back."""

    def __init__(self) -> None:
        self._stream = io.BytesIO()
        self.tree = Tree(Output(self._stream, colour=False))

    @property
    def text(self) -> str:
        return self._stream.getvalue().decode(errors="replace")

    def hears(self, pattern: str, times: int = 1) -> bool:
        return wait_for(lambda: len(re.findall(pattern, self.text)) >= times)


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.tree.stop(polite_seconds=0.2)


def python(name: str, code: str, folder: Path) -> Child:
    argv = (sys.executable, "-u", "-c", textwrap.dedent(code))
    return Child(name, argv, dict(os.environ), cwd=folder)


def test_every_line_is_passed_on_whole_with_its_name(listener: Listener, tmp_path: Path) -> None:
    code = """
        import os, sys
        for i in range(2000):
            os.write(1 + i % 2, b"line %d \\xff\\n" % i)
        sys.stdout.write("no newline at the end")
    """
    assert listener.tree.run(python("talker", code, tmp_path)).result(30) == SUCCESS
    assert listener.hears("no newline at the end\n")
    lines = listener._stream.getvalue().splitlines()
    assert lines[:2000] == [b"    talker | line %d \xff" % i for i in range(2000)]


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, painted = io.BytesIO(), io.BytesIO()
    Output(plain).line("api", b"hello\n")
    Output(painted, colour=True).line("api", b"hello\n")
    assert plain.getvalue() == b"       api | hello\n"
    assert painted.getvalue().startswith(b"\x1b[")
    assert painted.getvalue().endswith(b" hello\n")


def test_a_reader_that_has_gone_is_no_reason_to_stop(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as stream:
        tree = Tree(Output(stream, colour=False))
        code = "for i in range(20000): print('x' * 80)"
        assert tree.run(python("talker", code, tmp_path)).result(30) == SUCCESS


def test_a_crash_is_told_and_mended(listener: Listener, tmp_path: Path) -> None:
    listener.tree.start(python("worker", "print('up'); raise SystemExit(3)", tmp_path))
    assert listener.hears(r"worker ended with code 3 after .* starting it again in 0.5 s")
    assert listener.hears(r"starting it again in 1 s")
    assert listener.hears(r"worker \| up", times=3)


def test_a_killed_child_takes_its_jobs_with_it(listener: Listener, tmp_path: Path) -> None:
    listener.tree.start(python("worker", WITH_JOB, tmp_path))
    assert listener.hears(r"up \d+", times=2)
    jobs = [int(pid) for pid in re.findall(r"up (\d+)", listener.text)]
    os.kill(listener.tree.pids()["worker"], 9)
    assert listener.hears("worker was ended by SIGKILL")
    assert wait_for(lambda: not any(is_alive(pid) for pid in jobs))


def test_the_stubborn_are_ended_by_force(listener: Listener, tmp_path: Path) -> None:
    for name in ("one", "two"):
        listener.tree.start(python(name, f"{STUBBORN}; time.sleep(60)", tmp_path))
    assert listener.hears("up", times=2)
    began = time.monotonic()
    listener.tree.stop(polite_seconds=0.5)
    assert time.monotonic() - began < 5
    assert nobody_left(tmp_path, 0) == []


def test_a_program_that_is_not_there_is_told(listener: Listener, tmp_path: Path) -> None:
    ending = listener.tree.run(Child("none", ("/no/such/program",), dict(os.environ), tmp_path))
    assert ending.result(30) == "ended with code 127"
    assert listener.hears("cannot start /no/such/program: No such file")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_parent_leaves_neither_children_nor_their_jobs(tmp_path: Path) -> None:
    code = f"""
        import os, sys, time
        from supervisor.output import Output
        from supervisor.tree import Child, Tree
        tree = Tree(Output())
        for name in ("one", "two"):
            argv = (sys.executable, "-c", {textwrap.dedent(WITH_JOB)!r})
            tree.start(Child(name, argv, dict(os.environ), cwd={str(tmp_path)!r}))
        time.sleep(60)
    """
    command = [sys.executable, "-u", "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline().split()[-1]) for _ in range(4)]
        assert all(is_alive(pid) for pid in pids)
        parent.kill()
    assert nobody_left(tmp_path) == []
