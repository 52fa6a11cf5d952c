"""An HL7 message from its bytes to its answer, whatever door it came by."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.hl7_ack import Stamp, acknowledge, duplicate_ack, encoded, refuse, remark_of
from services.lab.formats.hl7_fields import Remark
from services.lab.formats.hl7_kept import kept_of
from services.lab.formats.hl7_message import Hl7Message, NotHl7Error, read_message
from services.lab.formats.hl7_results import OruRead, read_oru
from services.lab.formats.hl7_structure import structure_remarks
from services.lab.use_cases.entry import Entry
from services.lab.use_cases.take_message import REFUSED, Inbound, Number, take_message
from services.lab.use_cases.take_reports import Taken
from shared.contracts.fact import new_fact_id
from shared.postgres.pool import Connection
from shared.redaction import mask_text

LONGEST_NUMBER = 200


@dataclass(frozen=True, slots=True)
class Read:
    """A message that can be worked on; `remarks` are those of its reading."""

    content: bytes
    message: Hl7Message
    oru: OruRead
    remarks: Sequence[Remark]


@dataclass(frozen=True, slots=True)
class Answered:
    """The acknowledgement as it is sent; `code` is MSA-1."""

    code: str
    body: bytes


async def read_hl7(content: bytes) -> Read:
    """The message, read beside the event loop. Raises NotHl7Error."""
    return await asyncio.to_thread(_read, content)


def rejected(error: NotHl7Error, stamp: Stamp) -> Answered:
    """AR: nothing of the message is taken or kept."""
    return Answered("AR", encoded(refuse(error, stamp), error.message))


async def take_hl7(connection: Connection, read: Read, entry: Entry) -> Answered:
    """Take the message in the open transaction; RefusedError for who is no laboratory.

    MSH-10 with MSH-3 and MSH-4 is the message's number: the same content under it has no second effect and is given
    the first answer, other content is refused.
    """
    message = read.message
    stamp = Stamp(entry.now, new_fact_id())
    inbound = Inbound(
        message_id=stamp.message_id,
        door="hl7",
        sha256=hashlib.sha256(read.content).digest(),
        kept=kept_of(message),
        rows=read.oru.rows,
        number=Number(
            key=hashlib.sha256("\n".join((*message.sender, message.control_id)).encode()).digest(),
            shown=mask_text(message.control_id[:LONGEST_NUMBER]),
            reused=duplicate_ack(message, stamp),
        ),
        unread=[remark.problem for remark in read.oru.remarks if not remark.warning],
    )

    def answer_of(taken: Sequence[Taken]) -> str:
        return acknowledge(message, [*read.remarks, *_remarks(read, taken)], stamp)

    text = await take_message(connection, inbound, entry, answer_of)
    code = text.split("\rMSA" + message.header.delimiters.field, 1)[1][:2]
    return Answered(code, encoded(text, message))


def _read(content: bytes) -> Read:
    message = read_message(content)
    oru = read_oru(message)
    return Read(content, message, oru, [*oru.remarks, *structure_remarks(message)])


def _remarks(read: Read, taken: Sequence[Taken]) -> list[Remark]:
    found = []
    for row, became in zip(read.oru.rows, taken, strict=True):
        problems = became.problems
        if became.outcome == "superseded":
            problems = (ResultProblem("superseded", ""),)
        for problem in problems:
            place = row.places.get(problem.field, row.places[""])
            told = ResultProblem(problem.code, place, problem.value, problem.facts)
            found.append(remark_of(told, warning=became.outcome not in REFUSED))
    return found
