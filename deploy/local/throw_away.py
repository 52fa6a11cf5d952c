"""A stack for tests: in a temporary directory, without fsync, gone with the process that made it."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from deploy.local import postgres
from deploy.local.data_dir import PASS_THROUGH, DataDir
from deploy.local.stack import Stack, exclusive, start_infrastructure, stop_infrastructure

TEST_STACK_VARIABLE: Final = "TUMBUH_TEST_STACK"  # data directory of a throw-away stack that already runs
PREFIX: Final = "tumbuh-test-"
OWNER: Final = "owner"  # locked for as long as the owner lives, by the kernel's word


@contextmanager
def throw_away_stack() -> Iterator[Stack]:
    """Database and broker, empty but for roles, schemas, topics and access lists. Main thread only (tethered)."""
    sweep()
    place = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    place.chmod(PASS_THROUGH)
    data = DataDir(place)
    with (place / "new").open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        (place / "new").rename(place / OWNER)  # only now, so that nobody ever sees it unlocked
        try:
            with exclusive(data):
                stack = start_infrastructure(data, durable=False, tethered=True, provider=False)
            yield stack
        finally:
            stop_infrastructure(data)
            _remove(data)


def sweep() -> None:
    """Remove the directories of throw-away stacks whose owner was killed and could not do it."""
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            owner = (place / OWNER).open("r+")
        except OSError:  # not ours, or not yet made
            continue
        with owner:
            if _is_orphaned(owner):
                _remove(DataDir(place))


def _is_orphaned(owner: IO[str]) -> bool:
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove(data: DataDir) -> None:
    postgres.purge(data)
    (data.root / OWNER).unlink(missing_ok=True)
    data.remove()
