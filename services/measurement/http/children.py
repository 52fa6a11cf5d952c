"""`/v1/children`: register, read, correct, relocate."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.http.answers import (
    ENTRY_REFUSED,
    child_json,
    entry_of,
    field_problems,
    flags_json,
    masked,
    reader_of,
    refusals,
    vault_of,
    visible_child,
)
from services.measurement.http.requests import ChildIn, ChildPatch, Purpose, RelocationIn, stated
from services.measurement.store import identities
from services.measurement.store.vault import Identity
from services.measurement.use_cases.correct_children import ChildCorrection, correct_child
from services.measurement.use_cases.nik_flags import nik_flags
from services.measurement.use_cases.register_children import NewChild, register_children
from services.measurement.use_cases.relocate_children import Move, relocate_child
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.child import ChildV1
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.etag import Order, etag, if_match
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/children", tags=["children"])


@router.post("", status_code=201, summary="Register a child")
async def post_child(
    request: Request,
    caller: Annotated[Caller, require("children:register")],
    body: Annotated[ChildIn, json_body(ChildIn)],
) -> Response:
    """Children who may be the same are named in `hints`; they never block, a person merges."""
    caller.areas.demand(body.desa_code, body.posyandu_code)
    entry = entry_of(caller)
    row = NewChild(
        identity=body.identity.model_dump(exclude_none=True),
        sex=body.sex,
        birth_date=body.birth_date,
        desa_code=body.desa_code,
        posyandu_code=body.posyandu_code,
        resident_since=body.resident_since or entry.today,
        birth_weight_kg=body.birth_weight_kg,
        birth_length_cm=body.birth_length_cm,
        gestation_weeks=body.gestation_weeks,
        household_risks=body.household_risks,
        has_growth_card=body.has_growth_card,
    )

    async def effect(connection: Connection) -> Answer:
        reader = reader_of(caller, "care")
        registered = (await register_children(connection, [row], entry, vault_of(request), reader))[0]
        child = registered.child
        if child is None:
            raise ENTRY_REFUSED.problem(errors=field_problems(registered.problems))
        hints = [
            {
                "child_id": str(other_id),
                "evidence": found.reasons[0],
                "reasons": list(found.reasons),
                "score": found.score,
            }
            for other_id, found in registered.hints
        ]
        shown = {"child_id": str(child.child_id), "revision": child.revision, "hints": hints}
        return json_answer(201, shown, {"ETag": etag(*child.order), "Location": f"/v1/children/{child.child_id}"})

    return await write_once(request, effect)


@router.get("/{child_id}", summary="A child; identity masked unless a purpose is given and allowed")
async def get_child(
    request: Request,
    caller: Annotated[Caller, require("children:read")],
    child_id: UUID,
    purpose: Annotated[Purpose | None, Query(description="Why the identity is read; it is logged")] = None,
) -> Response:
    """With `purpose` and scope `identity:read` names and NIK are shown, and the access log says so."""
    if purpose is not None:
        caller.demand("identity:read")
        async with writing(request) as connection:
            child, identity = await visible_child(connection, request, caller, child_id)
            await identities.log_access(connection, reader_of(caller, purpose), [child_id], "read")
        return json_response(_shown(child, identity, dict(identity)), headers={"ETag": etag(*child.order)})
    async with reading(request) as connection:
        child, identity = await visible_child(connection, request, caller, child_id)
    return json_response(_shown(child, identity, masked(identity)), headers={"ETag": etag(*child.order)})


@router.patch("/{child_id}", summary="Correct a child")
async def patch_child(
    request: Request,
    caller: Annotated[Caller, require("children:write")],
    child_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[ChildPatch, json_body(ChildPatch)],
) -> Response:
    """`If-Match` says which revision was seen. A new sex or birth date re-scores the child's history."""
    identity = {} if body.identity is None else stated(body.identity)
    if identity:
        caller.demand("identity:read")
    correction = ChildCorrection(child_id, seen, stated(body), identity)
    async with writing(request) as connection:
        with refusals():
            child = await correct_child(
                connection,
                correction,
                entry_of(caller, body.reason_text),
                vault_of(request),
                reader_of(caller, "correction"),
            )
    return _changed(child)


@router.post("/{child_id}/relocations", summary="The child moved")
async def post_relocation(
    request: Request,
    caller: Annotated[Caller, require("children:write")],
    child_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[RelocationIn, json_body(RelocationIn)],
) -> Response:
    """From a day on, not in the future, within the caller's area; history keeps the places where it was measured."""
    caller.areas.demand(body.desa_code, body.posyandu_code)
    move = Move(child_id, seen, body.valid_from, body.desa_code, body.posyandu_code)

    async def effect(connection: Connection) -> Answer:
        with refusals():
            child = await relocate_child(connection, move, entry_of(caller, body.reason_text))
        shown = {"child_id": str(child.child_id), "revision": child.revision}
        return json_answer(200, shown, {"ETag": etag(*child.order)})

    return await write_once(request, effect)


def _shown(child: ChildV1, identity: Identity, shown: dict[str, str | None]) -> dict[str, Any]:
    """The child with as much of its identity as may be seen, and what is doubtful about its NIK."""
    flags = nik_flags(identity, child.birth_date, child.sex, [stay.desa_code for stay in child.residences])
    return {**child_json(child), "identity": shown, "identity_flags": flags_json(flags)}


def _changed(child: ChildV1) -> Response:
    return json_response(
        {"child_id": str(child.child_id), "revision": child.revision}, headers={"ETag": etag(*child.order)}
    )
