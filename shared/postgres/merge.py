"""Merge facts into a table: the newest order wins, whatever the order of arrival.

This one statement is the property that the whole pipeline rests on (architecture §3): duplicates, redelivery,
reordering and replay end in the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, methodcaller
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from shared.contracts.fact import Fact
from shared.postgres.pool import Connection

FactT = TypeVar("FactT", bound=Fact)
Merged = Literal["applied", "not_newer", "revision_conflict"]


@dataclass(frozen=True, slots=True)
class Column(Generic[FactT]):
    """A column: its name, its PostgreSQL type, and how it is read from a fact."""

    name: str
    sql_type: str
    read: Callable[[FactT], Any]


def plain(name: str, sql_type: str) -> Column[Any]:
    """A column named like the fact's field."""
    return Column(name, sql_type, attrgetter(name))


ORDER_COLUMNS: tuple[Column[Any], ...] = (
    plain("fact_id", "uuid"),
    plain("epoch", "integer"),
    plain("revision", "integer"),
    plain("known_at", "timestamptz"),
    Column("content_hash", "bigint", methodcaller("content_hash")),
)


@dataclass(frozen=True)
class FactTable(Generic[FactT]):
    """Where a kind of fact is kept: `key` names the primary key's columns, `columns` everything else of the fact.

    `history` keeps every revision (the order is part of the primary key); otherwise the newest replaces the older.
    """

    name: str
    columns: tuple[Column[FactT], ...]
    key: tuple[str, ...] = ("child_id", "fact_id")
    history: bool = False
    _all: tuple[Column[Any], ...] = field(init=False, repr=False)
    insert_sql: str = field(init=False, repr=False)
    conflict_sql: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        every = ORDER_COLUMNS + self.columns
        names = [column.name for column in every]
        key = (*self.key, "epoch", "revision") if self.history else self.key
        update = "DO NOTHING"
        if not self.history:
            assignments = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name not in key)
            update = (
                f"DO UPDATE SET {assignments} "
                f"WHERE ({self.name}.epoch, {self.name}.revision) < (EXCLUDED.epoch, EXCLUDED.revision)"
            )
        arrays = ", ".join(f"${index}::{column.sql_type}[]" for index, column in enumerate(every, start=1))
        object.__setattr__(self, "_all", every)
        object.__setattr__(
            self,
            "insert_sql",
            f"INSERT INTO {self.name} ({', '.join(names)}) SELECT * FROM unnest({arrays}) "
            f"ON CONFLICT ({', '.join(key)}) {update} RETURNING fact_id, epoch, revision",
        )
        object.__setattr__(
            self,
            "conflict_sql",
            f"SELECT t.fact_id, t.epoch, t.revision, t.content_hash FROM {self.name} t "
            f"JOIN unnest({arrays}) AS seen({', '.join(names)}) ON "
            + " AND ".join(f"t.{name} = seen.{name}" for name in (*self.key, "epoch", "revision")),
        )

    def arrays(self, facts: Sequence[FactT]) -> list[list[Any]]:
        """One list per column, ready for `unnest`."""
        return [list(map(column.read, facts)) for column in self._all]


Slot = tuple[UUID, int, int]  # a revision: fact, epoch, revision


async def merge_facts(connection: Connection, table: FactTable[FactT], facts: Sequence[FactT]) -> list[Merged]:
    """Write `facts`; for each, in input order, what became of it.

    Rows are written sorted by key, so that two workers never wait for each other crosswise. The same order with other
    content is reported as `revision_conflict` and changes nothing: of two such facts in one batch the first counts.
    """
    if not facts:
        return []
    slots = [(fact.fact_id, fact.epoch, fact.revision) for fact in facts]
    first: dict[Slot, FactT] = {}
    newest: dict[UUID, Slot] = {}
    for slot, fact in zip(slots, facts, strict=True):
        first.setdefault(slot, fact)
        if slot > newest.get(slot[0], slot):  # of one fact: by its order
            newest[slot[0]] = slot
        else:
            newest.setdefault(slot[0], slot)
    candidates = first if table.history else newest.values()
    rows = [first[slot] for _, slot in sorted((first[slot].key, slot) for slot in candidates)]
    written = {tuple(row) for row in await connection.fetch(table.insert_sql, *table.arrays(rows))}
    if len(written) == len(facts):
        return ["applied"] * len(facts)
    truth = {slot: fact.content_hash() for slot, fact in first.items()}
    truth |= await _stored_hashes(connection, table, [fact for slot, fact in first.items() if slot not in written])
    outcomes: list[Merged] = []
    for slot, fact in zip(slots, facts, strict=True):
        if slot in written:
            written.discard(slot)
            outcomes.append("applied")
        else:
            outcomes.append("not_newer" if fact.content_hash() == truth[slot] else "revision_conflict")
    return outcomes


async def _stored_hashes(connection: Connection, table: FactTable[FactT], facts: Sequence[FactT]) -> dict[Slot, int]:
    if not facts:
        return {}
    rows = await connection.fetch(table.conflict_sql, *table.arrays(facts))
    return {(row["fact_id"], row["epoch"], row["revision"]): row["content_hash"] for row in rows}
