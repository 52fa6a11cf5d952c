"""`/v1/decisions`: recommendations of the TPPS, who owns them, until when, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.reporting.domain.decisions import Decision, DecisionState, offices
from services.reporting.http.aksi_asked import Area, account_of
from services.reporting.http.aksi_requests import DecisionIn, DecisionPatch, EvidenceIn
from services.reporting.http.decision_calendar import STATE_TEXTS, decision_calendar
from services.reporting.store.decisions import (
    StoredDecision,
    Wanted,
    decision_history,
    find_decision,
    list_decisions,
)
from services.reporting.use_cases.keep_decisions import (
    Author,
    DecisionRefusedError,
    change_decision,
    record_decision,
)
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.calendar_feed import MAX_EVENTS, MEDIA_TYPE
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, etag, if_match
from shared.http.kinds import CALENDAR_TOO_LARGE, NOT_FOUND
from shared.http.refusals import fact_refusals
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])
MOST_EVIDENCE: Final = 100
DECISION_REFUSED: Final = ProblemKind(
    "decision_refused", 422, "Keputusan tidak dapat disimpan", "The decision cannot be kept",
    "Perbaiki isian yang disebut di `errors`, lalu kirim ulang.", "Correct what `errors` names and send it again.",
)  # fmt: skip
TEXTS: Final = {
    "unknown_office": (
        "kode OPD tidak dikenal", "unknown code of an office",
        "Pakai kode dari GET /v1/decisions/offices.", "Use a code of GET /v1/decisions/offices."),
    "meeting_to_come": (
        "rapat belum berlangsung", "the meeting has not taken place",
        "Isi tanggal rapat yang sudah berlangsung.", "Give the day of a meeting that has taken place."),
    "due_before_meeting": (
        "batas waktu sebelum rapat", "due before the meeting",
        "Pilih tanggal rapat atau sesudahnya.", "Choose the day of the meeting or a later one."),
    "state_not_next": (
        "keadaan ini tidak mengikuti yang sekarang", "this state does not follow the present one",
        "Buka kembali dahulu (`open`), dengan alasan.", "Open it again first (`open`), with the reason."),
    "decision_reason_missing": (
        "alasan tidak ada", "there is no reason",
        "Isi `reason`: mengapa dihentikan atau dibuka kembali.", "Give in `reason` why it is dropped or opened again."),
    "evidence_missing": (
        "tidak ada bukti", "there is no evidence",
        "Kirim bukti dengan POST evidence, lalu nyatakan selesai.",
        "Send evidence by POST evidence, then say it is done."),
    "too_much_evidence": (
        "terlalu banyak bukti",
        "too much evidence",
        "Gabungkan menjadi satu laporan.",
        "Put it together in one report."),
}  # fmt: skip
Reader = Annotated[Caller, require("aksi:read")]
Writer = Annotated[Caller, require("decisions:write")]
OwnerCode = Annotated[str | None, Query(pattern=r"^[A-Z][A-Z0-9_.-]{1,39}$")]


@router.post("", status_code=201, summary="Record a decision")
async def post_decision(
    request: Request, caller: Writer, body: Annotated[DecisionIn, json_body(DecisionIn)]
) -> Response:
    """Of a kabupaten, kecamatan or desa in the caller's area; the answer does not repeat the text."""
    caller.areas.demand_area(body.area_code)

    async def effect(connection: Connection) -> Answer:
        with _refusals():
            stored = await record_decision(connection, Decision(**dict(body)), _author(caller))
        headers = {"ETag": etag(1, stored.revision), "Location": f"/v1/decisions/{stored.decision_id}"}
        return json_answer(201, {"decision_id": str(stored.decision_id), "revision": stored.revision}, headers)

    return await write_once(request, effect)


@router.get("/offices", summary="Offices (OPD) that own decisions")
async def get_offices(request: Request, caller: Reader) -> Response:  # noqa: ARG001 - the scope is the check
    """Codes and names."""
    return json_response({"items": [{"code": code, "name": name} for code, name in offices().items()]})


@router.get("", summary="Decisions, what is due first")
async def get_decisions(
    request: Request,
    caller: Reader,  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
    area: Area = None,
    owner: OwnerCode = None,
    state: DecisionState | None = None,
    due_before: date | None = None,
    overdue: Annotated[bool, Query(description="only those overdue today")] = False,  # noqa: FBT002
) -> Response:
    """Of the caller's areas; `overdue` and `days_overdue` as of today."""
    today = today_jakarta()
    after = page.after(date, UUID)
    wanted = Wanted(area, owner, state, due_before, today if overdue else None)
    async with reading(request) as connection:
        found = await list_decisions(connection, wanted, after and (after[0], after[1]), page.limit + 1)
    return json_response({"today": today, **page.page([_shown(one, today) for one in found], "due_on", "decision_id")})


