"""Which children belong together, their locks, and the facts that a fold reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from services.reporting.domain.facts import AssessmentRevision, ChildRevision, MeasurementRevision, Place
from services.reporting.domain.fold import GroupFacts
from shared.calendar import month_of
from shared.postgres.pool import Connection

Groups = dict[UUID, int]  # child → number of its group

# Everybody reached over merges that any revision ever stated, in either direction.
LINKED: Final = """
WITH RECURSIVE reached(child_id, start) AS (
    SELECT id, id FROM unnest($1::uuid[]) AS asked(id)
    UNION
    SELECT CASE WHEN link.child_id = reached.child_id THEN link.root_id ELSE link.child_id END, reached.start
    FROM reached JOIN child_link AS link ON reached.child_id IN (link.child_id, link.root_id)
)
SELECT start, child_id FROM reached WHERE child_id <> start
"""
CHILDREN: Final = """
SELECT child_id, epoch, revision, known_at, sex, birth_date, residences, died_on, departed_on, merged_into, voided
FROM child_fact WHERE child_id = ANY($1::uuid[])
"""
MEASURED_ON: Final = """
SELECT DISTINCT child_id, measured_on FROM unnest($1::uuid[], $2::uuid[]) AS asked(child_id, fact_id)
JOIN measurement_fact USING (child_id, fact_id)
"""
# All revisions of measurements of which any revision lies in an asked month, or whose child is asked for as a whole.
MEASUREMENTS: Final = """
WITH wanted AS (
    SELECT DISTINCT child_id, fact_id FROM unnest($1::uuid[], $2::date[]) AS asked(child_id, month)
    JOIN measurement_fact USING (child_id)
    WHERE measured_on >= month AND measured_on < (month + interval '1 month')::date
    UNION
    SELECT child_id, fact_id FROM measurement_fact WHERE child_id = ANY($3::uuid[])
)
SELECT child_id, fact_id, epoch, revision, known_at, measured_on, recorded_at, channel, is_remeasurement,
       weight_kg, length_height_cm, voided
FROM wanted JOIN measurement_fact USING (child_id, fact_id)
"""
ASSESSMENTS: Final = """
SELECT a.child_id, a.fact_id, epoch, revision, known_at, a.measurement_id, measurement_epoch, measurement_revision,
       voided, is_primary, haz, waz, whz, baz, haz_flagged, waz_flagged, whz_flagged, baz_flagged, oedema, letter,
       twice_not_gained, below_red_line, tier
FROM unnest($1::uuid[], $2::uuid[]) AS asked(child_id, measurement_id)
JOIN assessment_fact AS a USING (child_id, measurement_id)
"""


async def linked(connection: Connection, children: Iterable[UUID]) -> Groups:
    """The group of each of `children`, and of all those linked to them."""
    asked = sorted(set(children))
    neighbours: dict[UUID, set[UUID]] = {}
    for row in await connection.fetch(LINKED, asked):
        neighbours.setdefault(row["start"], set()).add(row["child_id"])
    groups: Groups = {}
    for number, child_id in enumerate(asked):
        if child_id not in groups:
            groups.update(dict.fromkeys({child_id, *neighbours.get(child_id, ())}, number))
    return groups


async def lock_children(connection: Connection, children: Iterable[UUID]) -> None:
    """Make a row for each child not yet known, and lock all of them, sorted by id: the order that never deadlocks."""
    ids = sorted(set(children))
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


async def touched_months(connection: Connection, measurements: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, date]]:
    """Child and month of every stored revision of `measurements` (child, measurement)."""
    if not measurements:
        return set()
    rows = await connection.fetch(
        MEASURED_ON, [child_id for child_id, _ in measurements], [fact_id for _, fact_id in measurements]
    )
    return {(row["child_id"], month_of(row["measured_on"])) for row in rows}


async def read_groups(
    connection: Connection, groups: Groups, months: Mapping[int, Collection[date] | None]
) -> dict[int, GroupFacts]:
    """The facts of `groups` from the tables; of a group's measurements those of its `months`, or all for None."""
    facts = {number: GroupFacts([], [], []) for number in set(groups.values())}
    for row in await connection.fetch(CHILDREN, list(groups)):
        facts[groups[row["child_id"]]].children.append(child_revision(*row))
    asked: list[tuple[UUID, date]] = []
    whole: list[UUID] = []
    for child_id, number in groups.items():
        wanted = months[number]
        if wanted is None:
            whole.append(child_id)
        else:
            asked += [(child_id, month) for month in wanted]
    rows = await connection.fetch(
        MEASUREMENTS, [child_id for child_id, _ in asked], [month for _, month in asked], whole
    )
    pairs: dict[tuple[UUID, UUID], None] = {}
    for row in rows:
        facts[groups[row["child_id"]]].measurements.append(MeasurementRevision(*row))
        pairs[row["child_id"], row["fact_id"]] = None
    rows = await connection.fetch(ASSESSMENTS, [child_id for child_id, _ in pairs], [fact_id for _, fact_id in pairs])
    for row in rows:
        facts[groups[row["child_id"]]].assessments.append(AssessmentRevision(*row))
    return facts


def child_revision(*columns: object) -> ChildRevision:
    """A row of CHILDREN; residences come as {day: [desa, posyandu]}."""
    values = list(columns)
    homes = values[6]
    if not isinstance(homes, dict):
        raise TypeError("residences are not an object")
    values[6] = tuple(
        (date.fromisoformat(day), Place(desa_code, posyandu_code or ""))
        for day, (desa_code, posyandu_code) in sorted(homes.items())
    )
    return ChildRevision(*values)  # type: ignore[arg-type]  # columns in the order of its fields
