"""Monthly aggregates as the ministry exports them: children counted by class, an outlier bucket for each index.

Nothing of them is taken in: figures here follow from children. Their sums are checked, so that somebody who meant to
send children at least learns whether the table is sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

OUTLIER: Final = "outlier"
TOTAL: Final = "total"


@dataclass(frozen=True, slots=True)
class AggregateLine:
    """One area: its line in the file, counts by index (`WAZ`, `HAZ`, `WHZ`) and bucket, children measured if stated.

    A bucket is a class, `outlier`, or `total` of the index. `unreadable` = cells that hold no whole number; `places` =
    names of the area by field (`desa_name` …).
    """

    line: int
    counts: Mapping[str, Mapping[str, int]]
    measured: int | None = None
    unreadable: int = 0
    places: Mapping[str, str] = field(default_factory=dict)

    def sum_of(self, index: str) -> int:
        """Children of an index in all its classes and the outlier bucket."""
        return sum(count for bucket, count in self.counts[index].items() if bucket != TOTAL)

    def stated(self, index: str) -> int | None:
        """How many there should be: the total of the index, else the children measured."""
        return self.counts[index].get(TOTAL, self.measured)


@dataclass(frozen=True, slots=True)
class AggregateSums:
    """Sums of one index over all areas; `differing` = lines whose classes do not add up to their stated total.

    `checked` = lines that state one. `total_line_differs` = the file's own line of totals says something else.
    """

    index: str
    buckets: dict[str, int]
    checked: int = 0
    differing: list[int] = field(default_factory=list)
    total_line_differs: bool = False

    @property
    def children(self) -> int:
        """All of them, outliers among them."""
        return sum(self.buckets.values())


def add_up(lines: Sequence[AggregateLine], totals: AggregateLine | None) -> list[AggregateSums]:
    """The sums of every index that the file has; `totals` = its closing line of totals, if there is one."""
    indices = dict.fromkeys(index for line in lines for index in line.counts)
    return [_sums(index, lines, totals) for index in indices]


def _sums(index: str, lines: Sequence[AggregateLine], totals: AggregateLine | None) -> AggregateSums:
    buckets: dict[str, int] = {}
    for line in lines:
        for bucket, count in line.counts[index].items():
            if bucket != TOTAL:
                buckets[bucket] = buckets.get(bucket, 0) + count
    stated = [(line, total) for line in lines if (total := line.stated(index)) is not None]
    differing = [line.line for line, total in stated if line.sum_of(index) != total]
    differs = totals is not None and any(
        totals.counts[index].get(bucket, count) != count for bucket, count in buckets.items()
    )
    return AggregateSums(index, buckets, len(stated), differing, differs)
