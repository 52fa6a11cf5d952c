"""Sums by kabupaten and kecamatan: moved with the cells, and compared with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.reporting.domain.cells import CELL_COLUMNS
from services.reporting.domain.levels import LEVELS, level_rows
from services.reporting.domain.periods import Period
from shared.postgres.pool import Connection

KEY: Final = "generation, level, area_code, months, month"
ADD_TO_LEVELS: Final = (
    f"INSERT INTO level_cell ({KEY}, {', '.join(CELL_COLUMNS)}) "
    "SELECT $1, * FROM unnest($2::smallint[], $3::text[], $4::smallint[], $5::date[], "
    + ", ".join(f"${number}::integer[]" for number in range(6, 6 + len(CELL_COLUMNS)))
    + ") ON CONFLICT (generation, level, area_code, months, month) DO UPDATE SET "
    + ", ".join(f"{name} = level_cell.{name} + EXCLUDED.{name}" for name in CELL_COLUMNS)
)
_OF_CELLS: Final = " UNION ALL ".join(
    f"SELECT {level} AS level, array_to_string((string_to_array(desa_code, '.'))[:{level}], '.') AS area_code, "
    f"months, month, ARRAY[{', '.join(f'sum({name})' for name in CELL_COLUMNS)}]::integer[] AS counts "
    "FROM cell WHERE generation = $1 GROUP BY 2, months, month"
    for level in LEVELS
)
COMPARE: Final = f"""
SELECT area_code, months, month, summed.counts AS expected, stored.counts AS stored FROM ({_OF_CELLS}) AS summed
FULL JOIN (SELECT level, area_code, months, month, ARRAY[{", ".join(CELL_COLUMNS)}] AS counts FROM level_cell
           WHERE generation = $1) AS stored USING (level, area_code, months, month)
CROSS JOIN (SELECT array_fill(0, ARRAY[{len(CELL_COLUMNS)}]) AS nobody) AS zeros
WHERE coalesce(summed.counts, nobody) <> coalesce(stored.counts, nobody) ORDER BY area_code, months, month
"""


async def add_to_levels(
    connection: Connection, generation: int, cells: Sequence[tuple[tuple[Any, ...], list[int]]]
) -> None:
    """Move the sums by what `cells` have moved: after them, sorted by key, so that two writers never wait crosswise."""
    rows = [(*key, *counts) for key, counts in level_rows(cells)]
    if rows:
        await connection.execute(ADD_TO_LEVELS, generation, *(list(column) for column in zip(*rows, strict=True)))


async def compare_levels(connection: Connection, generation: int) -> list[dict[str, Any]]:
    """Sums that are not those of their cells: `area_code`, `period` and the columns that differ."""
    differences = []
    for row in await connection.fetch(COMPARE, generation):
        expected, stored = ((row[side] or [0] * len(CELL_COLUMNS)) for side in ("expected", "stored"))
        differs = {
            name: {"expected": one, "stored": other}
            for name, one, other in zip(CELL_COLUMNS, expected, stored, strict=True)
            if one != other
        }
        differences.append(
            {"area_code": row["area_code"], "period": str(Period(row["month"], row["months"])), "differs": differs}
        )
    return differences
