"""`/v1/releases`: what is told outside of a period, once and for good; what waits for it; asking for it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from services.reporting.domain.periods import PATTERN, Period, parse_period
from services.reporting.domain.suppression import newest_told, released_next, told_from
from services.reporting.http.forms import AREA, KABUPATEN, MONTH, MONTH_FORM, PERIOD_FORM, code_form
from services.reporting.http.release_texts import FOR_GOOD, NOT_TOLD_YET, NOTHING_TO_RELEASE
from services.reporting.store.release_turns import (
    ReleaseRequest,
    ask_release,
    find_request,
    list_releases,
    not_released_yet,
    plan_releases,
)
from services.reporting.use_cases.release_period import due
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import format_month, now_utc, parse_month, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import FieldProblem

router = APIRouter(prefix="/v1/releases", tags=["releases"])
Reader = Annotated[Caller, require("reports:read")]
Writer = Annotated[Caller, require("reports:write")]
_KABUPATEN_LENGTH: Final = len("12.19")


class ReleaseIn(Body):
    """Which kabupaten is to be told outside now, and how far."""

    area: Annotated[str, Field(json_schema_extra={"pattern": KABUPATEN}, examples=["12.19"]), code_form(KABUPATEN)]
    through: Annotated[
        str | None,
        Field(
            json_schema_extra={"pattern": MONTH},
            examples=["2026-04"],
            description="Periods that end in this month or before it; without it all whose day has come",
        ),
        MONTH_FORM,
    ] = None


@router.post("", status_code=202, summary="Tell a kabupaten's finished periods outside now: once and for good")
async def post_release(request: Request, caller: Writer, body: Annotated[ReleaseIn, json_body(ReleaseIn)]) -> Response:
    """What is not released yet of the periods whose eleventh day has come, before the next one releases them anyway.

    **A release is for good.** Outside the district its figures are told as they are known now, whatever comes in or is
    corrected later. Enter and correct first, then release.
    """
    caller.areas.demand_area(body.area)
    today = today_jakarta()
    newest = newest_told(today)
    through = Period(parse_month(body.through)) if body.through is not None else newest
    if through.first > newest.first:
        kind = NOT_TOLD_YET
        texts = (kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en)
        problem = FieldProblem("through", kind.code, *texts, value=body.through)
        raise kind.problem(errors=[problem], extra={"findings_told_from": told_from(through).isoformat()})
    request_id = uuid7()

    async def effect(connection: Connection) -> Answer:
        planned = [one for one in await due(connection, today, body.area) if one.period.last_day <= through.last_day]
        if not planned:
            next_one = told_from(newest.shifted(1)).isoformat()
            raise NOTHING_TO_RELEASE.problem(extra={"next_findings_told_from": next_one})
        at = now_utc()
        await ask_release(connection, request_id, body.area, through.first, caller.subject, at)
        await plan_releases(connection, planned, at, request_id)
        periods = [str(one.period) for one in planned]
        told = {"id": str(request_id), "area": body.area, "through": str(through), "state": "queued"}
        headers = {"Location": f"/v1/releases/requests/{request_id}"}
        return json_answer(202, {**told, "periods": periods, **FOR_GOOD}, headers)

    return await write_once(request, effect)


@router.get("", summary="What is told outside, from which day on, and what waits for it")
async def get_releases(
    request: Request,
    caller: Reader,  # noqa: ARG001 - the scope is the check, the areas are the policy's
    page: Annotated[PageRequest, Depends(page_request)],
    area: Annotated[
        str | None,
        Query(json_schema_extra={"pattern": AREA}, description="A provinsi, or an area of the kabupaten meant"),
        code_form(AREA),
    ] = None,
    period: Annotated[str | None, Query(json_schema_extra={"pattern": PATTERN}), PERIOD_FORM] = None,
) -> Response:
    """Releases, the newest first; with the first page, `waiting`: periods that are due and not released yet.

    `known_at`: what had come in by then is in the figures, and nothing else ever will be.
    """
    place = None if area is None else area[:_KABUPATEN_LENGTH]
    meant = None if period is None else parse_period(period)
    before = page.after(int)
    async with reading(request) as connection:
        rows = await list_releases(connection, place, meant, before[0] if before else None, page.limit + 1)
        waiting = [] if before else await not_released_yet(connection, place, meant)
    told = page.page([_shown(row) for row in rows], "release_id")
    next_day = released_next(today_jakarta())
    return json_response({**told, "waiting": [_waiting(row) for row in waiting], "next_by_calendar": next_day})


@router.get("/requests/{request_id}", summary="How far what a kabupaten has asked for is")
async def get_request(
    request: Request,
    caller: Reader,  # noqa: ARG001 - the scope is the check, the areas are the policy's
    request_id: UUID,
) -> Response:
    """`progress` counts periods; `set_aside` of them could not be released by a fault of ours and are tried again."""
    async with reading(request) as connection:
        found = await find_request(connection, request_id)
    if found is None:
        raise NOT_FOUND.problem()
    return json_response(
        {
            "id": str(found.request_id),
            "area": found.kabupaten_code,
            "through": format_month(found.through),
            "state": _state(found),
            "progress": {"periods": found.periods, "released": found.released, "set_aside": found.set_aside},
            "asked_at": found.asked_at,
        }
    )


def _state(found: ReleaseRequest) -> str:
    if found.released == found.periods:
        return "done"
    if found.set_aside:
        return "set_aside"
    return "running" if found.released else "queued"


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "release_id": row["release_id"],
        "provinsi": row["provinsi_code"],
        "period": str(Period(row["month"], row["months"])),
        "kabupaten": row["kabupaten"],
        "released_on": row["released_on"],
        "known_at": row["known_at"],
        "by": "request" if row["asked"] else "calendar",
    }


def _waiting(row: Mapping[str, Any]) -> dict[str, Any]:
    asked = row["request_id"]
    return {
        "provinsi": row["provinsi_code"],
        "period": str(Period(row["month"], row["months"])),
        "kabupaten": row["kabupaten_codes"],
        "due_since": row["due_since"],
        "state": "due" if row["tried_at"] is None else "set_aside",
        "request": None if asked is None else str(asked),
    }
