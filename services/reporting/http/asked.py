"""What area routes have in common: period, as_of, the right to an area, and their refusals."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Path, Query

from services.reporting.domain.areas import Entry
from services.reporting.use_cases.area_figures import Question
from shared.auth.tokens import Caller
from shared.calendar import add_months, month_of, parse_month, today_jakarta
from shared.problems import FieldProblem, ProblemKind

UNKNOWN_AREA: Final = ProblemKind(
    code="unknown_area",
    status=404,
    title_id="Wilayah tidak dikenal",
    title_en="Unknown area",
    remedy_id="Pakai kode Kemendagri bertitik, kode posyandu atau puskesmas yang ada di register pada periode itu.",
    remedy_en="Use a dotted Kemendagri code, or a code of a posyandu or puskesmas in the register of that period.",
)
NOT_YET: Final = ProblemKind(
    code="not_yet",
    status=422,
    title_id="Waktu yang diminta belum tiba",
    title_en="The time asked for has not come",
    remedy_id="Pakai periode sampai bulan ini, dan `as_of` sampai hari ini.",
    remedy_en="Use a period up to this month, and `as_of` up to today.",
)

AreaCode = Annotated[
    str, Path(pattern=r"^[0-9A-Z][0-9A-Za-z.-]{1,39}$", description="Area, posyandu or puskesmas", examples=["12.19"])
]
Period = Annotated[
    str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Month; without it the last complete one")
]
AsOf = Annotated[date | None, Query(description="Figures as known at the end of this day, Asia/Jakarta")]


def month_asked(period: str | None) -> date:
    """The month of `period`, or the month before this one. Problem `not_yet` for a month that has not begun."""
    this_month = month_of(today_jakarta())
    month = parse_month(period) if period is not None else add_months(this_month, -1)
    if month > this_month:
        raise _not_yet("period", str(period))
    return month


def question(caller: Caller, code: str, period: str | None, as_of: date | None) -> Question:
    """What `caller` asks. Problem `not_yet`."""
    if as_of is not None and as_of > today_jakarta():
        raise _not_yet("as_of", as_of.isoformat())
    return Question(code, month_asked(period), as_of, exact=caller.may("aggregates:exact"))


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
