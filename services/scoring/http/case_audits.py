"""`/v1/case-audits`: audit kasus stunting (AKS). Confidential: for clinicians and the district office only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.scoring.domain.case_audit import Sheet
from services.scoring.http.case_audit_requests import (
    AUDIT_EXISTS,
    AUDIT_PROBLEMS,
    SHEET_REFUSED,
    AuditIn,
    RecommendationIn,
    RecommendationPatch,
    SheetPatch,
)
from services.scoring.store import case_audits
from services.scoring.store.case_audits import CaseAudit
from services.scoring.use_cases.audit_cases import SheetRefusedError, change_audit, hold_audit
from services.scoring.use_cases.judge_measurements import Clock
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.refusals import fact_refusals, taken
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection
from shared.problems import FieldProblem

router = APIRouter(prefix="/v1/case-audits", tags=["case audits"])
LONGEST_ACCOUNT: Final = 80
ONCE: Final = "case_audit_once"
Number = Annotated[int, Path(ge=1, le=100)]


@router.post("", status_code=201, summary="Hold an audit of a case")
async def post_audit(
    request: Request,
    caller: Annotated[Caller, require("audits:write")],
    body: Annotated[AuditIn, json_body(AuditIn)],
) -> Response:
    """One sheet a case and cycle (half-year of `held_on`); the answer does not repeat what was written."""

    async def effect(connection: Connection) -> Answer:
        with _refusals():
            audit = await hold_audit(connection, body.case_id, body.sheet(), _account(caller), _clock())
        headers = {"ETag": etag(1, audit.revision), "Location": f"/v1/case-audits/{audit.audit_id}"}
        return json_answer(201, _order(audit), headers)

    with taken(ONCE, AUDIT_EXISTS):
        return await write_once(request, effect)


@router.get("", summary="Sheets of a cycle, without what was written in them")
async def get_audits(
    request: Request,
    caller: Annotated[Caller, require("audits:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
    cycle: Annotated[str | None, Query(pattern=r"^\d{4}-[12]$", examples=["2026-1"])] = None,
    overdue: Annotated[bool, Query(description="Only those with a recommendation overdue today")] = False,  # noqa: FBT002
) -> Response:
    """Cases, causes and how far the recommendations are; overdue as of today."""
    today = today_jakarta()
    after = page.after(UUID)
    async with reading(request) as connection:
        found = await case_audits.of_cycle(
            connection, cycle, after[0] if after else None, today if overdue else None, page.limit + 1
        )
    return json_response(page.page([_listed(audit, today) for audit in found], "audit_id"))


@router.get("/{audit_id}", summary="One sheet")
async def get_audit(
    request: Request,
    caller: Annotated[Caller, require("audits:read")],  # noqa: ARG001
    audit_id: UUID,
) -> Response:
    """With the ETag that a change needs."""
    async with reading(request) as connection:
        audit = await case_audits.find(connection, audit_id)
    if audit is None:
        raise NOT_FOUND.problem()
    return json_response(_shown(audit, today_jakarta()), headers={"ETag": etag(1, audit.revision)})


@router.get("/{audit_id}/history", summary="Every state of a sheet, who made it and when")
async def get_history(
    request: Request,
    caller: Annotated[Caller, require("audits:read")],  # noqa: ARG001
    audit_id: UUID,
) -> Response:
    """The oldest first."""
    async with reading(request) as connection:
        states = await case_audits.history(connection, audit_id)
    if not states:
        raise NOT_FOUND.problem()
    return json_response({"audit_id": audit_id, "items": states})


@router.patch("/{audit_id}", summary="Change a sheet")
async def patch_audit(
    request: Request,
    caller: Annotated[Caller, require("audits:write")],
    audit_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[SheetPatch, json_body(SheetPatch)],
) -> Response:
    """Fields that are left out stay; recommendations have doors of their own. 412 if the sheet changed since."""
    change = _changing(audit_id, seen, _account(caller), lambda sheet: replace(sheet, **body.changes()))
    with taken(ONCE, AUDIT_EXISTS), _refusals():
        async with writing(request) as connection:
            audit = await change(connection)
    return json_response(_order(audit), headers={"ETag": etag(1, audit.revision)})


@router.post("/{audit_id}/recommendations", status_code=201, summary="Add a recommendation")
async def post_recommendation(
    request: Request,
    caller: Annotated[Caller, require("audits:write")],
    audit_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[RecommendationIn, json_body(RecommendationIn)],
) -> Response:
    """It gets the next number."""
    added = body.recommendation()
    change = _changing(
        audit_id,
        seen,
        _account(caller),
        lambda sheet: replace(sheet, recommendations=(*sheet.recommendations, added)),
    )

    async def effect(connection: Connection) -> Answer:
        with _refusals():
            audit = await change(connection)
        number = len(audit.sheet.recommendations)
        return json_answer(201, {**_order(audit), "number": number}, {"ETag": etag(1, audit.revision)})

    return await write_once(request, effect)


@router.patch("/{audit_id}/recommendations/{number}", summary="What became of a recommendation")
async def patch_recommendation(
    request: Request,
    caller: Annotated[Caller, require("audits:write")],
    audit_id: UUID,
    number: Number,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[RecommendationPatch, json_body(RecommendationPatch)],
) -> Response:
    """Done with its evidence, dropped with the reason, put off, given to another owner, opened again."""

    def changed(sheet: Sheet) -> Sheet:
        if number > len(sheet.recommendations):
            raise NOT_FOUND.problem()
        all_of_it = list(sheet.recommendations)
        all_of_it[number - 1] = replace(all_of_it[number - 1], **body.changes())
        return replace(sheet, recommendations=tuple(all_of_it))

    with _refusals():
        async with writing(request) as connection:
            audit = await _changing(audit_id, seen, _account(caller), changed)(connection)
    return json_response(_order(audit), headers={"ETag": etag(1, audit.revision)})


def _changing(
    audit_id: UUID, seen: Order, account: str, change: Callable[[Sheet], Sheet]
) -> Callable[[Connection], Awaitable[CaseAudit]]:
    async def run(connection: Connection) -> CaseAudit:
        stored = await case_audits.find(connection, audit_id, lock=True)
        if stored is None:
            raise NOT_FOUND.problem()
        return await change_audit(connection, stored, seen[1], change(stored.sheet), account, _clock())

    return run


def _clock() -> Clock:
    return Clock(today_jakarta(), now_utc())


def _account(caller: Caller) -> str:
    return caller.subject[:LONGEST_ACCOUNT]


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        with fact_refusals():
            yield
    except SheetRefusedError as error:
        raise SHEET_REFUSED.problem(
            errors=[FieldProblem(field, code, *AUDIT_PROBLEMS[code]) for field, code in error.problems]
        ) from None


def _order(audit: CaseAudit) -> dict[str, Any]:
    return {"audit_id": str(audit.audit_id), "cycle": audit.sheet.cycle, "revision": audit.revision}


def _listed(audit: CaseAudit, today: date) -> dict[str, Any]:
    states = [each.state for each in audit.sheet.recommendations]
    return {
        **_order(audit),
        "case_id": audit.case_id,
        "child_id": audit.child_id,
        "held_on": audit.sheet.held_on,
        "causes": audit.sheet.causes,
        "recommendations": {
            **{state: states.count(state) for state in ("open", "done", "dropped")},
            "overdue": sum(each.is_overdue(today) for each in audit.sheet.recommendations),
        },
        "changed_by": audit.changed_by,
        "changed_at": audit.changed_at,
    }


def _shown(audit: CaseAudit, today: date) -> dict[str, Any]:
    recommendations = [
        {"number": number, **asdict(each), "overdue": each.is_overdue(today)}
        for number, each in enumerate(audit.sheet.recommendations, start=1)
    ]
    return {**_listed(audit, today), **asdict(audit.sheet), "recommendations": recommendations}
