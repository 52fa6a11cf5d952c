"""How often intervals hold the truth, simulated, as a page.

`python -m services.reporting.formats.coverage_page > docs/coverage.md` writes it; a long test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.reporting.domain.figures import Interval, wilson
from services.reporting.domain.survey import design_of, estimate, share_interval
from services.reporting.domain.uncertainty import exact, shrink

Floats = npt.NDArray[np.float64]

CHILDREN: Final = (5, 15, 40, 120)
RATES: Final = (0.02, 0.10, 0.25)
SPREADS: Final = {30: "Desa that differ", 300: "Desa that hardly differ"}
DESA, KECAMATAN = 12, 170
CLUSTERS, SURVEYS, AT_ONCE = 30, 2000, 250
SEED: Final = 20261129
HELD: Final = (0.93, 0.97)
REASONS: Final = {
    "exact": "it holds at least what it says at any rate, so more on average: the price of the guarantee",
    "shrunk": "few children do not tell how far desa lie apart, so limits allow for more than there is; at 2 % with "
    "desa that differ most true rates lie next to 0, below what any limit reaches",
    "wilson": "of few children there are few possible shares: at 2 % and 10 % of five mostly 0, whose limits hold the "
    "truth or do not, all at once",
    "survey": "150 children at 2 % are nobody in one survey of twenty, with limits 0 to 0 as in the WHO's software; "
    "and thirty clusters of skewed rates are few for Student's t",
}
INTRODUCTION: Final = f"""\
# How often intervals hold the truth

Made by `python -m services.reporting.formats.coverage_page`; not edited by hand. Each cell: {KECAMATAN * DESA:,}
simulated desa in kecamatan of {DESA} (`survey`: {SURVEYS:,} surveys of {CLUSTERS} clusters of so many children).
The truth of each desa is drawn around the rate from a beta distribution of the stated size, then its children. Shown:
how many of the 95 % intervals hold the truth, in percent, and their mean width in percent points. A star: not 93 to 97.
"""


class Cell(NamedTuple):
    """Of how many simulated truths the intervals held which share, and how wide they were on average."""

    estimator: str
    spread: int
    rate: float
    children: int
    held: float
    width: float

    @property
    def is_inside(self) -> bool:
        """Whether it held between 93 and 97 %."""
        return HELD[0] <= round(self.held, 3) <= HELD[1]


def cells() -> list[Cell]:
    """All simulated cells, the same at every run."""
    found = []
    for spread in SPREADS:
        for rate in RATES:
            for children in CHILDREN:
                rng = np.random.default_rng((SEED, spread, round(rate * 100), children))
                found += _of_desa(rng, spread, rate, children)
                if spread == min(SPREADS):
                    found.append(_of_surveys(rng, spread, rate, children))
    return found


def _of_desa(rng: np.random.Generator, spread: int, rate: float, children: int) -> list[Cell]:
    truth = rng.beta(rate * spread, (1.0 - rate) * spread, (KECAMATAN, DESA))
    hits = rng.binomial(children, truth)
    total = np.full(DESA, children)
    told = [shrunk for row in hits if (shrunk := shrink(row, total)) is not None]
    limits = {
        "wilson": _by_count(wilson, hits, children),
        "exact": _by_count(exact, hits, children),
        "shrunk": (np.array([each.low for each in told]), np.array([each.high for each in told])),
    }
    return [
        Cell(name, spread, rate, children, float(np.mean((low <= truth) & (truth <= high))), float(np.mean(high - low)))
        for name, (low, high) in limits.items()
    ]


def _by_count(
    interval: Callable[[int, int], Interval | None], hits: npt.NDArray[np.int64], children: int
) -> tuple[Floats, Floats]:
    table = np.array([interval(count, children) for count in range(children + 1)])
    return table[hits, 0], table[hits, 1]


def _of_surveys(rng: np.random.Generator, spread: int, rate: float, children: int) -> Cell:
    """Surveys of thirty clusters with so many children each."""
    cluster = np.repeat(np.arange(CLUSTERS), children)
    design, order = design_of(np.ones(cluster.size), None, cluster)
    held, width = [], []
    for _ in range(SURVEYS // AT_ONCE):
        hits = rng.binomial(children, rng.beta(rate * spread, (1.0 - rate) * spread, (CLUSTERS, AT_ONCE)))
        values = (np.arange(children)[None, :, None] < hits[:, None, :]).reshape(-1, AT_ONCE).astype(np.float64)
        found = estimate(design, np.arange(cluster.size), values[order], sd_counts_missing=True)
        low, high = share_interval(found.mean, found.se, design.degrees)
        held.append(np.mean((low <= rate) & (rate <= high)))
        width.append(np.mean(high - low))
    return Cell("survey", spread, rate, children, float(np.mean(held)), float(np.mean(width)))


def page(found: list[Cell]) -> str:
    """The page in Markdown."""
    lines = [INTRODUCTION]
    for spread, title in SPREADS.items():
        names = [name for name in ("wilson", "exact", "shrunk", "survey") if _some(found, spread, name)]
        lines += [f"## {title} (beta distribution of size {spread})", ""]
        lines += [f"| rate | children | {' | '.join(names)} |", f"| --- | --- | {' | '.join('---' for _ in names)} |"]
        for rate in RATES:
            for children in CHILDREN:
                row = [_told(cell) for name in names for cell in _some(found, spread, name)
                       if (cell.rate, cell.children) == (rate, children)]  # fmt: skip
                lines.append(f"| {rate:.0%} | {children} | {' | '.join(row)} |")
        lines.append("")
    lines += ["## Why some are outside", ""]
    outside = {cell.estimator for cell in found if not cell.is_inside}
    lines += [f"- `{name}`: {reason}." for name, reason in REASONS.items() if name in outside]
    return "\n".join(lines) + "\n"


def _some(found: list[Cell], spread: int, name: str) -> list[Cell]:
    return [cell for cell in found if (cell.spread, cell.estimator) == (spread, name)]


def _told(cell: Cell) -> str:
    return f"{100 * cell.held:.1f}{'' if cell.is_inside else ' *'} ({100 * cell.width:.0f})"


if __name__ == "__main__":
    sys.stdout.write(page(cells()))
