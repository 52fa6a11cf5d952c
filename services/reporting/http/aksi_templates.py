"""Official templates of the board, and the indicators of a programme, as workbooks."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.reporting.domain.aksi_programme import Programme, find_programme, read_indicators
from services.reporting.formats.aksi_mapping import MapProblem, SheetMap, find_mapping, map_problems, stored_form
from services.reporting.formats.aksi_programme_sheet import programme_workbook, read_programme_workbook
from services.reporting.http.aksi_asked import (
    AksiWanted,
    Area,
    YearQuery,
    account_of,
    aksi_refusals,
    area_asked,
    year_asked,
)
from services.reporting.http.aksi_requests import MappingIn
from services.reporting.http.aksi_texts import TEMPLATE_REFUSED, UNKNOWN_AKSI, UNKNOWN_YEAR, told
from services.reporting.http.aksi_workbooks import LIMIT_BYTES, WORKBOOK_TYPES, in_thread, told_of, workbook_response
from services.reporting.store.aksi_programmes import (
    Template,
    find_template,
    insert_programme_version,
    insert_template,
    list_templates,
    map_template,
    read_programme,
)
from services.reporting.use_cases.aksi_year import KABUPATEN_LENGTH
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.contracts.fact import new_fact_id
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body, raw_body
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/aksi", tags=["aksi"])
ProgrammeCode = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]


@router.post("/templates", status_code=201, summary="Load an official workbook that is to be filled")
async def post_template(
    request: Request,
    caller: Annotated[Caller, require("aksi:submit")],
    content: Annotated[bytes, raw_body(WORKBOOK_TYPES, limit_bytes=LIMIT_BYTES)],
    year: YearQuery,
    aksi: AksiWanted,
    area: Area = None,
) -> Response:
    """Where which cell stands is looked for; `problems` empty: it is used from now on. Else say it by PUT mapping."""

    async def effect(connection: Connection) -> Answer:
        asked = await year_asked(connection, caller, year, area_asked(caller, area)[:KABUPATEN_LENGTH], today_jakarta())
        with aksi_refusals():
            asked.aksi(aksi)
        mapping, problems = await in_thread(find_mapping, content, asked.programme.of_aksi(aksi), asked.areas)
        template = Template(
            kabupaten_code=asked.kabupaten_code,
            template_id=new_fact_id(),
            year=year,
            aksi_code=aksi,
            sha256=hashlib.sha256(content).digest(),
            mapping=None if problems else stored_form(mapping),
            uploaded_by=account_of(caller),
            uploaded_at=now_utc(),
        )
        await insert_template(connection, template, content)
        found = stored_form(mapping)
        body = {**_template(template), "found": found, "problems": [told_of(one).as_json() for one in problems]}
        return json_answer(201, body, {"Location": f"/v1/aksi/templates/{template.template_id}"})

    return await write_once(request, effect)


@router.get("/templates", summary="Official workbooks that were loaded")
async def get_templates(request: Request, caller: Annotated[Caller, require("aksi:read")]) -> Response:  # noqa: ARG001
    """The newest mapped one of an action and year is filled."""
    async with reading(request) as connection:
        found = await list_templates(connection)
    return json_response({"items": [_template(one) for one in found]})


@router.put("/templates/{template_id}/mapping", summary="Say where a template has which cell")
async def put_mapping(
    request: Request,
    caller: Annotated[Caller, require("aksi:submit")],
    template_id: UUID,
    body: Annotated[MappingIn, json_body(MappingIn)],
) -> Response:
    """What was sent before keeps the mapping of its day. 422 names what cannot be filled so."""
    mapping = [SheetMap(**dict(sheet)) for sheet in body.sheets]
    async with writing(request) as connection:
        found = await find_template(connection, template_id)
        if found is None:
            raise NOT_FOUND.problem()
        template, workbook = found
        caller.areas.demand_area(template.kabupaten_code)
        asked = await year_asked(connection, caller, template.year, template.kabupaten_code, today_jakarta())
        unknown = {code for sheet in mapping for code in sheet.columns if asked.programme.find(code) is None}
        problems = [MapProblem(code, "unknown_indicator", code) for code in sorted(unknown)]
        problems += await in_thread(map_problems, workbook, mapping, asked.areas)
        if problems:
            raise TEMPLATE_REFUSED.problem(errors=[told_of(one) for one in problems[:200]])
        await map_template(connection, template_id, stored_form(mapping))
    return json_response({**_template(template), "mapped": True, "mapping": stored_form(mapping)})


def _template(template: Template) -> dict[str, Any]:
    return {
        "template_id": template.template_id,
        "year": template.year,
        "aksi": template.aksi_code,
        "sha256": template.sha256.hex(),
        "mapped": template.mapping is not None,
        "mapping": template.mapping,
        "uploaded_by": template.uploaded_by,
        "uploaded_at": template.uploaded_at,
    }


@router.get("/programmes/{code}/workbook", summary="The indicators of a programme as a workbook, to be corrected")
async def get_programme_workbook(
    request: Request,
    caller: Annotated[Caller, require("aksi:read")],
    code: ProgrammeCode,
    year: YearQuery,
    area: Area = None,
) -> Response:
    """As they hold in a year."""
    async with reading(request) as connection:
        programme = await read_programme(connection, area_asked(caller, area)[:KABUPATEN_LENGTH], year)
    if programme is None or programme.code != code:
        raise UNKNOWN_YEAR.problem()
    content = await asyncio.to_thread(programme_workbook, programme)
    return workbook_response(content, f"program-{code}-v{programme.version}")


@router.post("/programmes/{code}/indicators", status_code=201, summary="Replace the indicators of a programme")
async def post_indicators(
    request: Request,
    caller: Annotated[Caller, require("aksi:submit")],
    content: Annotated[bytes, raw_body(WORKBOOK_TYPES, limit_bytes=LIMIT_BYTES)],
    code: ProgrammeCode,
    from_year: YearQuery,
    area: Area = None,
) -> Response:
    """From a year on, for the kabupaten. Values under codes that are gone stay in the record and are not asked for."""
    shipped = find_programme(code)
    if shipped is None or from_year < shipped.from_year:
        raise UNKNOWN_AKSI.problem()
    kabupaten_code = area_asked(caller, area)[:KABUPATEN_LENGTH]
    caller.areas.demand_area(kabupaten_code)
    rows = await in_thread(read_programme_workbook, content)
    indicators, problems = read_indicators(rows, {one.code: one.entry for one in shipped.aksi})
    if problems:
        errors = [told(f"rows.{one.place}.{one.field}", one.code, one.value) for one in problems[:200]]
        raise TEMPLATE_REFUSED.problem(errors=errors)
    loaded: Programme = replace(shipped, from_year=from_year, indicators=indicators)

    async def effect(connection: Connection) -> Answer:
        digest = hashlib.sha256(content).digest()
        version = await insert_programme_version(
            connection, kabupaten_code, loaded, digest, account_of(caller), now_utc()
        )
        body = {"code": code, "version": version, "from_year": from_year, "indicators": len(indicators)}
        return json_answer(201, {**body, "confirmed": loaded.confirmed})

    return await write_once(request, effect)
