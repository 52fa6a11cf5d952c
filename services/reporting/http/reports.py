"""`/v1/reports`: figures as they were published, the same bytes for ever; what changed since is a revision."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from services.reporting.domain.periods import PATTERN, Period, parse_period
from services.reporting.domain.report import differences
from services.reporting.formats.report_json import canonical_json, read_report, sha256_of
from services.reporting.http.asked import demand_area, question, unknown_area
from services.reporting.http.forms import AREA, DAY_IN_TIME, PERIOD_FORM, AreaText, PeriodText, code_form
from services.reporting.http.report_texts import (
    ALREADY_PUBLISHED,
    BEFORE_PUBLISHED,
    DAY_NOT_OVER,
    NOT_SETTLED,
    NOTHING_KNOWN,
    REASONS,
)
from services.reporting.store.reports import (
    Content,
    ReportHead,
    content_of,
    find_report,
    insert_report,
    list_reports,
    newest_of,
)
from services.reporting.use_cases.area_figures import UnknownAreaError, find_area
from services.reporting.use_cases.freeze_report import (
    Frozen,
    NothingKnownError,
    NotSettledError,
    demand_known,
    demand_settled,
    freeze_report,
)
from services.reporting.use_cases.revise_report import what_changed
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.http.answer import JSON, Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

router = APIRouter(prefix="/v1/reports", tags=["reports"])
Reader = Annotated[Caller, require("reports:read")]
Writer = Annotated[Caller, require("reports:write")]
SHOWN_DIFFERENCES: Final = 500
ALSO_COMPARED: Final = ("definitions", "rule_sets", "quality", "indicators", "name")


class ReportIn(Body):
    """What to freeze."""

    area: AreaText
    period: PeriodText
    as_of: Annotated[date, Field(description="A day that is over, Asia/Jakarta"), DAY_IN_TIME]


class RevisionIn(Body):
    """A later day, and why the figures are published again."""

    as_of: Annotated[date, DAY_IN_TIME]
    reason: Annotated[str, Field(min_length=5, max_length=500, description="For readers; no names")]


@router.post("", status_code=201, summary="Publish an area's figures of a period as of a day")
async def post_report(request: Request, caller: Writer, body: Annotated[ReportIn, json_body(ReportIn)]) -> Response:
    """Frozen with all levels below, definitions and rule sets, once every partition is past that day's cut-off."""
    period, as_of = parse_period(body.period), _day_over(body.as_of)
    await question(request, caller, body.area, body.period, None)  # a period that has begun
    frozen = await _frozen(request, caller, body.area, period, as_of)
    report_id = uuid7()
    content = _content({**part, "revision": 1, "changes": None} for part in _parts(frozen))
    head = _head(report_id, report_id, 1, body.area, str(period), as_of, caller, None, content)
    return await _published(request, head, content)


@router.post("/{report_id}/revisions", status_code=201, summary="Publish the period again, with what changed and why")
async def post_revision(
    request: Request, caller: Writer, report_id: UUID, body: Annotated[RevisionIn, json_body(RevisionIn)]
) -> Response:
    """Of the newest revision only; the older ones stay as they are."""
    as_of = _day_over(body.as_of)
    async with reading(request) as connection:
        old = await _found(connection, report_id)
        newest = await newest_of(connection, old.area_code, old.period)
        stored = read_report((await content_of(connection, report_id)).exact)
    if newest is None or newest.report_id != report_id:
        raise ALREADY_PUBLISHED.problem(extra={"newest": str(newest.report_id) if newest is not None else None})
    if as_of < old.as_of:
        raise BEFORE_PUBLISHED.problem(errors=[_refused(BEFORE_PUBLISHED, as_of)])
    period = parse_period(old.period)
    frozen = await _frozen(request, caller, old.area_code, period, as_of)
    async with reading(request) as connection:
        changes = await what_changed(connection, old.area_code, period, old.as_of, as_of)
    cells = differences(stored["rows"], frozen.exact["rows"])
    told = {"previous": str(report_id), "previous_as_of": old.as_of.isoformat(), "reason": body.reason}
    parts = [
        {**part, "revision": old.revision + 1, "changes": {**told, **more}}
        for part, more in zip(_parts(frozen), ({"figures": len(cells), "indicators": changes}, {}), strict=False)
    ]
    content = _content(parts)
    head = _head(
        uuid7(), old.series_id, old.revision + 1, old.area_code, old.period, as_of, caller, body.reason, content
    )
    return await _published(request, head, content)


@router.get("", summary="Published reports, the newest first")
async def get_reports(
    request: Request,
    caller: Reader,
    page: Annotated[PageRequest, Depends(page_request)],
    area: Annotated[str | None, Query(json_schema_extra={"pattern": AREA}), code_form(AREA)] = None,
    period: Annotated[str | None, Query(json_schema_extra={"pattern": PATTERN}), PERIOD_FORM] = None,
) -> Response:
    """Without their content."""
    exact = caller.may("aggregates:exact")
    after = page.after(UUID)
    async with reading(request) as connection:
        heads = await list_reports(
            connection, area, period, after[0] if after is not None else None, page.limit + 1, exact=exact
        )
    return json_response(page.page([_shown(head, exact=exact) for head in heads], "report_id"))


