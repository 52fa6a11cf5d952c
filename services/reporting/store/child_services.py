"""Stored acts of children (`child_service`): read by root, compared with a fold, changed by what differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.services import Act, ActRevision, ActVersion, RootAct
from services.reporting.domain.versions import Difference, Version
from services.reporting.store.generations import LIVE
from shared.postgres.pool import Connection

REVISIONS: Final = """
SELECT child_id, fact_id, epoch, revision, known_at, type, subject, dose, began_on, ended_on, voided
FROM intervention_fact WHERE child_id = ANY($1::uuid[])
"""
STORED: Final = """
SELECT generation, root_id, act_id, known_from, known_to, type, subject, dose, began_on, ended_on, age_months
FROM child_service WHERE root_id = ANY($1::uuid[])
"""
PLACES: Final = f"""
SELECT span.desa_code, greatest(span.from_month, root.since), (span.to_month - interval '1 month')::date
FROM unnest($1::uuid[], $2::date[]) AS root(id, since) CROSS JOIN LATERAL (
    SELECT desa_code, from_month, to_month FROM child_span
    WHERE root_id = root.id AND generation = {LIVE} AND known_to IS NULL
    UNION ALL
    SELECT desa_code, month, (month + interval '1 month')::date FROM child_month
    WHERE root_id = root.id AND generation = {LIVE} AND known_to IS NULL
) AS span WHERE span.to_month > root.since
"""
NEWLY_READ: Final = """
SELECT child.id FROM unnest($1::uuid[], $2::integer[]) AS child(id, new) CROSS JOIN LATERAL (
    SELECT count(DISTINCT readings) AS different, count(*) AS known, bool_or(readings <> '{}') AS has_any FROM (
        SELECT readings FROM risk_status_fact WHERE child_id = child.id
        ORDER BY epoch DESC, revision DESC LIMIT child.new + 1
    ) AS newest
) AS found WHERE found.different > 1 OR (found.known <= child.new AND found.has_any)
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


async def places_since(connection: Connection, roots: Collection[tuple[UUID, date]]) -> list[tuple[str, date, date]]:
    """Desa, first and last month where each root counts from its month on: what changes there with what was done."""
    rows = await connection.fetch(PLACES, [root for root, _ in roots], [month for _, month in roots])
    return [(row[0], row[1], row[2]) for row in rows]


async def newly_read(connection: Connection, children: Mapping[UUID, int]) -> list[UUID]:
    """Of `children` with so many new statuses, those whom one of these reads otherwise than the one before."""
    rows = await connection.fetch(NEWLY_READ, list(children), list(children.values()))
    return [row[0] for row in rows]


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
