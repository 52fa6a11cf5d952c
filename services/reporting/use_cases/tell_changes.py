"""The present figures of areas and months that have changed, as one caller may see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from services.reporting.domain.areas import Entry
from services.reporting.domain.periods import Period
from services.reporting.store.feed import FeedEntry
from services.reporting.store.register import tree_on
from services.reporting.use_cases.area_figures import Question, UnknownAreaError, compare, own_row
from shared.postgres.pool import Connection

Rows = dict[str, dict[str, Any]]  # by code


async def tell_changes(
    connection: Connection, entries: Sequence[FeedEntry], covers: Callable[[str], bool], *, exact: bool, today: date
) -> list[dict[str, Any]]:
    """One dict an entry, in order: `area`, `name`, `level`, `period`, `changed_at`, and `figures` as of the summary.

    Areas of one parent and month are read together where the caller may see the parent (`covers`).
    """
    beside: dict[Question, Rows] = {}
    told = []
    for entry in entries:
        period = Period(entry.month)
        row = None
        parent = entry.area_code.rpartition(".")[0]
        if parent and covers(parent):
            asked = Question(parent, period, exact=exact, today=today)
            if asked not in beside:
                beside[asked] = await _rows(connection, asked)
            row = beside[asked].get(entry.area_code)
        row = row or await _alone(connection, Question(entry.area_code, period, exact=exact, today=today))
        figures = {name: value for name, value in row.items() if name not in {"code", "name", "level"}}
        about = {"area": entry.area_code, "name": row["name"], "level": row["level"], "period": str(period)}
        told.append({**about, "changed_at": entry.changed_at.isoformat(), "figures": figures})
    return told


async def _rows(connection: Connection, asked: Question) -> Rows:
    try:
        return {row["code"]: row for row in (await compare(connection, asked))["rows"]}
    except UnknownAreaError:
        return {}


async def _alone(connection: Connection, asked: Question) -> dict[str, Any]:
    """Also of an area that the register does not know: its children count all the same."""
    tree = await tree_on(connection, asked.period.last_day, asked.code)
    entry = tree.find(asked.code) or Entry("area", asked.code, asked.code, None, None, (), None)
    return await own_row(connection, tree, entry, asked)
