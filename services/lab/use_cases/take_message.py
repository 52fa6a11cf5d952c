"""Take a whole message of a laboratory's system: its rows, the message itself, and the answer it was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from services.lab.domain.reports import Reported
from services.lab.domain.result_problems import ResultProblem
from services.lab.store.reports import Message, insert_message
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.take_reports import Taken, take_reports
from shared.postgres.pool import Connection

REFUSED: Final = ("rejected", "conflict")


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as it came. `atomic`: all of it or nothing."""

    message_id: UUID
    door: Literal["fhir"]
    sha256: bytes
    kept: str
    rows: Sequence[Reported]
    atomic: bool = False


class _UndoneError(Exception):
    """One row of a message that is all or nothing was refused."""


async def take_message(
    connection: Connection, inbound: Inbound, entry: Entry, answer_of: Callable[[Sequence[Taken]], str]
) -> str:
    """The answer.

    Of an atomic message nothing is stored where a row is refused; the message itself is kept all the same. Raises
    RefusedError for who is no laboratory.
    """
    laboratory = entry.laboratory_code
    if laboratory is None:
        raise RefusedError(ResultProblem("no_laboratory", "laboratory"))
    taken: list[Taken] = []
    try:
        async with connection.transaction():
            taken = await take_reports(connection, inbound.rows, entry)
            if inbound.atomic and any(each.outcome in REFUSED for each in taken):
                raise _UndoneError  # noqa: TRY301 - what undoes the savepoint
    except _UndoneError:
        pass  # `answer_of` sees what was refused
    answer = answer_of(taken)
    message = Message(inbound.message_id, inbound.door, entry.known_at, inbound.sha256, inbound.kept, answer)
    await insert_message(connection, laboratory, message, entry.account)
    return answer
