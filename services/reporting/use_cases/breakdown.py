"""Figures of an area by sex and age. Read in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.reporting.domain.areas import Entry
from services.reporting.domain.figures import figures
from services.reporting.domain.groups import BADUTA, BADUTA_BANDS, By, Group, group_of, groups_by
from services.reporting.domain.released_groups import released_groups
from services.reporting.domain.suppression import without
from services.reporting.store.group_sums import GROUPS, GroupSums, group_sums_of, sums_by_group
from services.reporting.store.releases import read_released
from services.reporting.store.sums import SUM_COLUMNS, where_of
from services.reporting.use_cases.area_figures import Question, find_area, heading, own_row
from services.reporting.use_cases.find_tally import find_tally
from services.reporting.use_cases.hidden_columns import EVERY_COUNT
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

Counts = dict[str, int]
ByGroup = dict[Group, Counts]


async def break_down(connection: Connection, asked: Question, by: By) -> dict[str, Any]:
    """A row of figures for each group of `by`, which add up to the area's own; `under_two` (0-23 months) beside them.

    `counted_at`: when the groups were counted; None = now, or released. Raises UnknownAreaError, TooLargeError.
    """
    tree, entry = await find_area(connection, asked.code, asked.period)
    total, counted_at = await own_row(connection, tree, entry, asked), None
    if asked.exact:
        found, counted_at = await _counted(connection, entry, asked)
        rows = _rows(_by_group(found, by))
    else:  # no group tells what the area does not
        rows = await _released(connection, entry, asked, by, set(total["suppressed"]))
    rows = [{**row, "pending": None} for row in rows]  # what waits has no group yet
    return {
        **await heading(connection, tree, entry, asked),
        "by": by,
        "counted_at": counted_at.isoformat() if counted_at is not None else None,
        "rows": [row for row in rows if row["age"] != BADUTA],
        "under_two": [row for row in rows if row["age"] == BADUTA],
        "total": total,
    }


async def _counted(connection: Connection, entry: Entry, asked: Question) -> tuple[list[GroupSums], datetime | None]:
    """Sums by group, and when they were counted if not now."""
    counted = await find_tally(connection, GROUPS, entry, asked)
    if counted is None:
        known_before = end_of_day(asked.as_of) if asked.as_of is not None else None
        return await sums_by_group(connection, where_of(entry), asked.period, known_before), None
    return group_sums_of(counted.tally), None if counted.is_fresh else counted.counted_at


async def _released(
    connection: Connection, entry: Entry, asked: Question, by: By, hidden_of_area: set[str]
) -> list[dict[str, Any]]:
    """Rows as they were released; of what was not, every group without its counts."""
    found = await read_released(connection, entry.code, [asked.period], asked.known_on, ["groups"])
    kept = [each.area.groups for each in found.get(asked.period, ())]
    if not kept or None in kept:
        return [without(row, EVERY_COUNT) for row in _rows(_by_group((), by))]
    groups, hidden = released_groups(kept, by, SUM_COLUMNS)
    return [without(row, hidden | hidden_of_area) for row in _rows(groups)]


def _by_group(found: Iterable[GroupSums], by: By) -> ByGroup:
    """Every group in its order, also those without children; then those of whom sex or age is unknown."""
    groups: ByGroup = {group: dict.fromkeys(SUM_COLUMNS, 0) for group in groups_by(by)}
    for sums in found:
        counts = groups.setdefault(group_of(sums.sex, sums.band, by), dict.fromkeys(SUM_COLUMNS, 0))
        for name, count in sums.counts.items():
            counts[name] += count
    return groups


def _added(parts: Iterable[Mapping[str, int]]) -> Counts:
    told = dict.fromkeys(SUM_COLUMNS, 0)
    for counts in parts:
        for name, count in counts.items():
            told[name] += count
    return told


def _rows(groups: Mapping[Group, Counts]) -> list[dict[str, Any]]:
    return [_row(group, counts) for group, counts in _with_young(groups)]


def _row(group: Group, counts: Counts) -> dict[str, Any]:
    return {"code": group.code, **group._asdict(), **group.names(), **figures(counts)}


def _with_young(groups: Mapping[Group, Counts]) -> list[tuple[Group, Counts]]:
    """Each group, and where there are ages those under two of each sex."""
    young: dict[Group, list[Counts]] = {}
    for group, counts in groups.items():
        if group.age in BADUTA_BANDS:
            young.setdefault(Group(group.sex, BADUTA), []).append(counts)
    return [*groups.items(), *((group, _added(parts)) for group, parts in young.items())]
