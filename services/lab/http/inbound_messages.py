"""`/v1/inbound-messages`: what laboratories' systems sent, and what became of it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.lab.store.messages import Door, Message, MessageState, find_message, list_messages
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading

router = APIRouter(prefix="/v1/inbound-messages", tags=["results"])
KEPT_TYPES: Final = {"fhir": "application/fhir+json", "hl7": "application/hl7-v2", "csv": "text/csv; charset=utf-8"}


@router.get("", summary="Messages, the newest first")
async def get_messages(
    request: Request,
    _caller: Annotated[Caller, require("orders:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    door: Annotated[Door | None, Query()] = None,
    state: Annotated[MessageState | None, Query(description="partly: some of it was refused")] = None,
) -> Response:
    """A laboratory's own; a district's are those of the laboratories that serve its area, without the messages."""
    after = page.after(datetime, UUID)
    async with reading(request) as connection:
        found = await list_messages(connection, door, state, after, page.limit + 1)
    return json_response(page.page([_message_json(message) for message in found], "received_at", "message_id"))


@router.get("/{message_id}", summary="One message, and what became of each observation in it")
async def get_message(
    request: Request, _caller: Annotated[Caller, require("orders:read")], message_id: UUID
) -> Response:
    """Places are those of the message: a FHIR path, `OBX[3]`, a line."""
    return json_response(_message_json(await _found(request, message_id)))


@router.get("/{message_id}/original", summary="The message as it is kept: less what says who the child is")
async def get_original(
    request: Request, caller: Annotated[Caller, require("orders:read")], message_id: UUID
) -> Response:
    """For the laboratory that sent it; everybody else gets 404."""
    message = await _found(request, message_id)
    if not caller.areas.holds(message.laboratory_code):
        raise NOT_FOUND.problem()
    return Response(message.kept, media_type=KEPT_TYPES[message.door])


async def _found(request: Request, message_id: UUID) -> Message:
    async with reading(request) as connection:
        found = await find_message(connection, message_id)
    if found is None:
        raise NOT_FOUND.problem()
    return found


def _message_json(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "laboratory_code": message.laboratory_code,
        "door": message.door,
        "number": message.number,
        "received_at": message.received_at,
        "sha256": message.sha256.hex(),
        "state": message.state,
        "counts": dict(Counter(each["outcome"] for each in message.outcomes)),
        "outcomes": list(message.outcomes),
    }
