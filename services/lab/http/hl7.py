"""`/hl7`: results as HL7 v2 messages (ORU^R01), answered with an acknowledgement."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Request, Response

from services.lab.formats.hl7_ack import Stamp
from services.lab.formats.hl7_message import HL7_LIMIT_BYTES, NotHl7Error
from services.lab.http.answers import entry_of, refusals
from services.lab.jobs.hl7_messages import Answered, read_hl7, rejected, take_hl7
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc
from shared.contracts.fact import new_fact_id
from shared.http.answer import Answer
from shared.http.bodies import raw_body
from shared.http.transaction import write_once, writing
from shared.postgres.pool import Connection

router = APIRouter(tags=["results"])
HL7_TYPES: Final = ("application/hl7-v2", "x-application/hl7-v2+er7", "text/plain")
STATUS: Final = {"AA": 200, "AE": 200, "AR": 400}


@router.post("/hl7", summary="Report results as an HL7 v2 message (ORU^R01)")
async def post_message(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    content: Annotated[bytes, raw_body(HL7_TYPES, limit_bytes=HL7_LIMIT_BYTES, own_number=True)],
) -> Response:
    """200 with AA or AE: MSA-1 says which; 400 with AR where nothing of it can be read.

    The sender's own number (MSH-10 with MSH-3 and MSH-4) stands for `Idempotency-Key`, which may be left out: HL7
    engines cannot send it.
    """
    try:
        read = await read_hl7(content)
    except NotHl7Error as error:
        return _answer(rejected(error, Stamp(now_utc(), new_fact_id()))).response()

    async def effect(connection: Connection) -> Answer:
        with refusals():
            return _answer(await take_hl7(connection, read, entry_of(caller)))

    if "idempotency-key" in request.headers:
        return await write_once(request, effect)
    async with writing(request) as connection:
        answer = await effect(connection)
    return answer.response()


def _answer(answered: Answered) -> Answer:
    return Answer(STATUS[answered.code], answered.body, {"content-type": HL7_TYPES[0]})
