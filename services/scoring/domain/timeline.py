"""Rows of many roots in the order of their history, and looking back along it without loops.

Of several rows on one day the last in order counts: re-measurement before API before file, then the latest recorded,
then the smallest id.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.scoring.domain.fold_columns import Bools, ChildColumns, Dates, Floats, Int64s, MeasurementColumns, Roots
from shared.growth.codes import Sex

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Judged rows, sorted by root, day and rank of the day.

    `row` are input rows. `root_start` and `day` are by row (first row of its root, number of its root-day);
    `day_start` and `day_end` by root-day.
    """

    row: Rows
    root: Int64s
    on: Dates
    root_start: Rows
    day: Rows
    day_start: Rows
    day_end: Rows

    def latest(self, has: Bools) -> Rows:
        """For each row the latest row of its root, itself included, where `has` is true; -1 = none so far."""
        places = np.where(has, np.arange(self.row.size), -1)
        np.maximum.accumulate(places, out=places)
        return np.where(places >= self.root_start, places, -1)

    def latest_before_day(self, has: Bools) -> Rows:
        """For each row the latest row of an earlier day of its root where `has` is true; -1 = none."""
        before = self.day_start[self.day] - 1
        found = self.latest(has)[before]
        return np.where(before >= self.root_start, found, -1)

    def last_of_day(self, has: Bools) -> Bools:
        """The last row of each day among those where `has` is true."""
        rows = np.flatnonzero(has)
        marked = np.zeros(has.size, np.bool_)
        day = self.day[rows]
        marked[rows[np.r_[day[1:] != day[:-1], np.ones(min(1, rows.size), np.bool_)]]] = True
        return marked


def timeline(children: ChildColumns, measurements: MeasurementColumns, until: np.datetime64 | None) -> Timeline:
    """Sort what is neither voided nor later than `until`."""
    judged = ~measurements.voided
    if until is not None:
        judged &= measurements.measured_on <= until
    row = np.flatnonzero(judged)
    root, on = children.root[measurements.child[row]], measurements.measured_on[row]
    smallest_id_last = ~measurements.fact_id[row]
    order = np.lexsort(
        (
            smallest_id_last[:, 1],
            smallest_id_last[:, 0],
            measurements.recorded_at[row],
            measurements.channel[row],
            measurements.is_remeasurement[row],
            on,
            root,
        )
    )
    row, root, on = row[order], root[order], on[order]
    size = row.size
    new_root = np.r_[np.ones(min(1, size), np.bool_), root[1:] != root[:-1]]
    new_day = new_root.copy()
    new_day[1:] |= on[1:] != on[:-1]
    day_start = np.flatnonzero(new_day)
    root_start = np.flatnonzero(new_root)[np.cumsum(new_root) - 1] if size else np.zeros(0, np.intp)
    return Timeline(
        row=row,
        root=root,
        on=on,
        root_start=root_start,
        day=np.cumsum(new_day) - 1,
        day_start=day_start,
        day_end=np.r_[day_start[1:], np.full(min(1, size), size)] - 1,
    )


def resolve_roots(children: ChildColumns) -> Roots:
    """What each root's children say together: the survivor first, then by smallest id."""
    count = int(children.root.max()) + 1 if children.root.size else 0
    # Assigned from the least to the most entitled, so that the best one that says something stays.
    order = np.lexsort((~children.child_id[:, 1], ~children.child_id[:, 0], children.is_root))

    def said_by(known: Bools) -> Int64s:
        speaker = np.full(count, -1, np.int64)
        rows = order[known[order]]
        speaker[children.root[rows]] = rows
        return speaker

    def value(speaker: Int64s, column: Floats) -> Floats:
        return np.where(speaker >= 0, column[speaker], np.nan) if column.size else np.zeros(0)

    sex_from = said_by(children.sex != Sex.MISSING)
    birth_from = said_by(~np.isnat(children.birth_date))
    weight_from = said_by(~np.isnan(children.birth_weight_kg))
    weeks_from = said_by(~np.isnan(children.gestation_weeks))
    return Roots(
        child=said_by(np.ones(children.root.size, np.bool_)),
        sex=np.where(sex_from >= 0, children.sex[sex_from], Sex.MISSING).astype(np.int8),
        birth_date=np.where(birth_from >= 0, children.birth_date[birth_from], np.datetime64("NaT", "D")),
        birth_weight_kg=value(weight_from, children.birth_weight_kg),
        gestation_weeks=value(weeks_from, children.gestation_weeks),
        birth_weight_from=weight_from,
        gestation_from=weeks_from,
    )
