"""`/v1/merge-candidates`: records that may be one child, with the evidence; a person says whether they are."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.domain.likeness import REASON_TEXTS
from services.measurement.http.answers import entry_of, flags_json, masked, refusals, vault_of
from services.measurement.http.requests import CandidateAnswer
from services.measurement.store import candidates, identities
from services.measurement.store.candidates import StoredCandidate
from services.measurement.store.children import CHILDREN
from services.measurement.use_cases.nik_flags import nik_flags
from services.measurement.use_cases.settle_candidate import settle_candidate
from shared.auth.areas import OUTSIDE_AREA
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/merge-candidates", tags=["children"])


@router.get("", summary="Records that may be one child")
async def get_candidates(
    request: Request,
    _caller: Annotated[Caller, require("review:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    state: Annotated[Literal["open", "merged", "different"], Query()] = "open",
    child_id: Annotated[UUID | None, Query()] = None,
) -> Response:
    """The likeliest first, pairs with at least one child of the caller's area.

    Evidence says field by field what agrees, never a value. Twins and siblings come last and are named so. A child
    outside the area is not `visible`: who sees both (the district) decides.
    """
    after = page.after(float, UUID)
    async with reading(request) as connection:
        found = await candidates.list_candidates(
            connection, state, child_id, None if after is None else (after[0], after[1]), page.limit + 1
        )
        rows = await _shown(connection, request, found)
    return json_response(page.page(rows, "score", "candidate_id"))


@router.get("/{candidate_id}", summary="One pair")
async def get_candidate(
    request: Request, _caller: Annotated[Caller, require("review:read")], candidate_id: UUID
) -> Response:
    """With the ETag that an answer needs."""
    async with reading(request) as connection:
        found = await candidates.find(connection, candidate_id)
        if found is None:
            raise NOT_FOUND.problem()
        shown = (await _shown(connection, request, [found]))[0]
    return json_response(shown, headers={"ETag": etag(1, found.revision)})


@router.post("/{candidate_id}:different", summary="They are two children")
async def post_different(
    request: Request,
    caller: Annotated[Caller, require("merge:write")],
    candidate_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[CandidateAnswer, json_body(CandidateAnswer)],
) -> Response:
    """Not proposed again unless the evidence changes: another name, NIK, parent, sex or birth date."""
    return await _settled(request, caller, candidate_id, seen, "different", body)


@router.post("/{candidate_id}:reopen", summary="Look at a pair again")
async def post_reopen(
    request: Request,
    caller: Annotated[Caller, require("merge:write")],
    candidate_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[CandidateAnswer, json_body(CandidateAnswer)],
) -> Response:
    """Takes back that they are two."""
    return await _settled(request, caller, candidate_id, seen, "open", body)


@router.post(":rescan", summary="Compare all children of the caller's area again")
async def post_rescan(request: Request, _caller: Annotated[Caller, require("merge:write")]) -> Response:
    """A worker does it within minutes; what was decided stays decided."""

    async def effect(connection: Connection) -> Answer:
        return json_answer(202, {"children": await candidates.mark_all_pending(connection)})

    return await write_once(request, effect)


async def _settled(
    request: Request,
    caller: Caller,
    candidate_id: UUID,
    seen: Order,
    state: Literal["open", "different"],
    body: CandidateAnswer,
) -> Response:
    async def effect(connection: Connection) -> Answer:
        if await candidates.find(connection, candidate_id) is None:
            raise NOT_FOUND.problem()
        with refusals():
            stored = await settle_candidate(connection, candidate_id, seen, state, entry_of(caller, body.reason_text))
        if stored is None:
            raise OUTSIDE_AREA.problem()
        shown = (await _shown(connection, request, [stored]))[0]
        return json_answer(200, shown, {"ETag": etag(1, stored.revision)})

    return await write_once(request, effect)


async def _shown(connection: Connection, request: Request, found: list[StoredCandidate]) -> list[dict[str, Any]]:
    ids = [child_id for pair in found for child_id in (pair.child_id, pair.other_id)]
    children = await _children(connection, request, ids)
    return [
        {
            "candidate_id": str(pair.candidate_id),
            "etag": etag(1, pair.revision),
            "state": pair.state,
            "score": pair.score,
            "reasons": [
                {"code": code, "text_id": REASON_TEXTS[code][0], "text_en": REASON_TEXTS[code][1]}
                for code in pair.reasons
            ],
            "evidence": pair.evidence,
            "children": [
                children.get(child_id, {"child_id": str(child_id), "visible": False})
                for child_id in (pair.child_id, pair.other_id)
            ],
            "found_at": pair.found_at.isoformat(),
            "decided_by": pair.decided_by,
            "decided_at": None if pair.decided_at is None else pair.decided_at.isoformat(),
            "reason_text": pair.reason_text,
        }
        for pair in found
    ]


async def _children(connection: Connection, request: Request, ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Those that the caller sees, their NIK masked and its doubts told."""
    vault, sealed = vault_of(request), await identities.find(connection, ids)
    shown = {}
    for child in await CHILDREN.find(connection, ids):
        row = sealed.get(child.child_id)
        identity = {} if row is None else vault.open_identity(child.child_id, row.sealed)
        flags = nik_flags(identity, child.birth_date, child.sex, [stay.desa_code for stay in child.residences])
        home = child.residences[-1]
        shown[child.child_id] = {
            "child_id": str(child.child_id),
            "visible": True,
            "sex": child.sex,
            "birth_date": child.birth_date.isoformat(),
            "desa_code": home.desa_code,
            "posyandu_code": home.posyandu_code,
            "merged_into": None if child.merged_into is None else str(child.merged_into),
            "identity": masked(identity),
            "identity_flags": flags_json(flags),
        }
    return shown
