"""Enter values and statements of the board: each judged by itself, each change of a verified unit undoing that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.reporting.domain.aksi_board import CLOSED, moved
from services.reporting.domain.aksi_values import (
    UNSEEN,
    By,
    CellKey,
    Entry,
    Statement,
    Value,
    entered,
    refusal,
    says_the_same,
)
from services.reporting.store.aksi_units import Made, Standing, Step, make_steps, read_units
from services.reporting.store.aksi_values import (
    hold_year,
    read_statements,
    read_values,
    write_statement,
    write_values,
)
from services.reporting.use_cases.aksi_year import Year
from shared.postgres.pool import Connection
from shared.refusals import StaleError

CHANGED_AFTER = "changed_after_verification"  # why a unit went back, as its steps tell it


class RefusedEntryError(Exception):
    """A statement that cannot be taken; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of one entry. `value`: the cell as it stands now, `before`: as it stood where it was replaced.

    `undid`: it took the unit's verification away.
    """

    outcome: Literal["taken", "unchanged", "stale", "refused"]
    code: str | None
    value: Value | None
    before: Value | None = None
    undid: bool = False


async def enter_values(connection: Connection, year: Year, entries: Sequence[Entry], by: By) -> list[Entered]:
    """What became of each entry, in their order. Good ones are taken even where others are not."""
    await hold_year(connection, year.kabupaten_code, year.year)
    desa_codes = sorted({one.desa_code for one in entries})
    stored = await read_values(connection, year.year, year.area_code, desa_codes=desa_codes)
    standing = await read_units(connection, year.year, year.area_code)
    cells = {value.key: value for value in stored}
    wanted = frozenset(year.desa_codes)
    judged: list[Entered] = []
    fresh: dict[CellKey, Value] = {}
    for entry in entries:
        told = _judge(entry, cells.get(entry.key), year, wanted, standing)
        if told.outcome == "taken" and entry.key in fresh:
            told = Entered("refused", "said_twice", fresh[entry.key])
        elif told.outcome == "taken":
            fresh[entry.key] = entered(entry, cells.get(entry.key), by)
            told = Entered("taken", None, fresh[entry.key], cells.get(entry.key))
        judged.append(told)
    await write_values(connection, year.year, fresh.values())
    undone = await undo_verification(connection, year, fresh.values(), standing, Made(by.account, by.at, CHANGED_AFTER))
    return [
        replace(one, undid=True)
        if one.outcome == "taken" and one.value is not None and _unit_of(year, one.value) in undone
        else one
        for one in judged
    ]


def _judge(
    entry: Entry,
    stored: Value | None,
    year: Year,
    desa_codes: frozenset[str],
    standing: dict[tuple[str, str], Standing],
) -> Entered:
    code = refusal(entry, stored, year.programme, desa_codes)
    if code is None and says_the_same(entry, stored):
        return Entered("unchanged", None, stored)
    if code is not None:
        return Entered("stale" if code == "stale" else "refused", code, stored)
    indicator = year.programme.find(entry.indicator_code)
    unit = None if indicator is None else standing.get((indicator.aksi, entry.desa_code))
    if unit is not None and unit.state in CLOSED:
        return Entered("refused", "unit_closed", stored)
    return Entered("taken", None, stored)


def _unit_of(year: Year, value: Value) -> tuple[str, str]:
    indicator = year.programme.find(value.indicator_code)
    return ("" if indicator is None else indicator.aksi), value.desa_code


async def undo_verification(
    connection: Connection,
    year: Year,
    changed: Iterable[Value],
    standing: dict[tuple[str, str], Standing],
    made: Made,
) -> set[tuple[str, str]]:
    """Units (aksi, area) that were verified and are drafts again, since a value of theirs changed."""
    units = sorted({_unit_of(year, value) for value in changed})
    return await _undo(connection, year.year, units, standing, made)


async def _undo(
    connection: Connection,
    year: int,
    units: Iterable[tuple[str, str]],
    standing: dict[tuple[str, str], Standing],
    made: Made,
) -> set[tuple[str, str]]:
    steps = []
    for aksi_code, area_code in units:
        unit = standing.get((aksi_code, area_code))
        after = "draft" if unit is None else moved(unit.state, "change")
        if unit is not None and after != unit.state:
            steps.append(Step(area_code, aksi_code, "change", unit.state, after))
    await make_steps(connection, year, steps, made)
    return {(step.aksi_code, step.area_code) for step in steps}


async def enter_statement(connection: Connection, year: Year, new: Statement, seen: int) -> tuple[Statement, bool]:
    """The statement as it stands, and whether it took the verification away. StaleError, RefusedEntryError."""
    await hold_year(connection, year.kabupaten_code, year.year)
    found = [
        one
        for one in await read_statements(connection, year.year, new.area_code, new.aksi_code)
        if one.area_code == new.area_code
    ]
    stored = found[0] if found else None
    revision = UNSEEN if stored is None else stored.revision
    if stored is not None and (stored.text, stored.evidence) == (new.text, new.evidence):
        return stored, False
    if seen != revision:
        raise StaleError((1, revision))
    standing = await read_units(connection, year.year, new.area_code, new.aksi_code)
    unit = standing.get((new.aksi_code, new.area_code))
    if unit is not None and unit.state in CLOSED:
        raise RefusedEntryError("unit_closed")
    said = new._replace(revision=revision + 1)
    await write_statement(connection, year.year, said)
    made = Made(said.changed_by, said.changed_at, CHANGED_AFTER)
    undone = await _undo(connection, year.year, [(new.aksi_code, new.area_code)], standing, made)
    return said, bool(undone)
