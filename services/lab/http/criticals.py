"""`/v1/critical-values`: who must be told now, and who was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.lab.domain.catalogue import load
from services.lab.http.answers import alert_json, entry_of, refusals
from services.lab.http.requests import AcknowledgeIn
from services.lab.store.criticals import list_criticals
from services.lab.use_cases.alerts import acknowledge
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc
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
    escalated: Annotated[Literal["true"] | None, Query(description="Raised, and nobody acknowledged in time.")] = None,
) -> Response:
    """All states unless `state` or `escalated` asks; `escalation` says whose turn it is, since when, who is next."""
    after, now = page.after(datetime, UUID), now_utc()
    async with reading(request) as connection:
        if escalated:
            raised_until = now - timedelta(minutes=load().escalation[1].after_minutes)
            found = await list_criticals(connection, "raised", raised_until, after, page.limit + 1)
        else:
            found = await list_criticals(connection, state, None, after, page.limit + 1)
    return json_response(page.page([alert_json(fact, now) for fact in found], "raised_at", "critical_value_id"))


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
        return json_answer(200, alert_json(fact, now_utc()), {"ETag": etag(*fact.order)})

    return await write_once(request, effect)
