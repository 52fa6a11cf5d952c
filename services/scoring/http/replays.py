"""`/v1/rulesets/replays`: what another rule set would change, before it is switched on and after."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.scoring.store import replay_views, replays
from services.scoring.store.replays import Replay
from services.scoring.use_cases.replay_report import replay_head, replay_report
from services.scoring.use_cases.switch_rules import rules_of
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/rulesets/replays", tags=["rules"])
EXACT: Final = "aggregates:exact"  # numbers of small areas are not for the province
AREA: Final = r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4}(\.P\d{3,4})?)?)?)?$"


@router.get("", summary="Replays, the newest first")
async def get_replays(
    request: Request,
    caller: Annotated[Caller, require("rules:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """`state`: filling, ready to be switched or dropped, publishing what a switch changed, switched."""
    after = page.after(datetime)
    async with reading(request) as connection:
        found = await replays.list_replays(connection, after[0] if after else None, page.limit + 1)
    return json_response(page.page([replay_head(each) for each in found], "started_at"))


@router.get("/{replay_id}", summary="What a replay would change in all")
async def get_replay(
    request: Request,
    caller: Annotated[Caller, require("rules:read")],
    replay_id: UUID,
) -> Response:
    """Of the own area: tiers before and after, reasons gained and lost, shares beside the limits, orders by month.

    `hash` is the same for the same facts by the same rules. `orders_by_month` counts the cases that would have opened
    had each measurement been told when it was new, by the month of the measurement: history opens nothing.
    """
    caller.demand(EXACT)
    async with reading(request) as connection:
        replay = await _found(connection, replay_id)
        rules = await rules_of(connection, replay)
        report = await replay_report(connection, replay, rules.tried, today_jakarta())
    return json_response(report)


@router.get("/{replay_id}/by-desa", summary="What a replay would change by desa")
async def get_by_desa(
    request: Request,
    caller: Annotated[Caller, require("rules:read")],
    replay_id: UUID,
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """By present residence; an empty code: not known."""
    caller.demand(EXACT)
    after = page.after(str)
    async with reading(request) as connection:
        await _found(connection, replay_id)
        rows = await replay_views.by_desa(connection, replay_id, after[0] if after else None, page.limit + 1)
    return json_response(page.page(rows, "desa_code"))


@router.get("/{replay_id}/by-child", summary="Children whose verdict a replay would change")
async def get_by_child(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],
    replay_id: UUID,
    page: Annotated[PageRequest, Depends(page_request)],
    area: Annotated[str | None, Query(pattern=AREA, description="Kecamatan, desa or posyandu")] = None,
) -> Response:
    """Tier, priority and reasons before and after; `assessments_changed` of the child's measurements."""
    caller.demand("rules:read")
    after = page.after(UUID)
    async with reading(request) as connection:
        await _found(connection, replay_id)
        rows = await replay_views.by_child(connection, replay_id, area, after[0] if after else None, page.limit + 1)
    return json_response(page.page(rows, "child_id"))


async def _found(connection: Connection, replay_id: UUID) -> Replay:
    replay = await replays.find_replay(connection, replay_id)
    if replay is None:
        raise NOT_FOUND.problem()
    return replay
