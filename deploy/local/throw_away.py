"""A stack for tests: in a temporary directory, without fsync, gone with the process that made it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.local import postgres
from deploy.local.data_dir import DataDir
from deploy.local.stack import Stack, exclusive, start_infrastructure, stop_infrastructure

TEST_STACK_VARIABLE: Final = "TUMBUH_TEST_STACK"  # data directory of a throw-away stack that already runs


@contextmanager
def throw_away_stack() -> Iterator[Stack]:
    """Database and broker, empty but for roles, schemas, topics and access lists. Main thread only (tethered)."""
    data = DataDir(Path(tempfile.mkdtemp(prefix="tumbuh-test-")).resolve())
    try:
        with exclusive(data):
            stack = start_infrastructure(data, durable=False, tethered=True)
        yield stack
    finally:
        stop_infrastructure(data)
        postgres.purge(data)
        data.remove()
