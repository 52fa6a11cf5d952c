"""Status, cases and work lists, each within the caller's areas (row-level security, and the query says so too)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.scoring.store import lists
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading

router = APIRouter(tags=["risk"])
TASK_OWNERS: Final = "^(kader|puskesmas|clinician|laboratory)$"


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


@router.get("/v1/cases", summary="Cases of the own area, the oldest first")
async def cases(
    request: Request,
    caller: Annotated[Caller, require("cases:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
    state: Annotated[str | None, Query(pattern="^(open|confirmed|other_cause|in_care|closed)$")] = None,
) -> Response:
    """Live cases unless `state` asks otherwise."""
    async with reading(request) as connection:
        rows = await lists.cases(connection, state, page.after(UUID, UUID), page.limit + 1)
    return json_response(page.page(rows, "child_id", "fact_id"))


@router.get("/v1/follow-ups", summary="Open tasks of the own area, the most urgent first")
async def follow_ups(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
    owner: Annotated[str | None, Query(pattern=TASK_OWNERS)] = None,
) -> Response:
    """`overdue` is computed on reading, from the due date and today: time alone changes nothing stored."""
    today = today_jakarta()
    async with reading(request) as connection:
        rows = await lists.follow_ups(connection, owner, page.after(date, UUID, UUID), page.limit + 1)
    items: list[dict[str, Any]] = [{**row, "overdue": row["due_on"] < today} for row in rows]
    return json_response(page.page(items, "due_on", "child_id", "fact_id"))
