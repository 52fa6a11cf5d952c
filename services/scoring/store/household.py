"""What the records of a child say of its family and birth."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson

from services.scoring.domain.household import Record, Stated
from shared.postgres.pool import Connection

# The survivor first, then by id.
RECORDS: Final = """
SELECT birth_weight_kg, birth_length_cm, gestation_weeks, household FROM child
WHERE root_id = (SELECT own.root_id FROM child own WHERE own.child_id = $1) AND NOT voided AND epoch > 0
ORDER BY child_id <> root_id, child_id
"""


async def household_records(connection: Connection, child_id: UUID) -> list[Record]:
    """The records of the child and of those merged with it, as far as the caller may see them."""
    rows = await connection.fetch(RECORDS, child_id)
    return [
        Record(row["birth_weight_kg"], row["birth_length_cm"], row["gestation_weeks"], _stated(row["household"]))
        for row in rows
    ]


def _stated(household: str | None) -> tuple[Stated, ...]:
    found: list[dict[str, Any]] = [] if household is None else orjson.loads(household)
    return tuple(
        Stated(each["risk"], each["answer"], date.fromisoformat(each["as_of"]), each["source"]) for each in found
    )
