"""`/v1/critical-values`: who must be told now, and who was."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.lab.http.answers import alert_json, entry_of, refusals
from services.lab.http.requests import AcknowledgeIn
from services.lab.store.criticals import list_criticals
from services.lab.use_cases.alerts import acknowledge
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import etag
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/critical-values", tags=["critical values"])


@router.get("", summary="Critical values of the own area or laboratory, the longest standing first")
async def get_criticals(
    request: Request,
    _caller: Annotated[Caller, require("results:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    state: Annotated[Literal["raised", "acknowledged", "withdrawn"] | None, Query()] = None,
) -> Response:
    """All states unless `state` asks for one."""
    after = page.after(datetime, UUID)
    async with reading(request) as connection:
        found = await list_criticals(connection, state, after, page.limit + 1)
    return json_response(page.page([alert_json(fact) for fact in found], "raised_at", "critical_value_id"))


@router.post("/{critical_value_id}:acknowledge", summary="Say that a person was told")
async def post_acknowledge(
    request: Request,
    caller: Annotated[Caller, require("critical:write")],
    critical_value_id: UUID,
    body: Annotated[AcknowledgeIn, json_body(AcknowledgeIn)],
) -> Response:
    """The account and the time are those of this request; 409 if a correction has withdrawn the value."""

    async def effect(connection: Connection) -> Answer:
        with refusals():
            fact = await acknowledge(
                connection, critical_value_id, entry_of(caller), read_back=body.read_back, note=body.note
            )
        return json_answer(200, alert_json(fact), {"ETag": etag(*fact.order)})

    return await write_once(request, effect)
