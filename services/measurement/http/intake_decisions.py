"""`/v1/intake-jobs/{id}:commit`, `:discard`, `:void`: what a person decides about a file."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from services.measurement.http.intake import found_file
from services.measurement.http.requests import CommitIn, VoidFileIn
from services.measurement.jobs import void
from services.measurement.jobs.intake import COMMIT, state_of
from services.measurement.store import intake
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc
from shared.http.answer import Answer, json_answer
from shared.http.bodies import JSON_LIMIT_BYTES, JSON_MODEL, JSON_TYPES, json_body, read_body, refusal
from shared.http.transaction import write_once
from shared.jobs import table
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/intake-jobs", tags=["intake"])
NOT_TO_BE_TAKEN: Final = ProblemKind(
    "intake_stopped", 409, "Berkas dihentikan", "The file is stopped",
    "Perbaiki berkasnya, atau konfirmasi alasan yang disebut bila memang benar.",
    "Mend the file, or confirm the reasons named if they are right after all.",
)  # fmt: skip
NOT_READY: Final = ProblemKind(
    "intake_not_ready", 409, "Berkas belum atau tidak lagi menunggu keputusan", "The file does not wait for a decision",
    "Lihat `state`: hanya berkas yang `diagnosed` atau `stopped` dapat diputuskan.",
    "Look at `state`: only a file that is `diagnosed` or `stopped` can be decided on.",
)  # fmt: skip
NOT_TO_BE_VOIDED: Final = ProblemKind(
    "intake_not_taken", 409, "Berkas belum selesai diambil", "The file has not been taken",
    "Tunggu sampai `done`; berkas yang belum diambil dibuang dengan `:discard`.",
    "Wait until it is `done`; a file that was not taken is left with `:discard`.",
)  # fmt: skip


async def commit_body(request: Request) -> CommitIn:
    """The body of a commit; none at all confirms nothing."""
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return CommitIn()
    raw = await read_body(request, JSON_TYPES, JSON_LIMIT_BYTES)
    try:
        return CommitIn.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise refusal(error) from None


setattr(commit_body, JSON_MODEL, CommitIn)


@router.post("/{intake_id}:commit", status_code=202, summary="Take the file's rows")
async def post_commit(
    request: Request,
    caller: Annotated[Caller, require("intake:write")],
    intake_id: UUID,
    body: Annotated[CommitIn, Depends(commit_body)],
) -> Response:
    """A stopped file needs its reasons confirmed, as far as a person may overrule them. Committing twice is once."""

    async def effect(connection: Connection) -> Answer:
        job, file = await found_file(connection, intake_id, lock=True)
        state = state_of(job.state, job.payload, file)
        if state in {"committing", "done"}:
            return json_answer(202, {"id": str(intake_id), "state": state})
        if file.void_asked_at is not None:
            raise NOT_READY.problem(extra={"state": state})
        if state not in {"diagnosed", "stopped"} and not (state == "failed" and file.committed_at is not None):
            raise NOT_READY.problem(extra={"state": state})
        diagnosis = file.diagnosis or {}
        open_reasons = sorted(set(diagnosis.get("stop_reasons", ())) - set(body.confirm_stop_reasons))
        if state == "stopped" and (open_reasons or not diagnosis.get("can_be_confirmed")):
            extra = {"stop_reasons": open_reasons, "can_be_confirmed": bool(diagnosis.get("can_be_confirmed"))}
            raise NOT_TO_BE_TAKEN.problem(extra=extra)
        await intake.mark_committed(connection, intake_id, body.confirm_stop_reasons, caller.subject, now_utc())
        await table.go_on(connection, intake_id, COMMIT)
        return json_answer(202, {"id": str(intake_id), "state": "committing"})

    return await write_once(request, effect)


@router.post("/{intake_id}:discard", summary="Leave the file: nothing of it is taken")
async def post_discard(
    request: Request, _caller: Annotated[Caller, require("intake:write")], intake_id: UUID
) -> Response:
    """Only before it is committed; discarding twice is once."""

    async def effect(connection: Connection) -> Answer:
        job, file = await found_file(connection, intake_id, lock=True)
        if file.committed_at is not None:
            raise NOT_READY.problem(extra={"state": state_of(job.state, job.payload, file)})
        if file.discarded_at is None:
            await intake.mark_discarded(connection, intake_id, now_utc())
        return json_answer(200, {"id": str(intake_id), "state": "discarded"})

    return await write_once(request, effect)


@router.post("/{intake_id}:void", status_code=202, summary="Take a whole file back")
async def post_void(
    request: Request,
    caller: Annotated[Caller, require("intake:write")],
    intake_id: UUID,
    body: Annotated[VoidFileIn, json_body(VoidFileIn)],
) -> Response:
    """What the file recorded is voided, what it corrected stands again as before. Voiding twice is once.

    What a person has changed since, or another file states too, is kept: `rows?undone=kept_changed_since`.
    """

    async def effect(connection: Connection) -> Answer:
        job, file = await found_file(connection, intake_id, lock=True)
        state = state_of(job.state, job.payload, file)
        if state not in {"voiding", "voided"}:
            if file.committed_at is None or job.state not in {"done", "failed"}:
                raise NOT_TO_BE_VOIDED.problem(extra={"state": state})
            payload = {"intake_id": str(intake_id)}
            job_id = await table.enqueue(connection, void.KIND, payload, requested_by=caller.subject)
            await intake.mark_void_asked(connection, intake_id, job_id, caller.subject, body.reason, now_utc())
            state = "voiding"
        return json_answer(202, {"id": str(intake_id), "state": state})

    return await write_once(request, effect)
