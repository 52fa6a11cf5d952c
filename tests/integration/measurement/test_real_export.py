"""A real export of the ministry, taken in and written again: which cells are equal, and which cannot be."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from services.measurement.domain.cells import clean_text
from services.measurement.domain.file_row import FileRow
from services.measurement.formats.diagnose import examine
from services.measurement.jobs import exports, intake, reconciliations
from services.measurement.jobs.exports import ExportJob
from services.measurement.jobs.growth import recompute
from services.measurement.jobs.intake import IntakeJob
from services.measurement.jobs.reconciliations import ReconciliationJob
from shared.jobs.runner import JobRunner
from tests.integration.measurement.desk import Desk
from tests.integration.measurement.test_exports import ended, take

FILE: Final = Path(__file__).parents[2] / "data" / "eppgbm" / "01-ttu-2022-export32.xlsx"
TODAY: Final = date(2026, 11, 28)
TTU: Final = "53.03"
EQUAL: Final = (
    *("nik", "name", "sex", "birth_date", "birth_weight_kg", "birth_length_cm", "parent_name", "province_name"),
    *("kabupaten_name", "kecamatan_name", "desa_name", "posyandu_name", "rt", "rw", "address", "age_text"),
    *("measured_on", "weight_kg", "length_height_cm", "measurement_position", "muac_cm", "reported_letter"),
    *("kpsp", "kia"),
)


# Nine rows were scored with a position that this profile does not state, one is off in the file itself.
# Food received and vitamin A are no part of a visit that we keep.
CANNOT_BE_EQUAL: Final = {
    "official_haz": 10,
    "official_waz": 1,
    "official_whz": 10,
    "official_haz_class": 3,
    "official_waz_class": 1,
    "official_whz_class": 0,
    "pmt_kg": 270,
    "vitamin_a_doses": 282,
}


@pytest.fixture(autouse=True)
async def running_jobs(open_module_desk: Desk) -> AsyncIterator[None]:
    desk = open_module_desk
    handlers: dict[str, Any] = {
        intake.KIND: IntakeJob(desk.worker, desk.vault, desk.app.state.parser, lambda: None),
        exports.KIND: ExportJob(desk.worker, desk.vault),
        reconciliations.KIND: ReconciliationJob(desk.worker, desk.vault, desk.app.state.parser),
    }
    runner = JobRunner(desk.worker, handlers, slots=1)
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    desk.app.state.after_commit = runner.wake
    yield
    stop.set()
    await task


def rows_of(content: bytes) -> list[FileRow]:
    judged = examine(FILE.name, content, recompute=recompute, today=TODAY).judged
    return [verdict.row for verdict in judged if verdict.row is not None]


def register_of(rows: list[FileRow]) -> bytes:
    """A register with the very names of the file, under codes of our own."""
    lines = ["kind,code,name,level,parent_code,desa_codes,valid_from"]
    lines += [
        "area,53,NUSA TENGGARA TIMUR,provinsi,,,2020-01-01",
        f"area,{TTU},TIMOR TENGAH UTARA,kabupaten,53,,2020-01-01",
    ]
    kecamatan: dict[str, str] = {}
    desa: dict[tuple[str, str], str] = {}
    posyandu: dict[tuple[str, str], str] = {}
    for row in rows:
        names = clean_text(row.kecamatan_name), clean_text(row.desa_name), clean_text(row.posyandu_name)
        if names[0] not in kecamatan:
            kecamatan[names[0]] = f"{TTU}.{len(kecamatan) + 1:02d}"
            lines.append(f"area,{kecamatan[names[0]]},{names[0]},kecamatan,{TTU},,2020-01-01")
        if names[:2] not in desa:
            desa[names[:2]] = code = f"{kecamatan[names[0]]}.{2001 + len(desa)}"
            lines.append(f'area,{code},"{names[1]}",desa,{kecamatan[names[0]]},,2020-01-01')
        code = desa[names[:2]]
        if (code, names[2]) not in posyandu:
            posyandu[code, names[2]] = f"{code}.P{len(posyandu) + 1:03d}"
            lines.append(f'posyandu,{posyandu[code, names[2]]},"{names[2]}",,{code},,2020-01-01')
    return "\n".join(lines).encode()


def comparable(row: FileRow, fields: tuple[str, ...]) -> tuple[Any, ...]:
    values = (getattr(row, field) for field in fields)
    return tuple(clean_text(value) if isinstance(value, str) else value for value in values)


def differing(theirs: list[FileRow], ours: list[FileRow], field: str) -> int:
    """In how many rows a column is not the same; children are told apart by name, birth date and weight."""
    key = ("name", "birth_date", "weight_kg", field)
    counts = [Counter(comparable(row, key) for row in rows) for rows in (theirs, ours)]
    return (counts[0] - counts[1]).total()


WHO: Final[dict[str, Any]] = {"role": "district", "areas": (TTU,)}


async def taken(desk: Desk) -> list[FileRow]:
    """Load the register and the file; the rows that were taken."""
    theirs = rows_of(FILE.read_bytes())
    answer = await desk.send("POST", "/v1/register", register_of(theirs), media_type="text/csv", **WHO)
    assert answer.json()["rejected"] == 0, answer.json()
    await take(desk, FILE.read_bytes(), areas=(TTU,))
    return theirs


async def test_a_real_file_beside_what_we_took_of_it_differs_by_the_07_cm_mostly(desk: Desk) -> None:
    """Nine misses of its length scores are the correction of a position that this profile does not state."""
    await taken(desk)
    path = f"/v1/reconciliations?area={TTU}&month=2022-02"
    answer = await desk.send("POST", path, FILE.read_bytes(), media_type="application/octet-stream", **WHO)
    job = await ended(desk, answer.headers["location"], "done", **WHO)
    found = {item["cause"]: (item["theirs"], item["ours"]) for item in job["causes"] if item["theirs"] or item["ours"]}
    # The four of which the spreadsheet has damaged the NIK are still held back; one score follows from nothing.
    assert found == {"same": (297, 297), "position": (9, 9), "edited": (1, 1), "missing_here": (4, 0)}


async def test_every_taken_row_of_a_real_file_comes_back_with_its_cells(desk: Desk) -> None:
    """307 rows of profile A, February 2022."""
    theirs = await taken(desk)
    body = {"area": TTU, "month": "2022-02", "profile": "A", "format": "xlsx", "purpose": "report"}
    path = (await desk.send("POST", "/v1/exports/eppgbm", body, **WHO)).headers["location"]
    await ended(desk, path, "done", **WHO)
    ours = rows_of((await desk.send("GET", f"{path}/file", **WHO)).content)
    assert len(ours) == len(theirs) == 307
    assert {field: differing(theirs, ours, field) for field in EQUAL} == dict.fromkeys(EQUAL, 0)
    assert {field: differing(theirs, ours, field) for field in CANNOT_BE_EQUAL} == CANNOT_BE_EQUAL
