"""Facts ledger, one side: how many facts of a kind a service holds a day, and a digest of which revisions.

Owner and holder compute the same two numbers with the same SQL; equal numbers mean that the same revisions are held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.postgres.pool import Connection

Census = dict[str, dict[str, tuple[int, int]]]  # kind → day (Jakarta) → (count, xor)


@dataclass(frozen=True, slots=True)
class CensusTable:
    """Where the facts of a kind are; `history` = the table keeps every revision, only the newest counts."""

    kind: str
    table: str
    history: bool = False


async def take_census(connection: Connection, tables: Sequence[CensusTable]) -> Census:
    """Count and digest by kind and day of `known_at`."""
    census: Census = {}
    for entry in tables:
        rows = await connection.fetch("SELECT day, n, digest FROM facts_census($1, $2)", entry.table, entry.history)
        census[entry.kind] = {row["day"]: (row["n"], row["digest"]) for row in rows}
    return census
