"""Workbooks of the board: values out and in."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.reporting.domain.aksi_submission import changes
from services.reporting.domain.aksi_values import By, CellKey, Entry
from services.reporting.formats.aksi_mapping import MapProblem, SheetMap, find_mapping, mapping_of
from services.reporting.formats.aksi_workbook import Note, ReadCell, fill, own_workbook, read_cells, read_seen
from services.reporting.http.aksi_asked import (
    AksiWanted,
    Area,
    YearPath,
    aksi_refusals,
    by,
    year_asked,
)
from services.reporting.http.aksi_requests import Text
from services.reporting.http.aksi_texts import TEMPLATE_REFUSED, told, told_of_cell
from services.reporting.http.aksi_values import shown_entered
from services.reporting.http.aksi_workbooks import LIMIT_BYTES, WORKBOOK_TYPES, in_thread, told_of, workbook_response
from services.reporting.store.aksi_programmes import (
    find_template,
    template_for,
)
from services.reporting.store.aksi_submissions import last_sent, submitted_values
from services.reporting.use_cases.aksi_year import Standings, Year, read_standings
from services.reporting.use_cases.enter_aksi_values import Entered, enter_values
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import Answer, json_answer
from shared.http.bodies import raw_body
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/aksi", tags=["aksi"])
Seen = Mapping[CellKey, tuple[int, int | None]]  # revision and value of a cell when its workbook was made


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
        cells, problems, seen = await in_thread(_read, content, known, asked, aksi)
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
        raise TEMPLATE_REFUSED.problem(errors=[told_of(problem) for problem in found])
    cells, problems = read_cells(content, mapping, asked.areas)
    problems += [problem for problem in found if problem.code == "column_missing"]
    return cells, problems, read_seen(content) or {}


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
            shown["problems"] = [told_of_cell(f"{cell.sheet}!{cell.place}", one.code, cell.value).as_json()]
        rows.append({**place, "indicator_code": cell.indicator_code, **shown})
    return {
        "dry_run": dry_run,
        "counts": dict(Counter(row["outcome"] for row in rows)),
        "rows": [row for row in rows if row["outcome"] != "unchanged"],
        "problems": [told_of(problem).as_json() for problem in problems],
    }
