"""Workbooks of the board: values out and in, official templates, and the indicators of a programme."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.reporting.domain.aksi_programme import Programme, find_programme, read_indicators
from services.reporting.domain.aksi_submission import changes
from services.reporting.domain.aksi_values import By, CellKey, Entry
from services.reporting.formats.aksi_programme_sheet import programme_workbook, read_programme_workbook
from services.reporting.formats.aksi_workbook import (
    MapProblem,
    Note,
    ReadCell,
    SheetMap,
    fill,
    find_mapping,
    map_problems,
    mapping_of,
    own_workbook,
    read_cells,
    read_seen,
    stored_form,
)
from services.reporting.formats.office_package import WorkbookRefusedError
from services.reporting.http.aksi_asked import (
    AksiWanted,
    Area,
    YearPath,
    YearQuery,
    account_of,
    aksi_refusals,
    area_asked,
    by,
    year_asked,
)
from services.reporting.http.aksi_requests import MappingIn, Text
from services.reporting.http.aksi_texts import TEMPLATE_REFUSED, UNKNOWN_AKSI, UNKNOWN_YEAR, told
from services.reporting.http.aksi_values import shown_entered
from services.reporting.store.aksi_programmes import (
    Template,
    find_template,
    insert_programme_version,
    insert_template,
    list_templates,
    map_template,
    read_programme,
    template_for,
)
from services.reporting.store.aksi_submissions import last_sent, submitted_values
from services.reporting.use_cases.aksi_year import KABUPATEN_LENGTH, Standings, Year, read_standings
from services.reporting.use_cases.enter_aksi_values import Entered, enter_values
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.contracts.fact import new_fact_id
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body, raw_body
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection
from shared.problems import FieldProblem

router = APIRouter(prefix="/v1/aksi", tags=["aksi"])
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKBOOK_TYPES: Final = (XLSX, "application/octet-stream")
LIMIT_BYTES: Final = 10_000_000
Seen = Mapping[CellKey, tuple[int, int | None]]  # revision and value of a cell when its workbook was made
ProgrammeCode = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]


def workbook_response(content: bytes, name: str) -> Response:
    """A workbook to keep."""
    return Response(content, media_type=XLSX, headers={"content-disposition": f'attachment; filename="{name}.xlsx"'})


@router.get("/{year}/workbook", summary="The values of an action as a workbook, to fill in or to send")
async def get_workbook(
    request: Request,
    caller: Annotated[Caller, require("aksi:read")],
    year: YearPath,
    aksi: AksiWanted,
    area: Area = None,
    ready: Annotated[bool, Query(description="only values of desa that block nobody")] = False,  # noqa: FBT002
) -> Response:
    """In the official template where one is mapped, else in our plain shape; what changed since sent last is marked."""
    caller.demand("aggregates:exact")
    async with reading(request) as connection:
        asked = await year_asked(connection, caller, year, area, today_jakarta())
        with aksi_refusals():
            standings = await read_standings(connection, asked, asked.aksi(aksi).code)
        sent = await last_sent(connection, asked.kabupaten_code, year, aksi)
        earlier = None if sent is None else await submitted_values(connection, sent.submission_id)
        template = await template_for(connection, asked.kabupaten_code, year, aksi)
        workbook = None if template is None else await find_template(connection, template.template_id)
    values = _values_of(standings, aksi, ready=ready)
    if earlier is not None:
        shown = set(asked.desa_codes)
        earlier = {key: value for key, value in earlier.items() if key[0] in shown}
    lines = [("Wilayah", asked.area_code), ("Tahun", str(year)), ("Aksi", aksi), ("Status", "belum dikirim")]
    seen = {key: 0 for desa in asked.desa_codes for key in ((desa, one.code) for one in asked.programme.of_aksi(aksi))}
    seen |= {one.key: one.revision for one in standings.values if one.key in seen}
    note = Note(lines, changes(earlier, values), None if ready else seen)
    names = {one.code: one.name_id for one in asked.programme.indicators}

    def make() -> bytes:
        if template is None or workbook is None:
            blank, mapping = own_workbook(asked.programme.of_aksi(aksi), asked.areas)
        else:
            blank, mapping = workbook[1], mapping_of(template.mapping)
        return fill(blank, mapping, asked.areas, values, note, names)

    return workbook_response(await asyncio.to_thread(make), f"aksi-{year}-{aksi}-{asked.area_code}")


def _values_of(standings: Standings, aksi: str, *, ready: bool) -> dict[tuple[str, str], int | None]:
    units = standings.units(standings.year.aksi(aksi))
    shown = {unit.area_code for unit in units if not (ready and unit.blocks)}
    return {value.key: value.value for value in standings.values if value.desa_code in shown}


@router.post("/{year}/values:file", summary="Enter the values of a workbook")
async def post_file(
    request: Request,
    caller: Annotated[Caller, require("aksi:write")],
    content: Annotated[bytes, raw_body(WORKBOOK_TYPES, limit_bytes=LIMIT_BYTES)],
    year: YearPath,
    aksi: AksiWanted,
    area: Area = None,
    reason: Annotated[Text | None, Query(description="why values differ from our facts, where they do")] = None,
    dry_run: Annotated[bool, Query(description="say what would become of the cells, and take none")] = False,  # noqa: FBT002
) -> Response:
    """Good cells are taken even where others are not; each other one is told by sheet and cell with its remedy."""

    async def effect(connection: Connection) -> Answer:
        asked = await year_asked(connection, caller, year, area, today_jakarta())
        with aksi_refusals():
            asked.aksi(aksi)
        template = await template_for(connection, asked.kabupaten_code, year, aksi)
        known = None if template is None else mapping_of(template.mapping)
        cells, problems, seen = await _in_thread(_read, content, known, asked, aksi)
        # Cells that nobody touched since the workbook was made say nothing, whatever became of them meanwhile.
        cells = [cell for cell in cells if cell.code is not None or cell.value != seen.get(cell.key, (0, None))[1]]
        good = [cell for cell in cells if cell.code is None]
        entries = [
            Entry(
                cell.desa_code, cell.indicator_code, cell.value, reason, seen[cell.key][0] if cell.key in seen else None
            )
            for cell in good
        ]
        entered = await _entered(connection, asked, entries, by(caller, "uploaded"), dry_run=dry_run)
        return json_answer(200, _report(cells, dict(zip(good, entered, strict=True)), problems, dry_run=dry_run))

    return await write_once(request, effect)


def _read(
    content: bytes, known: Sequence[SheetMap] | None, asked: Year, aksi: str
) -> tuple[list[ReadCell], list[MapProblem], Seen]:
    if known is not None:
        cells, problems = read_cells(content, known, asked.areas)
        if not any(problem.code == "sheet_missing" for problem in problems):
            return cells, problems, read_seen(content) or {}
    mapping, found = find_mapping(content, asked.programme.of_aksi(aksi), asked.areas)
    if not mapping:
        raise TEMPLATE_REFUSED.problem(errors=[_told(problem) for problem in found])
    cells, problems = read_cells(content, mapping, asked.areas)
    problems += [problem for problem in found if problem.code == "column_missing"]
    return cells, problems, read_seen(content) or {}


async def _in_thread(work: Any, *arguments: Any) -> Any:
    try:
        return await asyncio.to_thread(work, *arguments)
    except WorkbookRefusedError as error:
        raise TEMPLATE_REFUSED.problem(errors=[told("file", error.code)]) from None


async def _entered(
    connection: Connection, asked: Year, entries: Sequence[Entry], by_whom: By, *, dry_run: bool
) -> list[Entered]:
    trial = connection.transaction()
    await trial.start()
    entered = await enter_values(connection, asked, entries, by_whom)
    await (trial.rollback() if dry_run else trial.commit())
    return entered


def _report(
    cells: Sequence[ReadCell], entered: dict[ReadCell, Entered], problems: Sequence[MapProblem], *, dry_run: bool
) -> dict[str, Any]:
    rows = []
    for cell in cells:
        place = {"sheet": cell.sheet, "cell": cell.place, "desa_code": cell.desa_code}
        one = entered.get(cell)
        if one is None:
            problem = told(f"{cell.sheet}!{cell.place}", str(cell.code), cell.shown).as_json()
            rows.append({**place, "indicator_code": cell.indicator_code, "outcome": "rejected", "problems": [problem]})
            continue
        shown = shown_entered(one, cell.indicator_code)
        if one.before is not None:
            shown["before"] = one.before.value
        if one.code is not None:
            shown["problems"] = [told(f"{cell.sheet}!{cell.place}", one.code, cell.value).as_json()]
        rows.append({**place, "indicator_code": cell.indicator_code, **shown})
    return {
        "dry_run": dry_run,
        "counts": dict(Counter(row["outcome"] for row in rows)),
        "rows": [row for row in rows if row["outcome"] != "unchanged"],
        "problems": [_told(problem).as_json() for problem in problems],
    }


def _told(problem: MapProblem) -> FieldProblem:
    return told(problem.place or "file", problem.code, problem.value)


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
        mapping, problems = await _in_thread(find_mapping, content, asked.programme.of_aksi(aksi), asked.areas)
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
        body = {**_template(template), "found": found, "problems": [_told(one).as_json() for one in problems]}
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
        problems += await _in_thread(map_problems, workbook, mapping, asked.areas)
        if problems:
            raise TEMPLATE_REFUSED.problem(errors=[_told(one) for one in problems[:200]])
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
    rows = await _in_thread(read_programme_workbook, content)
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
