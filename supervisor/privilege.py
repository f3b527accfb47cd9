"""Runs a server as somebody who is not root: PostgreSQL refuses to run as root.

Three ways, in this order:

1. Not root: nothing to do.
2. A user namespace (`unshare --user`): the server sees itself as user 1000, while the kernel's
   file checks still see root's own files. So it works below a folder that only root can enter,
   such as /root, without changing the owner of anything.
3. Where namespaces are forbidden (most containers): the user `nobody`, who is given the folder.
   On Linux `setpriv` leaves it the one capability to pass through folders above that are closed
   to others; without `setpriv` those folders must be open.

A folder that already belongs to some other user is used as that user, so that a run with sudo
does not take it away from its owner.
"""

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

IN_NAMESPACE = ("--user", "--map-user=1000", "--map-group=1000", "--")


@dataclass(frozen=True)
class Identity:
    """How to start a process as its user: a launcher before its arguments, a user id, an owner."""

    launcher: tuple[str, ...] = ()
    user: int | None = None
    owner: int | None = None

    def adopt(self, *paths: Path) -> None:
        """Give the paths (folders with all they hold) to the user that the process becomes."""
        if self.owner is None:
            return
        for path in paths:
            for each in (path, *path.rglob("*")):
                if each.lstat().st_uid != self.owner:
                    os.chown(each, self.owner, -1, follow_symlinks=False)


def identity_for(folder: Path) -> Identity:
    """Choose how to run a server whose data live in `folder`."""
    if os.geteuid() != 0:
        return Identity()
    owner = folder.stat().st_uid
    if owner == 0:
        if namespaces_allowed():
            return Identity(launcher=(_tool("unshare"), *IN_NAMESPACE), owner=0)
        owner = pwd.getpwnam("nobody").pw_uid
    return _as_user(owner)


@cache
def namespaces_allowed() -> bool:
    """Try it: kernels, containers and security modules forbid user namespaces in many ways."""
    unshare = shutil.which("unshare")
    if unshare is None or not sys.platform.startswith("linux"):
        return False
    trial = subprocess.run(  # noqa: S603 - fixed words
        [unshare, *IN_NAMESPACE, "true"], capture_output=True, check=False
    )
    return trial.returncode == 0


def _as_user(user: int) -> Identity:
    setpriv = shutil.which("setpriv")
    if setpriv is None or not sys.platform.startswith("linux"):
        return Identity(user=user, owner=user)
    keep = "+dac_override"
    launcher = (setpriv, f"--reuid={user}", "--clear-groups", "--inh-caps", keep)
    return Identity(launcher=(*launcher, "--ambient-caps", keep, "--"), owner=user)


def _tool(name: str) -> str:
    path = shutil.which(name)
    assert path is not None
    return path
