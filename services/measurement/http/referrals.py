"""`/v1/referrals`: the work list of who was sent where, and how long it has been waiting."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.domain.interventions import URGENCIES
from services.measurement.http.intervention_answers import intervention_json
from services.measurement.store.interventions import ReferredChild, list_referrals, referred_children
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import completed_months, today_jakarta
from shared.contracts.intervention import FacilityCode, InterventionV1
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.transaction import reading

router = APIRouter(prefix="/v1/referrals", tags=["interventions"])


@router.get("", summary="Referrals by urgency, then by how long they wait")
async def get_referrals(
    request: Request,
    _caller: Annotated[Caller, require("lists:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    facility: Annotated[FacilityCode | None, Query(description="Where the child was sent")] = None,
    area: Annotated[str | None, Query(max_length=40, description="Where the child lives: an area or posyandu")] = None,
    state: Annotated[Literal["open", "answered"], Query()] = "open",
) -> Response:
    """Of the caller's area, or sent to the caller's facility. `waiting_days` counts to today, or to the reply."""
    after = page.after(int, date, UUID)
    today = today_jakarta()
    async with reading(request) as connection:
        found = await list_referrals(connection, facility, area, state, after, page.limit + 1)
        children = await referred_children(connection, [fact.child_id for fact in found])
    rows = [_shown(fact, children.get(fact.child_id), today) for fact in found]
    document = page.page(rows, "urgency_rank", "began_on", "intervention_id")
    return json_response(document)


def _shown(fact: InterventionV1, child: ReferredChild | None, today: date) -> dict[str, Any]:
    until = fact.part.last_day or today
    urgency = "routine" if fact.referral is None else fact.referral.urgency
    shown: dict[str, Any] = {
        **intervention_json(fact),
        "urgency_rank": URGENCIES[urgency],
        "waiting_days": (until - fact.part.first_day).days,
    }
    if child is not None:
        shown["child"] = {
            "sex": child.sex,
            "birth_date": child.birth_date.isoformat(),
            "age_months": completed_months(child.birth_date, today),
            "desa_code": child.desa_code,
            "merged_into": None if child.merged_into is None else str(child.merged_into),
        }
    return shown
