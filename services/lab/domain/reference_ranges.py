"""A laboratory's reference ranges: bands of age and sex, and where a value lies in its own.

What a laboratory prints beside a value; shown, and never what a verdict rests on: the rules of scoring decide those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from services.lab.domain.catalogue_rows import Analyte
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.units import Unit, exact, rounded, written

Sex = Literal["male", "female"]
Position = Literal["low", "normal", "high", "indeterminate"]


@dataclass(frozen=True, slots=True)
class Band:
    """From `low` to `high` (both inside, None = open), for completed months of age in [from_months, to_months)."""

    from_months: int
    to_months: int
    sex: Sex | None  # None = both
    low: Decimal | None
    high: Decimal | None


def band_problems(bands: Sequence[Band]) -> Iterator[ResultProblem]:
    """Each band makes sense; those of a sex follow one another without a hole and without overlap."""
    for place, band in enumerate(bands):
        if band.from_months >= band.to_months:
            yield ResultProblem("band_empty", f"bands[{place}].to_months", band.to_months)
        if band.low is None and band.high is None:
            yield ResultProblem("band_open", f"bands[{place}].low")
        elif band.low is not None and band.high is not None and band.low >= band.high:
            yield ResultProblem("band_reversed", f"bands[{place}].high", float(band.high))
    sexes = {band.sex for band in bands}
    if sexes not in ({None}, {"male", "female"}):
        yield ResultProblem("band_sexes", "bands")
    for sex in sorted(sexes, key=str):
        own = sorted((band.from_months, band.to_months, place) for place, band in enumerate(bands) if band.sex == sex)
        for (_, end, _), (start, _, place) in pairwise(own):
            if start != end:
                code = "band_hole" if start > end else "band_overlap"
                facts = {"end": str(end), "start": str(start)}
                yield ResultProblem(code, f"bands[{place}].from_months", start, facts)


def in_canonical_unit(
    bands: Sequence[Band], analyte: Analyte, unit: Unit
) -> tuple[tuple[Band, ...], list[ResultProblem]]:
    """The bands converted once and rounded as results are; and which limits are impossible in `unit`."""
    problems, converted = [], []
    low, high = analyte.plausible
    for place, band in enumerate(bands):
        limits = []
        for name, limit in (("low", band.low), ("high", band.high)):
            number = None if limit is None else exact(float(limit)) * unit.factor
            if number and not low <= number <= high:  # none and zero are no number to doubt
                bounds = {"low": written(float(low / unit.factor)), "high": written(float(high / unit.factor))}
                problems.append(
                    ResultProblem(
                        "limit_implausible", f"bands[{place}].{name}", float(limit or 0), bounds | {"unit": unit.name}
                    )
                )
            limits.append(None if number is None else rounded(number, analyte.decimals))
        converted.append(Band(band.from_months, band.to_months, band.sex, *limits))
    return tuple(converted), problems


def band_of(bands: Sequence[Band], sex: str | None, months: int) -> Band | None:
    """The band of a child of completed `months` at the draw; None where there is none, or where its sex decides."""
    return next(
        (band for band in bands if band.from_months <= months < band.to_months and band.sex in {None, sex}), None
    )


def position(value: float, comparator: str | None, band: Band) -> Position:
    """Where the value lies; a bound only where all that it leaves open lies there, else indeterminate.

    A limit itself is inside: 5.0 is normal up to 5.0.
    """
    at = Decimal(repr(value))
    below = comparator in {"<", "<="}
    above = comparator in {">", ">="}
    possible = set[Position]()
    if band.low is not None and (at < band.low or (below and band.low > 0)):  # nothing is below zero
        possible.add("low")
    if band.high is not None and (above or at > band.high):
        possible.add("high")
    not_all_low = band.low is None or above or at > band.low or (at == band.low and comparator != "<")
    not_all_high = band.high is None or below or at < band.high or (at == band.high and comparator != ">")
    if not_all_low and not_all_high:
        possible.add("normal")
    return possible.pop() if len(possible) == 1 else "indeterminate"
