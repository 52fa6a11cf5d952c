"""The unprivileged user that PostgreSQL runs as when we are root: its programs refuse to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Final

from deploy.local.errors import MissingError

CANDIDATES: Final = ("postgres", "nobody")


def unprivileged_user() -> str | None:
    """The user to run as; None if we are not root and so run as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in CANDIDATES:
        if name in known:
            return name
    raise MissingError("PostgreSQL does not run as root and there is no other user: adduser --system postgres")


def give(path: Path, user: str | None) -> None:
    """Make `user` the owner of `path`."""
    if user is not None:
        shutil.chown(path, user)


def can_reach(path: Path, user: str | None) -> bool:
    """Whether `user` may enter `path`, through every directory above it."""
    if user is None:
        return os.access(path, os.X_OK)
    probe = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "test", "-x", str(path)]
    return subprocess.run(probe, check=False, stderr=subprocess.DEVNULL).returncode == 0


def as_user(user: str | None, command: list[str]) -> list[str]:
    """`command`, run as `user`."""
    if user is None:
        return command
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *command]
