"""Specimens of orders: drawn, sent, received, refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.lab.http.answers import entry_of, refusals
from services.lab.http.order_answers import specimen_json
from services.lab.http.requests import ReceiveIn, RejectIn, SendIn, SpecimenIn
from services.lab.use_cases.specimens import NewSpecimen, enter_specimen, pass_on, reject_specimen
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import Answer, json_answer
from shared.http.bodies import json_body
from shared.http.transaction import write_once
from shared.postgres.pool import Connection

router = APIRouter(tags=["specimens"])


@router.post("/v1/orders/{order_id}/specimens", status_code=201, summary="Enter a specimen drawn for tests of an order")
async def post_specimen(
    request: Request,
    caller: Annotated[Caller, require("specimens:write")],
    order_id: UUID,
    body: Annotated[SpecimenIn, json_body(SpecimenIn)],
) -> Response:
    """201 with its id; the same label again is 200 with the same id. What a laboratory enters it has received."""

    async def effect(connection: Connection) -> Answer:
        new = NewSpecimen(body.specimen, body.orderables, body.drawn_at, body.drawn_on)
        with refusals():
            specimen, is_new = await enter_specimen(connection, order_id, new, entry_of(caller))
        return json_answer(201 if is_new else 200, specimen_json(specimen))

    return await write_once(request, effect)


@router.post("/v1/specimens/{specimen_id}:reject", summary="Refuse a specimen: its tests wait again")
async def post_reject(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    specimen_id: UUID,
    body: Annotated[RejectIn, json_body(RejectIn)],
) -> Response:
    """What it has already resulted stays resulted."""

    async def effect(connection: Connection) -> Answer:
        with refusals():
            specimen = await reject_specimen(connection, specimen_id, body.reason, entry_of(caller))
        return json_answer(200, {**specimen_json(specimen), "rejected_at": specimen.rejected_at})

    return await write_once(request, effect)


@router.post("/v1/specimens/{specimen_id}:send", summary="A specimen left the place of the draw")
async def post_send(
    request: Request,
    caller: Annotated[Caller, require("specimens:write")],
    specimen_id: UUID,
    body: Annotated[SendIn, json_body(SendIn)],
) -> Response:
    """Said twice, the first time stays; `sent_at` where it is entered later than done."""
    return await _passed_on(request, caller, specimen_id, "sent", body.sent_at)


@router.post("/v1/specimens/{specimen_id}:receive", summary="The laboratory has the specimen in its hands")
async def post_receive(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    specimen_id: UUID,
    body: Annotated[ReceiveIn, json_body(ReceiveIn)],
) -> Response:
    """`too_old` says whether it lay longer than it keeps: shown, never refused; only a person rejects it."""
    return await _passed_on(request, caller, specimen_id, "received", body.received_at)


async def _passed_on(
    request: Request, caller: Caller, specimen_id: UUID, step: Literal["sent", "received"], at: datetime | None
) -> Response:
    async def effect(connection: Connection) -> Answer:
        with refusals():
            specimen = await pass_on(connection, specimen_id, step, at, entry_of(caller))
        return json_answer(200, specimen_json(specimen))

    return await write_once(request, effect)
