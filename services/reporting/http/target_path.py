"""`/v1/areas/{code}/target-path`: which share of stunted children is reachable by a month, and what would be needed."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from services.reporting.http.asked import (
    ONLY_BY_KABUPATEN,
    AreaCode,
    AskedPeriod,
    AsOf,
    demand_area,
    question,
    unknown_area,
)
from services.reporting.http.forms import MONTH, MONTH_FORM
from services.reporting.use_cases.area_figures import UnknownAreaError, find_area
from services.reporting.use_cases.find_tally import TooLargeError
from services.reporting.use_cases.reckon_path import reckon_target_path
from services.reporting.use_cases.target_path import (
    HiddenStartError,
    PathQuestion,
    read_target_path,
)
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import parse_month
from shared.http.answer import json_response
from shared.http.transaction import reading
from shared.problems import FieldProblem, ProblemKind

LONGEST_MONTHS: Final = 120
TOO_FAR: Final = ProblemKind(
    "until_out_of_range", 422, "Bulan tujuan di luar jangkauan", "The month to reach is out of range",
    "Pakai bulan sesudah `period`, paling jauh sepuluh tahun.", "Use a month after `period`, ten years at most.",
)  # fmt: skip
NOT_TOLD: Final = ProblemKind(
    "start_not_told", 422, "Angka awalnya tidak ditampilkan", "The figures that the path begins with are hidden",
    "Pakai periode yang angkanya ditampilkan untuk wilayah ini; lihat ringkasannya.",
    "Use a period whose figures are shown for this area; see its summary.",
)  # fmt: skip
router = APIRouter(prefix="/v1/areas", tags=["figures"])


@router.get("/{code}/target-path", summary="Which share of stunted children is reachable by a month")
async def get_target_path(
    request: Request,
    caller: Annotated[Caller, require("aggregates:read")],
    code: AreaCode,
    until: Annotated[
        str, Query(json_schema_extra={"pattern": MONTH}, description="The month to reach"), MONTH_FORM
    ] = "2029-12",
    target: Annotated[float | None, Query(ge=0, le=1, description="Share; without it the one in force")] = None,
    period: AskedPeriod = None,
    as_of: AsOf = None,
) -> Response:
    """From the children of `period`'s last month and the rates of a year before it; expected, with a 95 % band.

    Outside the district all of it as it was when that month was released.
    """
    asked = await question(request, caller, code, period, as_of)
    month, last = parse_month(until), asked.period.last_month
    ahead = (month.year - last.year) * 12 + month.month - last.month
    if not 1 <= ahead <= LONGEST_MONTHS:
        kind = TOO_FAR
        texts = (kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en)
        raise kind.problem(errors=[FieldProblem("until", kind.code, *texts, value=until)])
    async with reading(request) as connection:
        try:
            _, entry = await find_area(connection, code, asked.period)
        except UnknownAreaError:
            raise unknown_area() from None
        demand_area(caller, entry)
        if not asked.exact and entry.level != "kabupaten":
            caller.demand("aggregates:exact")  # rates of a small area would tell its small counts
        try:
            head, ground = await read_target_path(connection, PathQuestion(asked, month, target))
        except TooLargeError:
            raise ONLY_BY_KABUPATEN.problem() from None
        except HiddenStartError:
            raise NOT_TOLD.problem() from None
    return json_response(await reckon_target_path(head, ground))
