"""From the ministry's figure of stunted children to ours, bar by bar: what each cause adds to stunted and to measured.

Both sides count by one rule: a HAZ of a child under 60 completed months that is not implausible (beyond ±6) is
measured, below -2 it is stunted. So the bars of a desa lead from their count to ours exactly, and those of an area are
the sums of its desa. Theirs are rows; ours are visits, and the last bar takes the earlier visits of one child away:
the latest with a score speaks, as in the figures of an area. Where that one is implausible nobody is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.measurement.domain import reconciliation_causes as causes
from services.measurement.domain.aggregates import OUTLIER, TOTAL, AggregateLine
from services.measurement.domain.problem_kinds import Words
from shared.calendar import UNDER_FIVE_MONTHS, completed_months

STUNTED_BELOW: Final = -2.0
IMPLAUSIBLE_BEYOND: Final = 6.0
UNKNOWN_DESA: Final = ""  # a row whose desa the register does not know

NOT_EXPLAINED: Final = "not_explained_by_rows"
OTHER_MONTH: Final = "other_month"
OUTLIERS: Final = "outlier"
SCORE_MISSING: Final = "score_missing"
REPEATED: Final = "repeated_visit"
OWN_BARS: Final = {
    NOT_EXPLAINED: Words(
        "info", "angka mereka tidak berasal dari baris yang ada; sebabnya tidak diketahui", "Minta berkas per anak",
        "their figure does not follow from rows that we have: why cannot be known", "Ask for the file by child"),
    OTHER_MONTH: Words(
        "info", "baris berkas itu dari bulan lain", "Pakai berkas bulan yang sama",
        "rows of the file are of another month", "Use a file of the same month"),
    OUTLIERS: Words(
        "warning", "skor tak wajar (outlier) di salah satu sisi saja", "Ukur ulang anaknya",
        "an implausible score on one side only", "Measure the child again"),
    SCORE_MISSING: Words(
        "warning", "hanya satu sisi yang mempunyai skor TB/U", "Lengkapi panjang atau tinggi di sisi yang kosong",
        "only one side has a height-for-age score", "Add the length or height where it is missing"),
    REPEATED: Words(
        "info", "anak yang diukur lebih dari sekali dalam sebulan dihitung sekali, menurut skor terakhirnya",
        "Tidak perlu tindakan", "a child measured more than once in the month counts once, by its last score",
        "Nothing to do"),
}  # fmt: skip
# In the order in which they are told; `same` never moves anything.
BARS: Final = (
    NOT_EXPLAINED, causes.DUPLICATE, OTHER_MONTH, causes.NOT_COMPARED, causes.MISSING_HERE, causes.MISSING_THERE,
    causes.AGE, causes.POSITION, causes.LOST_POSITION, causes.ROUNDING, causes.SEX, causes.MONTH_TABLE,
    causes.SHIFTED_COLUMN, causes.EDITED, OUTLIERS, SCORE_MISSING, REPEATED,
)  # fmt: skip
WORDS: Final = {bar: OWN_BARS.get(bar) or causes.CAUSES[bar] for bar in BARS}


class Tally(NamedTuple):
    """Children stunted, of children measured."""

    stunted: int = 0
    measured: int = 0

    def plus(self, other: Tally, sign: int = 1) -> Tally:
        """The sum, or with `sign` -1 the difference."""
        return Tally(self.stunted + sign * other.stunted, self.measured + sign * other.measured)


NOBODY: Final = Tally()


class Scored(NamedTuple):
    """One side of a row: the score of height for age with the dates it is of."""

    haz: float | None
    birth_date: date | None
    measured_on: date | None

    @property
    def is_outlier(self) -> bool:
        """Implausible: measured by nobody's count."""
        return self.haz is not None and abs(self.haz) > IMPLAUSIBLE_BEYOND

    def tally(self) -> Tally:
        """What it counts for."""
        if self.haz is None or self.is_outlier or self.birth_date is None or self.measured_on is None:
            return NOBODY
        if not 0 <= completed_months(self.birth_date, self.measured_on) < UNDER_FIVE_MONTHS:
            return NOBODY
        return Tally(int(self.haz < STUNTED_BELOW), 1)


class ComparedRow(NamedTuple):
    """A row of either side with its cause; `theirs` or `ours` is None where only the other side has it."""

    cause: str
    reasons: Sequence[str]
    desa_code: str
    child_id: UUID | None
    theirs: Scored | None
    ours: Scored | None


