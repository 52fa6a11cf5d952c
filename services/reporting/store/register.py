"""The register as valid on a day: of a province's 27,000 entries those that one page needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.reporting.domain.areas import Entry, Tree
from shared.postgres.pool import Connection

# Of each entry the newest revision that had begun by the day: a later rename or split leaves earlier periods alone
# (B106). The register is read as it is known now, also for an `as_of`: names and borders are not figures. Entries are
# found by any revision, then looked at as they are: one that has moved elsewhere is known by where it was, too.
_VALID: Final = """
WITH asked AS (
    SELECT fact_id FROM register_fact WHERE code = ANY($3::text[])
    UNION SELECT fact_id FROM register_fact WHERE parent_code = $2
    UNION SELECT fact_id FROM register_fact
          WHERE entry = 'target' AND code IN (SELECT code FROM register_fact WHERE parent_code = $2 AND entry = 'area')
    UNION SELECT fact_id FROM register_fact WHERE code >= $2 AND code < $2 || '/' AND entry = 'area'
          AND parent_code <> left(code, length(code) - strpos(reverse(code), '.'))
    UNION SELECT fact_id FROM register_fact
          WHERE $4 AND entry = 'puskesmas' AND parent_code >= $2 AND parent_code < $2 || '/'
)
SELECT entry, code, name, level, parent_code, desa_codes, target_children FROM (
    SELECT DISTINCT ON (fact_id) register_fact.* FROM asked JOIN register_fact USING (fact_id) WHERE valid_from <= $1
    ORDER BY fact_id, epoch DESC, revision DESC
) AS newest WHERE NOT voided AND (valid_to IS NULL OR valid_to > $1)
"""


# The same for many days and for several areas and all directly below each: no puskesmas.
_VALID_ON_DAYS: Final = """
WITH asked AS (
    SELECT fact_id FROM register_fact WHERE code = ANY($2::text[]) OR parent_code = ANY($2::text[])
    UNION SELECT fact_id FROM register_fact
          WHERE entry = 'target'
            AND code IN (SELECT code FROM register_fact WHERE parent_code = ANY($2::text[]) AND entry = 'area')
    UNION SELECT fact_id FROM register_fact WHERE code >= $3 AND code < $3 || '/' AND entry = 'area'
          AND parent_code <> left(code, length(code) - strpos(reverse(code), '.'))
), revision AS (
    SELECT register_fact.* FROM asked JOIN register_fact USING (fact_id)
    WHERE entry IN ('area', 'target')
)
SELECT day, entry, code, name, level, parent_code, desa_codes, target_children FROM (
    SELECT DISTINCT ON (day, fact_id) day, revision.* FROM unnest($1::date[]) AS day JOIN revision ON valid_from <= day
    ORDER BY day, fact_id, epoch DESC, revision DESC
) AS newest WHERE NOT voided AND (valid_to IS NULL OR valid_to > day)
"""


async def trees_on_days(connection: Connection, days: Sequence[date], areas: Sequence[str]) -> dict[date, Tree]:
    """For each day the areas and official targets of `areas` (the highest first) and of all directly below each."""
    entries: dict[date, list[Entry]] = {day: [] for day in days}
    for day, *row in await connection.fetch(_VALID_ON_DAYS, list(entries), list(areas), areas[0]):
        entries[day].append(
            Entry(row[0], row[1], row[2], row[3], row[4], tuple(filter(None, row[5].split("|"))), row[6])
        )
    return {day: Tree(found) for day, found in entries.items()}


async def tree_on(connection: Connection, day: date, area: str, *, puskesmas: bool = False) -> Tree:
    """The entries on `day` of `area`, of those above it and directly below it; with `puskesmas` all of these below.

    And all areas below that belong elsewhere than their code says.
    """
    parts = area.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    rows = await connection.fetch(_VALID, day, area, above, puskesmas)
    return Tree(
        Entry(row[0], row[1], row[2], row[3], row[4], tuple(filter(None, row[5].split("|"))), row[6]) for row in rows
    )