@router.get("/{report_id}", summary="A report, byte by byte as it was published")
async def get_report(request: Request, caller: Reader, report_id: UUID) -> Response:
    """`ETag` is the SHA-256 of the bytes. Outside the district: the suppressed version frozen with it."""
    exact = caller.may("aggregates:exact")
    async with reading(request) as connection:
        head = await _found(connection, report_id)
        content = await content_of(connection, report_id)
    body = content.exact if exact else content.suppressed
    digest = head.sha256 if exact else head.suppressed_sha256
    if body is None or digest is None:
        raise NOT_FOUND.problem()
    headers = {"ETag": f'"{digest}"', "Cache-Control": "private, max-age=31536000, immutable"}
    if f'"{digest}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=JSON, headers=headers)


@router.get("/{report_id}/verify", summary="Recompute a report from what was known on its day")
async def get_verification(request: Request, caller: Reader, report_id: UUID) -> Response:
    """`equal`, or what differs; `bytes_hold`: the stored bytes still have the stored hash."""
    caller.demand("aggregates:exact")
    async with reading(request) as connection:
        head = await _found(connection, report_id)
        stored = (await content_of(connection, report_id)).exact
        report = read_report(stored)
        now = await freeze_report(connection, head.area_code, parse_period(head.period), head.as_of)
    again = read_report(canonical_json(now.exact))
    found = differences(report["rows"], again["rows"])
    others = [name for name in ALSO_COMPARED if report.get(name) != again[name]]
    return json_response(
        {
            "report_id": str(report_id),
            "bytes_hold": sha256_of(stored) == head.sha256,
            "equal": not found,
            "rows": len(report["rows"]),
            "differing_figures": len(found),
            "differences": [item._asdict() for item in found[:SHOWN_DIFFERENCES]],
            "also_differs": others,
        }
    )


async def _frozen(request: Request, caller: Caller, area: str, period: Period, as_of: date) -> Frozen:
    """Read in one snapshot. Problems: unknown or foreign area; the day's data are not complete, or there were none."""
    async with reading(request) as connection:
        try:
            _, entry = await find_area(connection, area, period)
            demand_area(caller, entry)
            standing = await demand_settled(connection, area, period, as_of)
            frozen = await freeze_report(connection, area, period, as_of, standing)
            await demand_known(connection, area, period, as_of, frozen)
        except UnknownAreaError:
            raise unknown_area("area") from None
        except NotSettledError as error:
            extra = {"reason": error.code, "count": error.count}
            raise NOT_SETTLED.problem(*REASONS[error.code], extra=extra) from None
        except NothingKnownError as error:
            known_from = error.known_from.isoformat() if error.known_from is not None else None
            refused = _refused(NOTHING_KNOWN, as_of)
            raise NOTHING_KNOWN.problem(errors=[refused], extra={"known_from": known_from}) from None
    return frozen


async def _published(request: Request, head: ReportHead, content: Content) -> Response:
    async def effect(connection: Connection) -> Answer:
        if not await insert_report(connection, head, content):
            newest = await newest_of(connection, head.area_code, head.period)
            raise ALREADY_PUBLISHED.problem(extra={"newest": str(newest.report_id) if newest is not None else None})
        headers = {"Location": f"/v1/reports/{head.report_id}"}
        return json_answer(201, _shown(head, exact=True), headers)

    return await write_once(request, effect)


async def _found(connection: Connection, report_id: UUID) -> ReportHead:
    head = await find_report(connection, report_id)
    if head is None:
        raise NOT_FOUND.problem()
    return head


def _parts(frozen: Frozen) -> list[dict[str, Any]]:
    return [frozen.exact, *([frozen.suppressed] if frozen.suppressed is not None else [])]


def _content(parts: Any) -> Content:
    exact, *suppressed = (canonical_json(part) for part in parts)
    return Content(exact, suppressed[0] if suppressed else None)


def _head(
    report_id: UUID,
    series_id: UUID,
    revision: int,
    area: str,
    period: str,
    as_of: date,
    caller: Caller,
    reason: str | None,
    content: Content,
) -> ReportHead:
    suppressed = sha256_of(content.suppressed) if content.suppressed is not None else None
    return ReportHead(
        report_id, series_id, revision, area, period, as_of, now_utc(), caller.subject, reason,
        sha256_of(content.exact), suppressed,
    )  # fmt: skip


def _shown(head: ReportHead, *, exact: bool) -> dict[str, Any]:
    return {
        "report_id": str(head.report_id),
        "series_id": str(head.series_id),
        "revision": head.revision,
        "area": head.area_code,
        "period": head.period,
        "as_of": head.as_of.isoformat(),
        "published_at": head.published_at.isoformat(),
        "reason": head.reason,
        "sha256": head.sha256 if exact else head.suppressed_sha256,
    }


def _day_over(day: date) -> date:
    if day >= today_jakarta():
        raise DAY_NOT_OVER.problem(errors=[_refused(DAY_NOT_OVER, day)])
    return day


def _refused(kind: ProblemKind, day: date) -> FieldProblem:
    return FieldProblem(
        "as_of", kind.code, kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en, value=day.isoformat()
    )
