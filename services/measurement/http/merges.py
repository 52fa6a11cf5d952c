"""`/v1/merges`: two records of one child become one, or two again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.measurement.http.answers import entry_of, refusals
from services.measurement.http.requests import MergeIn, UnmergeIn
from services.measurement.use_cases.merge_children import merge_children, unmerge_child
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.child import ChildV1
from shared.http.answer import Answer, json_answer
from shared.http.bodies import json_body
from shared.http.etag import Order, if_match
from shared.http.transaction import write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/merges", tags=["children"])


@router.post("", summary="Merge a child into another")
async def post_merge(
    request: Request,
    caller: Annotated[Caller, require("merge:write")],
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[MergeIn, json_body(MergeIn)],
) -> Response:
    """A person decides; `If-Match` says which state of the losing child it saw.

    All facts stay with the child they were recorded for; everybody counts the two as one.
    """

    async def effect(connection: Connection) -> Answer:
        with refusals():
            changed = await merge_children(
                connection, body.child_id, seen, body.survivor_id, entry_of(caller, body.reason_text)
            )
        return json_answer(200, {"changed": [_order(child) for child in changed]})

    return await write_once(request, effect)


@router.post(":undo", summary="Undo a merge")
async def post_unmerge(
    request: Request,
    caller: Annotated[Caller, require("merge:write")],
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[UnmergeIn, json_body(UnmergeIn)],
) -> Response:
    """The child counts by itself again, with everything that was recorded for it."""

    async def effect(connection: Connection) -> Answer:
        with refusals():
            child = await unmerge_child(connection, body.child_id, seen, entry_of(caller, body.reason_text))
        return json_answer(200, {"changed": [_order(child)]})

    return await write_once(request, effect)


def _order(child: ChildV1) -> dict[str, object]:
    merged_into = None if child.merged_into is None else str(child.merged_into)
    return {"child_id": str(child.child_id), "revision": child.revision, "merged_into": merged_into}
