"""`/v1/mappings`: what the names mean that files use and the register does not know."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.domain.places import MappingKey, plain_name
from services.measurement.http.requests import MappingIn
from services.measurement.store import mappings
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/mappings", tags=["intake"])
WRONG_MAPPING: Final = ProblemKind(
    "wrong_mapping", 422, "Kode tidak cocok dengan nama itu", "The code does not fit the name",
    "Pilih desa di kecamatan itu, atau posyandu di desa itu.",
    "Choose a desa of that kecamatan, or a posyandu of that desa.",
)  # fmt: skip


@router.get("", summary="Names that wait for a decision")
async def get_mappings(
    request: Request,
    _caller: Annotated[Caller, require("review:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    settled: Annotated[bool, Query(description="Those decided instead")] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """By kind, area and name, with the most similar names of the register."""
    after = page.after(str, str, str) or ("", "", "")
    async with reading(request) as connection:
        rows = await mappings.list_names(connection, settled=settled, after=after, limit=page.limit + 1)
    return json_response(page.page(rows, "kind", "parent_code", "name"))


@router.post("", summary="Say what a name means")
async def post_mapping(
    request: Request,
    caller: Annotated[Caller, require("review:write")],
    body: Annotated[MappingIn, json_body(MappingIn)],
) -> Response:
    """Rows that come later use it; a name is never more than a name for an entry that exists."""
    key: MappingKey = (body.kind, body.parent_code, plain_name(body.kind, body.name))

    async def effect(connection: Connection) -> Answer:
        if not await mappings.fits(connection, key, body.code):
            raise WRONG_MAPPING.problem()
        if not await mappings.decide(connection, key, body.code, caller.subject, now_utc()):
            raise NOT_FOUND.problem()
        return json_answer(200, {"kind": body.kind, "parent_code": body.parent_code, "name": key[2], "code": body.code})

    return await write_once(request, effect)
