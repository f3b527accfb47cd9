"""Starts real processes of the service quickly: everything is imported once, then forked.

`kill -9` and a restart cost milliseconds instead of a second or two of imports, so a run can
afford hundreds of them. A child reads its settings and makes its engines after the fork, as
everywhere. (`tests/supervisor/` starts the commands themselves.)

One JSON object a line. In: `{"start": name, "argv": ["cli.py", "worker"], "env": {…}, "log": path}`
(`env`: the whole environment). Out: `{"started": name, "pid": 7}` and, when a process has ended,
`{"ended": 7, "code": -9}`. At the end of the input everything dies.
"""

from __future__ import annotations

import ctypes
import gc
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

from sqlalchemy.orm import configure_mappers

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
    for name in ("uvicorn", "cli", "routers", "workers", "simulator"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
            if name != "uvicorn" and not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    settings = importlib.import_module("config.settings")
    assert settings.get_settings.cache_info().misses == 0, "an import reads the settings"
    configure_mappers()
    # Else each child looks for garbage among all of this, and so copies all of it: 0.2 s a child.
    gc.collect()
    gc.freeze()


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
    """Turn this fork into what `argv` would have been if it had been started from a shell."""
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
    os.environ.clear()
    os.environ.update(order["env"])
    random.seed()
    sys.argv = order["argv"]
    try:
        if sys.argv[0] == "cli.py":
            importlib.import_module("cli")._run()
        else:
            sys.exit(importlib.import_module(f"{sys.argv[0]}.__main__").main())
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(end.code + "\n")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1 if end.code else 0)
    os._exit(0)


if __name__ == "__main__":
    main()
