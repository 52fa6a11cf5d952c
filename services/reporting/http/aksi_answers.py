"""`/v1/aksi/submissions/{id}/reviews` and `/acknowledgements`: what the province and the receiving system say."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.reporting.http.aksi_asked import (
    account_of,
    demand_kecamatan,
    demand_reasons,
    year_asked,
)
from services.reporting.http.aksi_requests import AcknowledgementIn, ReviewIn
from services.reporting.http.aksi_texts import NOTHING_TO_REVIEW
from services.reporting.store import aksi_submissions
from services.reporting.store.aksi_submissions import Answer as Reply
from services.reporting.store.aksi_submissions import Sent
from services.reporting.use_cases.submit_aksi import (
    BlockedError,
    acknowledge,
    review,
)
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.contracts.fact import new_fact_id
from shared.http.answer import Answer, json_answer
from shared.http.bodies import json_body
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/aksi", tags=["aksi"])


@router.post("/submissions/{submission_id}/reviews", status_code=201, summary="Record the province's review")
async def post_review(
    request: Request,
    caller: Annotated[Caller, require("aksi:review")],
    submission_id: UUID,
    body: Annotated[ReviewIn, json_body(ReviewIn)],
) -> Response:
    """Kecamatan to revise are open again, the rest is reviewed. A revision names reasons; no kecamatan: all of them."""
    demand_reasons(body)

    async def effect(connection: Connection) -> Answer:
        sent = await _sent(connection, submission_id)
        asked = await year_asked(connection, caller, sent.year, sent.kabupaten_code, today_jakarta())
        demand_kecamatan(body.revise, asked)
        revise = None
        if body.outcome == "revision_requested":
            revise = body.revise or list(asked.kecamatan)
        try:
            moved = await review(connection, sent, _reply(caller, sent, "review", body), revise, asked)
        except BlockedError:
            raise NOTHING_TO_REVIEW.problem() from None
        return json_answer(201, {"submission_id": str(submission_id), "outcome": body.outcome, **moved})

    return await write_once(request, effect)


@router.post(
    "/submissions/{submission_id}/acknowledgements", status_code=201, summary="Say what became of a submission"
)
async def post_acknowledgement(
    request: Request,
    caller: Annotated[Caller, require("aksi:exchange")],
    submission_id: UUID,
    body: Annotated[AcknowledgementIn, json_body(AcknowledgementIn)],
) -> Response:
    """Of the receiving system: accepted, or rejected with reasons. Sent again with the same key it is one."""
    demand_reasons(body)

    async def effect(connection: Connection) -> Answer:
        sent = await _sent(connection, submission_id)
        reply = _reply(caller, sent, "acknowledgement", body)
        await acknowledge(connection, sent, reply)
        answer = {"acknowledgement_id": str(reply.answer_id), "submission_id": str(submission_id)}
        return json_answer(201, {**answer, "outcome": reply.outcome})

    return await write_once(request, effect)


async def _sent(connection: Connection, submission_id: UUID) -> Sent:
    sent = await aksi_submissions.find_submission(connection, submission_id)
    if sent is None:
        raise NOT_FOUND.problem()
    return sent


def _reply(caller: Caller, sent: Sent, kind: str, body: ReviewIn | AcknowledgementIn) -> Reply:
    return Reply(
        answer_id=new_fact_id(),
        submission_id=sent.submission_id,
        kind=kind,
        outcome=body.outcome,
        reasons=[reason.model_dump() for reason in body.reasons],
        reference=body.reference,
        account=account_of(caller),
        client=caller.client_id,
        at=now_utc(),
    )
