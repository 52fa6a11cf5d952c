"""Whether the areas of each release add up: what is below an area is what it is told to have."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np

from services.reporting.domain.areas import level_of
from services.reporting.domain.periods import Period
from services.reporting.domain.release import TOP
from services.reporting.store.sums import SUM_COLUMNS
from shared.postgres.pool import Connection

_RELEASES: Final = """
SELECT release_id, months, month, columns,
       ARRAY(SELECT kabupaten_code FROM released_kabupaten AS k WHERE k.release_id = r.release_id) AS kabupaten
FROM release AS r WHERE $1::date IS NULL OR month >= $1 ORDER BY release_id
"""
_AREAS: Final = "SELECT area_code, parent_code, sums FROM released_area WHERE release_id = $1 ORDER BY area_code"
# Groups of sex and age of an area, where they are kept: a column that is left out is zero.
_GROUPS: Final = """
SELECT area_code, name, sums[place] AS released, coalesce(added, 0) AS below
FROM released_area JOIN release USING (release_id)
CROSS JOIN LATERAL unnest(columns) WITH ORDINALITY AS of_sums(name, place)
CROSS JOIN LATERAL (
    SELECT sum(number::integer)::integer AS added FROM jsonb_array_elements_text(groups -> 'sums' -> name) AS number
) AS of_groups
WHERE release_id = $1 AND groups IS NOT NULL AND name = ANY($2::text[]) AND sums[place] <> coalesce(added, 0)
ORDER BY area_code, place
"""
_IN_GROUPS: Final = [name for name in SUM_COLUMNS if name != "pending"]  # what waits has no group yet
SMALLEST: Final = "desa"


async def compare_releases(connection: Connection, since: date | None = None) -> list[dict[str, Any]]:
    """Areas of which what lies below, or what is kept by sex and age, adds up to something else; kabupaten not there.

    Of periods that begin no earlier than `since`: `{release_id, period, area, column, released, below}`; `column` =
    area_code where a kabupaten, or an area that others are said to lie in, is missing or too many.
    """
    found: list[dict[str, Any]] = []
    for release_id, months, month, columns, kabupaten in await connection.fetch(_RELEASES, since):
        about = {"release_id": release_id, "period": str(Period(month, months))}
        rows = await connection.fetch(_AREAS, release_id)
        own = {row[0]: np.array(row[2], np.int64) for row in rows}
        parents = {row[0]: row[1] for row in rows}
        below = {code: np.zeros(len(columns), np.int64) for code in own if level_of(code) != SMALLEST}
        for code, parent in parents.items():
            if parent in below:
                below[parent] += own[code]
            elif parent != TOP:
                found.append({**about, "area": parent, "column": "area_code", "released": 0, "below": 1})
        of_kabupaten = {code for code in own if level_of(code) == "kabupaten"}
        for code in sorted(of_kabupaten ^ set(kabupaten)):
            here = int(code in of_kabupaten)
            found.append({**about, "area": code, "column": "area_code", "released": here, "below": 1 - here})
        for code, added in below.items():
            for number in np.flatnonzero(added != own[code]).tolist():
                told = {"column": columns[number], "released": int(own[code][number]), "below": int(added[number])}
                found.append({**about, "area": code, **told})
        for code, name, released, counted in await connection.fetch(_GROUPS, release_id, _IN_GROUPS):
            found.append({**about, "area": code, "column": f"groups.{name}", "released": released, "below": counted})
    return found
