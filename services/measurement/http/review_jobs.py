"""`/v1/review-jobs`: one answer to all held rows of one reason, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.measurement.http.requests import ReviewAllIn
from services.measurement.jobs import mapping, review
from services.measurement.jobs.review import ReviewAll
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.jobs import table
from shared.jobs.table import Job
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/review-jobs", tags=["intake"])


@router.post("", status_code=202, summary="Answer all held rows of one reason")
async def post_review_job(
    request: Request,
    caller: Annotated[Caller, require("review:write")],
    body: Annotated[ReviewAllIn, json_body(ReviewAllIn)],
) -> Response:
    """What is open now, of the caller's areas; each row is judged by itself, and what is refused stays open."""
    asked = ReviewAll(
        kind=body.answer,
        reason=body.reason,
        intake_id=body.intake_id,
        areas=caller.areas.codes,
        until=now_utc(),
        reject_reason=body.reject_reason,
        reject_note=body.note,
    )

    async def effect(connection: Connection) -> Answer:
        job_id = await table.enqueue(connection, review.KIND, asked.as_payload(), requested_by=caller.subject)
        location = {"Location": f"/v1/review-jobs/{job_id}"}
        return json_answer(202, {"id": str(job_id), "state": "queued"}, location)

    return await write_once(request, effect)


@router.get("/{job_id}", summary="How far one answer to many rows has come")
async def get_review_job(
    request: Request, _caller: Annotated[Caller, require("review:read")], job_id: UUID
) -> Response:
    """`counts`: rows by what they became. `open` of them stay open, `open:CODE` says why."""
    async with reading(request) as connection:
        job = await table.find(connection, job_id)
    if job is None or job.kind not in {review.KIND, mapping.KIND}:
        raise NOT_FOUND.problem()
    return json_response(_job_json(job))


def _job_json(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.job_id),
        "kind": job.kind,
        "state": job.state,
        "error_code": job.error_code,
        "progress": {"rows": job.rows, "done": job.done},
        "counts": (job.cursor or {}).get("counts", {}),
    }
