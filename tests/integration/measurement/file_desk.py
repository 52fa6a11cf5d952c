"""Files at the desk: uploaded, taken, answered, with the service's own worker beside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.measurement.jobs.handlers import handlers
from services.measurement.jobs.parsing import Parser
from shared.jobs.runner import JobRunner
from tests.integration.measurement.desk import Desk
from tests.integration.measurement.files import csv_file

Row = dict[str, Any]


@asynccontextmanager
async def working(desk: Desk) -> AsyncIterator[None]:
    """A worker that takes every kind of job."""
    parser: Parser = desk.app.state.parser
    runner = JobRunner(desk.worker, handlers(desk.worker, desk.vault, parser, lambda: None), slots=2)
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    desk.app.state.after_commit = runner.wake
    yield
    stop.set()
    await task


async def upload(desk: Desk, content: bytes | list[Row], name: str = "x.csv", **who: Any) -> str:
    """The id of the job."""
    data = content if isinstance(content, bytes) else csv_file(content)
    answer = await desk.send("POST", f"/v1/intake-jobs?filename={name}", data, media_type="text/csv", **who)
    assert answer.status_code == 202, answer.text
    intake_id: str = answer.json()["id"]
    return intake_id


async def until(desk: Desk, intake_id: str, *states: str, **who: Any) -> dict[str, Any]:
    """The job once it is in one of these states."""
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await desk.send("GET", f"/v1/intake-jobs/{intake_id}", **who)).json()
            if job["state"] in states:
                return job
            assert job["state"] != "failed", job
            await asyncio.sleep(0.02)


async def take(desk: Desk, content: bytes | list[Row], **who: Any) -> dict[str, Any]:
    """Upload, commit, and the job when it is done."""
    intake_id = await upload(desk, content, **who)
    await until(desk, intake_id, "diagnosed", **who)
    answer = await desk.send("POST", f"/v1/intake-jobs/{intake_id}:commit", **who)
    assert answer.status_code == 202, answer.text
    return await until(desk, intake_id, "done", **who)


async def void(desk: Desk, intake_id: str, **who: Any) -> dict[str, Any]:
    """Take a file back, and the job when that is done."""
    answer = await desk.send("POST", f"/v1/intake-jobs/{intake_id}:void", {"reason": "wrong_file"}, **who)
    assert answer.status_code == 202, answer.text
    return await until(desk, intake_id, "voided", **who)


async def review_done(desk: Desk, job_id: str) -> dict[str, int]:
    """What came of a review job."""
    async with asyncio.timeout(30):
        while True:
            job = (await desk.send("GET", f"/v1/review-jobs/{job_id}")).json()
            if job["state"] == "done":
                counts: dict[str, int] = job["counts"]
                return counts
            assert job["state"] != "failed", job
            await asyncio.sleep(0.02)


async def intake_ledger(desk: Desk) -> dict[str, int]:
    """The terms that are not zero; they always add up."""
    intake = (await desk.send("GET", "/v1/ledger", role="ops", areas=[])).json()["intake"]
    terms = ("accepted", "unchanged", "rejected", "quarantined", "pending")
    assert intake["received"] == sum(intake[term] for term in terms)
    return {name: number for name, number in intake.items() if number}


def counts(job: dict[str, Any]) -> dict[str, int]:
    """The counts of a job that are not zero."""
    return {name: number for name, number in job["counts"].items() if number}