@router.get(".ics", summary="Decisions that have not ended as a calendar (RFC 5545)", response_class=Response)
async def get_calendar(
    request: Request,
    caller: Reader,  # noqa: ARG001
    area: Area = None,
    owner: OwnerCode = None,
) -> Response:
    """Of the caller's areas, an all-day event a decision on the day it is due, with its office and state.

    Its UID is the decision's id for ever; what is done or dropped leaves the calendar. At most 5,000.
    """
    async with reading(request) as connection:
        found = await list_decisions(connection, Wanted(area, owner, ended=False), None, MAX_EVENTS + 1)
    if len(found) > MAX_EVENTS:
        raise CALENDAR_TOO_LARGE.problem(extra={"limit_events": MAX_EVENTS})
    headers = {"Content-Disposition": 'inline; filename="keputusan-tpps.ics"'}
    return Response(decision_calendar(found), media_type=MEDIA_TYPE, headers=headers)


@router.get("/{decision_id}", summary="One decision")
async def get_decision(request: Request, caller: Reader, decision_id: UUID) -> Response:  # noqa: ARG001
    """With the ETag that a change needs."""
    async with reading(request) as connection:
        stored = await find_decision(connection, decision_id)
    if stored is None:
        raise NOT_FOUND.problem()
    return json_response(_shown(stored, today_jakarta()), headers={"ETag": etag(1, stored.revision)})


@router.get("/{decision_id}/history", summary="Every state of a decision, who made it and when")
async def get_history(request: Request, caller: Reader, decision_id: UUID) -> Response:  # noqa: ARG001
    """The oldest first."""
    async with reading(request) as connection:
        states = await decision_history(connection, decision_id)
    if not states:
        raise NOT_FOUND.problem()
    return json_response({"items": [_told(one) for one in states]})


@router.patch("/{decision_id}", summary="Say what became of a decision")
async def patch_decision(
    request: Request,
    caller: Writer,
    decision_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[DecisionPatch, json_body(DecisionPatch)],
) -> Response:
    """Fields that are left out stay; done needs evidence, dropped and opened again need the reason."""
    with _refusals():
        async with writing(request) as connection:
            changes: Any = body.changes()
            stored = await change_decision(
                connection, decision_id, seen[1], lambda one: replace(one, **changes), _author(caller)
            )
    return json_response(_shown(stored, today_jakarta()), headers={"ETag": etag(1, stored.revision)})


@router.post("/{decision_id}/evidence", status_code=201, summary="Add evidence to a decision")
async def post_evidence(
    request: Request,
    caller: Writer,
    decision_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[EvidenceIn, json_body(EvidenceIn)],
) -> Response:
    """A letter, minutes, a report: its number or address, and words."""

    def with_evidence(one: Decision) -> Decision:
        if len(one.evidence) >= MOST_EVIDENCE:
            raise DecisionRefusedError([("evidence", "too_much_evidence")])
        return replace(one, evidence=(*one.evidence, body.evidence()))

    async def effect(connection: Connection) -> Answer:
        with _refusals():
            stored = await change_decision(connection, decision_id, seen[1], with_evidence, _author(caller))
        answer = {"decision_id": str(decision_id), "revision": stored.revision}
        return json_answer(
            201, {**answer, "evidence": len(stored.decision.evidence)}, {"ETag": etag(1, stored.revision)}
        )

    return await write_once(request, effect)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        with fact_refusals():
            yield
    except DecisionRefusedError as error:
        problems = [FieldProblem(field, code, *TEXTS[code]) for field, code in error.problems]
        raise DECISION_REFUSED.problem(errors=problems) from None


def _author(caller: Caller) -> Author:
    return Author(account_of(caller), today_jakarta(), now_utc())


def _told(stored: StoredDecision) -> dict[str, Any]:
    one = stored.decision
    text_id, text_en = STATE_TEXTS[one.state]
    return {
        "decision_id": str(stored.decision_id),
        "revision": stored.revision,
        **asdict(one),
        "owner_name": offices().get(one.owner),
        "state_text_id": text_id,
        "state_text_en": text_en,
        "changed_by": stored.changed_by,
        "changed_at": stored.changed_at,
    }


def _shown(stored: StoredDecision, today: date) -> dict[str, Any]:
    overdue = stored.decision.is_overdue(today)
    days = (today - stored.decision.due_on).days if overdue else None
    return {**_told(stored), "etag": etag(1, stored.revision), "overdue": overdue, "days_overdue": days}
