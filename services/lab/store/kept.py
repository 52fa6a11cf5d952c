"""Facts that this service owns: columns that queries and policies need, and the fact as it was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.contracts.fact import ChildFact
from shared.postgres.merge import Column, plain
from shared.postgres.pool import Connection

FactT = TypeVar("FactT", bound=ChildFact)
Beside = Mapping[UUID, tuple[Any, ...]]  # fact_id → values of the columns beside the fact, in their order
_FACT: tuple[Column[Any], ...] = (
    plain("child_id", "uuid"),
    plain("fact_id", "uuid"),
    plain("epoch", "integer"),
    plain("revision", "integer"),
    plain("known_at", "timestamptz"),
)
_CONTENT: Column[Any] = plain("content", "text")
_key = attrgetter("child_id.int", "fact_id.int")


class ConcurrentChangeError(Exception):
    """The row changed between our reading it and writing its next revision: roll back, read again."""


@dataclass(frozen=True)
class Kept(Generic[FactT]):
    """The table of one kind.

    `columns` are read from the fact. `beside` are columns that no fact carries (a code, a note): given with it, and
    kept as they are where a later write leaves them out.
    """

    name: str
    model: type[FactT]
    columns: tuple[Column[FactT], ...]
    beside: tuple[Column[Any], ...] = ()
    select: str = field(init=False)
    _facts: tuple[Column[Any], ...] = field(init=False, repr=False)
    _insert: str = field(init=False, repr=False)
    _update: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        every = (*_FACT, *self.columns, *self.beside, _CONTENT)
        names = [column.name for column in every]
        arrays = ", ".join(f"${number}::{column.sql_type}[]" for number, column in enumerate(every, start=1))
        incoming = f"unnest({arrays}) AS new({', '.join(names)})"
        assigned = [f"{column.name} = new.{column.name}" for column in (*_FACT[2:], *self.columns)]
        assigned += [
            f"{column.name} = coalesce(new.{column.name}, {self.name}.{column.name})" for column in self.beside
        ]
        keys = " AND ".join(f"{self.name}.{name} = new.{name}" for name in ("child_id", "fact_id", "epoch"))
        object.__setattr__(self, "_facts", (*_FACT, *self.columns))
        object.__setattr__(self, "select", f"SELECT content::text FROM {self.name}")
        object.__setattr__(
            self,
            "_insert",
            f"INSERT INTO {self.name} ({', '.join(names)}) "
            f"SELECT {', '.join(names[:-1])}, content::json FROM {incoming}",
        )
        object.__setattr__(
            self,
            "_update",
            f"UPDATE {self.name} SET {', '.join(assigned)}, content = new.content::json FROM {incoming} "
            f"WHERE {keys} AND {self.name}.revision + 1 = new.revision",
        )

    async def find(self, connection: Connection, condition: str, *values: Any) -> list[FactT]:
        """The facts of the rows that fulfil `condition` (which may go on with ORDER BY and LIMIT)."""
        rows = await connection.fetch(f"{self.select} WHERE {condition}", *values)
        return [self.model.read(row["content"]) for row in rows]

    async def locked(self, connection: Connection, column: str, ids: Sequence[UUID]) -> list[FactT]:
        """The facts with these ids in `column`, held until the commit; always locked in the order of their keys."""
        if not ids:
            return []
        return await self.find(
            connection, f"{column} = ANY($1) ORDER BY child_id, fact_id FOR UPDATE", sorted(set(ids))
        )

    async def write(
        self, connection: Connection, facts: Sequence[FactT], beside: Beside = MappingProxyType({})
    ) -> None:
        """Store first revisions, and later ones over the revision before, whose row is locked.

        ConcurrentChangeError if something else is stored than what the revisions were made from.
        """
        first = [fact for fact in facts if fact.revision == 1]
        later = [fact for fact in facts if fact.revision > 1]
        for statement, part in ((self._insert, first), (self._update, later)):
            if part:
                status = await connection.execute(statement, *self._arrays(part, beside))
                if int(status.rsplit(" ", 1)[-1]) != len(part):
                    raise ConcurrentChangeError(f"{len(part)} rows of {self.name}, the database says {status}")

    async def insert_missing(
        self, connection: Connection, facts: Sequence[FactT], beside: Beside = MappingProxyType({})
    ) -> set[UUID]:
        """Store those that meet no unique key; the ids stored. Waits while a concurrent writer is undecided."""
        if not facts:
            return set()
        rows = await connection.fetch(
            self._insert + " ON CONFLICT DO NOTHING RETURNING fact_id", *self._arrays(facts, beside)
        )
        return {row["fact_id"] for row in rows}

    def _arrays(self, facts: Sequence[FactT], beside: Beside) -> list[list[Any]]:
        ordered = sorted(facts, key=_key)
        nothing = (None,) * len(self.beside)
        extra = [beside.get(fact.fact_id, nothing) for fact in ordered]
        return [
            *([column.read(fact) for fact in ordered] for column in self._facts),
            *([values[place] for values in extra] for place in range(len(self.beside))),
            [fact.model_dump_json() for fact in ordered],
        ]
