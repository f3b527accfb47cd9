"""Starts real processes of the service quickly: everything is imported once, then forked.

`kill -9` and a restart cost milliseconds instead of a second of imports, so a short run can afford
dozens of them. A child reads its settings and makes its engines after the fork, as everywhere.

One JSON object a line. In: `{"start": name, "role": "worker", "env": {…}, "log": path}`.
Out: `{"started": name, "pid": 7}` and, when a process has ended, `{"ended": 7, "code": -9}`.
At the end of the input everything dies.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import pkgutil
import random
import select
import signal
import sys
import traceback
from typing import Any

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Import, then start what is asked for until the input ends."""
    _import_everything()
    wake, bell = os.pipe()
    os.set_blocking(bell, False)
    signal.set_wakeup_fd(bell)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _say({"ready": os.getpid()})
    pending = b""
    while True:
        readable, _, _ = select.select([sys.stdin, wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            _reap()
        if sys.stdin in readable:
            got = os.read(sys.stdin.fileno(), 65536)
            if not got:
                return
            *lines, pending = (pending + got).split(b"\n")
            for line in lines:
                _start(json.loads(line))


def _import_everything() -> None:
    """All that a process of the service loads, but nothing that reads the settings."""
    for name in ("uvicorn", "cli", "routers", "workers"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
            if name != "uvicorn":
                importlib.import_module(found.name)
    settings = importlib.import_module("config.settings")
    assert settings.get_settings.cache_info().misses == 0, "an import reads the settings"


def _say(what: dict[str, Any]) -> None:
    os.write(sys.stdout.fileno(), json.dumps(what).encode() + b"\n")


def _reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say({"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _start(order: dict[str, Any]) -> None:
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _become(order, parent)
        except BaseException:  # noqa: BLE001 - whatever it was, a fork must never run on
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
    _say({"started": order["start"], "pid": pid})


def _become(order: dict[str, Any], parent: int) -> None:
    """Turn this fork into `cli.py <role>`, as it would have been started from a shell."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.update(order["env"])
    cli = importlib.import_module("cli")
    random.seed()
    sys.argv = ["cli.py", order["role"]]
    try:
        cli._run()
    except SystemExit as end:
        code = end.code
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1 if code else 0)
    os._exit(0)


if __name__ == "__main__":
    main()
