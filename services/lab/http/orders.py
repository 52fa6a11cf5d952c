"""`/v1/orders`, `/v1/worklists`, `/v1/specimens`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.lab.http.answers import due_json, entry_of, order_json, refusals, specimen_json
from services.lab.http.requests import RejectIn, SpecimenIn
from services.lab.store.holding import HeldChild, read_children
from services.lab.store.laboratories import read_laboratories
from services.lab.store.orders import ORDERS, list_orders, waiting_tests, worklist
from services.lab.store.specimens import Specimen, specimens_in_hand
from services.lab.use_cases.specimens import NewSpecimen, receive_specimen, reject_specimen
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import completed_months, today_jakarta
from shared.contracts.lab import LaboratoryCode, LabOrderV1, OrderState
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import etag
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(tags=["orders"])
LISTED_BY: Final = ("urgency", "waiting_since", "fact_id")


@router.get("/v1/orders/{order_id}", summary="One order with its specimens")
async def get_order(request: Request, _caller: Annotated[Caller, require("orders:read")], order_id: UUID) -> Response:
    """404 also for an order outside the caller's areas."""
    async with reading(request) as connection:
        found = await ORDERS.find(connection, "fact_id = $1", order_id)
        tubes = await specimens_in_hand(connection, [order_id])
    if not found:
        raise NOT_FOUND.problem()
    shown = order_json(found[0], today_jakarta())
    shown["specimens"] = [specimen_json(tube) for tube in tubes.get(order_id, [])]
    return json_response(shown, headers={"ETag": etag(*found[0].order)})


@router.get("/v1/orders", summary="Orders of the own area, or of a child or case")
async def get_orders(
    request: Request,
    _caller: Annotated[Caller, require("orders:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    child_id: UUID | None = None,
    case_id: UUID | None = None,
    state: OrderState | None = None,
) -> Response:
    """By child and id."""
    after = page.after(UUID, UUID)
    async with reading(request) as connection:
        orders = await list_orders(connection, (child_id, case_id, state), after, page.limit + 1)
    today = today_jakarta()
    return json_response(page.page([order_json(order, today) for order in orders], "child_id", "order_id"))


@router.get("/v1/worklists", summary="What waits at a laboratory, urgent first, then the longest waiting")
async def get_worklist(
    request: Request,
    _caller: Annotated[Caller, require("orders:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    laboratory: Annotated[LaboratoryCode | None, Query(description="Empty = orders that no laboratory serves.")] = None,
    state: Annotated[Literal["open", "ordered", "collected"], Query()] = "open",
) -> Response:
    """`ordered` = something is still to be drawn, `collected` = something waits for its result."""
    after = page.after(int, date, UUID)
    async with reading(request) as connection:
        rows = await worklist(connection, laboratory, state, after, page.limit + 1)
        tubes = await specimens_in_hand(connection, [row["fact_id"] for row in rows])
        children = await read_children(connection, {row["child_id"] for row in rows})
        waiting = await waiting_tests(connection, laboratory)
        capacity = {each.code: each.tests_per_day for each in await read_laboratories(connection)}
    today = today_jakarta()
    keys = [{name: row[name] for name in LISTED_BY} for row in rows]
    answer = page.page(keys, *LISTED_BY)
    answer["items"] = [
        _item(LabOrderV1.read(row["content"]), children.get(row["child_id"]), tubes.get(row["fact_id"], []), today)
        for row in rows[: page.limit]
    ]
    answer["load"] = {"waiting": waiting, "tests_per_day": capacity.get(laboratory or "")}
    return json_response(answer)


@router.post("/v1/orders/{order_id}/specimens", status_code=201, summary="Receive a specimen for tests of an order")
async def post_specimen(
    request: Request,
    caller: Annotated[Caller, require("specimens:write")],
    order_id: UUID,
    body: Annotated[SpecimenIn, json_body(SpecimenIn)],
) -> Response:
    """201 with its id; the same label again is 200 with the same id."""

    async def effect(connection: Connection) -> Answer:
        new = NewSpecimen(body.specimen, body.orderables, body.drawn_at, body.drawn_on)
        with refusals():
            specimen, is_new = await receive_specimen(connection, order_id, new, entry_of(caller))
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


def _item(order: LabOrderV1, child: HeldChild | None, tubes: list[Specimen], today: date) -> dict[str, Any]:
    return {
        "order_id": order.fact_id,
        "child_id": order.child_id,
        "case_id": order.case_id,
        "laboratory_code": order.laboratory_code,
        "priority": order.priority,
        "ordered_on": order.ordered_on,
        **due_json(order, today),
        "sex": child.sex if child else None,
        "age_months": completed_months(child.birth_date, today) if child and child.birth_date else None,
        "tests": [
            test.model_dump(mode="json", include={"orderable", "state", "added_on", "rejections"})
            for test in order.tests
        ],
        "specimens": [specimen_json(tube) for tube in tubes],
    }