class Waterfall(NamedTuple):
    """Their count, what leads from it to ours by bar, and ours: `theirs` + all bars = `ours`."""

    theirs: Tally
    bars: Mapping[str, Tally]
    ours: Tally

    def as_json(self) -> dict[str, Any]:
        """For storing: [stunted, measured] of each."""
        return {
            "theirs": list(self.theirs),
            "bars": {bar: list(tally) for bar, tally in self.bars.items()},
            "ours": list(self.ours),
        }


def of_json(stored: Mapping[str, Any]) -> Waterfall:
    """What `as_json` made."""
    bars = {bar: Tally(*pair) for bar, pair in stored["bars"].items()}
    return Waterfall(Tally(*stored["theirs"]), bars, Tally(*stored["ours"]))


def waterfalls(rows: Iterable[ComparedRow]) -> dict[str, Waterfall]:
    """One for each desa with a row of either side."""
    by_desa: dict[str, list[ComparedRow]] = {}
    for row in rows:
        by_desa.setdefault(row.desa_code, []).append(row)
    return {desa: _waterfall(own) for desa, own in sorted(by_desa.items())}


def _waterfall(rows: Sequence[ComparedRow]) -> Waterfall:
    bars = dict.fromkeys(BARS, NOBODY)
    theirs = ours = NOBODY
    visits: dict[UUID | None, list[tuple[date, Tally]]] = {}
    for row in rows:
        before = row.theirs.tally() if row.theirs is not None else NOBODY
        after = row.ours.tally() if row.ours is not None else NOBODY
        theirs, ours = theirs.plus(before), ours.plus(after)
        moved = after.plus(before, -1)
        if moved != NOBODY:
            bar = bar_of(row)
            bars[bar] = bars[bar].plus(moved)
        if row.ours is not None and row.ours.haz is not None and row.ours.measured_on is not None:
            visits.setdefault(row.child_id, []).append((row.ours.measured_on, after))
    for own in visits.values():
        for _, tally in sorted(own)[
            :-1
        ]:  # the latest visit with a score speaks for the month, also where it is implausible
            ours = ours.plus(tally, -1)
            bars[REPEATED] = bars[REPEATED].plus(tally, -1)
    return Waterfall(theirs, bars, ours)


def bar_of(row: ComparedRow) -> str:
    """The bar that a row moves, if it moves anything."""
    if row.theirs is not None and row.ours is not None:
        if row.theirs.is_outlier != row.ours.is_outlier:
            return OUTLIERS
        if (row.theirs.haz is None) != (row.ours.haz is None) or row.cause == causes.SAME:
            return SCORE_MISSING
    if row.cause == causes.NOT_COMPARED and OTHER_MONTH in row.reasons:
        return OTHER_MONTH
    return row.cause


def together(parts: Iterable[Waterfall]) -> Waterfall:
    """Of some desa as one."""
    theirs = ours = NOBODY
    bars = dict.fromkeys(BARS, NOBODY)
    for part in parts:
        theirs, ours = theirs.plus(part.theirs), ours.plus(part.ours)
        for bar, tally in part.bars.items():
            bars[bar] = bars[bar].plus(tally)
    return Waterfall(theirs, bars, ours)


def by_group(parts: Mapping[str, Waterfall], group_of: Callable[[str], str]) -> dict[str, Waterfall]:
    """Desa taken together by what `group_of` says of their code, in order of the groups."""
    groups: dict[str, list[Waterfall]] = {}
    for desa, part in parts.items():
        groups.setdefault(group_of(desa), []).append(part)
    return {group: together(own) for group, own in sorted(groups.items())}


def from_published(published: Tally, rows: Waterfall) -> Waterfall:
    """From a figure that somebody published: what the rows do not account for is one bar, the first."""
    rest = rows.theirs.plus(published, -1)
    bars = dict(rows.bars)
    bars[NOT_EXPLAINED] = bars.get(NOT_EXPLAINED, NOBODY).plus(rest)
    return Waterfall(published, bars, rows.ours)


def published_of(line: AggregateLine) -> Tally:
    """Stunted and measured of a line of monthly aggregates: classes of height for age without the outliers."""
    counts = {bucket: count for bucket, count in line.counts.get("HAZ", {}).items() if bucket not in {OUTLIER, TOTAL}}
    return Tally(counts.get("sangat_pendek", 0) + counts.get("pendek", 0), sum(counts.values()))
