"""`/v1/areas/{code}/…`: summary, comparison, breakdown, trend, cascade, children."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.reporting.domain.groups import By
from services.reporting.domain.periods import Period
from services.reporting.domain.small_areas import with_shrunk
from services.reporting.http.asked import (
    AREA_TOO_LARGE,
    AreaCode,
    AskedPeriod,
    AsOf,
    demand_area,
    period_asked,
    question,
    unknown_area,
    without_nothing,
)
from services.reporting.store.children import list_children
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import (
    Below,
    UnknownAreaError,
    compare,
    find_area,
    summarise,
    trend,
)
from services.reporting.use_cases.breakdown import break_down
from services.reporting.use_cases.cascade import cascade
from services.reporting.use_cases.find_tally import TooLargeError
from services.reporting.use_cases.surveys_beside import survey_points
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import UNDER_FIVE_MONTHS, completed_months, end_of_day, today_jakarta
from shared.contracts.risk import Tier
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.transaction import reading
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/areas", tags=["figures"])
Reader = Annotated[Caller, require("aggregates:read")]


async def _allowed(connection: Connection, caller: Caller, code: str, period: Period) -> Any:
    try:
        _, entry = await find_area(connection, code, period)
    except UnknownAreaError:
        raise unknown_area() from None
    demand_area(caller, entry)
    return entry


@router.get("/{code}/summary", summary="All figures of an area in a period")
async def get_summary(
    request: Request, caller: Reader, code: AreaCode, period: AskedPeriod = None, as_of: AsOf = None
) -> Response:
    """Every rate with numerator, denominator, coverage, 95 % interval, label and quality grade."""
    asked = await question(request, caller, code, period, as_of)
    async with reading(request) as connection:
        await _allowed(connection, caller, code, asked.period)
        return json_response(await summarise(connection, asked))


@router.get("/{code}/comparison", summary="One row for each area directly below")
async def get_comparison(
    request: Request,
    caller: Reader,
    code: AreaCode,
    period: AskedPeriod = None,
    as_of: AsOf = None,
    by: Annotated[Below, Query(description="Rows by administrative area, or by puskesmas")] = "area",
) -> Response:
    """Areas without anybody registered are there too, with nulls for what cannot be known.

    Rows of desa have `shrunk` (rates drawn towards the kecamatan, with limits) and `standing` (whether one stands out).
    """
    asked = await question(request, caller, code, period, as_of)
    if by == "puskesmas":
        caller.demand("aggregates:exact")
    async with reading(request) as connection:
        await _allowed(connection, caller, code, asked.period)
        body = await compare(connection, asked, by)
    if body["level"] == "kecamatan" and by == "area":
        body["rows"] = with_shrunk(body["rows"])
    return json_response(body)


@router.get("/{code}/breakdown", summary="Figures of an area by sex and age")
async def get_breakdown(
    request: Request,
    caller: Reader,
    code: AreaCode,
    period: AskedPeriod = None,
    as_of: AsOf = None,
    by: Annotated[By, Query(description="Sex (L, P), age in completed months, or both")] = "sex,age",
) -> Response:
    """A row for each group, which add up to the area; children under two beside them."""
    asked = await question(request, caller, code, period, as_of)
    async with reading(request) as connection:
        await _allowed(connection, caller, code, asked.period)
        try:
            return json_response(await break_down(connection, asked, by))
        except TooLargeError:
            raise AREA_TOO_LARGE.problem() from None


@router.get("/{code}/trend", summary="Figures of an area, period by period")
async def get_trend(
    request: Request,
    caller: Reader,
    code: AreaCode,
    months: Annotated[int, Query(ge=1, le=60)] = 24,
    until: AskedPeriod = None,
    as_of: AsOf = None,
) -> Response:
    """Periods of the length of `until` in the `months` months up to its end, oldest first."""
    asked = await question(request, caller, code, until, as_of)
    async with reading(request) as connection:
        await _allowed(connection, caller, code, asked.period)
        told = await trend(connection, asked, months)
        return json_response({**told, **await survey_points(connection, code)})


@router.get("/{code}/cascade", summary="How far the children suspected in a period have come")
async def get_cascade(
    request: Request, caller: Reader, code: AreaCode, period: AskedPeriod = None, as_of: AsOf = None
) -> Response:
    """From measured to recovered: counts, shares of the suspected, median days from the opening of the case."""
    asked = await question(request, caller, code, period, as_of)
    async with reading(request) as connection:
        await _allowed(connection, caller, code, asked.period)
        try:
            return json_response(await cascade(connection, asked, today_jakarta()))
        except TooLargeError:
            raise AREA_TOO_LARGE.problem() from None


@router.get("/{code}/children", summary="Children of an area, without identity")
async def get_children(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],
    code: AreaCode,
    page: Annotated[PageRequest, Depends(page_request)],
    tier: Annotated[Tier | None, Query(description="Only this tier")] = None,
    period: AskedPeriod = None,
    as_of: AsOf = None,
) -> Response:
    """Without `period`: who lives there now, with the present status. With it: who counted there in that period."""
    today = today_jakarta()
    asked = await question(request, caller, code, period, as_of)
    after = page.after(UUID)
    async with reading(request) as connection:
        entry = await _allowed(connection, caller, code, asked.period)
        rows = await list_children(
            connection,
            where_of(entry),
            tier=tier,
            born_after=_five_years_before(today),
            period=period_asked(period) if period is not None else None,
            known_before=end_of_day(as_of) if as_of is not None else None,
            after=after[0] if after is not None else None,
            limit=page.limit + 1,
        )
    for row in rows:
        row["child_id"] = str(row["child_id"])
        birth_date: date = row.pop("birth_date")
        row["age_months"] = completed_months(birth_date, today)
    return json_response({"area": code, **page.page([without_nothing(row) for row in rows], "child_id")})


def _five_years_before(today: date) -> date:
    """Born after this day = under 60 completed months today."""
    try:
        return today.replace(year=today.year - UNDER_FIVE_MONTHS // 12)
    except ValueError:
        return date(today.year - UNDER_FIVE_MONTHS // 12, 2, 28)
