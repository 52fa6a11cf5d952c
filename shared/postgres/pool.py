"""Connections: one pool per role and process, and the one direct connection of the relay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import orjson

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = Any
    Pool = Any


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is and who connects."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


# Plans are made for the batch at hand: one kept from when a table was empty would read all of it for ever. What a batch
# asks for lies in memory or on a solid-state disk: at the cost of a spinning one, some hundred keys read whole tables.
PLANNING: Final = {
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
}


async def _prepare(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
        )


async def connect(address: Address) -> asyncpg.Connection[asyncpg.Record]:
    """One direct connection, not of a pool: session locks live and die with it."""
    connection = await asyncpg.connect(
        host=address.host,
        port=address.port,
        database=address.database,
        user=address.user,
        password=address.password,
        server_settings={"application_name": address.user},
    )
    await _prepare(connection)
    return connection


@asynccontextmanager
async def open_pool(address: Address, *, max_size: int = 8, min_size: int = 1) -> AsyncIterator[Pool]:
    """A pool; closing waits at most ten seconds for connections in use, then ends them."""
    pool = await asyncpg.create_pool(
        host=address.host,
        port=address.port,
        database=address.database,
        user=address.user,
        password=address.password,
        min_size=min_size,
        max_size=max_size,
        init=_prepare,
        command_timeout=120,
        server_settings={"application_name": address.user, **PLANNING},
    )
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), 10)
        except TimeoutError:
            pool.terminate()
