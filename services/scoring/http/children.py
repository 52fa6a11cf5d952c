"""What is known about one child, within the caller's areas (row-level security, and the query says so too)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.scoring.store import lists
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import json_response
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading

router = APIRouter(tags=["risk"])


@router.get("/v1/children/{child_id}/status", summary="Tier with its reasons and what is unknown")
async def child_status(
    child_id: UUID,
    request: Request,
    caller: Annotated[Caller, require("status:read")],  # noqa: ARG001
) -> Response:
    """404 also for a child outside the caller's areas: that it exists is not told either."""
    async with reading(request) as connection:
        status = await lists.status_of(connection, child_id)
    if status is None:
        raise NOT_FOUND.problem()
    return json_response(status)
