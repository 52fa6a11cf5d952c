"""What area routes have in common: period, as_of, the right to an area, and their refusals."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AfterValidator

from services.reporting.domain.areas import Entry
from services.reporting.domain.periods import PATTERN, Period, parse_period, period_of
from services.reporting.domain.suppression import day_told
from services.reporting.use_cases.area_figures import Question
from shared.auth.tokens import Caller
from shared.calendar import month_of, today_jakarta
from shared.problems import FieldProblem, ProblemKind

EARLIEST_YEAR: Final = 1990
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
    remedy_id="Pakai periode yang sudah mulai, dan `as_of` sampai hari ini.",
    remedy_en="Use a period that has begun, and `as_of` up to today.",
)

AreaCode = Annotated[
    str, Path(pattern=r"^[0-9A-Z][0-9A-Za-z.-]{1,39}$", description="Area, posyandu or puskesmas", examples=["12.19"])
]


def readable(text: str | None) -> str | None:
    """What only looks like a period (a year before figures could be) is refused here, with the field's name."""
    if text is not None and parse_period(text).first.year < EARLIEST_YEAR:
        raise ValueError(f"a period begins in {EARLIEST_YEAR} at the earliest")
    return text


AskedPeriod = Annotated[
    str | None,
    Query(
        pattern=PATTERN,
        description="Month `2026-04`, quarter `2026-Q2`, semester `2026-S1` or year `2026`; without it the last "
        "complete month",
        examples=["2026-Q2"],
    ),
    AfterValidator(readable),
]
AsOf = Annotated[
    date | None,
    Query(
        description="Figures as known at the end of this day, Asia/Jakarta; outside the district of the last end of a "
        "month not after it"
    ),
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


def question(caller: Caller, code: str, period: str | None, as_of: date | None) -> Question:
    """What `caller` asks; without exact figures, of past days those that are told outside. Problem `not_yet`."""
    if as_of is not None and as_of > today_jakarta():
        raise _not_yet("as_of", as_of.isoformat())
    exact = caller.may("aggregates:exact")
    if as_of is not None and not exact:
        as_of = day_told(as_of)
    return Question(code, period_asked(period), as_of, exact, today_jakarta())


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
