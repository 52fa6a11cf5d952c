"""One transaction per request, with the caller's areas: the edge commits, the middle never does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from fastapi import Request
from starlette.responses import Response

from shared.auth import areas
from shared.auth.dependency import authenticate
from shared.http.answer import Answer
from shared.http.idempotency import idempotent
from shared.postgres.page import one_page
from shared.postgres.pool import Connection, Pool

ACQUIRE_SECONDS: Final = 10.0  # longer than that and the pool is exhausted: 503, try again


@asynccontextmanager
async def reading(request: Request) -> AsyncIterator[Connection]:
    """A read-only REPEATABLE READ transaction: everything on one page is of one moment."""
    caller = await authenticate(request)
    pool: Pool = request.app.state.pool
    async with (
        pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await areas.apply(connection, caller.areas)
        with one_page():
            yield connection


@asynccontextmanager
async def writing(request: Request) -> AsyncIterator[Connection]:
    """A READ COMMITTED transaction; after its commit the process is told that there is something to publish or do."""
    caller = await authenticate(request)
    pool: Pool = request.app.state.pool
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await areas.apply(connection, caller.areas)
        yield connection
    after_commit: Callable[[], None] | None = getattr(request.app.state, "after_commit", None)
    if after_commit is not None:
        after_commit()


async def write_once(request: Request, effect: Callable[[Connection], Awaitable[Answer]]) -> Response:
    """The usual write: `effect` in one transaction with its idempotency key. The answer leaves after the commit."""
    async with writing(request) as connection:
        return await idempotent(connection, request, lambda: effect(connection))
