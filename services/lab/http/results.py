"""`/v1/results`: report one or many, read, correct, retract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.lab.http.answers import (
    RESULT_REFUSED,
    VALUE_CONFLICT,
    entry_of,
    field_problems,
    hidden_from,
    recorded_json,
    reference_json,
    refusals,
    result_json,
)
from services.lab.http.requests import ResultIn, ResultPatch, ResultsIn, VoidIn
from services.lab.store.results import NATURAL_KEY, RESULTS, list_results, read_catalogue_versions
from services.lab.use_cases.correct_results import correct_result, void_result
from services.lab.use_cases.record_results import Recorded, record_results
from services.lab.use_cases.reference_ranges import references_of
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.lab import LabResultV1
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.refusals import taken
from shared.http.row_batch import RowBatch, row_batch
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/results", tags=["results"])
_STATUS: Final = {"accepted": 201, "unchanged": 200}


@router.post("", status_code=201, summary="Report one result")
async def post_result(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    body: Annotated[ResultIn, json_body(ResultIn)],
) -> Response:
    """201 stored; 200 known already, with its id; 202 held: its unit is missing; 409 another value; 422 refused."""

    async def effect(connection: Connection) -> Answer:
        result = (await record_results(connection, [body], entry_of(caller)))[0]
        if result.outcome == "conflict":
            raise VALUE_CONFLICT.problem(extra={} if result.fact is None else _named(result.fact))
        if result.outcome == "held":
            return json_answer(202, recorded_json(result))
        if result.outcome == "rejected" or result.fact is None:
            raise RESULT_REFUSED.problem(errors=field_problems(result.problems))
        return json_answer(_STATUS[result.outcome], result_json(result.fact), {"ETag": etag(*result.fact.order)})

    return await write_once(request, effect)


@router.post(":batch", summary="Report up to 5,000 results")
async def post_batch(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    body: Annotated[RowBatch[ResultIn], row_batch(ResultsIn, ResultIn)],
) -> Response:
    """A report in the order of the rows; good rows are stored even when others are not."""

    async def effect(connection: Connection) -> Answer:
        recorded = await record_results(connection, list(body.good.values()), entry_of(caller))
        return json_answer(200, _report(body, recorded))

    return await write_once(request, effect)


@router.get("", summary="Results of a child or of an order, retracted ones too")
async def get_results(
    request: Request,
    caller: Annotated[Caller, require("results:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    child_id: UUID | None = None,
    order_id: UUID | None = None,
) -> Response:
    """By child and id; a laboratory sees its own. `reference` as for one result."""
    after = page.after(UUID, UUID)
    async with reading(request) as connection:
        found = await list_results(connection, child_id, order_id, after, page.limit + 1, hidden_from(caller))
        shown = await _shown(connection, found)
    return json_response(page.page(shown, "child_id", "result_id"))


@router.get("/{result_id}", summary="One result")
async def get_result(request: Request, caller: Annotated[Caller, require("results:read")], result_id: UUID) -> Response:
    """With the ETag that a correction needs, and the catalogue row that read it.

    `reference` is the laboratory's range in force at the draw, for age and sex: shown only. Verdicts are scoring's.
    """
    async with reading(request) as connection:
        found = await RESULTS.find(connection, "fact_id = $1", result_id)
        if not found or found[0].test_code in hidden_from(caller):
            raise NOT_FOUND.problem()
        (shown,) = await _shown(connection, found)
    return json_response(shown, headers={"ETag": etag(*found[0].order)})


@router.patch("/{result_id}", summary="Correct a result")
async def patch_result(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    result_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[ResultPatch, json_body(ResultPatch)],
) -> Response:
    """`If-Match` says which revision was seen: 428 without, 412 if somebody changed it meanwhile."""
    changes = {name: getattr(body, name) for name in sorted(body.model_fields_set)}
    with taken(NATURAL_KEY, VALUE_CONFLICT), refusals():
        async with writing(request) as connection:
            fact = await correct_result(connection, result_id, seen, changes, entry_of(caller))
    return json_response(result_json(fact), headers={"ETag": etag(*fact.order)})


@router.post("/{result_id}:void", summary="Retract a result: its test waits again")
async def post_void(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    result_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[VoidIn, json_body(VoidIn)],
) -> Response:
    """It stays in the record, marked, and counts nowhere; its alert is withdrawn. `If-Match` as for a correction."""

    async def effect(connection: Connection) -> Answer:
        with refusals():
            fact = await void_result(connection, result_id, seen, body.reason, entry_of(caller))
        return json_answer(200, _named(fact) | {"voided": True}, {"ETag": etag(*fact.order)})

    return await write_once(request, effect)


async def _shown(connection: Connection, facts: Sequence[LabResultV1]) -> list[dict[str, Any]]:
    references = await references_of(connection, facts)
    read_by = await read_catalogue_versions(connection, [fact.fact_id for fact in facts])
    return [
        {
            **result_json(fact),
            "catalogue_version": read_by.get(fact.fact_id),
            "reference": reference_json(references.get(fact.fact_id), fact.canonical_unit),
        }
        for fact in facts
    ]


def _named(fact: LabResultV1) -> dict[str, Any]:
    return {"result_id": str(fact.fact_id), "revision": fact.revision, "etag": etag(*fact.order)}


def _report(body: RowBatch[ResultIn], recorded: Sequence[Recorded]) -> dict[str, Any]:
    rows = body.report(map(recorded_json, recorded))
    outcomes = [row["outcome"] for row in rows]
    return {
        "received": body.received,
        "accepted": outcomes.count("accepted"),
        "unchanged": outcomes.count("unchanged"),
        "held": outcomes.count("held"),
        "rejected": outcomes.count("rejected") + outcomes.count("conflict"),
        "rows": rows,
    }
