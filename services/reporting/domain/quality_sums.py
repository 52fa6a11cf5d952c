"""What judged posyandu-months of a kecamatan add up to, so that a larger area need not look at each of them.

A posyandu counts once for a reason, however many months or desa of residence it stands in. So its code is kept, and of
those that belong to another kecamatan it is told which they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from services.reporting.domain.quality_counts import Counts, summed
from services.reporting.domain.quality_ruleset import GRADES

Codes = Mapping[str, Sequence[str]]  # code of the reason → posyandu
Reasons = Mapping[str, tuple[str, int, int]]  # code → worst grade, children, posyandu of the own kecamatan


class KecamatanSum(NamedTuple):
    """Of one kecamatan and period; `graded` = children by grade of their posyandu and month, A first.

    `few` = children in posyandu-months too small to judge; posyandu-months; those too small.
    """

    kecamatan_code: str
    graded: tuple[int, ...]
    few: tuple[int, ...]
    reasons: Reasons
    elsewhere: Codes
    own: Codes
    counts: Counts


class JudgedRow(NamedTuple):
    """What is added: a posyandu ('' = the unmapped children of `desa_code`) in a month."""

    desa_code: str
    posyandu_code: str
    children: int
    grade: int | None  # None = too few children to judge
    reasons: Sequence[Mapping[str, Any]]
    counts: Counts


def sum_of(kecamatan_code: str, rows: Sequence[JudgedRow]) -> KecamatanSum:
    """The sum of one month's rows."""
    graded = [0] * len(GRADES)
    found: dict[str, tuple[str, int]] = {}
    places: dict[str, set[str]] = {}
    for row in rows:
        if row.grade is not None:
            graded[row.grade] += row.children
        for reason in row.reasons:
            code = reason["code"]
            grade, children = found.get(code, (GRADES[0], 0))
            found[code] = max(grade, reason["grade"]), children + row.children
            places.setdefault(code, set()).add(row.posyandu_code or row.desa_code)
    small = [row for row in rows if row.grade is None]
    few = (sum(row.children for row in small), len(rows), len(small))
    return _sum(kecamatan_code, (graded, few), found, places, summed([row.counts for row in rows]))


def together(kecamatan_code: str, sums: Sequence[KecamatanSum]) -> KecamatanSum:
    """The sum of several months of one kecamatan."""
    graded = added([one.graded for one in sums])
    few = added([one.few for one in sums])
    found: dict[str, tuple[str, int]] = {}
    places: dict[str, set[str]] = {}
    for one in sums:
        for code, (worst, of_children, _) in one.reasons.items():
            grade, children = found.get(code, (GRADES[0], 0))
            found[code] = max(grade, worst), children + of_children
            places.setdefault(code, set()).update(one.own.get(code, ()), one.elsewhere.get(code, ()))
    return _sum(kecamatan_code, (graded, few), found, places, summed([one.counts for one in sums]))


def added(parts: Sequence[Sequence[int]]) -> list[int]:
    """Number by number of at least one part."""
    return [sum(some) for some in zip(*parts, strict=True)]


def _sum(
    kecamatan_code: str,
    children: tuple[Iterable[int], Iterable[int]],
    found: Mapping[str, tuple[str, int]],
    places: Mapping[str, set[str]],
    counts: Counts,
) -> KecamatanSum:
    own = {code: sorted(one for one in some if one.startswith(kecamatan_code)) for code, some in places.items()}
    strange = {code: sorted(some.difference(own[code])) for code, some in places.items()}
    reasons = {code: (*found[code], len(own[code])) for code in sorted(found)}
    elsewhere = {code: some for code, some in strange.items() if some}
    graded, few = children
    return KecamatanSum(kecamatan_code, tuple(graded), tuple(few), reasons, elsewhere, own, counts)


def reasons_of(sums: Sequence[KecamatanSum], owners: Mapping[str, Codes]) -> dict[str, tuple[str, int, int]]:
    """Code → worst grade, children, and posyandu that have the reason in any of `sums`, each once.

    Args:
        sums: of different kecamatan, one period.
        owners: kecamatan → its own posyandu with reasons, of those that `elsewhere` of any sum names.
    """
    found: dict[str, tuple[str, int, int]] = {}
    strange: dict[str, set[str]] = {}
    for one in sums:
        for code, (worst, of_children, number) in one.reasons.items():
            if code in found:
                grade, children, posyandu = found[code]
                found[code] = (max(worst, grade), children + of_children, posyandu + number)
            else:
                found[code] = worst, of_children, number
        for code, places in one.elsewhere.items():
            strange.setdefault(code, set()).update(places)
    inside = {one.kecamatan_code for one in sums}
    for code, places_of in strange.items():
        grade, children, posyandu = found[code]
        new = sum(not (place[:8] in inside and place in owners.get(place[:8], {}).get(code, ())) for place in places_of)
        found[code] = grade, children, posyandu + new
    return found


def merged(code: str, sums: Sequence[KecamatanSum], owners: Mapping[str, Codes]) -> KecamatanSum:
    """The sum of several kecamatan, of one period, as if `code` were one; it names no posyandu any more."""
    graded = added([[0] * len(GRADES), *(one.graded for one in sums)])
    few = added([[0, 0, 0], *(one.few for one in sums)])
    counts = summed([one.counts for one in sums])
    return KecamatanSum(code, tuple(graded), tuple(few), reasons_of(sums, owners), {}, {}, counts)
