"""What children still lack: tests their case requires, and whatever would settle what is unknown; who owes it, when."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.texts import Words
from services.scoring.store import lists
from shared.auth.areas import AreaGrant
from shared.calendar import born_after_for_under_five
from shared.postgres.pool import Connection

Position = tuple[str, UUID, str]  # desa, child, thing
STEP: Final = 400  # children asked at once
MOST_CHILDREN: Final = 2000  # looked at for one page
DESA_PARTS: Final = 4  # of a dotted code
FIRST_ID: Final = UUID(int=0)
AFTER_ALL: Final = "~"  # sorts after every code

# Who can settle it; every other thing is a test, hence the laboratory's.
OWNERS: Final[Mapping[str, str]] = {
    "measure_weight_and_length": "kader",
    "measure_length": "kader",
    "measure_weight": "kader",
    "check_oedema": "kader",
    "check_danger_signs": "puskesmas",
    "remeasure_length": "puskesmas",
    "reweigh": "puskesmas",
    "remeasure_weight_and_length": "puskesmas",
    "record_position": "puskesmas",
    "register_child": "puskesmas",
    "record_sex": "puskesmas",
    "record_elevation": "district",
    "record_draw_time": "laboratory",
    "record_assay": "laboratory",
    "record_reading_time": "laboratory",
}
# The follow-up of the rule set whose days apply; what is not here and no test has no due day.
DUE_AS: Final[Mapping[str, str]] = {
    "reweigh": "reweigh_flagged",
    "remeasure_length": "remeasure_flagged",
    "remeasure_weight_and_length": "remeasure_flagged",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order of desa, child and thing; `last` is where the next page goes on, None at the end."""

    rows: list[dict[str, Any]]
    last: Position | None


async def list_missing_tests(
    connection: Connection,
    rules: RuleSet,
    areas: AreaGrant,
    today: date,
    after: Position | None,
    limit: int,
    hidden: AbstractSet[str] = frozenset(),
) -> Page:
    """One page for children under five who are here, without `hidden` tests; `overdue`, `due_on` as of `today`.

    A page looks at so many children at most: where few lack anything it is short, and still says where to go on.
    """
    rows: list[dict[str, Any]] = []
    looked_at = 0
    last: Position | None = None
    async for children in _walk(connection, area_ranges(areas), after, born_after_for_under_five(today)):
        desa_of = {str(child_id): desa_code for desa_code, child_id in children}
        lacks = await lists.lacks_of(connection, [child_id for _, child_id in children])
        found = sorted(((_position(desa_of, row), row) for row in lacks), key=itemgetter(0))
        for position, row in found:
            if (after is not None and position <= after) or row["missing"] in hidden:
                continue
            if len(rows) == limit:
                return Page(rows, last)
            rows.append({**row, **_owed(row, rules, today)})
            last = position
        looked_at += len(children)
        if looked_at >= MOST_CHILDREN:
            desa_code, child_id = children[-1]
            return Page(rows, (desa_code, child_id, AFTER_ALL))
    return Page(rows, None)


async def total_missing_tests(
    connection: Connection, today: date, hidden: AbstractSet[str] = frozenset()
) -> list[dict[str, Any]]:
    """Which single test or measurement would settle how many verdicts, of how many children; the most first."""
    rows = await lists.lack_totals(connection, born_after_for_under_five(today))
    return [
        {**row, "owner_role": _owner(row["missing"]), **_words(row["missing"])}
        for row in rows
        if row["missing"] not in hidden
    ]


async def _walk(
    connection: Connection, ranges: Sequence[tuple[str, str]], after: Position | None, born_after: date
) -> AsyncIterator[list[tuple[str, UUID]]]:
    """The children of the areas in order, in steps; begins with the child of `after`, which may lack more."""
    for low, high in ranges:
        start = (low, FIRST_ID) if after is None else max((low, FIRST_ID), after[:2])
        while True:
            children = await lists.children_of(connection, (low, high), start, born_after, STEP + 1)
            if children[:STEP]:
                yield children[:STEP]
            if len(children) <= STEP:
                break
            start = children[STEP]


def area_ranges(areas: AreaGrant) -> list[tuple[str, str]]:
    """Half-open ranges of desa codes that hold everything the areas may show; each desa in one of them.

    A posyandu stands for its desa: which of the children are its own, row-level security decides.
    """
    ranges: list[tuple[str, str]] = []
    for code in sorted({".".join(code.split(".")[:DESA_PARTS]) for code in areas.codes}):
        if not ranges or code >= ranges[-1][1]:
            ranges.append((code, code + "/"))
    return ranges


def _position(desa_of: Mapping[str, str], row: Mapping[str, Any]) -> Position:
    return desa_of[row["child_id"]], UUID(row["child_id"]), row["missing"]


def _owed(row: Mapping[str, Any], rules: RuleSet, today: date) -> dict[str, Any]:
    missing = row["missing"]
    task = DUE_AS.get(missing) if missing in OWNERS else "laboratory_panel"
    due_on = None if task is None else row["since"] + timedelta(days=rules.follow_ups[task].due_days)
    return {
        "owner_role": _owner(missing),
        "due_on": due_on,
        "overdue": due_on is not None and due_on < today,
        **_words(missing),
    }


def _owner(missing: str) -> str:
    return OWNERS.get(missing, "laboratory")


def _words(missing: str) -> dict[str, str]:
    return {f"text_{language}": Words(language).begin(missing, "settle_with", "test") for language in ("id", "en")}
