"""`/v1/areas/{code}/why-changed`: two periods of one indicator, and what leads from one to the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.reporting.domain.areas import Entry
from services.reporting.domain.periods import PATTERN, parse_period
from services.reporting.http.asked import (
    ONLY_BY_KABUPATEN,
    AreaCode,
    AskedPeriod,
    AsOf,
    demand_area,
    question,
    unknown_area,
)
from services.reporting.http.forms import IN_TIME, PERIOD_FORM
from services.reporting.store.reports import newest_of
from services.reporting.use_cases.area_figures import UnknownAreaError, find_area
from services.reporting.use_cases.find_tally import TooLargeError
from services.reporting.use_cases.why_changed import Comparison, children_of_term, why_changed
from services.reporting.use_cases.why_changed_outside import why_changed_outside
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.transaction import reading
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

NOT_COMPARABLE: Final = ProblemKind(
    code="periods_not_comparable",
    status=422,
    title_id="Kedua periode tidak dapat dibandingkan",
    title_en="The two periods cannot be compared",
    remedy_id="Pakai `against` yang sama panjang dan lebih awal dari `period`, dan `known_then` paling lambat `as_of`.",
    remedy_en="Use an `against` of the same length and before `period`, and a `known_then` not after `as_of`.",
)
Indicator = Annotated[
    Literal[
        "stunted", "severely_stunted", "underweight", "severely_underweight", "wasted", "severely_wasted", "overweight"
    ],
    Query(description="Children with the finding, of those measured with a valid score of its index"),
]
TermCode = Literal[
    "merged", "late", "withdrawn", "place_corrected", "value_corrected", "born", "registered", "moved_in",
    "measured_again", "flagged_before", "newly_found", "recovered", "not_measured", "flagged_now", "aged_out",
    "moved_out", "died",
]  # fmt: skip
Against = Annotated[
    str | None,
    Query(json_schema_extra={"pattern": PATTERN}, description="The earlier period, as long; without it the one before"),
    PERIOD_FORM,
    IN_TIME,
]
KnownThen = Annotated[
    date | None,
    Query(
        description="Also what changed in the earlier period since it was told on this day; without it since its "
        "published report, if there is one"
    ),
]

router = APIRouter(prefix="/v1/areas", tags=["figures"])


@router.get("/{code}/why-changed", summary="Why an indicator changed between two periods")
async def get_why_changed(
    request: Request,
    caller: Annotated[Caller, require("aggregates:read")],
    code: AreaCode,
    indicator: Indicator = "stunted",
    period: AskedPeriod = None,
    against: Against = None,
    as_of: AsOf = None,
    known_then: KnownThen = None,
) -> Response:
    """Terms by reason; they add up to the difference of numerator, denominator and share exactly."""
    comparison = await _comparison(request, caller, code, indicator, period, against, as_of, known_then)
    async with reading(request) as connection:
        entry = await _allowed(connection, caller, comparison)
        comparison = await _since_published(connection, comparison)
        if not comparison.asked.exact:
            if entry.level != "kabupaten":
                # Terms of neighbours would give small ones away; a kabupaten as a whole has no neighbours here.
                caller.demand("aggregates:exact")
            return json_response(await why_changed_outside(connection, comparison))
        try:
            return json_response(await why_changed(connection, comparison))
        except TooLargeError:
            raise ONLY_BY_KABUPATEN.problem() from None


@router.get("/{code}/why-changed/children", summary="The children of one term")
async def get_children_of_term(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],
    code: AreaCode,
    term: Annotated[TermCode, Query(description="The `code` of a term")],
    page: Annotated[PageRequest, Depends(page_request)],
    indicator: Indicator = "stunted",
    period: AskedPeriod = None,
    against: Against = None,
    as_of: AsOf = None,
    known_then: KnownThen = None,
) -> Response:
    """Who counts otherwise for that reason: ids, how they counted and their scores, no identity."""
    comparison = await _comparison(request, caller, code, indicator, period, against, as_of, known_then)
    after = page.after(UUID)
    async with reading(request) as connection:
        await _allowed(connection, caller, comparison)
        comparison = await _since_published(connection, comparison)
        try:
            rows = await children_of_term(connection, comparison, term, after[0] if after else None, page.limit + 1)
        except TooLargeError:
            raise ONLY_BY_KABUPATEN.problem() from None
    return json_response({"area": code, "term": term, **page.page(rows, "child_id")})


async def _comparison(
    request: Request,
    caller: Caller,
    code: str,
    indicator: str,
    period: str | None,
    against: str | None,
    as_of: date | None,
    known_then: date | None,
) -> Comparison:
    asked = await question(request, caller, code, period, as_of)
    later = asked.period
    earlier = parse_period(against) if against is not None else later.shifted(-1)
    if earlier.months != later.months or earlier.first >= later.first:
        raise _not_comparable("against", str(earlier))
    if known_then is not None:
        await question(request, caller, code, None, known_then)  # not in the future
        if as_of is not None and known_then > as_of:
            raise _not_comparable("known_then", known_then.isoformat())
    return Comparison(asked, earlier, indicator, known_then)


async def _since_published(connection: Connection, comparison: Comparison) -> Comparison:
    """Where nobody says what was known then, and the earlier figure was published: what it said.

    Not outside: what changed in a figure between two days is what suppression must not tell.
    """
    if not comparison.asked.exact:
        return replace(comparison, known_then=None)
    if comparison.known_then is not None:
        return comparison
    report = await newest_of(connection, comparison.asked.code, str(comparison.against))
    as_of = comparison.asked.as_of
    if report is None or (as_of is not None and report.as_of > as_of):
        return comparison
    return replace(comparison, known_then=report.as_of)


def _not_comparable(field: str, value: str) -> Exception:
    kind = NOT_COMPARABLE
    problem = FieldProblem(field, kind.code, kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en, value=value)
    return kind.problem(errors=[problem])


async def _allowed(connection: Connection, caller: Caller, comparison: Comparison) -> Entry:
    asked = comparison.asked
    try:
        _, entry = await find_area(connection, asked.code, asked.period)
    except UnknownAreaError:
        raise unknown_area() from None
    demand_area(caller, entry)
    return entry
