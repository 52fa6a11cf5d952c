"""The independent recount of the sums of quality (quality_recount.sql)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from services.reporting.domain.periods import Period
from services.reporting.store.quality_sums import are_kept
from shared.postgres.pool import Connection

RECOUNT: Final = Path(__file__).with_name("quality_recount.sql").read_text(encoding="utf-8")


async def compare_quality_sums(connection: Connection) -> list[dict[str, Any]]:
    """Sums that are not those of their posyandu-months: `area_code`, `period` and what differs.

    Nothing while an upgrade has not summed everything: until then no sum is told.
    """
    if not await are_kept(connection):
        return []
    found: dict[tuple[str, Period], dict[str, Any]] = {}
    for row in await connection.fetch(RECOUNT):
        of_sum = found.setdefault((row["kecamatan_code"], Period(row["first"], row["months"])), {})
        of_sum[row["name"]] = {"expected": row["expected"], "stored": row["stored"]}
    return [{"area_code": code, "period": str(period), "differs": differs} for (code, period), differs in found.items()]
