"""What children still lack: tests their case requires, and whatever would settle what is unknown; who owes it, when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.texts import Words
from services.scoring.store import lists
from shared.calendar import UNDER_FIVE_MONTHS
from shared.postgres.pool import Connection

# Who can settle it; every other thing is a test, hence the laboratory's.
OWNERS: Final[Mapping[str, str]] = {
    "measure_weight_and_length": "kader",
    "measure_length": "kader",
    "measure_weight": "kader",
    "check_oedema": "kader",
    "remeasure_length": "puskesmas",
    "reweigh": "puskesmas",
    "remeasure_weight_and_length": "puskesmas",
    "record_position": "puskesmas",
    "register_child": "puskesmas",
    "record_sex": "puskesmas",
    "record_elevation": "district",
    "record_draw_time": "laboratory",
}
# The follow-up of the rule set whose days apply; what is not here and no test has no due day.
DUE_AS: Final[Mapping[str, str]] = {
    "reweigh": "reweigh_flagged",
    "remeasure_length": "remeasure_flagged",
    "remeasure_weight_and_length": "remeasure_flagged",
}


async def list_missing_tests(
    connection: Connection, rules: RuleSet, today: date, after: tuple[Any, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """Rows of children under five who are here, by child and thing; `overdue` and `due_on` as of `today`."""
    rows = await lists.missing_tests(connection, _born_after(today), after, limit)
    return [{**row, **_owed(row, rules, today)} for row in rows]


def _owed(row: Mapping[str, Any], rules: RuleSet, today: date) -> dict[str, Any]:
    missing = row["missing"]
    task = DUE_AS.get(missing) if missing in OWNERS else "laboratory_panel"
    due_on = None if task is None else row["since"] + timedelta(days=rules.follow_ups[task].due_days)
    return {
        "owner_role": OWNERS.get(missing, "laboratory"),
        "due_on": due_on,
        "overdue": due_on is not None and due_on < today,
        "text_id": Words("id").begin(missing, "settle_with", "test"),
        "text_en": Words("en").begin(missing, "settle_with", "test"),
    }


def _born_after(today: date) -> date:
    """Children born later are under five today (29 February counts as the 28th: a day too many harms nobody)."""
    years = UNDER_FIVE_MONTHS // 12
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return today.replace(year=today.year - years, day=28)
