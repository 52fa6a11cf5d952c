"""Settle all held rows of a group with one answer, and learn the laboratory's words from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.lab.domain.learnt import Word, words_of
from services.lab.domain.result_problems import ResultProblem
from services.lab.store.held_groups import lock_group, settle_many
from services.lab.store.held_results import Held
from services.lab.store.learnt_words import learn_words
from services.lab.use_cases.entry import Entry
from services.lab.use_cases.held_results import DiscardReason, as_meant
from services.lab.use_cases.record_results import Recorded, record_results
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError

NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rows mean: only what is said counts. `remember`: also for rows that come later."""

    test_code: str | None = None
    unit: str | None = None
    findings: tuple[str, ...] = ()
    remember: bool = True

    def said(self) -> dict[str, Any]:
        """The fields of a row that the decision settles."""
        named = {"test_code": self.test_code, "unit": self.unit, "findings": self.findings or None}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of the rows: `refused` stay open, each with its problems."""

    recorded: int
    unchanged: int
    refused: Sequence[tuple[UUID, tuple[ResultProblem, ...]]]
    learnt: Sequence[Word]


async def decide_held(connection: Connection, group_id: UUID, decision: Decision, entry: Entry) -> Decided:
    """Each row becomes the result it would have been, once, or stays open. UnknownFactError where none is open.

    Words are learnt where at least one row was taken.
    """
    held = await _rows(connection, group_id)
    rows = [as_meant(each, decision.said()) for each in held]
    results = await record_results(connection, rows, entry, NOTHING)
    taken = [
        (each, result.fact.fact_id)
        for each, result in zip(held, results, strict=True)
        if _is_taken(result) and result.fact is not None
    ]
    await settle_many(connection, taken, entry.known_at, entry.account, None)
    words = _words(held[0], decision) if taken and decision.remember else []
    laboratory = held[0].laboratory_code
    if words and laboratory is not None:
        await learn_words(connection, laboratory, words, entry.known_at, entry.account)
    return Decided(
        recorded=sum(result.outcome == "accepted" for result in results),
        unchanged=sum(result.outcome == "unchanged" for result in results),
        refused=[
            (each.held_id, result.problems) for each, result in zip(held, results, strict=True) if not _is_taken(result)
        ],
        learnt=words,
    )


async def discard_group(connection: Connection, group_id: UUID, reason: DiscardReason, entry: Entry) -> int:
    """None of the rows is taken; they stay in the record with the reason. How many. UnknownFactError."""
    held = await _rows(connection, group_id)
    await settle_many(connection, [(each, None) for each in held], entry.known_at, entry.account, reason)
    return len(held)


async def _rows(connection: Connection, group_id: UUID) -> list[Held]:
    held = await lock_group(connection, group_id)
    if not held:
        raise UnknownFactError
    return held


def _is_taken(result: Recorded) -> bool:
    return result.outcome in {"accepted", "unchanged"}


def _words(held: Held, decision: Decision) -> list[Word]:
    reported = held.reported
    written = (str(reported["test_code"]), str(reported.get("unit") or ""), tuple(reported.get("findings") or ()))
    words = words_of(written, decision.test_code or written[0], decision.unit, decision.findings)
    # What the catalogue knew needs no teaching, whatever else the answer says of it.
    return words if held.reason == "unknown_test" else [word for word in words if word.kind != "test"]
