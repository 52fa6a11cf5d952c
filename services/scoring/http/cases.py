"""`/v1/cases`: list, read, move. Each within the caller's areas (row-level security)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from services.scoring.domain.case import CloseReason
from services.scoring.domain.place_of_care import PlaceOfCare
from services.scoring.domain.texts import Words
from services.scoring.http.confidential import hidden_from
from services.scoring.http.refusals import refusals
from services.scoring.http.rules_now import rules_now
from services.scoring.store import doors, lists
from services.scoring.use_cases.assess_case import assess_case
from services.scoring.use_cases.care_of_child import care_of_child
from services.scoring.use_cases.confidential import case_without
from services.scoring.use_cases.explanation_lines import care_text
from services.scoring.use_cases.judge_measurements import Clock
from services.scoring.use_cases.move_case import Asked, AskedMove, move_case
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.contracts.risk import CaseV1, ClinicalAssessment, Complication, OedemaGrade, OtherCause
from shared.contracts.risk import CloseReason as CloseReasonName
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, demand_current, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/cases", tags=["cases"])
LONGEST_ACCOUNT: Final = 80


class MoveIn(Body):
    """What a clinician did, on which day; `reason` says how a case ends, `cause` what was found instead of stunting."""

    move: Asked
    on: date
    reason: CloseReasonName | None = None
    cause: OtherCause | None = None


class AssessmentIn(Body):
    """What a clinician found; null = not tested, not looked at. `complications: []` = looked for, none."""

    on: date
    appetite: Literal["passed", "failed"] | None = None
    complications: Annotated[tuple[Complication, ...], Field(max_length=20)] | None = None
    oedema_grade: OedemaGrade | None = None


@router.get("", summary="Cases of the own area, the oldest first")
async def cases(
    request: Request,
    caller: Annotated[Caller, require("cases:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    state: Annotated[str | None, Query(pattern="^(open|confirmed|other_cause|in_care|closed)$")] = None,
) -> Response:
    """Live cases unless `state` asks otherwise; `etag` is what a move names in `If-Match`."""
    async with reading(request) as connection:
        rows = await lists.cases(connection, state, page.after(UUID, UUID), page.limit + 1)
        hidden = hidden_from(caller, await rules_now(request, connection))
    items: list[dict[str, Any]] = [
        {
            **row,
            "content": case_without(row["content"], hidden),
            "etag": etag(row["content"]["epoch"], row["content"]["revision"]),
        }
        for row in rows
    ]
    return json_response(page.page(items, "child_id", "fact_id"))


@router.get("/{case_id}", summary="One case")
async def get_case(
    request: Request,
    caller: Annotated[Caller, require("cases:read")],
    case_id: UUID,
) -> Response:
    """With the ETag that a move needs; of a child with gizi buruk also where it is cared for, and why."""
    async with reading(request) as connection:
        kept = await doors.find_case(connection, case_id)
        if kept is None:
            raise NOT_FOUND.problem()
        rules = await rules_now(request, connection)
        care = await care_of_child(connection, kept[0], rules)
    case = with_care(kept[0], care)
    told = {**case, "content": case_without(case["content"], hidden_from(caller, rules))}
    return json_response(told, headers={"ETag": etag(*kept[0].order)})


@router.post("/{case_id}:assess", summary="Appetite, complications, degree of oedema: what a clinician found")
async def post_assessment(
    request: Request,
    caller: Annotated[Caller, require("cases:write")],
    case_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[AssessmentIn, json_body(AssessmentIn)],
) -> Response:
    """The answer says where the child is cared for, or what is missing to say so. 412 if the case changed since."""
    clock = Clock(today_jakarta(), now_utc())
    complications = None if body.complications is None else tuple(sorted(set(body.complications)))
    found = ClinicalAssessment(
        **body.model_dump(exclude={"complications"}), complications=complications, by=caller.subject[:LONGEST_ACCOUNT]
    )

    async def effect(connection: Connection) -> Answer:
        kept = await doors.lock_case(connection, case_id)
        if kept is None:
            raise NOT_FOUND.problem()
        demand_current(seen, kept[0].order)
        rules = await rules_now(request, connection)
        with refusals():
            case = await assess_case(connection, kept, found, rules, clock)
        care = await care_of_child(connection, case, rules)
        return json_answer(200, with_care(case, care), {"ETag": etag(*case.order)})

    return await write_once(request, effect)


@router.post("/{case_id}:move", summary="Confirm, name another cause, take that back, start care, refer or close")
async def post_move(
    request: Request,
    caller: Annotated[Caller, require("cases:write")],
    case_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[MoveIn, json_body(MoveIn)],
) -> Response:
    """The platform flags, a person decides: the answer names the account that did. 412 if the case changed since."""
    clock = Clock(today_jakarta(), now_utc())
    reason = None if body.reason is None else CloseReason(body.reason)
    asked = AskedMove(body.move, body.on, caller.subject[:LONGEST_ACCOUNT], reason, body.cause)

    async def effect(connection: Connection) -> Answer:
        kept = await doors.lock_case(connection, case_id)
        if kept is None:
            raise NOT_FOUND.problem()
        demand_current(seen, kept[0].order)
        rules = await rules_now(request, connection)
        with refusals():
            case = await move_case(connection, kept, asked, rules, clock)
        care = await care_of_child(connection, case, rules)
        return json_answer(200, with_care(case, care), {"ETag": etag(*case.order)})

    return await write_once(request, effect)


def with_care(case: CaseV1, care: PlaceOfCare | None) -> dict[str, Any]:
    """The case with the place of care, null where the child has no gizi buruk."""
    if care is None:
        return {**shown(case), "place_of_care": None}
    texts = {f"text_{language}": care_text(care, Words(language)) for language in ("id", "en")}
    return {**shown(case), "place_of_care": {**asdict(care), **texts}}


def shown(case: CaseV1) -> dict[str, Any]:
    """The case as the list shows it."""
    content = case.model_dump(mode="json")
    return {
        "child_id": case.child_id,
        "fact_id": case.fact_id,
        "state": case.state,
        "content": content,
        "etag": etag(*case.order),
    }
