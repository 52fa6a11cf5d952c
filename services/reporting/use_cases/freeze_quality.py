"""What a report says of the quality of its area and of all below: as it was judged until the report's day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final

from services.reporting.domain.periods import Period
from services.reporting.domain.quality_ruleset import load
from services.reporting.store.posyandu_quality import Judged
from services.reporting.store.quality_history import read_as_of
from services.reporting.store.quality_marks import PosyanduMonth
from services.reporting.store.sums import Where
from services.reporting.use_cases.judged_area import of_judged, told
from shared.postgres.pool import Connection

RowKey = tuple[str, str]  # kind and code, as in the report's rows
_WORDS: Final = frozenset({"text_id", "text_en", "next_id", "next_en", "source", "status"})  # in the definitions, once


async def freeze_quality(
    connection: Connection,
    where: Where,
    period: Period,
    as_of: date,
    rows_of: Callable[[PosyanduMonth], Iterable[RowKey]],
) -> dict[str, Any]:
    """`{rules_versions, rows}`: of each row with anything judged how many, and the reasons with their numbers."""
    rules = load()
    judged = await read_as_of(connection, where, period.first, period.last_month, as_of)
    by_row: dict[RowKey, list[Judged]] = {}
    for one in judged:
        for key in rows_of(one.key):
            by_row.setdefault(key, []).append(one)
    rows = []
    for (kind, code), some in sorted(by_row.items()):
        row = told(of_judged(some, rules, each=kind == "posyandu"), rules)
        row["reasons"] = [
            {name: value for name, value in reason.items() if name not in _WORDS} for reason in row["reasons"]
        ]
        rows.append({"kind": kind, "code": code, **row})
    return {"rules_versions": sorted({one.rules_version for one in judged}), "rows": rows}
