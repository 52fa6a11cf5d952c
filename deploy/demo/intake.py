"""One file through the intake API: upload, diagnosis, commit, and what came of its rows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

from deploy.demo.client import Api
from deploy.local.errors import CommandError

FIRST_POLL_S: Final = 0.2
LONGEST_POLL_S: Final = 1.5
POLL_GROWTH: Final = 1.4  # to ask costs the services time that the work needs
JOB_WITHIN_S: Final = 300.0
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the intake said about a file. `state` is `done` (rows stored), `diagnosed` (not committed) or `stopped`."""

    name: str
    state: str
    diagnosis: dict[str, Any]
    counts: dict[str, int]


async def send_file(api: Api, name: str, content: bytes, *, commit: bool) -> Verdict:
    """Upload, wait for the diagnosis and, if `commit` and nothing stops the file, take its rows.

    Raises CommandError if the job fails or takes too long.
    """
    media_type = CSV if name.endswith(".csv") else XLSX
    job_id = (await api.post_bytes("/v1/intake-jobs", content, media_type, filename=name)).json()["id"]
    job = await _wait(api, job_id, {"diagnosed", "stopped"})
    if commit and job["state"] == "diagnosed":
        await api.post(f"/v1/intake-jobs/{job_id}:commit", {})
        job = await _wait(api, job_id, {"done"})
    return Verdict(name, job["state"], job.get("diagnosis") or {}, job.get("counts") or {})


async def _wait(api: Api, job_id: str, states: set[str]) -> dict[str, Any]:
    """The job once it is in one of `states`."""
    deadline, pause_s = time.monotonic() + JOB_WITHIN_S, FIRST_POLL_S
    while True:
        job: dict[str, Any] = await api.get(f"/v1/intake-jobs/{job_id}")
        if job["state"] in states:
            return job
        if job["state"] == "failed":
            raise CommandError(f"intake job {job_id} failed: {job.get('error_code') or job.get('error')}")
        if time.monotonic() > deadline:
            raise CommandError(f"intake job {job_id} is still {job['state']} after {JOB_WITHIN_S:.0f} s")
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * POLL_GROWTH, LONGEST_POLL_S)
