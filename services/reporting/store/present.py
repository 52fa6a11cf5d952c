"""Where each child lives now: the row that lists and row-level security go by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.reporting.domain.facts import ChildRevision
from shared.postgres.pool import Connection

UPDATE: Final = """
UPDATE child SET counted = new.counted, desa_code = new.desa_code, posyandu_code = new.posyandu_code,
    sex = new.sex, birth_date = new.birth_date
FROM unnest($1::uuid[], $2::boolean[], $3::text[], $4::text[], $5::text[], $6::date[])
    AS new(child_id, counted, desa_code, posyandu_code, sex, birth_date)
WHERE child.child_id = new.child_id
"""


async def store_present(connection: Connection, children: Iterable[ChildRevision]) -> None:
    """Store the present state of locked `children`, the newest revision of each."""
    rows = []
    for child in children:
        counted = not child.voided and child.merged_into is None and child.died_on is None and child.departed_on is None
        rows.append((child.child_id, counted, *child.residences[-1][1], child.sex, child.birth_date))
    if rows:
        await connection.execute(UPDATE, *(list(column) for column in zip(*rows, strict=True)))
