"""Figures of household surveys: entered with their source, versioned, shown beside ours."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field, model_validator

from services.reporting.http.asked import AreaCode, AskedPeriod, AsOf, demand_area, question, unknown_area
from services.reporting.http.forms import BELOW_PROVINCE, code_form
from services.reporting.store.survey_figures import SurveyFigure, SurveyKey, insert_survey, newest_survey
from services.reporting.use_cases.area_figures import UnknownAreaError, find_area
from services.reporting.use_cases.surveys_beside import survey_json, surveys_beside
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.etag import Order, demand_current, etag, if_match, stale
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1", tags=["figures"])
EPOCH: Final = 1
Writer = Annotated[Caller, require("reports:write")]
SurveyName = Literal["SSGI", "SKI", "Riskesdas", "other"]
IndicatorName = Literal[
    "stunted", "severely_stunted", "underweight", "severely_underweight", "wasted", "severely_wasted", "overweight"
]
ALREADY_ENTERED: Final = ProblemKind(
    "already_entered", 409, "Angka survei ini sudah ada", "This survey figure is there already",
    "Koreksi dengan PUT dan `If-Match`.", "Correct it by PUT with `If-Match`.",
)  # fmt: skip


class FigureIn(Body):
    """What the survey published. Shares are 0 to 1: 19.8 % is 0.198."""

    children: Annotated[int, Field(ge=1, le=10_000_000, description="Measured by the survey")] | None = None
    share: Annotated[float, Field(ge=0, le=1)]
    low: Annotated[float, Field(ge=0, le=1)] | None = None
    high: Annotated[float, Field(ge=0, le=1)] | None = None
    source: Annotated[str, Field(min_length=3, max_length=300, description="Publication and page")]
    voided: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> FigureIn:
        if (self.low is None) != (self.high is None):
            raise ValueError("give both bounds of the interval or neither")
        if self.low is not None and self.high is not None and not self.low <= self.share <= self.high:
            raise ValueError("low <= share <= high does not hold; shares are 0 to 1")
        return self


class SurveyIn(FigureIn):
    """A figure with what it is of."""

    area: Annotated[
        str, Field(json_schema_extra={"pattern": BELOW_PROVINCE}, examples=["12.19"]), code_form(BELOW_PROVINCE)
    ]
    survey: SurveyName
    year: Annotated[int, Field(ge=2007, le=2100)]
    indicator: IndicatorName


@router.post("/surveys", status_code=201, summary="Enter a survey's figure of an area and year")
async def post_survey(request: Request, caller: Writer, body: Annotated[SurveyIn, json_body(SurveyIn)]) -> Response:
    """Kept with its source and beside ours; nothing of ours is computed from it."""
    caller.areas.demand_area(body.area)
    figure = _figure(SurveyKey(body.area, body.survey, body.year, body.indicator), 1, body, caller)

    async def effect(connection: Connection) -> Answer:
        if not await insert_survey(connection, figure):
            raise ALREADY_ENTERED.problem()
        return json_answer(201, survey_json(figure), {"ETag": etag(EPOCH, 1)})

    return await write_once(request, effect)


@router.put("/surveys/{area}/{survey}/{year}/{indicator}", summary="Correct a survey's figure, or void it")
async def put_survey(
    request: Request,
    caller: Writer,
    area: Annotated[str, Path(json_schema_extra={"pattern": BELOW_PROVINCE}), code_form(BELOW_PROVINCE)],
    survey: SurveyName,
    year: Annotated[int, Path(ge=2007, le=2100)],
    indicator: IndicatorName,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[FigureIn, json_body(FigureIn)],
) -> Response:
    """A new revision; what was said before stays on record."""
    caller.areas.demand_area(area)
    key = SurveyKey(area, survey, year, indicator)
    async with writing(request) as connection:
        held = await newest_survey(connection, key)
        if held is None:
            raise NOT_FOUND.problem()
        demand_current(seen, (EPOCH, held.revision))
        figure = _figure(key, held.revision + 1, body, caller)
        if not await insert_survey(connection, figure):
            raise stale((EPOCH, held.revision + 1))
    return json_response(survey_json(figure), headers={"ETag": etag(EPOCH, figure.revision)})


@router.get("/areas/{code}/surveys", summary="Surveys and targets beside our figures")
async def get_surveys(
    request: Request,
    caller: Annotated[Caller, require("aggregates:read")],
    code: AreaCode,
    indicator: Annotated[IndicatorName | None, Query(description="Only this one")] = None,
    until: AskedPeriod = None,
    as_of: AsOf = None,
) -> Response:
    """Of the area and those above it; of the area itself with our figure of that year and whether the two agree."""
    asked = await question(request, caller, code, until, as_of)
    async with reading(request) as connection:
        try:
            _, entry = await find_area(connection, code, asked.period)
        except UnknownAreaError:
            raise unknown_area() from None
        demand_area(caller, entry)
        return json_response(await surveys_beside(connection, asked, indicator))


def _figure(key: SurveyKey, revision: int, body: FigureIn, caller: Caller) -> SurveyFigure:
    said: dict[str, Any] = body.model_dump(include={"children", "share", "low", "high", "source", "voided"})
    return SurveyFigure(key, revision, **said, recorded_at=now_utc(), recorded_by=caller.subject)
