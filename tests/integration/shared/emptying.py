"""Emptying the tables of a service between tests.

By DELETE: TRUNCATE makes new files for every table and index, which for one service takes a hundred times as long and
ends every plan that is kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

from deploy.local import postgres
from deploy.local.ports import POSTGRES_PORT
from deploy.local.stack import Stack

Empty = Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def emptying(stack: Stack, tables: Mapping[str, str]) -> AsyncIterator[Empty]:
    """A function that empties `tables` (comma-separated names by schema), over one connection that stays open.

    As a superuser: some of them nobody else may delete from, and no trigger or foreign key is asked. What still writes
    one of them is waited for, and deadlocks with it are possible, as with TRUNCATE.
    """
    names = [f"{schema}.{name.strip()}" for schema, listed in tables.items() for name in listed.split(",")]
    deleted = "; ".join(f"DELETE FROM {name}" for name in names)
    statement = f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE; {deleted}"
    connection = await postgres.connect_superuser(stack.ports[POSTGRES_PORT], stack.secrets, stack.database)

    async def empty() -> None:
        await connection.execute(statement)  # several in one, and so in one transaction

    try:
        await connection.execute("SET session_replication_role = replica")
        yield empty
    finally:
        await connection.close()
