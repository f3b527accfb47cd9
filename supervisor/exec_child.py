"""Becomes another program that ends when the process which started it ends.

Run by path with `python -I -S` and nothing but the standard library, so that it costs a few
milliseconds. It replaces itself (exec): no extra process stays behind.

    exec_child.py <pid of the starter> <signal number> <program> [argument ...]

On Linux the kernel sends the signal when the *thread* that forked this process ends
(prctl(2), PR_SET_PDEATHSIG), also after `kill -9`. A change of credentials clears the setting, so
any change of user happens before this program. Elsewhere it is a plain exec, and the guard in
`supervisor.spawn` does what it can.
"""

import os
import sys

PR_SET_PDEATHSIG = 1
EXIT_STARTER_GONE = 125
EXIT_NOT_STARTED = 127


def end_with_starter(starter: int, death_signal: int) -> None:
    """Ask the kernel for `death_signal` when our starter ends; exit if it is gone already."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    # The starter may have ended between the fork and the line above: then nobody would tell us.
    if os.getppid() != starter:
        sys.exit(EXIT_STARTER_GONE)


def main() -> None:
    """Read the arguments, arrange the end, become the program."""
    starter, death_signal, *argv = sys.argv[1:]
    end_with_starter(int(starter), int(death_signal))
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - becoming another program is the purpose
    except OSError as error:
        sys.stderr.write(f"cannot start {argv[0]}: {error.strerror}\n")
        sys.exit(EXIT_NOT_STARTED)


if __name__ == "__main__":
    main()
