"""`/v1/indicators` (what they mean), `/v1/areas/{code}/indicators` (their values), `/v1/areas/{code}/missing`."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.reporting.domain.indicator_set import Indicator
from services.reporting.domain.read_indicators import load
from services.reporting.http.asked import (
    AreaCode,
    AskedPeriod,
    AsOf,
    demand_area,
    question,
    unknown_area,
    without_nothing,
)
from services.reporting.use_cases.area_figures import Question, UnknownAreaError, find_area
from services.reporting.use_cases.list_not_reached import NoRoundError, list_not_reached
from services.reporting.use_cases.show_indicators import UnknownIndicatorError, show_indicators
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import completed_months, today_jakarta
from shared.http.answer import json_answer, json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

router = APIRouter(tags=["indicators"])
NOT_MODIFIED: Final = 304
UNKNOWN_INDICATOR: Final = ProblemKind(
    code="unknown_indicator",
    status=422,
    title_id="Indikator atau pelayanan tidak dikenal pada periode itu",
    title_en="No such indicator or service in that period",
    remedy_id="Pakai kode dari /v1/indicators?on= hari terakhir periode itu.",
    remedy_en="Use a code of /v1/indicators?on= the last day of the period.",
)
NO_ROUND: Final = ProblemKind(
    code="no_round_in_period",
    status=422,
    title_id="Pelayanan ini tidak diberikan dalam periode itu",
    title_en="The service has no round in that period",
    remedy_id="Pakai periode yang memuat bulan pemberiannya, lihat `round_months` di /v1/indicators.",
    remedy_en="Use a period that holds a month of its round, see `round_months` of /v1/indicators.",
)
FLAGS: Final = ("among", "among_one_of", "counted", "without", "known_by")
CODES: Final = ", ".join(dict.fromkeys(one.code for one in load().indicators))
LISTS: Final = tuple(one.name for one in load().lists)
Reader = Annotated[Caller, require("aggregates:read")]
On = Annotated[date | None, Query(description="Definitions in force on this day; without it today's")]


@router.get("/v1/indicators", summary="What each indicator means, on a day")
async def get_indicators(request: Request, _caller: Reader, on: On = None) -> Response:
    """Definition, age band, numerator, denominator, rule over months, source and its status; lists of the missing."""
    day = on or today_jakarta()
    known = load()
    lists = [{"service": one.name, "title_id": one.title["id"], "title_en": one.title["en"]} for one in known.lists]
    return _tagged(request, {"on": day, "indicators": [_told(one) for one in known.on(day)], "lists": lists})


@router.get("/v1/indicators/{code}", summary="Every definition that an indicator has had")
async def get_indicator(
    request: Request, _caller: Reader, code: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
) -> Response:
    """The earliest first; old periods keep the definition of their last day."""
    versions = load().of(code)
    if not versions:
        raise NOT_FOUND.problem()
    return _tagged(request, {"code": code, "versions": [_told(one) for one in versions]})


@router.get(
    "/v1/areas/{code}/indicators",
    summary="Indicators of an area in a period",
    description="Each with numerator, denominator, share, 95 % interval, the coverage it rests on, label, quality "
    f"grade, and why there is no value. Codes: {CODES}.",
)
async def get_area_indicators(
    request: Request,
    caller: Reader,
    code: AreaCode,
    period: AskedPeriod = None,
    as_of: AsOf = None,
    codes: Annotated[str | None, Query(max_length=2000, description="Only these, with commas between")] = None,
) -> Response:
    """A quarter, semester or year by the rule of each indicator; `periods` are the months that it looked at."""
    asked = await question(request, caller, code, period, as_of)
    wanted = None if codes is None else [word.strip() for word in codes.split(",") if word.strip()]
    async with reading(request) as connection:
        await _demand(connection, caller, asked)
        try:
            return json_response(await show_indicators(connection, asked, load(), wanted, today_jakarta()))
        except UnknownIndicatorError as error:
            raise _unknown("codes", str(error), str(error)) from None


@router.get(
    "/v1/areas/{code}/missing",
    summary="Who was due for a service and did not get it",
    description=f"Children without identity, by desa: age, home, months since they were last seen. {', '.join(LISTS)}. "
    "Of the month (of a longer period the last, or the last month of a round); who has left since is not listed.",
)
async def get_missing(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],
    code: AreaCode,
    service: Annotated[str, Query(max_length=40, examples=["vitamin_a"])],
    page: Annotated[PageRequest, Depends(page_request)],
    period: AskedPeriod = None,
    as_of: AsOf = None,
) -> Response:
    """`age_months` in that month, `age_months_now` today; the home is the present one."""
    asked = await question(request, caller, code, period, as_of)
    after = page.after(str, UUID)
    today = today_jakarta()
    async with reading(request) as connection:
        await _demand(connection, caller, asked)
        try:
            behind = (after[0], after[1]) if after is not None else None
            wanted = (behind, page.limit + 1)
            month, rows = await list_not_reached(connection, asked, load(), service, wanted, today)
        except UnknownIndicatorError as error:
            known = ", ".join(LISTS)
            raise _unknown("service", f"Bukan {error}; yang ada: {known}.", f"Not {error}, but: {known}.") from None
        except NoRoundError:
            raise NO_ROUND.problem() from None
    told = page.page(rows, "counted_in", "child_id")
    told["items"] = [_child(row, today) for row in told["items"]]
    return json_response({"area": code, "service": service, "period": str(month), **told})


def _unknown(field: str, detail_id: str, detail_en: str) -> Exception:
    kind = UNKNOWN_INDICATOR
    problem = FieldProblem(field, kind.code, kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en)
    return kind.problem(detail_id, detail_en, errors=[problem])


async def _demand(connection: Connection, caller: Caller, asked: Question) -> None:
    try:
        _, entry = await find_area(connection, asked.code, asked.period)
    except UnknownAreaError:
        raise unknown_area() from None
    demand_area(caller, entry)


def _child(row: dict[str, Any], today: date) -> dict[str, Any]:
    told = without_nothing(row)
    birth_date: date = told.pop("birth_date")
    del told["counted_in"]
    return {**told, "child_id": str(row["child_id"]), "age_months_now": completed_months(birth_date, today)}


def _told(one: Indicator) -> dict[str, Any]:
    """A definition as JSON."""
    count = one.count
    counted: dict[str, Any] = {"kind": count.kind}
    if count.kind == "figures":
        counted |= {"numerator": count.numerator, "denominator": count.denominator or None}
        counted |= {"under_two": True} if count.under_two else {}
    if count.kind == "children":
        counted |= {
            "window": count.window,
            "age_months": {"from": count.age_from, "before": count.age_before},
            "round_months": list(count.round_months),
            **{name: list(getattr(count, name)) for name in FLAGS},
        }
    return {
        "code": one.code,
        "name_id": one.name["id"],
        "name_en": one.name["en"],
        "definition_id": one.definition["id"],
        "definition_en": one.definition["en"],
        "rule": one.rule,
        "higher_is_better": one.higher_is_better,
        "since": one.since,
        "until": one.until,
        "source": one.source,
        "status": one.status,
        "count": counted,
    }


def _tagged(request: Request, content: dict[str, Any]) -> Response:
    """With an ETag of the content: what a client has already is not sent again."""
    answer = json_answer(200, content)
    tag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    if tag in [known.strip() for known in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})
    return answer.response({"ETag": tag})
