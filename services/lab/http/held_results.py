"""`/v1/held-results`: values whose unit, test or finding nobody knows, and what a person says of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.lab.http.answers import entry_of, held_json, hidden_from, recorded_json, refusals
from services.lab.http.requests import CompleteIn, DiscardIn
from services.lab.store.held_results import list_held
from services.lab.use_cases.held_results import complete_held, discard_held
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/held-results", tags=["results"])


@router.get("", summary="Values without a unit, the longest waiting first")
async def get_held(
    request: Request,
    caller: Annotated[Caller, require("results:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    state: Annotated[Literal["open", "recorded", "discarded"], Query()] = "open",
) -> Response:
    """Of the own laboratory or area, as they were sent."""
    after = page.after(datetime, UUID)
    async with reading(request) as connection:
        found = await list_held(connection, state, after, page.limit + 1, hidden_from(caller))
    return json_response(page.page([held_json(held) for held in found], "received_at", "held_id"))


@router.post("/{held_id}:complete", summary="Say which unit, finding or test was meant: it becomes a result")
async def post_complete(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    held_id: UUID,
    body: Annotated[CompleteIn, json_body(CompleteIn)],
) -> Response:
    """422 if the value is none in that unit: the row stays open. 409 if somebody has settled it."""

    async def effect(connection: Connection) -> Answer:
        with refusals():
            recorded = await complete_held(connection, held_id, body.model_dump(exclude_none=True), entry_of(caller))
        return json_answer(200, recorded_json(recorded))

    return await write_once(request, effect)


@router.post("/{held_id}:discard", summary="Do not take the value")
async def post_discard(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    held_id: UUID,
    body: Annotated[DiscardIn, json_body(DiscardIn)],
) -> Response:
    """It stays in the record with the reason."""

    async def effect(connection: Connection) -> Answer:
        with refusals():
            await discard_held(connection, held_id, body.reason, entry_of(caller))
        return json_answer(200, {"held_id": held_id, "state": "discarded"})

    return await write_once(request, effect)
