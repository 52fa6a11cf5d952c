"""What area routes have in common: period, as_of, the right to an area, and their refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final

from fastapi import Path, Query, Request

from services.reporting.domain.areas import Entry
from services.reporting.domain.periods import PATTERN, Period, parse_period, period_of
from services.reporting.domain.suppression import newest_told
from services.reporting.http.forms import DAY_IN_TIME, ENTRY, IN_TIME, PERIOD_FORM, code_form
from services.reporting.store.releases import newest_released
from services.reporting.use_cases.area_figures import Question
from shared.auth.tokens import Caller
from shared.calendar import month_of, today_jakarta
from shared.http.transaction import reading
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

UNKNOWN_AREA: Final = ProblemKind(
    code="unknown_area",
    status=404,
    title_id="Wilayah tidak dikenal",
    title_en="Unknown area",
    remedy_id="Pakai kode Kemendagri bertitik, kode posyandu atau puskesmas yang ada di register pada periode itu.",
    remedy_en="Use a dotted Kemendagri code, or a code of a posyandu or puskesmas in the register of that period.",
)
AREA_TOO_LARGE: Final = ProblemKind(
    code="area_too_large",
    status=422,
    title_id="Wilayah terlalu besar untuk dihitung sekarang",
    title_en="The area is too large to be counted now",
    remedy_id="Minta tiap kabupaten. Tanpa as_of, seluruh wilayah dihitung di latar; coba lagi beberapa menit lagi.",
    remedy_en="Ask for each kabupaten. Without as_of the whole is counted in the background; try again in minutes.",
)
# Of what has no tally: nothing is under way.
ONLY_BY_KABUPATEN: Final = replace(
    AREA_TOO_LARGE, remedy_id="Minta tiap kabupaten.", remedy_en="Ask for each kabupaten."
)
NOT_YET: Final = ProblemKind(
    code="not_yet",
    status=422,
    title_id="Waktu yang diminta belum tiba",
    title_en="The time asked for has not come",
    remedy_id="Pakai periode yang sudah mulai, dan `as_of` sampai hari ini.",
    remedy_en="Use a period that has begun, and `as_of` up to today.",
)

AreaCode = Annotated[
    str,
    Path(json_schema_extra={"pattern": ENTRY}, description="Area, posyandu or puskesmas", examples=["12.19"]),
    code_form(ENTRY),
]
AskedPeriod = Annotated[
    str | None,
    Query(
        json_schema_extra={"pattern": PATTERN},
        description="Month `2026-04`, quarter `2026-Q2`, semester `2026-S1` or year `2026`; without it the last "
        "complete month, outside the district the last one that is released",
        examples=["2026-Q2"],
    ),
    PERIOD_FORM,
    IN_TIME,
]
AsOf = Annotated[
    date | None,
    Query(
        description="Figures as known at the end of this day, Asia/Jakarta; outside the district of the last end of a "
        "month not after it"
    ),
    DAY_IN_TIME,
]


def period_asked(text: str | None) -> Period:
    """The period `text`, or the month before this one. Problem `not_yet` for a period that has not begun."""
    this_month = month_of(today_jakarta())
    if text is None:
        return period_of(this_month).shifted(-1)
    period = parse_period(text)
    if period.first > this_month:
        raise _not_yet("period", text)
    return period


async def newest_told_of(connection: Connection, code: str, known_on: date) -> Period:
    """What is shown outside of an area where no period is asked: the last month released by the end of `known_on`.

    Of an area of which nothing is released the last month that could be.
    """
    month = await newest_released(connection, code, known_on)
    return newest_told(known_on) if month is None else Period(month)


async def question(request: Request, caller: Caller, code: str, period: str | None, as_of: date | None) -> Question:
    """What `caller` asks. Problem `not_yet`."""
    today = today_jakarta()
    if as_of is not None and as_of > today:
        raise _not_yet("as_of", as_of.isoformat())
    exact = caller.may("aggregates:exact")
    if period is not None or exact:
        meant = period_asked(period)
    else:  # what was released stays so: a moment before the page is read is as good
        async with reading(request) as connection:
            meant = await newest_told_of(connection, code, as_of or today)
    return Question(code, meant, as_of, exact, today)


def unknown_area(field: str = "code") -> Exception:
    """Problem `unknown_area` of what stands in `field`; the code is not repeated, it could be an NIK."""
    kind = UNKNOWN_AREA
    problem = FieldProblem(field, kind.code, kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en)
    return kind.problem(errors=[problem])


def _not_yet(field: str, value: str) -> Exception:
    kind = NOT_YET
    problem = FieldProblem(field, kind.code, kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en, value=value)
    return kind.problem(errors=[problem])


def demand_area(caller: Caller, entry: Entry) -> None:
    """Figures and lists are of areas that lie wholly in the caller's. Problem `outside_area`.

    A puskesmas is the desa it serves; it and a posyandu are too small for those who see suppressed figures only.
    """
    if entry.entry != "area":
        caller.demand("aggregates:exact")
    if entry.entry == "puskesmas":
        for desa_code in entry.desa_codes:
            caller.areas.demand_area(desa_code)
    else:
        caller.areas.demand_area(entry.code)


def without_nothing(row: dict[str, Any]) -> dict[str, Any]:
    """An empty posyandu code is `unmapped`: null for readers."""
    return {**row, "posyandu_code": row["posyandu_code"] or None}
