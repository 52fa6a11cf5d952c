"""What indicators count child by child, as a release keeps it: numerators and denominators by a key of the count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.reporting.domain.figures import counts_of
from services.reporting.domain.hidden_indicators import Sibling, hidden_indicators
from services.reporting.domain.indicator_set import Count, IndicatorSet
from services.reporting.domain.indicator_values import Told, counted_over, parts_of
from services.reporting.domain.periods import Period
from services.reporting.domain.release import TOP, Batch

Pairs = npt.NDArray[np.int64]  # counts x (numerator, denominator)
Kept = Mapping[str, Sequence[int] | None]  # by key of a count (numerator, denominator); None = hidden
SINCE_JANUARY: Final = "year_to_date"
_KEY_BYTES = 6


@cache
def key_of(count: Count) -> str:
    """The same for as long as the same is counted of the same children, whatever an indicator is called.

    In which months it is looked at (`round_months`) does not matter: what is counted of a month is the same.
    """
    flags = (count.among, count.among_one_of, count.counted, count.without, count.known_by)
    of = (count.window, count.age_from, count.age_before, *(",".join(names) for names in flags))
    return hashlib.sha256("|".join(map(str, of)).encode()).hexdigest()[: 2 * _KEY_BYTES]


def released_counts(known: IndicatorSet, period: Period) -> tuple[Count, ...]:
    """What is counted child by child over the very months of `period`, or those since January up to its end.

    Of a quarter, semester or year that is what no rule takes from its months.
    """
    own = [
        one.count
        for one in known.on(period.last_day)
        if one.count.kind == "children" and parts_of(one.rule, one.count, period, period.last_month) == [period]
    ]
    return tuple(dict.fromkeys(known.with_known(own)))


def kept_by_family(
    batch: Batch,
    counts: Sequence[Count],
    counted: Mapping[str, Pairs],
    hidden_before: Mapping[str, frozenset[str]] = MappingProxyType({}),
    told_before: Mapping[str, Kept] = MappingProxyType({}),
) -> Iterator[dict[str, Any]]:
    """Family by family what is kept of each area: by key of `counts` numerator and denominator, None where hidden.

    What is counted since January is told of kabupaten and above only, and while no earlier month of the year hides a
    figure that it counts among: beside the months it would tell who was among them only once. `counted`: by area;
    `hidden_before`: by area, hidden counts of the earlier months of the year; `told_before`: by area and key what was
    told last in them, from which the step must not be small.
    """
    hidden: dict[str, frozenset[Count]] = {}
    windows = [[count for count in counts if count.window == window] for window in sorted({c.window for c in counts})]
    place = {count: number for number, count in enumerate(counts)}
    for parent, codes in batch.families():
        siblings = [_sibling(batch, code, official_target) for official_target, code in batch.siblings_of(parent)]
        above = hidden.get(parent, frozenset())
        gone: list[set[Count]] = [set() for _ in codes]
        for alike in windows:
            which = [place[count] for count in alike]
            told = [each._replace(counted=_pairs(counted[each.code][which])) for each in siblings]
            one_month = counted_over(batch.period, alike[0]) == batch.period
            if alike[0].window == SINCE_JANUARY:
                if parent not in {TOP, batch.provinsi}:
                    for of_area in gone:
                        of_area.update(alike)
                    continue
                told = [_hidden_also(each, hidden_before.get(each.code, frozenset())) for each in told]
                told = [each._replace(before=_before(told_before.get(each.code, {}), alike)) for each in told]
            hidden_above = {number for number, count in enumerate(alike) if count in above}
            numbers = hidden_indicators(told, alike, hidden_above, one_month=one_month)
            for of_area, own in zip(gone, numbers, strict=True):
                of_area.update(alike[number] for number in own)
        hidden |= {code: frozenset(of_area) for code, of_area in zip(codes, gone, strict=True)}
        yield {code: _kept(counts, counted[code], hidden[code]) for code in codes}


def _before(told: Kept, counts: Sequence[Count]) -> list[tuple[int, int] | None]:
    pairs = [told.get(key_of(count)) for count in counts]
    return [None if pair is None else (pair[0], pair[1]) for pair in pairs]


def told_last(kept: Sequence[Sequence[Kept]]) -> Kept:
    """By key what was told last of an area, of what its releases of each month keep, months in their order."""
    last: dict[str, Sequence[int] | None] = {}
    for of_month in kept:
        for key in {key for one in of_month for key in one}:
            pairs = [one.get(key) for one in of_month]
            shown = [pair for pair in pairs if pair is not None]
            if len(shown) == len(pairs):
                last[key] = [sum(pair[0] for pair in shown), sum(pair[1] for pair in shown)]
    return last


def _sibling(batch: Batch, code: str, official_target: int | None) -> Sibling:
    figures = counts_of(dict(zip(batch.columns, batch.sums[code].tolist(), strict=True)))
    return Sibling(code, official_target, figures, batch.hidden[code], ())


def _hidden_also(sibling: Sibling, before: frozenset[str]) -> Sibling:
    return sibling._replace(hidden_figures=frozenset(sibling.hidden_figures) | before)


def _pairs(pairs: Pairs) -> list[tuple[int, int]]:
    return [(top, bottom) for top, bottom in pairs.tolist()]


def _kept(counts: Sequence[Count], pairs: Pairs, hidden: frozenset[Count]) -> dict[str, list[int] | None]:
    return {
        key_of(count): None if count in hidden else pair for count, pair in zip(counts, pairs.tolist(), strict=True)
    }


def told_in(kept: Sequence[Mapping[str, Any]], count: Count, known_by: Count | None) -> Told:
    """What is told of a count in the releases of an area, together: hidden where one of them hides it.

    `known_by`: what of its family counts those of whom an answer is known; nothing is recorded where it counts nobody.
    """
    pair = _together(kept, count)
    if isinstance(pair, str):
        return Told(None, None, withheld=pair)
    of_known = pair if known_by is None else _together(kept, known_by)
    return Told(*pair, recorded=count.family is None or (not isinstance(of_known, str) and of_known[0] > 0))


def _together(kept: Sequence[Mapping[str, Any]], count: Count) -> tuple[int, int] | str:
    """Or why nothing is told."""
    key = key_of(count)
    if any(key not in one for one in kept):
        return "not_in_release"
    pairs = [one[key] for one in kept]
    if any(pair is None for pair in pairs):
        return "suppressed"
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
