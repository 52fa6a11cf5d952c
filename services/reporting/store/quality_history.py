"""What was judged of posyandu-months, the last of each day on which it changed: `quality_history`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, Final

from services.reporting.domain.quality_pool import COLUMNS
from services.reporting.store.judged_sums import AS_OF
from services.reporting.store.posyandu_quality import Judged, spoken
from services.reporting.store.quality_marks import PosyanduMonth
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection

# Only what differs from the last word; what is said of a day is never older than that.
_WRITE: Final = """
INSERT INTO quality_history AS history (desa_code, posyandu_code, month, known_on, judged_at, rules_version, children,
                                        grade, reasons, pooled)
SELECT u.desa_code, u.posyandu_code, u.month, greatest($9::date, last.known_on), $10, u.rules_version, u.children,
       u.grade, u.told -> 'reasons', string_to_array(u.pooled, ' ')::integer[]
FROM unnest($1::text[], $2::text[], $3::date[], $4::integer[], $5::smallint[], $6::jsonb[], $7::text[], $8::text[])
    AS u (desa_code, posyandu_code, month, children, grade, told, pooled, rules_version)
LEFT JOIN LATERAL (
    SELECT known_on, children, grade, reasons, pooled, rules_version FROM quality_history AS h
    WHERE (h.desa_code, h.posyandu_code, h.month) = (u.desa_code, u.posyandu_code, u.month)
    ORDER BY known_on DESC LIMIT 1
) AS last ON true
WHERE (last.children, last.grade, last.reasons, last.pooled, last.rules_version) IS DISTINCT FROM
      (u.children, u.grade, u.told -> 'reasons', string_to_array(u.pooled, ' ')::integer[], u.rules_version)
ON CONFLICT (desa_code, posyandu_code, month, known_on) DO UPDATE SET judged_at = EXCLUDED.judged_at,
    rules_version = EXCLUDED.rules_version, children = EXCLUDED.children, grade = EXCLUDED.grade,
    reasons = EXCLUDED.reasons, pooled = EXCLUDED.pooled
"""
_READ: Final = """
SELECT desa_code, posyandu_code, month, children, grade, reasons, pooled, rules_version FROM {judged} AS judged
WHERE children > 0 ORDER BY desa_code, posyandu_code, month
"""
NOBODY: Final = " ".join("0" for _ in COLUMNS)


async def write(
    connection: Connection, rows: Iterable[Judged], gone: Collection[PosyanduMonth], known_on: date, now: datetime
) -> None:
    """Remember what is judged now, by all that had come in until `known_on`; of `gone` that nobody is left."""
    values = [(*row.key, *spoken(row), row.rules_version) for row in rows]
    values += [(*key, 0, None, {"reasons": []}, NOBODY, "") for key in gone]
    if values:
        columns = (list(column) for column in zip(*sorted(values, key=lambda row: row[:3]), strict=True))
        await connection.execute(_WRITE, *columns, known_on, now)


async def read_as_of(connection: Connection, where: Where, first: date, last: date, day: date) -> list[Judged]:
    """What was known on `day` of an area; of counts only those that are pooled, by COLUMNS."""
    sql = _READ.format(judged=AS_OF.format(where=where.condition))
    rows = await connection.fetch(sql, where.first, where.second, first, last, day)
    return [_judged(row) for row in rows]


def _judged(row: Any) -> Judged:
    key = PosyanduMonth(row["desa_code"], row["posyandu_code"], row["month"])
    pooled = dict(zip(COLUMNS, row["pooled"], strict=True))
    return Judged(key, row["children"], row["grade"], row["reasons"], [], pooled, row["rules_version"])
