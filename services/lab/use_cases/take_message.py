"""Take a whole message of a laboratory's system: its rows, the message itself, and the answer it was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from services.lab.domain.reports import Reported
from services.lab.domain.result_problems import ResultProblem
from services.lab.store.messages import (
    Door,
    Message,
    MessageState,
    hold_number,
    insert_message,
    message_of_number,
)
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.take_reports import Taken, take_reports
from shared.postgres.pool import Connection

REFUSED: Final = ("rejected", "conflict")


@dataclass(frozen=True, slots=True)
class Number:
    """The sender's own number of a message: `key` is unique at the laboratory, `shown` is what people read.

    `reused` is the answer to other content under a number that was used.
    """

    key: bytes
    shown: str
    reused: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as it came. `atomic`: all of it or nothing; `unread` is what could not be read as a row."""

    message_id: UUID
    door: Door
    sha256: bytes
    kept: str
    rows: Sequence[Reported]
    atomic: bool = False
    number: Number | None = None
    unread: Sequence[ResultProblem] = ()


class _UndoneError(Exception):
    """What was done with the rows is not to stay."""


async def take_message(
    connection: Connection, inbound: Inbound, entry: Entry, answer_of: Callable[[Sequence[Taken]], str]
) -> str:
    """The answer.

    Of an atomic message nothing is stored where a row is refused; the message itself is kept all the same. A message
    whose number is known has no effect: it is given the first one's answer if it says the same. Raises RefusedError
    for who is no laboratory.
    """
    laboratory = entry.laboratory_code
    if laboratory is None:
        raise RefusedError(ResultProblem("no_laboratory", "laboratory"))
    message = Message(
        laboratory_code=laboratory,
        message_id=inbound.message_id,
        door=inbound.door,
        received_at=entry.known_at,
        sha256=inbound.sha256,
        state="refused",
        outcomes=[_unread(problem) for problem in inbound.unread],
        kept=inbound.kept,
        answer="",
        number=None if inbound.number is None else inbound.number.shown,
    )
    if inbound.number is not None:
        await hold_number(connection, laboratory, inbound.number.key)
        known = await message_of_number(connection, laboratory, inbound.number.key)
        if known is not None and known.sha256 == inbound.sha256:
            return known.answer
        if known is not None:
            await insert_message(connection, replace(message, answer=inbound.number.reused), entry.account)
            return inbound.number.reused
        message = replace(message, number_key=inbound.number.key)

    def refused(taken: Sequence[Taken]) -> bool:
        return inbound.atomic and any(each.outcome in REFUSED for each in taken)

    taken, undone = await _taken(connection, inbound.rows, entry, refused)
    outcomes = [*(_outcome(row, each) for row, each in zip(inbound.rows, taken, strict=True)), *message.outcomes]
    state: MessageState = "refused" if undone else _state([each["outcome"] in REFUSED for each in outcomes])
    answer = answer_of(taken)
    await insert_message(connection, replace(message, state=state, outcomes=outcomes, answer=answer), entry.account)
    return answer


async def try_message(connection: Connection, rows: Sequence[Reported], entry: Entry) -> list[Taken]:
    """What would become of the rows now: they are taken, and all of it undone."""
    return (await _taken(connection, rows, entry, lambda _: True))[0]


async def _taken(
    connection: Connection, rows: Sequence[Reported], entry: Entry, undo: Callable[[Sequence[Taken]], bool]
) -> tuple[list[Taken], bool]:
    """What became of the rows, and whether all was undone."""
    taken: list[Taken] = []
    try:
        async with connection.transaction():
            taken = await take_reports(connection, rows, entry)
            if undo(taken):
                raise _UndoneError  # noqa: TRY301 - what undoes the savepoint
    except _UndoneError:
        return taken, True
    return taken, False


def _state(refused: Sequence[bool]) -> MessageState:
    if not any(refused):
        return "taken"
    return "refused" if all(refused) else "partly"


def _unread(problem: ResultProblem) -> dict[str, Any]:
    return {"place": problem.field, "outcome": "rejected", "codes": [problem.code]}


def _outcome(row: Reported, taken: Taken) -> dict[str, Any]:
    shown: dict[str, Any] = {"place": row.places.get("", ""), "outcome": taken.outcome}
    if taken.fact is not None:
        shown["result_id"] = str(taken.fact.fact_id)
    if taken.held_id is not None:
        shown["held_id"] = str(taken.held_id)
    if taken.problems:
        shown["codes"] = [problem.code for problem in taken.problems]
    return shown
