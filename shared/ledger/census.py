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
        source = (
            f"(SELECT * FROM {entry.table} WHERE epoch > 0) AS facts"  # epoch 0: a stub, locked before its fact came
        )
        if entry.history:
            source = (
                f"(SELECT DISTINCT ON (fact_id) fact_id, epoch, revision, known_at FROM {entry.table} "
                "ORDER BY fact_id, epoch DESC, revision DESC) AS newest"
            )
        rows = await connection.fetch(
            "SELECT (known_at AT TIME ZONE 'Asia/Jakarta')::date::text AS day, count(*) AS n, "
            "bit_xor(hashtextextended(fact_id::text || ':' || epoch || ':' || revision, 0)) AS digest "
            f"FROM {source} GROUP BY 1"
        )
        census[entry.kind] = {row["day"]: (row["n"], row["digest"]) for row in rows}
    return census
