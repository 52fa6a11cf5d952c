"""Rows of facts whose every state is kept: who made it, why, and what it replaced.

The present state and its author stand in the fact's own row, so that a first record costs no second write; a change
copies the row it replaces into `<table>_revision`, which nobody may change or empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.measurement.store.fact_rows import Column, FactT, FactTable, demand_all
from shared.postgres.pool import Connection


class Origin(NamedTuple):
    """Where revisions come from: kept beside the fact, never published.

    `by` is the subject of a token, `reason_text` what that person says (no names in it), `row_numbers` leads from a
    fact to the row of the file `intake_id` that says so.
    """

    by: str
    reason_text: str | None = None
    intake_id: UUID | None = None
    row_numbers: Mapping[UUID, int] = {}


class Author(NamedTuple):
    """Where one stored revision came from; all None for what was stored before this was kept."""

    by: str | None
    reason_text: str | None
    intake_id: UUID | None
    row_number: int | None


_AUTHOR: Final = "changed_by, reason_text, intake_id, row_number"
_ROW_NUMBER: Final = Column("row_number", "integer")


class TrackedRows(FactTable[FactT]):
    """A table with its `<table>_revision`."""

    def __init__(
        self, table: str, key: tuple[Column, ...], columns: tuple[Column, ...], build: Callable[[Any], FactT]
    ) -> None:
        super().__init__(table, key, columns, build)
        at = len(self.columns) + 2  # $at: who; then the reason and the file
        incoming = self.incoming(_ROW_NUMBER)
        author = f"${at}::text, ${at + 1}::text, ${at + 2}::uuid, new.row_number"
        stored = ", ".join(f"{table}.{column.name}" for column in self.columns)
        self._insert = f"INSERT INTO {table} ({self.names}, {_AUTHOR}) SELECT {self.values()}, {author} FROM {incoming}"
        self._update = (
            f"UPDATE {table} SET {self.replaced()}, ({_AUTHOR}) = ROW({author}) FROM {incoming} WHERE {self.follows()}"
        )
        self._keep = (
            f"INSERT INTO {table}_revision ({self.names}, {_AUTHOR}) SELECT {stored}, {table}.changed_by, "
            f"{table}.reason_text, {table}.intake_id, {table}.row_number FROM {table}, {self.incoming()} "
            f"WHERE {self.follows()}"
        )
        self._history = (
            f"SELECT {self.names}, {_AUTHOR} FROM {table} WHERE child_id = ANY($1) "
            f"UNION ALL SELECT {self.names}, {_AUTHOR} FROM {table}_revision WHERE child_id = ANY($1) "
            "ORDER BY epoch, revision"
        )

    async def insert(self, connection: Connection, facts: Sequence[FactT], origin: Origin) -> None:
        """Store new facts. UniqueViolationError if one is there."""
        if facts:
            await connection.execute(self._insert, *self._tracked(facts, origin))

    async def insert_missing(self, connection: Connection, facts: Sequence[FactT], origin: Origin) -> set[Any]:
        """Store those facts that meet no unique key; the ids stored. Waits while a concurrent writer is undecided."""
        if not facts:
            return set()
        rows = await connection.fetch(
            f"{self._insert} ON CONFLICT DO NOTHING RETURNING {self.key}", *self._tracked(facts, origin)
        )
        return {row[0] for row in rows}

    async def replace(self, connection: Connection, facts: Sequence[FactT], origin: Origin) -> None:
        """Write each revision over the one before it, which is kept. ConcurrentChangeError if that is not stored."""
        if facts:
            await connection.execute(self._keep, *self.arrays(facts))
            demand_all(await connection.execute(self._update, *self._tracked(facts, origin)), facts)

    async def history(self, connection: Connection, child_ids: Sequence[UUID]) -> list[tuple[FactT, Author]]:
        """Every state that facts of these children ever had, each fact's oldest first."""
        rows = await connection.fetch(self._history, list(child_ids))
        at = len(self.columns)
        names = [column.name for column in self.columns]
        found = []
        for row in map(tuple, rows):
            fact = self._build(dict(zip(names, row[:at], strict=True)))
            found.append((fact, Author._make(row[at:])))
        return found

    def _tracked(self, facts: Sequence[FactT], origin: Origin) -> list[Any]:
        numbers = [origin.row_numbers.get(fact.fact_id) for fact in facts] if origin.row_numbers else []
        return [*self.arrays(facts), numbers, origin.by, origin.reason_text, origin.intake_id]
