"""Which children belong together, their locks, and the facts that a fold reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.case_course import CaseRevision
from services.reporting.domain.facts import AssessmentRevision, ChildRevision, MeasurementRevision, Place
from services.reporting.domain.fold import GroupFacts
from shared.postgres.pool import Connection

Groups = dict[UUID, UUID]  # child → leader of its group, the smallest id
Asked = Mapping[UUID, Collection[UUID] | None]  # leader → the measurements to read; None = all of the whole group

# Plans are made from how large tables were; read by key, a table that has just grown is not read from end to end.
READ_BY_KEY: Final = "SELECT " + ", ".join(
    f"set_config('enable_{scan}', 'off', true)" for scan in ("seqscan", "hashjoin", "mergejoin")
)
MERGED: Final = """
SELECT child_id FROM child_link WHERE child_id = ANY($1::uuid[])
UNION SELECT root_id FROM child_link WHERE root_id = ANY($1::uuid[])
"""
# Everybody reached over merges that any revision ever stated, in either direction.
LINKED: Final = """
WITH RECURSIVE reached(child_id, start) AS (
    SELECT id, id FROM unnest($1::uuid[]) AS asked(id)
    UNION
    SELECT CASE WHEN link.child_id = reached.child_id THEN link.root_id ELSE link.child_id END, reached.start
    FROM reached JOIN child_link AS link ON reached.child_id IN (link.child_id, link.root_id)
)
SELECT start, child_id FROM reached
"""
CHILDREN: Final = """
SELECT child_id, epoch, revision, known_at, sex, birth_date, residences, died_on, departed_on, merged_into, voided,
       has_growth_card
FROM child_fact WHERE child_id = ANY($1::uuid[])
"""

CASES: Final = """
SELECT child_id, fact_id, epoch, revision, known_at, opened_on, close_reason, closed_on, milestones, anaemia
FROM case_fact WHERE child_id = ANY($1::uuid[])
"""


def _of_measurements(columns: str, table: str, measurement_id: str) -> str:
    """Rows of the measurements ($1 child, $2 id) asked for, and all of the children $3.

    Looked up pair by pair (OFFSET 0 keeps it so): of a table that statistics know as empty a join would read all.
    """
    return (
        f"SELECT found.* FROM unnest($1::uuid[], $2::uuid[]) AS asked(of_child, of_measurement) "
        f"CROSS JOIN LATERAL (SELECT {columns} FROM {table} "
        f"WHERE child_id = asked.of_child AND {measurement_id} = asked.of_measurement OFFSET 0) AS found "
        f"UNION ALL SELECT {columns} FROM {table} WHERE child_id = ANY($3::uuid[])"
    )


MEASUREMENTS: Final = _of_measurements(
    "child_id, fact_id, epoch, revision, known_at, measured_on, recorded_at, channel, is_remeasurement, weight_kg, "
    "length_height_cm, voided",
    "measurement_fact",
    "fact_id",
)
ASSESSMENTS: Final = _of_measurements(
    "child_id, fact_id, epoch, revision, known_at, measurement_id, measurement_epoch, measurement_revision, voided, "
    "is_primary, haz, waz, whz, baz, haz_flagged, waz_flagged, whz_flagged, baz_flagged, oedema, letter, "
    "twice_not_gained, below_red_line, tier",
    "assessment_fact",
    "measurement_id",
)


async def read_by_key(connection: Connection) -> None:
    """Until the end of the transaction, plan for few rows of large tables."""
    await connection.execute(READ_BY_KEY)


async def linked(connection: Connection, children: Collection[UUID]) -> Groups:
    """The groups of those of `children` that are linked to others, with those others; a child alone is not in it."""
    merged = [row[0] for row in await connection.fetch(MERGED, list(children))]
    reached: dict[UUID, list[UUID]] = {}
    for start, child_id in await connection.fetch(LINKED, merged) if merged else ():
        reached.setdefault(start, []).append(child_id)
    groups: Groups = {}
    for members in reached.values():
        groups.update(dict.fromkeys(members, min(members)))
    return groups


async def lock_children(connection: Connection, children: Iterable[UUID]) -> None:
    """Make a row for each child not yet known, and lock all of them, sorted by id: the order that never deadlocks."""
    ids = sorted(children, key=attrgetter("int"))
    await connection.execute(
        "INSERT INTO child (child_id) SELECT id FROM unnest($1::uuid[]) AS new(id) ON CONFLICT DO NOTHING", ids
    )
    await connection.execute("SELECT FROM child WHERE child_id = ANY($1::uuid[]) ORDER BY child_id FOR UPDATE", ids)


async def link(connection: Connection, merges: Collection[tuple[UUID, UUID]]) -> None:
    """Remember that a revision merged the first of each pair into the second."""
    if merges:
        ordered = sorted(set(merges))
        await connection.execute(
            "INSERT INTO child_link SELECT * FROM unnest($1::uuid[], $2::uuid[]) ON CONFLICT DO NOTHING",
            [child_id for child_id, _ in ordered],
            [root_id for _, root_id in ordered],
        )


async def read_groups(connection: Connection, groups: Groups, asked: Asked) -> dict[UUID, GroupFacts]:
    """The facts of the groups `asked` for, by leader, from the tables; `groups` hold all their members."""
    facts = {leader: GroupFacts([], [], [], []) for leader in asked}
    whole = [child_id for child_id, leader in groups.items() if asked[leader] is None]
    named = [(leader, measurement_id) for leader, ids in asked.items() if ids is not None for measurement_id in ids]
    visits = [child_id for child_id, _ in named], [measurement_id for _, measurement_id in named], whole
    for row in await connection.fetch(CHILDREN, list(groups)):
        facts[groups[row[0]]].children.append(child_revision(*row))
    for row in await connection.fetch(MEASUREMENTS, *visits):
        facts[groups[row[0]]].measurements.append(MeasurementRevision._make(row))
    for row in await connection.fetch(ASSESSMENTS, *visits):
        facts[groups[row[0]]].assessments.append(AssessmentRevision._make(row))
    for row in await connection.fetch(CASES, list(groups)):
        facts[groups[row[0]]].cases.append(_case_revision(*row))
    return facts


def _case_revision(*columns: Any) -> CaseRevision:
    """A row of CASES; milestones come as {name: day}."""
    *rest, milestones, anaemia = columns
    days = {name: date.fromisoformat(day) for name, day in milestones.items()}
    return CaseRevision._make((*rest, days, anaemia))


def child_revision(*columns: Any) -> ChildRevision:
    """A row of CHILDREN; residences come as {day: [desa, posyandu]}, which jsonb keeps in order of the day."""
    child_id, epoch, revision, known_at, sex, birth_date, homes, *rest = columns
    residences = tuple(
        (date.fromisoformat(day), Place(desa_code, posyandu_code or ""))
        for day, (desa_code, posyandu_code) in homes.items()
    )
    return ChildRevision(child_id, epoch, revision, known_at, sex, birth_date, residences, *rest)
