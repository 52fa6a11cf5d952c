"""Where one local stack keeps everything: data, passwords, ports, process records and logs.

Two checkouts have two data directories and so never meet. Nothing outside is written, with one exception that
`deploy.local.postgres` explains.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
DATA_VARIABLE: Final = "TUMBUH_DATA"
# Others may pass through (PostgreSQL runs as a user of its own when we are root), only the owner may look around.
PASS_THROUGH: Final = 0o711
OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class DataDir:
    """The directory of one stack; its parts are named here and nowhere else."""

    root: Path

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.root / "logs"

    @property
    def processes(self) -> Path:
        """One record per process we started."""
        return self.root / "processes"

    @property
    def kafka(self) -> Path:
        """The broker's log directory and its configuration."""
        return self.root / "kafka"

    @property
    def postgres(self) -> Path:
        """The database cluster."""
        return self.root / "postgres"

    @property
    def oidc(self) -> Path:
        """The identity provider's database."""
        return self.root / "oidc"

    @property
    def demo(self) -> Path:
        """There if a demo made what is here."""
        return self.root / "demo.json"

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops."""
        return self.root / "lock"

    @property
    def keys(self) -> Path:
        """The development signing key and its public JWKS."""
        return self.root / "keys"

    @property
    def ports(self) -> Path:
        """Remembered ports."""
        return self.root / "ports.json"

    @property
    def secrets(self) -> Path:
        """Passwords and keys of this directory."""
        return self.root / "secrets.json"

    def log(self, name: str) -> Path:
        """The log file of the process called `name`."""
        return self.logs / f"{name}.log"

    def create(self) -> None:
        """Make the directories; repeatable. A directory that was there before keeps its mode."""
        if not self.root.exists():
            self.root.mkdir(parents=True)
            self.root.chmod(PASS_THROUGH)
        for folder in (self.logs, self.processes, self.kafka, self.oidc, self.keys):
            folder.mkdir(mode=0o700, exist_ok=True)

    def remove(self) -> None:
        """Remove what is ours, and the directory itself if nothing else is in it."""
        for folder in (self.logs, self.processes, self.kafka, self.oidc, self.keys, self.postgres):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.ports, self.secrets, self.demo, self.lock):
            file.unlink(missing_ok=True)
        with suppress(OSError):
            self.root.rmdir()


def default_data_dir() -> DataDir:
    """`$TUMBUH_DATA`, else `.tumbuh` in the checkout."""
    return DataDir(Path(os.environ.get(DATA_VARIABLE) or CHECKOUT / ".tumbuh").resolve())


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; empty if there is no such file."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


def write_json(path: Path, content: Mapping[str, Any], mode: int = 0o644) -> None:
    """Replace `path` in one step, so that a reader or a crash never sees half a file."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, sort_keys=True)
    beside.replace(path)


@contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """One at a time across processes; says `busy` on standard error before it waits. Freed by the kernel on death."""
    descriptor = _lock(path, busy)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(path: Path, busy: str) -> int:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"{busy}\n")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # The one before us may have removed the file (`down --purge`): then the lock we got guards nothing.
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)
