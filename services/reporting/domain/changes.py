"""Which months of which desa the changes of cells reach: what the feed tells of them, and tallies count anew.

Quarters, semesters and years have no entries of their own: one has changed when a month in it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, NamedTuple

from services.reporting.domain.cells import TARGET_CHANGE
from services.reporting.domain.facts import ChildRevision, Slot
from services.reporting.domain.fold import newest
from services.reporting.domain.periods import MONTH
from services.reporting.domain.tallies import area_above
from services.reporting.domain.targets import Span
from shared.calendar import add_months, month_of, turns_sixty_months_on

Sums = dict[str, dict[date, list[int]]]  # by desa and first month


class ChangedMonths(NamedTuple):
    """Figures of a desa changed in each month from `first` to `last`."""

    desa_code: str
    first: date
    last: date


def changed_months(cells: Iterable[tuple[tuple[Any, ...], list[int]]]) -> list[ChangedMonths]:
    """What changes of `cells` (key: desa, posyandu, months, first month) reach, by desa and month.

    What changes in a long period follows from its months, but not always from those of the same desa: a later visit
    elsewhere takes a child away from the place where it counted in the quarter, and no month changes there. Then the
    first month of the period is told.

    A changed number of targets lasts until it is taken back, any other count stands in its own month. What moves from
    one posyandu of a desa to another changes no figure of the desa.
    """
    by_length: dict[int, Sums] = {MONTH: {}}
    for (desa_code, _, length, month), counts in cells:
        months = by_length.setdefault(length, {}).setdefault(desa_code, {})
        known = months.get(month)
        months[month] = counts if known is None else [one + more for one, more in zip(known, counts, strict=True)]
    told = {desa_code: _ranges(desa_code, months) for desa_code, months in by_length.pop(MONTH).items()}
    for length in sorted(by_length):  # a quarter's month is its year's, too
        for desa_code, periods in by_length[length].items():
            ranges = told.setdefault(desa_code, [])
            for first in sorted(period for period, counts in periods.items() if _counts_change(counts)):
                last = add_months(first, length - 1)
                if not any(known.first <= last and first <= known.last for known in ranges):
                    ranges.append(ChangedMonths(desa_code, first, first))
    return [found for desa_code in sorted(told) for found in sorted(told[desa_code])]


def _counts_change(counts: Sequence[int]) -> bool:
    """Whether anything but the number of targets does: that changes together with the months of the desa."""
    return any(count for column, count in enumerate(counts) if column != TARGET_CHANGE)


def changed_targets(was: Iterable[Span], now: Iterable[Span]) -> Iterator[ChangedMonths]:
    """Months in which a child was a target, or another one, under `was` and is not under `now`, or the other way."""
    before = {span.from_month: span for span in was}
    for span in now:
        other = before.pop(span.from_month, None)
        if other is None:
            yield _whole(span)
        elif other._replace(to_month=span.to_month) == span:
            ends = sorted((other.to_month, span.to_month))
            if ends[0] != ends[1]:
                yield ChangedMonths(span.place.desa_code, ends[0], add_months(ends[1], -1))
        else:
            yield _whole(other)
            yield _whole(span)
    yield from map(_whole, before.values())


def homes_apart(children: Iterable[ChildRevision]) -> frozenset[str]:
    """Every desa where children who belong together ever had a home, if these are in several kecamatan; else none.

    What a month of a child counts for in one of them may change what is told of it in the others.
    """
    desa = {place.desa_code for child in children for _, place in child.residences}
    return frozenset(desa) if len({area_above(code) for code in desa}) > 1 else frozenset()


def changed_facts(children: Iterable[ChildRevision], new: AbstractSet[Slot]) -> Iterator[ChangedMonths]:
    """Months of which `new` revisions of children tell otherwise whether they were born, had left or moved by then.

    What is known of no day or of no end lasts; a day that became another one tells otherwise only between the two.
    """
    revisions = list(children)
    known = newest(child for child in revisions if child.slot not in new)
    for child_id, now in newest(revisions).items():
        was = known.get(child_id)
        if was is None or was.slot == now.slot:
            continue
        days = [(of.birth_date, turns_sixty_months_on(of.birth_date), of.died_on, of.departed_on) for of in (was, now)]
        ranges = [_until_told(*pair) for pair in zip(*days, strict=True) if pair[0] != pair[1]]
        moved = [day for day, _ in set(was.residences) ^ set(now.residences)]
        if moved:
            ranges.append(_until_told(min(moved), None))
        for desa in sorted({place.desa_code for of in (was, now) for _, place in of.residences}):
            for first, last in ranges:
                yield ChangedMonths(desa, first, last)


def _until_told(one: date | None, other: date | None) -> tuple[date, date]:
    """Months whose end, or the end of the one before, is told apart by one of two days."""
    days = [day for day in (one, other) if day is not None]
    last = max(days) if len(days) > 1 else turns_sixty_months_on(days[0])
    return month_of(min(days)), add_months(month_of(last), 1)


def _whole(span: Span) -> ChangedMonths:
    return ChangedMonths(span.place.desa_code, span.from_month, add_months(span.to_month, -1))


def _ranges(desa_code: str, by_month: dict[date, list[int]]) -> list[ChangedMonths]:
    ranges: list[ChangedMonths] = []
    targets = 0
    months = sorted(by_month)
    for month, following in zip(months, [*months[1:], None], strict=True):
        counts = by_month[month]
        targets += counts[TARGET_CHANGE]
        if not targets and not _counts_change(counts):
            continue
        last = add_months(following, -1) if targets and following is not None else month
        if ranges and add_months(ranges[-1].last, 1) == month:
            ranges[-1] = ranges[-1]._replace(last=last)
        else:
            ranges.append(ChangedMonths(desa_code, month, last))
    return ranges
