"""Facts of other services as the laboratory holds them: children and cases."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from shared.contracts.child import ChildV1
from shared.contracts.risk import CaseV1
from shared.ledger.census import CensusTable
from shared.postgres.merge import Column, FactTable, plain
from shared.postgres.pool import Connection

CHILDREN: Final[FactTable[ChildV1]] = FactTable(
    "child",
    (
        plain("child_id", "uuid"),
        Column("root_id", "uuid", lambda child: child.merged_into or child.child_id),
        plain("sex", "text"),
        plain("birth_date", "date"),
        plain("died_on", "date"),
        plain("departed_on", "date"),
        plain("voided", "boolean"),
        Column("desa_code", "text", lambda child: child.residences[-1].desa_code),
        Column("posyandu_code", "text", lambda child: child.residences[-1].posyandu_code),
    ),
    key=("child_id",),
)
CASES: Final[FactTable[CaseV1]] = FactTable(
    "child_case",
    (
        plain("child_id", "uuid"),
        plain("opened_on", "date"),
        plain("tier", "text"),
        plain("priority", "boolean"),
        plain("state", "text"),
        # One text, since unnest cannot carry a list per row.
        Column("required_tests", "text", lambda case: " ".join(case.required_tests)),
    ),
)
HOLDS: Final = (CensusTable(ChildV1.kind, CHILDREN.name), CensusTable(CaseV1.kind, CASES.name))

STUBS: Final = """
INSERT INTO child (child_id, fact_id, epoch, revision, known_at, content_hash, root_id, voided)
SELECT id, id, 0, 0, '-infinity', 0, id, false FROM unnest($1::uuid[]) AS id ON CONFLICT DO NOTHING
"""
LOCK: Final = "SELECT FROM child WHERE child_id = ANY($1::uuid[]) ORDER BY child_id FOR UPDATE"


async def lock_children(connection: Connection, child_ids: Collection[UUID]) -> None:
    """Lock the rows of `child_ids` until the transaction ends, in id order; a child not known yet gets a stub."""
    ordered = sorted(child_ids)
    await connection.execute(STUBS, ordered)
    await connection.execute(LOCK, ordered)
