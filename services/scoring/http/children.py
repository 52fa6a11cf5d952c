"""What is known about one child, within the caller's areas (row-level security, and the query says so too)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.scoring.http.confidential import hidden_from
from services.scoring.http.rules_now import rules_now
from services.scoring.store import lists
from services.scoring.use_cases.confidential import status_without
from services.scoring.use_cases.explain_child import explain_child
from services.scoring.use_cases.household_view import household_view, risks_of_family
from services.scoring.use_cases.show_growth import show_growth
from services.scoring.use_cases.show_interventions import show_interventions
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import json_response
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading

router = APIRouter(tags=["risk"])


@router.get("/v1/children/{child_id}/status", summary="Tier with its reasons and what is unknown")
async def child_status(
    child_id: UUID,
    request: Request,
    caller: Annotated[Caller, require("status:read")],
) -> Response:
    """404 also for a child outside the caller's areas: that it exists is not told either.

    `household_risk` stands beside the status as published; no tier follows from it. Of confidential tests only those
    are told who treat the child (`results:confidential`).
    """
    async with reading(request) as connection:
        status = await lists.status_of(connection, child_id)
        if status is None:
            raise NOT_FOUND.problem()
        rules = await rules_now(request, connection)
        risks = await risks_of_family(connection, child_id, rules)
    told = status_without(status, hidden_from(caller, rules))
    return json_response({**told, "household_risk": household_view(risks)})


@router.get("/v1/children/{child_id}/explanation", summary="The status in plain words, with what must be done")
async def child_explanation(
    child_id: UUID,
    request: Request,
    caller: Annotated[Caller, require("status:read")],
    lang: Annotated[Literal["id", "en"], Query(description="Bahasa Indonesia or English")] = "id",
) -> Response:
    """Headline, sections of sentences each with what it rests on, and the words explained. 404 as for the status."""
    async with reading(request) as connection:
        rules = await rules_now(request, connection)
        hidden = hidden_from(caller, rules)
        explained = await explain_child(connection, child_id, lang, today_jakarta(), rules, hidden)
    if explained is None:
        raise NOT_FOUND.problem()
    return json_response(explained, headers={"Content-Language": lang})


@router.get("/v1/children/{child_id}/growth", summary="Every measurement with its scores, letters and velocities")
async def child_growth(
    child_id: UUID,
    request: Request,
    caller: Annotated[Caller, require("status:read")],  # noqa: ARG001
) -> Response:
    """Oldest first, those of merged children among them; of several on one day the last counts (`is_primary`).

    Our letter (N, T, O, B) stands beside the kader's, the official scores beside those by corrected age. `haz_change`
    is against the latest comparable visit in the shorter and the longer window. 404 as for the status.
    """
    async with reading(request) as connection:
        growth = await show_growth(connection, child_id, await rules_now(request, connection))
    if growth is None:
        raise NOT_FOUND.problem()
    return json_response(growth)


@router.get("/v1/children/{child_id}/interventions", summary="What was done, and how the child grew since")
async def child_interventions(
    child_id: UUID,
    request: Request,
    caller: Annotated[Caller, require("status:read")],  # noqa: ARG001
) -> Response:
    """The earliest first, each with the last measurement before, those during and the first after.

    `changes` are differences observed, no proof of a cause; flagged scores are left out. A feeding course says when the
    child is to be weighed next and whether that, or its end, is overdue. 404 as for the status.
    """
    async with reading(request) as connection:
        rules = await rules_now(request, connection)
        shown = await show_interventions(connection, child_id, rules, today_jakarta())
    if shown is None:
        raise NOT_FOUND.problem()
    return json_response(shown)
