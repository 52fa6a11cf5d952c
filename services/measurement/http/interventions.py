"""`/v1/interventions`: what was done for children: record one or many, list, correct, end, answer, void."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.http.answers import ENTRY_REFUSED, entry_of, field_problems
from services.measurement.http.intervention_answers import (
    conflict_problem,
    intervention_json,
    intervention_refusals,
    order_json,
    recorded_json,
    report_json,
)
from services.measurement.http.intervention_requests import (
    EndIn,
    InterventionIn,
    InterventionPatch,
    InterventionsIn,
    ReplyIn,
    VoidInterventionIn,
)
from services.measurement.store.counts import IntakeCount
from services.measurement.store.interventions import INTERVENTIONS, Asked, list_interventions
from services.measurement.use_cases.change_interventions import (
    End,
    Target,
    answer_referral,
    correct_intervention,
    end_course,
    void_intervention,
)
from services.measurement.use_cases.record_interventions import (
    NewIntervention,
    count_of,
    record_interventions,
)
from services.measurement.use_cases.record_measurements import add_count
from shared import metrics
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.intervention import InterventionType, ReferralReply
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.row_batch import RowBatch, row_batch
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/interventions", tags=["interventions"])
_STATUS: Final = {"accepted": 201, "unchanged": 200}


@router.post("", status_code=201, summary="Record something done for a child")
async def post_intervention(
    request: Request,
    caller: Annotated[Caller, require("measurement:write")],
    body: Annotated[InterventionIn, json_body(InterventionIn)],
) -> Response:
    """201 stored; 200 known already; 409 the same goes on or took place, `intervention_id` says which; 422 refused."""

    async def effect(connection: Connection) -> Answer:
        entry = entry_of(caller)
        results = await record_interventions(connection, [NewIntervention(body.child_id, body.part)], entry)
        result = results[0]
        if result.outcome == "conflict" and result.fact is not None:
            raise conflict_problem(result.fact)
        if result.outcome == "rejected":
            extra = {} if result.survivor_id is None else {"survivor_id": str(result.survivor_id)}
            raise ENTRY_REFUSED.problem(errors=field_problems(result.problems), extra=extra)
        await add_count(connection, "api", count_of(results), entry)
        metrics.INTAKE_ROWS.labels(result.outcome, "api").inc()
        headers = {} if result.fact is None else {"ETag": etag(*result.fact.order)}
        return json_answer(_STATUS[result.outcome], recorded_json(result), headers)

    return await write_once(request, effect)


@router.post(":batch", summary="Record up to 5,000 interventions")
async def post_batch(
    request: Request,
    caller: Annotated[Caller, require("measurement:write")],
    body: Annotated[RowBatch[InterventionIn], row_batch(InterventionsIn, InterventionIn)],
) -> Response:
    """A report in the order of the rows; good rows are stored even when others are not."""

    async def effect(connection: Connection) -> Answer:
        entry = entry_of(caller)
        new = [NewIntervention(row.child_id, row.part) for row in body.good.values()]
        results = await record_interventions(connection, new, entry)
        count = count_of(results)
        counted = IntakeCount(
            received=body.received,
            accepted=count.accepted,
            unchanged=count.unchanged,
            rejected=count.rejected + len(body.bad),
        )
        await add_count(connection, "batch", counted, entry)
        return json_answer(200, report_json(body, results, counted))

    return await write_once(request, effect)


@router.get("", summary="What was done, of a child, of a type, of an area")
async def get_interventions(
    request: Request,
    _caller: Annotated[Caller, require("children:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    child_id: Annotated[UUID | None, Query(description="With those of children merged into it")] = None,
    type: Annotated[InterventionType | None, Query()] = None,  # noqa: A002 - the field's name
    area: Annotated[str | None, Query(max_length=40, description="Where the child lives: an area or posyandu")] = None,
    state: Annotated[Literal["open", "ended"] | None, Query(description="Ended: a single act, too")] = None,
) -> Response:
    """Living ones, the latest begun first."""
    after = page.after(date, UUID)
    asked = Asked(child_id, type, area, None if state is None else state == "open")
    async with reading(request) as connection:
        found = await list_interventions(connection, asked, after, page.limit + 1)
    return json_response(page.page([intervention_json(fact) for fact in found], "began_on", "intervention_id"))


@router.get("/{intervention_id}", summary="One intervention")
async def get_intervention(
    request: Request, _caller: Annotated[Caller, require("children:read")], intervention_id: UUID
) -> Response:
    """With the ETag that a correction needs; a voided one, too."""
    async with reading(request) as connection:
        found = await INTERVENTIONS.find(connection, [intervention_id])
    if not found:
        raise NOT_FOUND.problem()
    return json_response(intervention_json(found[0]), headers={"ETag": etag(*found[0].order)})


@router.patch("/{intervention_id}", summary="Correct an intervention")
async def patch_intervention(
    request: Request,
    caller: Annotated[Caller, require("measurement:correct")],
    intervention_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[InterventionPatch, json_body(InterventionPatch)],
) -> Response:
    """States the part anew, whole: a course without its last day goes on again."""
    target, entry = Target(intervention_id, seen), entry_of(caller, body.reason_text)
    with intervention_refusals():
        async with writing(request) as connection:
            fact = await correct_intervention(connection, target, body.part, entry)
    return json_response(order_json(fact), headers={"ETag": etag(*fact.order)})


@router.post("/{intervention_id}:end", summary="A course has ended")
async def post_end(
    request: Request,
    caller: Annotated[Caller, require("measurement:write")],
    intervention_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[EndIn, json_body(EndIn)],
) -> Response:
    """Supplementary feeding with its reason and class, or a sponsorship."""
    end = End(body.ended_on, body.days_given, body.end_class, body.end_reason)

    async def effect(connection: Connection) -> Answer:
        with intervention_refusals():
            fact = await end_course(connection, Target(intervention_id, seen), end, entry_of(caller))
        return json_answer(200, order_json(fact), {"ETag": etag(*fact.order)})

    return await write_once(request, effect)


@router.post("/{intervention_id}:reply", summary="A facility has answered a referral")
async def post_reply(
    request: Request,
    caller: Annotated[Caller, require("followups:write")],
    intervention_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[ReplyIn, json_body(ReplyIn)],
) -> Response:
    """By the facility itself, or by who received its letter. Another reply than the stored one corrects it."""

    async def effect(connection: Connection) -> Answer:
        reply = ReferralReply(received_on=body.received_on, outcome=body.outcome, answered_by=caller.subject[:80])
        with intervention_refusals():
            fact = await answer_referral(
                connection, Target(intervention_id, seen), reply, entry_of(caller, body.reason_text)
            )
        return json_answer(200, order_json(fact), {"ETag": etag(*fact.order)})

    return await write_once(request, effect)


@router.post("/{intervention_id}:void", summary="Void an intervention")
async def post_void(
    request: Request,
    caller: Annotated[Caller, require("measurement:correct")],
    intervention_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[VoidInterventionIn, json_body(VoidInterventionIn)],
) -> Response:
    """It stays in the history, marked, and counts nowhere."""

    async def effect(connection: Connection) -> Answer:
        with intervention_refusals():
            fact = await void_intervention(
                connection, Target(intervention_id, seen), body.reason, entry_of(caller, body.reason_text)
            )
        return json_answer(200, order_json(fact), {"ETag": etag(*fact.order)})

    return await write_once(request, effect)
