"""`/v1/children/{id}/history`: what was known of a child on a day, and every change that led there."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.http.answers import child_json, measurement_json, vault_of, visible_child
from services.measurement.http.intervention_answers import intervention_json
from services.measurement.use_cases.child_history import Step, child_history
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import end_of_day
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.transaction import reading

router = APIRouter(prefix="/v1/children", tags=["children"])


@router.get("/{child_id}/history", summary="A child and its measurements as known on a day, and every change")
async def get_history(
    request: Request,
    caller: Annotated[Caller, require("children:read")],
    child_id: UUID,
    page: Annotated[PageRequest, Depends(page_request)],
    as_of: Annotated[date | None, Query(description="End of this day in Jakarta; left out: now")] = None,
) -> Response:
    """`items`, newest first: who, when, why, and field by field from what to what; identity masked.

    `measurements` and `interventions` by day, voided ones too; those of children merged into this one are its own and
    say whose they were.
    """
    after = page.after(str, UUID, int, int)
    async with reading(request) as connection:
        await visible_child(connection, request, caller, child_id)
        until = None if as_of is None else end_of_day(as_of)
        known = await child_history(connection, child_id, until, vault_of(request))
    rows = [_step_json(step) for step in known.steps]
    if after is not None:
        wanted = (after[0], str(after[1]), *after[2:])
        rows = [row for row in rows if (row["known_at"], row["fact_id"], row["epoch"], row["revision"]) < wanted]
    shown = {
        "child_id": str(child_id),
        "as_of": None if as_of is None else as_of.isoformat(),
        "child": None if known.child is None else child_json(known.child),
        "measurements": [measurement_json(fact) for fact in known.measurements],
        "interventions": [intervention_json(fact) for fact in known.interventions],
        **page.page(rows[: page.limit + 1], "known_at", "fact_id", "epoch", "revision"),
    }
    return json_response(shown)


def _step_json(step: Step) -> dict[str, Any]:
    fact, author = step.fact, step.author
    row = None
    if author.intake_id is not None:
        row = {"intake_id": str(author.intake_id), "row_number": author.row_number}
    return {
        "kind": fact.kind,
        "fact_id": str(fact.fact_id),
        "child_id": str(fact.child_id),
        "epoch": fact.epoch,
        "revision": fact.revision,
        "change": fact.change,
        "known_at": fact.known_at.isoformat(timespec="microseconds"),
        "by": author.by,
        "reason_text": author.reason_text,
        "file_row": row,
        "changes": [{"field": name, "from": before, "to": after} for name, before, after in step.changes],
    }
