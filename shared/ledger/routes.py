"""`/v1/ledger` and `/v1/dead-letters` of every service: numbers and reasons, never a body, never a child."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import json_response
from shared.ledger.census import CensusTable
from shared.ledger.service_ledger import service_ledger
from shared.postgres.pool import Connection, Pool

Extra = Callable[[Connection], Awaitable[dict[str, Any]]]
LETTERS = """
SELECT topic, partition, record_offset, reason, detail, state, received_at, settled_at, settled_by
FROM dead_letter ORDER BY received_at DESC, topic, partition, record_offset LIMIT 200
"""


def ledger_router(
    service: str, *, owns: Sequence[CensusTable], holds: Sequence[CensusTable], extra: Extra | None = None
) -> APIRouter:
    """The operations routes. `extra` adds parts of its own (measurement: the intake ledger)."""
    router = APIRouter(tags=["operations"])

    @router.get("/v1/ledger", summary="Positions, outbox, dead letters and facts of this service")
    async def ledger(request: Request, caller: Annotated[Caller, require("ops:read")]) -> Response:  # noqa: ARG001
        pool: Pool = request.app.state.pool
        async with pool.acquire() as connection:
            part = await service_ledger(connection, service, owns, holds)
            if extra is not None:
                part |= await extra(connection)
        return json_response(part)

    @router.get("/v1/dead-letters", summary="The newest 200 dead letters, without their content")
    async def dead_letters(request: Request, caller: Annotated[Caller, require("ops:read")]) -> Response:  # noqa: ARG001
        pool: Pool = request.app.state.pool
        rows = await pool.fetch(LETTERS)
        return json_response({"dead_letters": [dict(row) for row in rows]})

    return router
