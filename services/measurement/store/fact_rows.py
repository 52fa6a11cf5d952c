"""Rows of the facts this service owns: read under lock, insert, replace. One description of columns serves all three.

`FactRows` only writes the present state; `tracked_rows` beside it keeps what a change replaced, with who and why.

`shared.postgres.merge` is for those who hold somebody else's facts; an owner knows the stored revision, because it
has locked the row, and gives the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from shared.contracts.fact import Fact
from shared.postgres.pool import Connection

FactT = TypeVar("FactT", bound=Fact)


class ConcurrentChangeError(Exception):
    """A fact was changed between our reading it and writing its next revision: roll back, read again."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: name, type of its array in `unnest`, how it is read from a fact, and an expression around the value.

    `unnest` cannot carry an array per row, so such columns travel as text and are split by `expression`.
    """

    name: str
    array_type: str
    read: Callable[[Any], Any] | None = None
    expression: str = "{}"

    def reader(self) -> Callable[[Any], Any]:
        """How the column's value is read from a fact."""
        return attrgetter(self.name) if self.read is None else self.read


def text_list(name: str) -> Column:
    """A `text[]` column of codes (no code holds a comma)."""
    return Column(
        name,
        "text",
        lambda fact: ",".join(getattr(fact, name)),
        "coalesce(string_to_array(nullif({}, ''), ','), '{{}}')",
    )


def optional_text_list(name: str) -> Column:
    """The same where an empty list says something else than none at all."""

    def read(fact: Any) -> str | None:
        values = getattr(fact, name)
        return None if values is None else ",".join(values)

    return Column(name, "text", read, "string_to_array({}, ',')")


def json_text(name: str, read: Callable[[Any], str | None]) -> Column:
    """A `jsonb` column, read as JSON text: as an array element a list would be taken for a second dimension."""
    return Column(name, "text", read, "{}::jsonb")


ORDER: tuple[Column, ...] = (
    Column("epoch", "integer"),
    Column("revision", "integer"),
    Column("known_at", "timestamptz"),
    Column("change", "text"),
)


class FactTable(Generic[FactT]):
    """The table of one kind of fact, as it is read.

    Args:
        table: its name.
        key: columns of the primary key; the last is unique by itself and named by `ids`.
        columns: every other column of the fact.
        build: a row as a fact.
    """

    def __init__(
        self, table: str, key: tuple[Column, ...], columns: tuple[Column, ...], build: Callable[[Any], FactT]
    ) -> None:
        self.table = table
        self.key = key[-1].name
        self.columns = (*key, *ORDER, *columns)
        self.names = ", ".join(column.name for column in self.columns)
        self.select = f"SELECT {self.names} FROM {table}"
        self._key_length = len(key)
        self._build = build
        self._readers = [column.reader() for column in self.columns]
        self._order = ", ".join(column.name for column in key)

    async def find(
        self, connection: Connection, ids: Sequence[Any], *, column: str | None = None, lock: bool = False
    ) -> list[FactT]:
        """The stored facts with these ids (of `column`, by default the fact's own), sorted by key; `lock` holds them.

        Locks are taken in key order, so that two writers never wait for each other crosswise.
        """
        if not ids:
            return []
        suffix = " FOR UPDATE" if lock else ""
        rows = await connection.fetch(
            f"{self.select} WHERE {column or self.key} = ANY($1) ORDER BY {self._order}{suffix}", sorted(set(ids))
        )
        return [self._build(row) for row in rows]

    async def held_page(self, connection: Connection, after: Any, limit: int) -> list[FactT]:
        """Up to `limit` facts beyond the id `after`, in the order of ids, held against change until the commit."""
        rows = await connection.fetch(
            f"{self.select} WHERE {self.key} > $1 ORDER BY {self.key} LIMIT $2 FOR SHARE", after, limit
        )
        return self.build(rows)

    def build(self, rows: Sequence[Any]) -> list[FactT]:
        """Rows of a query of one's own (`select` plus a condition) as facts."""
        return [self._build(row) for row in rows]

    def arrays(self, facts: Sequence[FactT]) -> list[list[Any]]:
        """A list a column. `unnest` fills up short arrays with NULL, so a column without values is sent as none."""
        columns = (list(map(read, facts)) for read in self._readers)
        return [[] if values.count(None) == len(values) else values for values in columns]

    def incoming(self, *more: Column) -> str:
        """The arrays of facts as rows `new`, beside further columns whose arrays come after."""
        columns = (*self.columns, *more)
        arrays = ", ".join(f"${n}::{column.array_type}[]" for n, column in enumerate(columns, start=1))
        return f"unnest({arrays}) AS new({', '.join(column.name for column in columns)})"

    def values(self) -> str:
        """The columns of `new` as they are stored."""
        return ", ".join(column.expression.format(f"new.{column.name}") for column in self.columns)

    def replaced(self) -> str:
        """What an update sets, from `new`."""
        return ", ".join(
            f"{column.name} = {column.expression.format('new.' + column.name)}"
            for column in self.columns[self._key_length :]
        )

    def follows(self) -> str:
        """That `new` is the revision after the stored one."""
        keys = [column.name for column in self.columns[: self._key_length]]
        same = " AND ".join(f"{self.table}.{name} = new.{name}" for name in keys)
        return f"{same} AND ({self.table}.epoch, {self.table}.revision + 1) = (new.epoch, new.revision)"


class FactRows(FactTable[FactT]):
    """A table that holds the present state and nothing else."""

    def __init__(
        self, table: str, key: tuple[Column, ...], columns: tuple[Column, ...], build: Callable[[Any], FactT]
    ) -> None:
        super().__init__(table, key, columns, build)
        self._insert = f"INSERT INTO {table} ({self.names}) SELECT {self.values()} FROM {self.incoming()}"
        self._update = f"UPDATE {table} SET {self.replaced()} FROM {self.incoming()} WHERE {self.follows()}"

    async def insert(self, connection: Connection, facts: Sequence[FactT]) -> None:
        """Store new facts. UniqueViolationError if one is there."""
        if facts:
            await connection.execute(self._insert, *self.arrays(facts))

    async def replace(self, connection: Connection, facts: Sequence[FactT]) -> None:
        """Write each revision over the one before it. ConcurrentChangeError if that is not what is stored."""
        if facts:
            demand_all(await connection.execute(self._update, *self.arrays(facts)), facts)


def demand_all(status: str, facts: Sequence[Fact]) -> None:
    """ConcurrentChangeError unless `status` says that every one of `facts` met the revision before it."""
    if status != f"UPDATE {len(facts)}":
        raise ConcurrentChangeError(f"{len(facts)} revisions were to be written, the database says {status}")
