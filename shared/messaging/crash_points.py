"""Named places where a test may kill the process, so that `kill -9 between A and B` is exact and repeatable.

Only a process started with TUMBUH_CRASH_AT=<name> in local mode ever dies here.
"""

from __future__ import annotations

import os
import signal
from typing import Final

AFTER_DATABASE_COMMIT: Final = "after_database_commit"  # effects are stored, the Kafka offset is not
AFTER_PRODUCE: Final = "after_produce"  # the broker has the messages, the outbox rows are still there
INSIDE_BISECT: Final = "inside_bisect"  # half of a poisoned batch is stored

_ARMED: Final = os.environ.get("TUMBUH_CRASH_AT") if os.environ.get("TUMBUH_MODE") == "local" else None


def crash_point(name: str) -> None:
    """Die at once if this process was armed for `name`."""
    if name == _ARMED:
        os.kill(os.getpid(), signal.SIGKILL)
