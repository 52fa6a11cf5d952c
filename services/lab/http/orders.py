"""`/v1/orders`, `/v1/panels`, `/v1/worklists`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.lab.domain.order_rules import order_rules
from services.lab.http.answers import entry_of, hidden_orders, refusals, told
from services.lab.http.order_answers import (
    addition_json,
    cancellation_json,
    due_json,
    load_json,
    order_json,
    specimen_json,
)
from services.lab.http.requests import AddTestsIn, CancelTestIn
from services.lab.store.holding import HeldChild, read_children
from services.lab.store.laboratories import read_laboratories
from services.lab.store.order_additions import read_additions
from services.lab.store.order_cancellations import read_cancellations
from services.lab.store.orders import ORDERS, Load, Place, list_orders, read_loads, unserved_load, worklist
from services.lab.store.specimens import specimens_in_hand
from services.lab.use_cases.add_tests import Wish, add_tests
from services.lab.use_cases.cancel_test import Calling, cancel_test
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import completed_months, today_jakarta
from shared.contracts.fact import AreaCode, PosyanduCode
from shared.contracts.lab import LaboratoryCode, LabOrderV1, Orderable, OrderState
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import etag
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(tags=["orders"])
LISTED_BY: Final = ("urgency", "waiting_since", "fact_id")


def place(
    area: Annotated[
        list[AreaCode] | None, Query(max_length=60, description="Home of the child; a puskesmas gives its desa.")
    ] = None,
    posyandu: PosyanduCode | None = None,
) -> Place:
    """FastAPI dependency: where the children of a list are at home."""
    return Place(tuple(area or ()), posyandu)


@router.get("/v1/orders/{order_id}", summary="One order with its specimens")
async def get_order(request: Request, caller: Annotated[Caller, require("orders:read")], order_id: UUID) -> Response:
    """404 also for an order outside the caller's areas."""
    async with reading(request) as connection:
        found = await ORDERS.find(connection, "fact_id = $1", order_id)
        tubes = await specimens_in_hand(connection, [order_id])
        additions = await read_additions(connection, [order_id])
        cancellations = await read_cancellations(connection, [order_id])
    if not found:
        raise NOT_FOUND.problem()
    shown = order_json(found[0], today_jakarta())
    shown["specimens"] = [specimen_json(tube) for tube in tubes.get(order_id, [])]
    shown["additions"] = [addition_json(each) for each in additions.get(order_id, [])]
    shown["cancellations"] = [cancellation_json(each) for each in cancellations.get(order_id, [])]
    return json_response(told(shown, hidden_orders(caller)), headers={"ETag": etag(*found[0].order)})


@router.get("/v1/orders", summary="Orders of the own area, or of a child or case")
async def get_orders(
    request: Request,
    caller: Annotated[Caller, require("orders:read")],
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
    shown = [told(order_json(order, today), hidden_orders(caller)) for order in orders]
    return json_response(page.page(shown, "child_id", "order_id"))


@router.get("/v1/panels", summary="Tests that a sign asks for")
async def get_panels(_caller: Annotated[Caller, require("catalogue:read")]) -> Response:
    """By code; provisional ones say so. `POST /v1/orders/{order_id}/tests` with a `sign` adds its tests."""
    return json_response({"items": [asdict(sign) for sign in order_rules().signs.values()], "next_cursor": None})


@router.post("/v1/orders/{order_id}/tests", summary="Add tests to an order: of a sign, or a doctor's with the reason")
async def post_tests(
    request: Request,
    caller: Annotated[Caller, require("orders:write")],
    order_id: UUID,
    body: Annotated[AddTestsIn, json_body(AddTestsIn)],
) -> Response:
    """201 with the order that grew; 200 where it asks for all of them already: the first reason stays."""

    async def effect(connection: Connection) -> Answer:
        wish = Wish(body.sign, body.orderables, body.reason_text, hidden_orders(caller))
        with refusals():
            order, changed = await add_tests(connection, order_id, wish, entry_of(caller))
        shown = order_json(order, today_jakarta())
        return json_answer(201 if changed else 200, told(shown, hidden_orders(caller)), {"ETag": etag(*order.order)})

    return await write_once(request, effect)


@router.post("/v1/orders/{order_id}/tests/{orderable}:cancel", summary="Call a test off that is not drawn yet")
async def post_cancel(
    request: Request,
    caller: Annotated[Caller, require("orders:write")],
    order_id: UUID,
    orderable: Orderable,
    body: Annotated[CancelTestIn, json_body(CancelTestIn)],
) -> Response:
    """It stays in sight with the reason; `POST …/tests` asks for it again. 422 where it is drawn or resulted."""

    async def effect(connection: Connection) -> Answer:
        calling = Calling(orderable, body.reason, body.reason_text, hidden_orders(caller))
        with refusals():
            order = await cancel_test(connection, order_id, calling, entry_of(caller))
        shown = order_json(order, today_jakarta())
        return json_answer(200, told(shown, hidden_orders(caller)), {"ETag": etag(*order.order)})

    return await write_once(request, effect)


@router.get("/v1/worklists", summary="What waits at a laboratory or in a place, urgent first, then the longest waiting")
async def get_worklist(
    request: Request,
    caller: Annotated[Caller, require("orders:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    where: Annotated[Place, Depends(place)],
    laboratory: Annotated[LaboratoryCode | None, Query(description="Empty = of all in `area` or `posyandu`.")] = None,
    state: Annotated[Literal["open", "ordered", "collected", "sent", "received"], Query()] = "open",
) -> Response:
    """Without laboratory and place: orders that no laboratory serves.

    `ordered` = something is still to be drawn, `collected` = something waits for its result, of that `sent` = a
    specimen is on its way, `received` = the laboratory has one.
    """
    after = page.after(int, date, UUID)
    async with reading(request) as connection:
        rows = await worklist(connection, laboratory, where, state, after, page.limit + 1)
        tubes = await specimens_in_hand(connection, [row["fact_id"] for row in rows])
        children = await read_children(connection, {row["child_id"] for row in rows})
        additions = await read_additions(connection, [row["fact_id"] for row in rows])
        loads = await read_loads(connection)
        waiting = loads.get(laboratory, Load()) if laboratory else await unserved_load(connection)
        capacity = {each.code: each.tests_per_day for each in await read_laboratories(connection)}
    today = today_jakarta()
    keys = [{name: row[name] for name in LISTED_BY} for row in rows]
    answer = page.page(keys, *LISTED_BY)
    hidden = hidden_orders(caller)
    answer["items"] = [
        told(
            {
                **_item(LabOrderV1.read(row["content"]), children.get(row["child_id"]), today),
                "specimens": [specimen_json(tube) for tube in tubes.get(row["fact_id"], [])],
                "additions": [addition_json(each) for each in additions.get(row["fact_id"], [])],
            },
            hidden,
        )
        for row in rows[: page.limit]
    ]
    answer["load"] = load_json(waiting, capacity.get(laboratory or ""))
    return json_response(answer)


def _item(order: LabOrderV1, child: HeldChild | None, today: date) -> dict[str, Any]:
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
    }
