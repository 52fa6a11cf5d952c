"""A work list of an area as a file holds it: who lives there now, without identity."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from services.reporting.store.children import list_children
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import Question, find_area
from shared.calendar import born_after_for_under_five, completed_months, end_of_day
from shared.postgres.pool import Connection

AT_ONCE: Final = 2_000


async def collect_children(connection: Connection, asked: Question, today: date) -> dict[str, Any]:
    """All children under five of the area on `today`, by desa, posyandu and id. Raises UnknownAreaError.

    Only who lives there now: children who have moved away are on the list of their new home.
    """
    _, entry = await find_area(connection, asked.code, asked.period)
    found: list[dict[str, Any]] = []
    after: UUID | None = None
    while True:
        page = await list_children(
            connection,
            where_of(entry),
            tier=None,
            born_after=born_after_for_under_five(today),
            period=None,
            known_before=end_of_day(asked.as_of) if asked.as_of is not None else None,
            after=after,
            limit=AT_ONCE,
        )
        for row in page:
            birth_date: date = row.pop("birth_date")
            found.append({**row, "child_id": str(row["child_id"]), "age_months": completed_months(birth_date, today)})
        if len(page) < AT_ONCE:
            break
        after = page[-1]["child_id"]
    found.sort(key=lambda row: (row["desa_code"], row["posyandu_code"], row["child_id"]))
    return {
        "area": entry.code,
        "name": entry.name,
        "known_on": today.isoformat(),
        "children": [{**row, "posyandu_code": row["posyandu_code"] or None} for row in found],
    }
