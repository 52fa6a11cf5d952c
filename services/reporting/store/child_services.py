"""Stored acts of children (`child_service`): read by root, compared with a fold, changed by what differs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.services import Act, ActRevision, ActVersion, RootAct
from services.reporting.domain.versions import Difference, Version
from shared.postgres.pool import Connection

REVISIONS: Final = """
SELECT child_id, fact_id, epoch, revision, known_at, type, subject, dose, began_on, ended_on, voided
FROM intervention_fact WHERE child_id = ANY($1::uuid[])
"""
STORED: Final = """
SELECT generation, root_id, act_id, known_from, known_to, type, subject, dose, began_on, ended_on, age_months
FROM child_service WHERE root_id = ANY($1::uuid[])
"""
WRITE: Final = """
INSERT INTO child_service (generation, root_id, act_id, known_from, known_to, type, subject, dose, began_on, ended_on,
                           age_months)
SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[],
                         $8::text[], $9::date[], $10::date[], $11::smallint[])
ON CONFLICT (root_id, act_id, known_from, generation) DO UPDATE
SET known_to = EXCLUDED.known_to, type = EXCLUDED.type, subject = EXCLUDED.subject, dose = EXCLUDED.dose,
    began_on = EXCLUDED.began_on, ended_on = EXCLUDED.ended_on, age_months = EXCLUDED.age_months
"""
REMOVE: Final = """
DELETE FROM child_service AS t USING unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) AS gone(root_id, act_id, known)
WHERE t.generation = $1 AND (t.root_id, t.act_id, t.known_from) = (gone.root_id, gone.act_id, gone.known)
"""


async def read_act_revisions(connection: Connection, children: Collection[UUID]) -> list[ActRevision]:
    """Every revision of what was done for `children`."""
    return [ActRevision._make(row) for row in await connection.fetch(REVISIONS, list(children))]


async def read_acts(connection: Connection, roots: Collection[UUID]) -> dict[int, list[ActVersion]]:
    """Stored versions of the acts of `roots`, by generation."""
    stored: dict[int, list[ActVersion]] = {}
    for generation, root_id, act_id, since, until, *content in await connection.fetch(STORED, list(roots)):
        stored.setdefault(generation, []).append(Version((root_id, act_id), since, until, Act._make(content)))
    return stored


async def write_acts(connection: Connection, generation: int, difference: Difference[RootAct, Act]) -> None:
    """Make the stored versions of a generation those of the fold."""
    gone = [(*key, known_from) for key, known_from in difference.gone]
    if gone:
        await connection.execute(REMOVE, generation, *_by_column(gone))
    rows = [(*key, since, until, *content) for key, since, until, content in difference.write]
    if rows:
        await connection.execute(WRITE, generation, *_by_column(rows))


def _by_column(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
