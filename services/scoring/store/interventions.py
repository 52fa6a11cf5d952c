"""What was done for children: merged like all evidence, read back for cases, tasks and the view beside growth."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from shared.contracts.intervention import InterventionV1
from shared.postgres.merge import Column, FactTable, plain
from shared.postgres.pool import Connection

INTERVENTIONS: FactTable[InterventionV1] = FactTable(
    "intervention",
    (
        plain("child_id", "uuid"),
        plain("type", "text"),
        Column("began_on", "date", lambda fact: fact.part.first_day),
        Column("ended_on", "date", lambda fact: fact.part.last_day),
        Column("part", "json", lambda fact: fact.part.model_dump(mode="json")),
        plain("voided", "boolean"),
    ),
)
OF_CHILDREN: Final = """
SELECT child_id, fact_id, type, began_on, ended_on, part FROM intervention
WHERE child_id = ANY($1::uuid[]) AND NOT voided ORDER BY began_on, fact_id
"""


@dataclass(frozen=True, slots=True)
class StoredIntervention:
    """A living intervention; `ended_on` None = it goes on or waits, `part` as in the event."""

    child_id: UUID
    fact_id: UUID
    type: str
    began_on: date
    ended_on: date | None
    part: dict[str, Any]


async def read_interventions(connection: Connection, children: Collection[UUID]) -> list[StoredIntervention]:
    """Those of these children, by their first day."""
    return [StoredIntervention(*row) for row in await connection.fetch(OF_CHILDREN, list(children))]


async def family_interventions(connection: Connection, root_id: UUID) -> list[StoredIntervention]:
    """Those of a visible root and of all who were merged into it, by their first day."""
    return [
        StoredIntervention(*row) for row in await connection.fetch("SELECT * FROM family_interventions($1)", root_id)
    ]
