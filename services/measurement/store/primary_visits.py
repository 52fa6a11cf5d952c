"""One measurement of each child and day: what stands in lists of visits, where two were taken of one day.

A re-measurement goes before what a client sent, that before a file; then the latest recorded, then the smallest id.
The facts of merged children are their survivor's.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from shared.contracts.child import Letter, Position, Sex
from shared.postgres.pool import Connection

# Children of an area or posyandu ($1) by where they live now, with those merged into them.
_FAMILY: Final = """
WITH home AS (
    SELECT * FROM child WHERE NOT voided AND merged_into IS NULL
    AND ((desa_code >= $1 AND desa_code < $1 || '/') OR posyandu_code = $1)
), family AS (
    SELECT child_id AS root_id, child_id FROM home
    UNION ALL SELECT merged_into, child_id FROM child WHERE merged_into IN (SELECT child_id FROM home)
)
"""
_NOTHING: Final = "coalesce(m.weight_kg, m.length_height_cm, m.muac_cm) IS NULL"
_VISITS: Final = f"""{_FAMILY}
SELECT DISTINCT ON (family.root_id, m.measured_on) family.root_id AS child_id, m.fact_id, home.desa_code,
    home.posyandu_code, home.sex, home.birth_date, home.birth_weight_kg, home.birth_length_cm,
    home.has_growth_card, m.measured_on,
    m.weight_kg, m.length_height_cm, m.measurement_position, m.oedema, m.muac_cm, m.reported_letter
FROM family JOIN home ON home.child_id = family.root_id JOIN measurement m ON m.child_id = family.child_id
WHERE NOT m.voided AND m.measured_on BETWEEN $2 AND $3 AND NOT {_NOTHING}
ORDER BY family.root_id, m.measured_on, m.is_remeasurement DESC, m.channel = 'api' DESC, m.recorded_at DESC, m.fact_id
"""
_COUNT: Final = f"""{_FAMILY}
SELECT count(*) AS measurements, count(*) FILTER (WHERE {_NOTHING}) AS without_values,
    count(DISTINCT (family.root_id, m.measured_on)) FILTER (WHERE NOT {_NOTHING}) AS visits
FROM family JOIN measurement m ON m.child_id = family.child_id
WHERE NOT m.voided AND m.measured_on BETWEEN $2 AND $3
"""


class PrimaryVisit(NamedTuple):
    """A visit with what of its child belongs to it; `child_id` is the survivor's, the place where it lives now."""

    child_id: UUID
    fact_id: UUID
    desa_code: str
    posyandu_code: str | None
    sex: Sex | None
    birth_date: date
    birth_weight_kg: float | None
    birth_length_cm: float | None
    has_growth_card: bool | None
    measured_on: date
    weight_kg: float | None
    length_height_cm: float | None
    measurement_position: Position | None
    oedema: bool | None
    muac_cm: float | None
    reported_letter: Letter | None


class VisitCount(NamedTuple):
    """Living measurements, those of them without weight, length and arm circumference, and child-days of the rest."""

    measurements: int
    without_values: int
    visits: int


async def list_visits(connection: Connection, area_code: str, first: date, last: date) -> list[PrimaryVisit]:
    """The visits of an area or posyandu from `first` to `last`, by child and day."""
    return [PrimaryVisit(*row) for row in await connection.fetch(_VISITS, area_code, first, last)]


async def count_visits(connection: Connection, area_code: str, first: date, last: date) -> VisitCount:
    """How many there are, and what of the measurements is in none of them."""
    row = await connection.fetchrow(_COUNT, area_code, first, last)
    return VisitCount(0, 0, 0) if row is None else VisitCount(*row)


async def places_with_children(connection: Connection, area_code: str) -> list[str]:
    """The desa of an area in official order; of a posyandu the posyandu itself."""
    if ".P" in area_code:
        return [area_code]
    rows = await connection.fetch(
        "SELECT DISTINCT desa_code FROM child WHERE NOT voided AND merged_into IS NULL "
        "AND desa_code >= $1 AND desa_code < $1 || '/' ORDER BY desa_code",
        area_code,
    )
    return [row["desa_code"] for row in rows]
