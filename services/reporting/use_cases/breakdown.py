"""Figures of an area by sex and age. Read in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from services.reporting.domain.areas import Entry, Tree
from services.reporting.domain.figures import counts_of, figures
from services.reporting.domain.groups import BADUTA, BADUTA_BANDS, By, Group, group_of, groups_by
from services.reporting.domain.periods import MONTH
from services.reporting.domain.suppression import hidden_columns, without
from services.reporting.store.group_sums import GROUPS, GroupSums, group_sums_of, sums_by_group
from services.reporting.store.register import tree_on
from services.reporting.store.sums import SUM_COLUMNS, where_of
from services.reporting.use_cases.area_figures import Question, find_area, heading, own_row
from services.reporting.use_cases.find_tally import find_tally
from services.reporting.use_cases.hidden_columns import EVERY_COUNT, seeing_siblings, untold
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

Counts = dict[str, int]
ByGroup = dict[Group, Counts]
KABUPATEN_PARTS: Final = 2


async def break_down(connection: Connection, asked: Question, by: By) -> dict[str, Any]:
    """A row of figures for each group of `by`, which add up to the area's own; `under_two` (0-23 months) beside them.

    `counted_at`: when the groups were counted; None = now. Raises UnknownAreaError, TooLargeError.
    """
    tree, entry = await find_area(connection, asked.code, asked.period)
    about = heading(tree, entry, asked)
    desk = _Desk(connection)
    if asked.exact:
        rows = _rows(_by_group(await desk.sums(entry, asked), by))
    elif asked.period.months > MONTH and entry.code.count(".") >= KABUPATEN_PARTS:
        # Beside the groups of its months, which are told, a quarter of few children would tell them one by one.
        rows = [without(row, EVERY_COUNT) for row in _rows(_by_group((), by))]
    else:
        async with seeing_siblings(connection, entry.code):
            rows = await _rows_among_siblings(desk, tree, entry, asked, by)
    total = await own_row(connection, tree, entry, asked)
    if not asked.exact:  # groups add up to the area, and may be hidden less far than it
        rows = [without(row, {*row["suppressed"], *total["suppressed"]}) for row in rows]
    rows = [{**row, "pending": None} for row in rows]  # what waits has no group yet
    return {
        **about,
        "by": by,
        "counted_at": desk.counted_at.isoformat() if desk.counted_at is not None else None,
        "rows": [row for row in rows if row["age"] != BADUTA],
        "under_two": [row for row in rows if row["age"] == BADUTA],
        "total": total,
    }


class _Desk:
    """One page's reads; `counted_at`: of the oldest tally among them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.counted_at: datetime | None = None

    async def sums(self, entry: Entry, asked: Question, split_by: Tree | None = None) -> list[GroupSums]:
        """By desa, or by areas directly below."""
        counted = await find_tally(self.connection, GROUPS, entry, asked, split_by)
        if counted is None:
            known_before = end_of_day(asked.as_of) if asked.as_of is not None else None
            return await sums_by_group(self.connection, where_of(entry), asked.period, known_before)
        if not counted.is_fresh:
            self.counted_at = min(filter(None, (self.counted_at, counted.counted_at)))
        return group_sums_of(counted.tally)


async def _rows_among_siblings(desk: _Desk, tree: Tree, entry: Entry, asked: Question, by: By) -> list[dict[str, Any]]:
    """Rows without what may not be seen of this table of siblings and groups. No sum of kabupaten is told by group."""
    connection = desk.connection
    sums = {entry.code: await desk.sums(entry, asked)} if entry.code.count(".") < KABUPATEN_PARTS else {}
    above, hidden_above = tree, set(untold(asked.period, asked.known_on))
    if entry.parent_code:
        above = await tree_on(connection, asked.period.last_day, entry.parent_code)
        parent = above.find(entry.parent_code)
        if parent is not None:
            asked_above = asked.about(parent.code)
            hidden_above.update((await own_row(connection, above, parent, asked_above)).get("suppressed", ()))
            if not sums:
                # Parts that are all large would tell a group of the area above that is hidden there.
                rows_above = await _rows_among_siblings(desk, above, parent, asked_above, by)
                hidden_above.update(*(row["suppressed"] for row in rows_above))
                sums = {child.code: [] for child in above.children(parent.code, "area")}
                for found in await desk.sums(parent, asked.about(parent.code), above):
                    sums.setdefault(above.child_area_of(parent.code, found.desa_code), []).append(found)
    groups = {code: _by_group(found, by) for code, found in sums.items()}
    # A group of nobody anywhere tells nothing, and its zeros would hide what others have.
    every = list(
        dict.fromkeys(g for of_area in groups.values() for g, counts in of_area.items() if any(counts.values()))
    )
    empty = dict.fromkeys(SUM_COLUMNS, 0)
    parts = [_with_young({group: of_area.get(group, empty) for group in every}) for of_area in groups.values()]
    areas = [
        {"code": code, "official_target": above.official_target(code), **counts_of(_added(of_area.values()))}
        for code, of_area in groups.items()
    ]
    hidden = hidden_columns(areas, [[counts_of(counts) for _, counts in part] for part in parts], hidden_above)
    own = list(groups).index(entry.code)
    return [without(_row(group, counts), hidden[own]) for group, counts in parts[own]]


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
