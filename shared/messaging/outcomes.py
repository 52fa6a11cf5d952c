"""Three outcomes of a record: done, not now, never. Anything else crashes, and the position does not move."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import asyncpg
from aiokafka.errors import KafkaError

NOT_NOW_CLASSES: Final = (
    "08",
    "40",
    "53",
    "57",
    "58",
)  # connection, deadlock and serialisation, resources, operator, system
# What the server ends by its own limits, whatever the class: idle in a transaction, a transaction too long, waited for
# a lock. And statements prepared before a migration: the connection has forgotten them by the next try.
NOT_NOW_STATES: Final = ("25P03", "25P04", "55P03")
PREPARED_BEFORE: Final = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
NEVER_CLASSES: Final = ("22", "23")  # data exception, integrity violation
CONSECUTIVE_LIMIT: Final = 100
WINDOW: Final = 1_000
WINDOW_LIMIT: Final = WINDOW // 10


class OurFaultError(Exception):
    """So many records of one partition are `never` that the fault must be ours: stop instead of emptying the topic."""


def is_not_now(error: BaseException) -> bool:
    """Whether the same work may succeed later: pause, keep polling, retry, never dead-letter."""
    if isinstance(error, PREPARED_BEFORE):
        return True
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state[:2] in NOT_NOW_CLASSES or state in NOT_NOW_STATES
    if isinstance(error, KafkaError):
        return bool(error.retriable)
    if isinstance(error, asyncpg.InterfaceError):  # also raised for programming errors: only a lost connection passes
        return any(word in str(error) for word in ("closed", "closing", "released", "cancelling"))
    return isinstance(error, (ConnectionError, TimeoutError, asyncio.TimeoutError, OSError))


def is_never(error: BaseException) -> bool:
    """Whether one record of the batch can never be stored: bisect until it stands alone."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] in NEVER_CLASSES


@dataclass
class NeverLimit:
    """Counts `never` per partition: more than 100 in a row, or more than 10 % of the last 1,000, is our fault."""

    consecutive: int = 0
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    recent_dead: int = 0

    def see(self, *, dead: bool) -> None:
        """Count one record. OurFaultError when a limit is passed."""
        if len(self.recent) == WINDOW and self.recent[0]:
            self.recent_dead -= 1
        self.recent.append(dead)
        self.recent_dead += dead
        self.consecutive = self.consecutive + 1 if dead else 0
        if self.consecutive > CONSECUTIVE_LIMIT:
            raise OurFaultError(f"{self.consecutive} records in a row can never be applied")
        if len(self.recent) == WINDOW and self.recent_dead > WINDOW_LIMIT:
            raise OurFaultError(f"{self.recent_dead} of the last {WINDOW} records can never be applied")
