"""`/v1/areas/{code}/quality`: how far an area's measurements can be trusted, why, and what to do next."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.reporting.domain.quality_ruleset import load
from services.reporting.http.asked import AreaCode, AskedPeriod, AsOf, demand_area, question, unknown_area
from services.reporting.use_cases.area_figures import UnknownAreaError, find_area
from services.reporting.use_cases.area_quality import area_quality
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import json_response
from shared.http.transaction import reading

router = APIRouter(prefix="/v1/areas", tags=["quality"])


@router.get("/{code}/quality", summary="Grade of an area's measurements, with reasons and what to do next")
async def get_quality(
    request: Request,
    caller: Annotated[Caller, require("aggregates:read")],
    code: AreaCode,
    period: AskedPeriod = None,
    as_of: AsOf = None,
) -> Response:
    """Of the area and of those directly below; reasons by posyandu and month, with exact tests.

    `pooled` of a reason is what all children of the area show together; small posyandu are not judged, and counted.
    `basis` says what the grades rest on: `measurements`; `sums` for those who see suppressed figures; of a past day
    `judgements` that were made until then, or `versions` of a day before they were kept, without reasons.
    """
    asked = await question(request, caller, code, period, as_of)
    async with reading(request) as connection:
        try:
            tree, entry = await find_area(connection, code, asked.period)
        except UnknownAreaError:
            raise unknown_area() from None
        demand_area(caller, entry)
        return json_response(await area_quality(connection, tree, entry, asked, load()))
