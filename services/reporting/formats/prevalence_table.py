"""The 135 columns of anthro's prevalence table: one line per group, shares in percent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from services.reporting.domain.survey_prevalence import CUT_OFFS, INDICES, Group
from services.reporting.formats.printed import printed

# anthro's names of the indices: of their denominators, and of their rates.
DENOMINATOR: Final = {"haz": "HAZ", "waz": "WAZ", "baz": "BMIZ", "whz": "WHZ"}
RATE: Final = {"haz": "HA", "waz": "WA", "baz": "BMI", "whz": "WH"}
PARTS: Final = ("r", "se", "ll", "ul")
BOTH: Final = ("HA_2_WH_2", "HA_2_WH2")  # stunted and wasted; stunted and overweight


def columns() -> list[str]:
    """The names of the columns."""
    names = ["Group"]
    for index in INDICES:
        rate = RATE[index]
        names += [f"{DENOMINATOR[index]}_pop", f"{DENOMINATOR[index]}_unwpop"]
        names += [f"{rate}_{-cut}_{part}" if cut < 0 else f"{rate}{cut}_{part}" for cut in CUT_OFFS for part in PARTS]
        names += [*(f"{rate}_{part}" for part in PARTS), f"{rate}_stdev"]
    return [*names, "HA_2_WH_2_pop", "HA_2_WH_2_unwpop", *(f"{name}_{part}" for name in BOTH for part in PARTS)]


def line(group: Group) -> Iterator[str]:
    """The cells of a group in the order of `columns`; empty where nobody has a value."""
    yield _quoted(group.name)
    low, high = group.share_limits
    shares = 100.0 * np.column_stack((group.shares.mean, group.shares.se, low, high))
    means = np.column_stack((group.means.mean, group.means.se, *group.mean_limits, group.means.sd))
    for number in range(len(INDICES)):
        first = number * len(CUT_OFFS)
        yield from _denominator(group, first)
        yield from _cells(shares[first : first + len(CUT_OFFS)])
        yield from _cells(means[number])
    last = len(INDICES) * len(CUT_OFFS)
    yield from _denominator(group, last)
    yield from _cells(shares[last:])


def header() -> Iterator[str]:
    """The names of the columns as R writes them."""
    return map(_quoted, columns())


def _denominator(group: Group, column: int) -> tuple[str, str]:
    return printed(float(group.shares.population[column])), str(group.shares.unweighted[column])


def _cells(numbers: npt.NDArray[np.float64]) -> Iterator[str]:
    return map(printed, numbers.ravel().tolist())


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
