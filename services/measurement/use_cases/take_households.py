"""Rows of a file about families: each is taken, known already, or kept sealed for a person who knows whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

import orjson

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store import households
from services.measurement.store.households import HeldHousehold
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.state_households import state_households
from shared.contracts.child import ChildV1, HouseholdAnswer
from shared.contracts.fact import new_fact_id
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class HouseholdRow:
    """A row as it was read; `cells` as it came. `problem` where it could not be read."""

    line: int
    cells: Mapping[str, str]
    child_id: UUID | None
    nik: str | None
    answers: tuple[HouseholdAnswer, ...]
    problem: EntryProblem | None = None


@dataclass(frozen=True, slots=True)
class TakenHousehold:
    """What became of a row."""

    line: int
    outcome: Literal["accepted", "unchanged", "held"]
    child_id: UUID | None = None
    held_id: UUID | None = None
    problem: EntryProblem | None = None


async def take_households(
    connection: Connection, rows: Sequence[HouseholdRow], entry: Entry, vault: Vault
) -> list[TakenHousehold]:
    """One outcome a row, in their order. Of two rows about one child the later day holds, whatever their order."""
    keys = {row.line: _key(vault, row.nik) for row in rows if row.nik is not None}
    known = await households.children_by_nik(connection, list(keys.values()))
    whose: dict[int, UUID] = {}
    problems: dict[int, EntryProblem] = {}
    for row in rows:
        found = {row.child_id} if row.child_id is not None else known.get(keys.get(row.line, b""), set())
        if row.problem is not None:
            problems[row.line] = row.problem
        elif len(found) == 1 and (child_id := next(iter(found))) is not None:
            whose[row.line] = child_id
        else:
            problems[row.line] = EntryProblem("nik_of_several" if found else "unknown_child", "nik")
    answers: dict[UUID, list[HouseholdAnswer]] = {}
    for row in rows:
        if row.line in whose:
            answers.setdefault(whose[row.line], []).extend(row.answers)
    ordered = {child_id: sorted(found, key=_day) for child_id, found in answers.items()}
    states = await state_households(connection, ordered, entry)
    results, held = [], []
    for row in rows:
        state = states[whose[row.line]] if row.line in whose else problems[row.line]
        if isinstance(state, EntryProblem):
            held.append(_held(row, state, vault))
            results.append(TakenHousehold(row.line, "held", None, held[-1].held_id, state))
        else:
            outcome: Literal["accepted", "unchanged"] = "accepted" if isinstance(state, ChildV1) else "unchanged"
            results.append(TakenHousehold(row.line, outcome, whose[row.line]))
    await households.hold(connection, held, entry.areas, entry.source, entry.known_at)
    return results


def _day(answer: HouseholdAnswer) -> date:
    return answer.as_of


def _key(vault: Vault, nik: str) -> bytes:
    return vault.match_keys({"nik": nik}, date.min).nik_key or b""


def _held(row: HouseholdRow, problem: EntryProblem, vault: Vault) -> HeldHousehold:
    held_id = new_fact_id()
    return HeldHousehold(held_id, row.line, problem.code, vault.seal(held_id, orjson.dumps(dict(row.cells))))


def opened_cells(held_id: UUID, stored: households.StoredHousehold, vault: Vault) -> dict[str, str]:
    """The row as it came."""
    cells: dict[str, str] = orjson.loads(vault.open(held_id, stored.sealed))
    return cells
