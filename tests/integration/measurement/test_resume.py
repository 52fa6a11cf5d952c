"""A worker killed in the middle of a file: who takes over goes on exactly where the last commit was."""

from __future__ import annotations

import asyncio
import dataclasses
import signal
import sys
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.measurement.jobs import void
from services.measurement.jobs.parsing import CHUNK_ROWS
from tests.integration.measurement.desk import Desk
from tests.integration.measurement.files import csv_file, row

ROWS = 5 * CHUNK_ROWS // 2
PATIENCE_S = 120  # processes start and die here, on machines that do other things too
pytestmark = pytest.mark.timeout(2 * PATIENCE_S)


def many_rows() -> list[dict[str, Any]]:
    """Children each with two visits, so that later chunks meet the children of earlier ones."""
    names = ["".join("abcdefghij"[int(digit)] for digit in f"{n:04d}") for n in range(ROWS // 2)]
    days = ("2025-07-05", "2025-08-05")
    return [row(nik="", name=f"{name} Sari", day=day) for day in days for name in names]


async def start_worker(desk: Desk) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.measurement.intake_worker", stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(orjson.dumps(dataclasses.asdict(desk.stack.address("measurement_worker"))) + b"\n")
    await process.stdin.drain()
    return process


async def until_done(desk: Desk, intake_id: UUID, rows: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await desk.worker.fetchval("SELECT done FROM job WHERE job_id = $1", intake_id) < rows:  # noqa: ASYNC110 - another process moves
            await asyncio.sleep(0.005)


async def until_state(desk: Desk, intake_id: UUID, state: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await desk.worker.fetchval("SELECT state FROM job WHERE job_id = $1", intake_id) != state:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_resuming_after_kill_nine_stores_every_row_once(desk: Desk) -> None:
    uploaded = await desk.send("POST", "/v1/intake-jobs?filename=x.csv", csv_file(many_rows()), media_type="text/csv")
    intake_id = UUID(uploaded.json()["id"])
    process = await start_worker(desk)
    try:
        await until_state(desk, intake_id, "waiting")
        await desk.send("POST", f"/v1/intake-jobs/{intake_id}:commit")
        await until_done(desk, intake_id, CHUNK_ROWS)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        process = await start_worker(desk)
        await until_state(desk, intake_id, "done")
    finally:
        process.kill()
        await process.wait()
    job = (await desk.send("GET", f"/v1/intake-jobs/{intake_id}")).json()
    assert {name: number for name, number in job["counts"].items() if number} == {"received": ROWS, "accepted": ROWS}
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == ROWS // 2
    assert await desk.worker.fetchval("SELECT count(*) FROM measurement WHERE revision = 1") == ROWS
    assert len(await desk.events()) == ROWS + ROWS // 2
    intake = (await desk.send("GET", "/v1/ledger", role="ops", areas=[])).json()["intake"]
    assert intake == {
        "received": ROWS, "accepted": ROWS, "unchanged": 0, "rejected": 0, "quarantined": 0, "pending": 0,
    }  # fmt: skip


@pytest.mark.slow
async def test_taking_a_file_back_goes_on_where_the_last_commit_was(desk: Desk) -> None:
    uploaded = await desk.send("POST", "/v1/intake-jobs?filename=x.csv", csv_file(many_rows()), media_type="text/csv")
    intake_id = UUID(uploaded.json()["id"])
    process = await start_worker(desk)
    try:
        await until_state(desk, intake_id, "waiting")
        await desk.send("POST", f"/v1/intake-jobs/{intake_id}:commit")
        await until_state(desk, intake_id, "done")
        await desk.send("POST", f"/v1/intake-jobs/{intake_id}:void", {"reason": "wrong_file"})
        void_id = await desk.worker.fetchval("SELECT void_job_id FROM intake_file")
        await until_done(desk, void_id, 2 * void.CHUNK_ROWS)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        process = await start_worker(desk)
        await until_state(desk, void_id, "done")
    finally:
        process.kill()
        await process.wait()
    job = (await desk.send("GET", f"/v1/intake-jobs/{intake_id}")).json()
    assert (job["state"], job["undone"]) == ("voided", {"voided": ROWS})
    assert await desk.worker.fetchval("SELECT count(*) FROM measurement WHERE voided AND revision = 2") == ROWS
    assert await desk.worker.fetchval("SELECT count(*) FROM child WHERE voided AND revision = 2") == ROWS // 2
    assert len(await desk.events()) == 2 * (ROWS + ROWS // 2)
    assert (await desk.send("GET", "/v1/ledger", role="ops", areas=[])).json()["intake"]["accepted"] == ROWS
