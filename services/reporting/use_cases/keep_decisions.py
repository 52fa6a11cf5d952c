"""Record a decision of the TPPS and what becomes of it: each change a revision with who made it and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from services.reporting.domain.decisions import Decision, decision_problems
from services.reporting.store.decisions import StoredDecision, find_decision, write_decision
from shared.contracts.fact import new_fact_id
from shared.postgres.pool import Connection
from shared.refusals import StaleError, UnknownFactError


class DecisionRefusedError(Exception):
    """The decision cannot be kept: (field, code) of what is wrong."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(", ".join(code for _, code in problems))
        self.problems = problems


class Author(NamedTuple):
    """Who changes something, on which day, at which instant."""

    account: str
    today: date
    now: datetime


async def record_decision(connection: Connection, decision: Decision, author: Author) -> StoredDecision:
    """A new decision. DecisionRefusedError."""
    _check(decision, None, author)
    stored = StoredDecision(new_fact_id(), 1, decision, author.account, author.now)
    await write_decision(connection, stored)
    return stored


async def change_decision(
    connection: Connection, decision_id: UUID, seen: int, change: Callable[[Decision], Decision], author: Author
) -> StoredDecision:
    """The decision after the change; one that changes nothing makes no revision.

    UnknownFactError, StaleError, DecisionRefusedError.
    """
    stored = await find_decision(connection, decision_id, lock=True)
    if stored is None:
        raise UnknownFactError
    if stored.revision != seen:
        raise StaleError((1, stored.revision))
    changed = change(stored.decision)
    if changed == stored.decision:
        return stored
    _check(changed, stored.decision, author)
    after = replace(stored, revision=seen + 1, decision=changed, changed_by=author.account, changed_at=author.now)
    await write_decision(connection, after)
    return after


def _check(decision: Decision, before: Decision | None, author: Author) -> None:
    problems = decision_problems(decision, before, author.today)
    if problems:
        raise DecisionRefusedError(problems)
