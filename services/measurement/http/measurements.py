"""`/v1/measurements`: record one or many, correct, void."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.measurement.http.answers import (
    ENTRY_REFUSED,
    VALUE_CONFLICT,
    entry_of,
    field_problems,
    measurement_json,
    recorded_json,
    refusals,
    vault_of,
)
from services.measurement.http.requests import MeasurementIn, MeasurementPatch, MeasurementsIn, VoidIn, stated
from services.measurement.store.counts import IntakeCount
from services.measurement.store.measurements import MEASUREMENTS
from services.measurement.use_cases.correct_measurements import (
    Correction,
    Void,
    correct_measurements,
    void_measurements,
)
from services.measurement.use_cases.record_measurements import (
    Recorded,
    add_count,
    count_of,
    record_measurements,
)
from shared import metrics
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.child import MeasurementV1
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.etag import Order, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.refusals import taken
from shared.http.row_batch import RowBatch, row_batch
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/measurements", tags=["measurements"])
STEP_ROWS: Final = 1000  # worked on in one go, so that the loop is never held for long; all in one transaction
NATURAL_KEY: Final = "measurement_natural_key"
_STATUS: Final = {"accepted": 201, "unchanged": 200, "quarantined": 202}


@router.post("", status_code=201, summary="Record one visit")
async def post_measurement(
    request: Request,
    caller: Annotated[Caller, require("measurement:write")],
    body: Annotated[MeasurementIn, json_body(MeasurementIn)],
) -> Response:
    """201 stored; 200 known already; 202 kept for a person; 409 other values of that day; 422 refused."""

    async def effect(connection: Connection) -> Answer:
        entry = entry_of(caller)
        results = await record_measurements(connection, [body], entry, vault_of(request))
        result = results[0]
        if result.outcome == "conflict" and result.fact is not None:
            stored = {"measurement_id": str(result.fact.fact_id), "etag": etag(*result.fact.order)}
            raise VALUE_CONFLICT.problem(extra=stored)
        if result.outcome == "rejected":
            extra = {} if result.survivor_id is None else {"survivor_id": str(result.survivor_id)}
            raise ENTRY_REFUSED.problem(errors=field_problems(result.problems), extra=extra)
        await add_count(connection, "api", count_of(results), entry)
        metrics.INTAKE_ROWS.labels(result.outcome, "api").inc()
        headers = {} if result.fact is None else {"ETag": etag(*result.fact.order)}
        return json_answer(_STATUS[result.outcome], recorded_json(result), headers)

    return await write_once(request, effect)


@router.post(":batch", summary="Record up to 5,000 visits")
async def post_batch(
    request: Request,
    caller: Annotated[Caller, require("measurement:write")],
    body: Annotated[RowBatch[MeasurementIn], row_batch(MeasurementsIn, MeasurementIn)],
) -> Response:
    """A report in the order of the rows; good rows are stored even when others are not."""

    async def effect(connection: Connection) -> Answer:
        entry = entry_of(caller)
        new = list(body.good.values())
        results: list[Recorded] = []
        for start in range(0, len(new), STEP_ROWS):
            results += await record_measurements(connection, new[start : start + STEP_ROWS], entry, vault_of(request))
        count = count_of(results)
        counted = IntakeCount(
            received=body.received,
            accepted=count.accepted,
            unchanged=count.unchanged,
            rejected=count.rejected + len(body.bad),
            quarantined=count.quarantined,
        )
        await add_count(connection, "batch", counted, entry)
        return json_answer(200, _report(body, results, counted))

    return await write_once(request, effect)


@router.get("/{measurement_id}", summary="One measurement")
async def get_measurement(
    request: Request, _caller: Annotated[Caller, require("children:read")], measurement_id: UUID
) -> Response:
    """With the ETag that a correction needs."""
    async with reading(request) as connection:
        found = await MEASUREMENTS.find(connection, [measurement_id])
    if not found:
        raise NOT_FOUND.problem()
    return json_response(measurement_json(found[0]), headers={"ETag": etag(*found[0].order)})


@router.patch("/{measurement_id}", summary="Correct a measurement")
async def patch_measurement(
    request: Request,
    caller: Annotated[Caller, require("measurement:correct")],
    measurement_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[MeasurementPatch, json_body(MeasurementPatch)],
) -> Response:
    """`If-Match` says which revision was seen: 428 without, 412 if somebody changed it meanwhile."""
    correction = Correction(measurement_id, seen, stated(body))
    with taken(NATURAL_KEY, VALUE_CONFLICT), refusals():
        async with writing(request) as connection:
            facts = await correct_measurements(connection, [correction], entry_of(caller, body.reason_text))
    return json_response(*_order(facts[0]))


@router.post("/{measurement_id}:void", summary="Void a measurement")
async def post_void(
    request: Request,
    caller: Annotated[Caller, require("measurement:correct")],
    measurement_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[VoidIn, json_body(VoidIn)],
) -> Response:
    """It stays in the history, marked, and counts nowhere."""

    async def effect(connection: Connection) -> Answer:
        with refusals():
            facts = await void_measurements(
                connection, [Void(measurement_id, seen, body.reason)], entry_of(caller, body.reason_text)
            )
        shown, status, headers = _order(facts[0])
        return json_answer(status, shown, headers)

    return await write_once(request, effect)


def _order(fact: MeasurementV1) -> tuple[dict[str, Any], int, dict[str, str]]:
    shown = {"measurement_id": str(fact.fact_id), "revision": fact.revision, "voided": fact.voided}
    return shown, 200, {"ETag": etag(*fact.order)}


def _report(body: RowBatch[MeasurementIn], results: Sequence[Recorded], count: IntakeCount) -> dict[str, Any]:
    for name in ("accepted", "unchanged", "rejected", "quarantined"):
        metrics.INTAKE_ROWS.labels(name, "batch").inc(getattr(count, name))
    return {
        "received": count.received,
        "accepted": count.accepted,
        "unchanged": count.unchanged,
        "rejected": count.rejected,
        "quarantined": count.quarantined,
        "rows": body.report(map(recorded_json, results)),
    }
