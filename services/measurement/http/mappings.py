"""`/v1/mappings`: what the names mean that files use and the register does not know."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.domain.places import MappingKey, PlaceBook, key_text, plain_name
from services.measurement.http.requests import MappedName, MappingIn
from services.measurement.jobs import mapping
from services.measurement.store import mappings
from services.measurement.use_cases.take_file_rows import place_book
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.jobs import table
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/mappings", tags=["intake"])
WRONG_MAPPING: Final = ProblemKind(
    "wrong_mapping", 422, "Kode tidak cocok dengan nama itu", "The code does not fit the name",
    "Pilih kecamatan di kabupaten itu, desa di kecamatan itu, posyandu di desa itu, atau puskesmas di kabupaten itu.",
    "Choose a kecamatan of that kabupaten, a desa of that kecamatan, a posyandu of that desa, or a puskesmas of that "
    "kabupaten.",
)  # fmt: skip
MAPPING_OUTSIDE: Final = ProblemKind(
    "mapping_outside_area", 403, "Kode itu di luar wilayah Anda", "The code lies outside your area",
    "Minta petugas kabupaten menetapkannya.", "Ask the staff of the kabupaten to decide it.",
)  # fmt: skip


@router.get("", summary="Names that wait for a decision")
async def get_mappings(
    request: Request,
    caller: Annotated[Caller, require("review:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    settled: Annotated[bool, Query(description="Those decided instead")] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """By kind, area and name: the most similar names of the register below that area, and how many rows wait."""
    after = page.after(str, str, str) or ("", "", "")
    async with reading(request) as connection:
        rows = await mappings.list_names(connection, settled=settled, after=after, limit=page.limit + 1)
        counts = await mappings.rows_of_names(connection, [key_text(_key(row)) for row in rows])
        book = await place_book(connection, caller.areas.codes)
    return json_response(page.page([_name_json(row, counts, book) for row in rows], "kind", "parent_code", "name"))


@router.post("", summary="Say what a name means")
async def post_mapping(
    request: Request,
    caller: Annotated[Caller, require("review:write")],
    body: Annotated[MappingIn, json_body(MappingIn)],
) -> Response:
    """Rows that wait for the name are tried again at once (`job_id`, a review job), rows that come later use it."""
    key: MappingKey = (body.kind, body.parent_code, plain_name(body.kind, body.name))

    async def effect(connection: Connection) -> Answer:
        if not await mappings.fits(connection, key, body.code):
            raise WRONG_MAPPING.problem()
        if body.kind != "puskesmas" and not _concerns(caller, body.code):
            raise MAPPING_OUTSIDE.problem()
        return await _decide(connection, key, body.code, caller)

    return await write_once(request, effect)


@router.post(":undo", summary="Nobody knows what a name means after all")
async def post_undo(
    request: Request,
    caller: Annotated[Caller, require("review:write")],
    body: Annotated[MappedName, json_body(MappedName)],
) -> Response:
    """The name waits again, and visits that a posyandu's name had put there are without one again.

    `taken` rows of a desa or kecamatan stay where they are: move the children, or take the file back.
    """
    key: MappingKey = (body.kind, body.parent_code, plain_name(body.kind, body.name))

    async def effect(connection: Connection) -> Answer:
        return await _decide(connection, key, None, caller)

    return await write_once(request, effect)


async def _decide(connection: Connection, key: MappingKey, code: str | None, caller: Caller) -> Answer:
    """Deciding the same again changes nothing."""
    name = await mappings.find_name(connection, key)
    if name is None:
        raise NOT_FOUND.problem()
    job_id = None
    if name["code"] != code:
        await mappings.decide(connection, key, code, caller.subject, now_utc())
        payload = mapping.payload_of(key_text(key), name["code"], code)
        job_id = str(await table.enqueue(connection, mapping.KIND, payload, requested_by=caller.subject))
    rows = await mappings.rows_of_names(connection, [key_text(key)])
    shown = {"kind": key[0], "parent_code": key[1], "name": key[2], "code": code, "job_id": job_id}
    return json_answer(200, shown | _rows_json(rows, key))


def _concerns(caller: Caller, code: str) -> bool:
    """Whether the area lies within the caller's, or holds it: a puskesmas may say which kecamatan it works in."""
    return caller.areas.covers_area(code) or any(own.startswith(code + ".") for own in caller.areas.codes)


def _name_json(row: dict[str, Any], counts: dict[str, dict[str, int]], book: PlaceBook) -> dict[str, Any]:
    key = _key(row)
    suggestions = [suggestion._asdict() for suggestion in book.suggest(key)] if row["code"] is None else []
    times = {name: None if row[name] is None else row[name].isoformat() for name in ("seen_at", "settled_at")}
    return {**row, **times, "suggestions": suggestions, **_rows_json(counts, key)}


def _rows_json(counts: dict[str, dict[str, int]], key: MappingKey) -> dict[str, int]:
    return counts.get(key_text(key), {"waiting": 0, "taken": 0})


def _key(row: dict[str, Any]) -> MappingKey:
    return row["kind"], row["parent_code"], row["name"]
