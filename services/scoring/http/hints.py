"""`/v1/hints`: values that are probably not what was measured. Within the caller's areas (row-level security)."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.scoring.http.refusals import refusals
from services.scoring.store.hints import find_hint, list_hints, lock_hint
from services.scoring.use_cases.accept_hint import accept_hint
from services.scoring.use_cases.hint_view import hint_view
from services.scoring.use_cases.judge_measurements import Clock
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.contracts.hint import ErrorKind, HintState, HintV1
from shared.http.answer import Answer, json_answer, json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, demand_current, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/hints", tags=["hints"])
LONGEST_ACCOUNT: Final = 80
AREA: Final = r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4}(\.P\d{3,4})?)?)?)?$"


@router.get("", summary="Probably wrong values of the own area, the most probable first")
async def get_hints(
    request: Request,
    caller: Annotated[Caller, require("review:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
    state: Annotated[HintState, Query()] = "open",
    kind: Annotated[ErrorKind | None, Query()] = None,
    area: Annotated[str | None, Query(pattern=AREA, description="Kecamatan, desa or posyandu")] = None,
) -> Response:
    """Each with the sentence, and what to send to measurement; `etag` is what an acceptance names in `If-Match`."""
    after = page.after(float, UUID, UUID)
    async with reading(request) as connection:
        rows = await list_hints(connection, state, kind, area, after, page.limit + 1)
    shown = page.page(rows, "probability", "child_id", "hint_id")
    shown["items"] = [_shown(HintV1.model_validate(row["content"], extra="ignore")) for row in shown["items"]]
    return json_response(shown)


@router.get("/{hint_id}", summary="One hint")
async def get_hint(
    request: Request,
    caller: Annotated[Caller, require("review:read")],  # noqa: ARG001
    hint_id: UUID,
) -> Response:
    """With the ETag that an acceptance needs."""
    async with reading(request) as connection:
        hint = await find_hint(connection, hint_id)
    if hint is None:
        raise NOT_FOUND.problem()
    return json_response(_shown(hint), headers={"ETag": etag(*hint.order)})


@router.post("/{hint_id}:accept", summary="Say that the value is right")
async def post_accept(
    request: Request,
    caller: Annotated[Caller, require("review:write")],
    hint_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
) -> Response:
    """The answer names the account. It holds as long as the value is the same; 409 if the hint was withdrawn."""
    clock = Clock(today_jakarta(), now_utc())

    async def effect(connection: Connection) -> Answer:
        hint = await lock_hint(connection, hint_id)
        if hint is None:
            raise NOT_FOUND.problem()
        demand_current(seen, hint.order)
        with refusals():
            accepted = await accept_hint(connection, hint, caller.subject[:LONGEST_ACCOUNT], clock)
        return json_answer(200, _shown(accepted), {"ETag": etag(*accepted.order)})

    return await write_once(request, effect)


def _shown(hint: HintV1) -> dict[str, object]:
    return {**hint_view(hint), "etag": etag(*hint.order)}
