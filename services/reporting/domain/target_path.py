"""Which share of stunted children is reachable by a month, from the children of today and the rates of the past.

Children are counted by age in months and by band of HAZ. Each month they move between bands at rates by age (from the
area's own history, drawn to those of a wider area), everybody grows a month older, who turns 60 months leaves, and
children are born. Counts and not children are moved, so the work does not grow with the district. docs/target-path.md
has the assumptions and what this cannot know.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.reporting.domain.why_changed import share_change

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

BAND_EDGES: Final = (-3.0, -2.0, -1.0)  # bands: below -3, -3 to -2 (both stunted), -2 to -1, -1 and above
BANDS: Final = len(BAND_EDGES) + 1
STUNTED_BANDS: Final = 2
AGE_FROM: Final = (0, 6, 12, 24, 36)  # months: the age groups of rates
AGES: Final = 60
LONGEST_GAP: Final = 6  # months between two scores that still tell a rate
PRIOR_MONTHS: Final = 120.0  # child-months that the wider area's rate weighs in that of the area [P]
FEWEST_MONTHS: Final = 200.0  # child-months of history under which nothing is foretold [P]
SIMULATIONS: Final = 200
SEED: Final = 20_250_101  # fixed: the same facts give the same path
LARGEST_FACTOR: Final = 64.0
_STEPS_OF_A_MONTH: Final = 16  # of the product that stands for the exponential of a rate matrix
_GROUP_OF_AGE: Final = np.searchsorted(np.array(AGE_FROM), np.arange(AGES), side="right") - 1


class History(NamedTuple):
    """Moves between two scores of a child: `moves[group, band, band]` children, `months[group, band]` child-months.

    `first[band]`: children by the band of a score in their first three months.
    """

    moves: Floats
    months: Floats
    first: Floats


class Rates(NamedTuple):
    """Moves a child-month, `moves[group, from, to]`, with the child-months behind each; shares of newborn by band."""

    moves: Floats
    months: Floats
    newborn: Floats


class Start(NamedTuple):
    """Children of today: `known[age, band]` with a score, `unknown[age]` without; births a month."""

    known: Counts
    unknown: Counts
    births: float


class Path(NamedTuple):
    """Shares by month, the first is today's: expected, and the bounds that 95 % of the simulations stay in."""

    expected: Floats
    low: Floats
    high: Floats
    reached: float | None  # share of simulations at or under the target at the end


class Flow(NamedTuple):
    """What a cause adds to stunted children, to children, and to the share, over the whole path."""

    name: str
    numerator: float
    denominator: float
    share: float


def empty_history() -> History:
    """Nothing seen yet."""
    groups = len(AGE_FROM)
    return History(np.zeros((groups, BANDS, BANDS)), np.zeros((groups, BANDS)), np.zeros(BANDS))


def history_of(rows: Counts) -> History:
    """From rows of (age group, band before, band after, months between, children); a move happens half-way."""
    history = empty_history()
    group, before, after, gap, children = rows.T if rows.size else np.zeros((5, 0), np.int64)
    moved = before != after
    np.add.at(history.moves, (group[moved], before[moved], after[moved]), children[moved])
    np.add.at(history.months, (group, before), np.where(moved, gap / 2, gap) * children)
    np.add.at(history.months, (group[moved], after[moved]), (gap / 2 * children)[moved])
    return history


def rates_of(own: History, wider: History) -> Rates:
    """The area's rates, drawn to those of the wider area by PRIOR_MONTHS child-months; those to all ages' alike.

    Occurrences by exposure: moves a child-month. It needs no equal gaps between scores, as a posyandu never has them.
    """
    every = _rate(wider.moves.sum(axis=0), wider.months.sum(axis=0))
    groups = _drawn(wider, np.broadcast_to(every, wider.moves.shape))
    newborn = own.first + PRIOR_MONTHS / 10 * _shares(wider.first)
    return Rates(_drawn(own, groups), own.months + PRIOR_MONTHS, _shares(newborn))


def _drawn(history: History, towards: Floats) -> Floats:
    return (history.moves + PRIOR_MONTHS * towards) / (history.months + PRIOR_MONTHS)[..., None]


def _rate(moves: Floats, months: Floats) -> Floats:
    return np.divide(moves, months[..., None], out=np.zeros_like(moves), where=months[..., None] > 0)


def _shares(counts: Floats) -> Floats:
    total = counts.sum()
    return counts / total if total else np.full(counts.shape, 1 / counts.size)


def monthly(moves: Floats) -> Floats:
    """Rates `[..., from, to]` as the probabilities of one month."""
    rates = np.array(moves, np.float64)
    diagonal = np.arange(BANDS)
    rates[..., diagonal, diagonal] = 0
    rates[..., diagonal, diagonal] = -rates.sum(axis=-1)
    step = np.eye(BANDS) + rates / _STEPS_OF_A_MONTH
    for _ in range(_STEPS_OF_A_MONTH.bit_length() - 1):
        step = step @ step
    chances: Floats = np.clip(step, 0, 1)
    return chances


def everybody(start: Start) -> Floats:
    """Children by age and band, those without a score shared out like the known ones of their age group."""
    told = start.known.astype(np.float64)
    of_group = np.zeros((len(AGE_FROM), BANDS))
    np.add.at(of_group, _GROUP_OF_AGE, told)
    all_ages = _shares(told.sum(axis=0))
    shares = np.array([_shares(row) if row.sum() else all_ages for row in of_group])
    everyone: Floats = told + start.unknown[:, None] * shares[_GROUP_OF_AGE]
    return everyone


def share_stunted(children: Floats) -> Floats:
    """Of children `[..., age, band]`; NaN where there is nobody."""
    total = children.sum(axis=(-1, -2))
    stunted = children[..., :STUNTED_BANDS].sum(axis=(-1, -2))
    shares: Floats = np.divide(stunted, total, out=np.full(np.shape(total), np.nan), where=total > 0)
    return shares


def expected_path(start: Start, rates: Rates, months: int) -> tuple[Floats, list[Flow]]:
    """Expected shares by month, and what each cause does to the share over the path; causes add up to its change."""
    children = everybody(start)
    chances = monthly(rates.moves)[_GROUP_OF_AGE]
    shares = [share_stunted(children)]
    first = _fraction(children)
    sums = {name: [0.0, 0.0] for name in ("recovered", "newly_stunted", "aged_out", "born")}
    for _ in range(months):
        moved = children[:, :, None] * chances
        sums["recovered"][0] -= moved[:, :STUNTED_BANDS, STUNTED_BANDS:].sum()
        sums["newly_stunted"][0] += moved[:, STUNTED_BANDS:, :STUNTED_BANDS].sum()
        moved = moved.sum(axis=1)
        left, arrived = moved[-1], start.births * rates.newborn
        for name, sign, who in (("aged_out", -1, left), ("born", 1, arrived)):
            sums[name][0] += sign * who[:STUNTED_BANDS].sum()
            sums[name][1] += sign * who.sum()
        children = np.concatenate((arrived[None], moved[:-1]))
        shares.append(share_stunted(children))
    last = _fraction(children)
    flows = [
        Flow(name, float(above), float(below), float(share_change(first, last, above, below) or 0))
        for name, (above, below) in sums.items()
    ]
    return np.array(shares), flows


def _fraction(children: Floats) -> tuple[float, float]:
    return float(children[:, :STUNTED_BANDS].sum()), float(children.sum())


def simulate(
    start: Start, rates: Rates, months: int, target: float | None = None, simulations: int = SIMULATIONS
) -> Path:
    """The path with its band: rates are drawn from what the history leaves open, children move by chance."""
    dice = np.random.default_rng(SEED)
    drawn = dice.gamma(rates.moves * rates.months[..., None] + 1e-9, size=(simulations, *rates.moves.shape))
    chances = monthly(drawn / rates.months[..., None])[:, _GROUP_OF_AGE]
    chances /= chances.sum(axis=-1, keepdims=True)
    children = np.broadcast_to(start.known, (simulations, AGES, BANDS)).astype(np.int64)
    likely = everybody(start)
    of_age = np.divide(likely, likely.sum(axis=1, keepdims=True), out=np.full_like(likely, 1 / BANDS), where=likely > 0)
    of_age /= of_age.sum(axis=1, keepdims=True)
    children = children + dice.multinomial(np.broadcast_to(start.unknown, (simulations, AGES)), of_age)
    shares = np.empty((months + 1, simulations))
    shares[0] = share_stunted(children.astype(np.float64))
    for month in range(1, months + 1):
        moved = dice.multinomial(children, chances).sum(axis=2)
        children = np.empty_like(moved)
        children[:, 1:] = moved[:, :-1]
        children[:, 0] = dice.multinomial(dice.poisson(start.births, simulations), rates.newborn)
        shares[month] = share_stunted(children.astype(np.float64))
    low, high = np.nanpercentile(shares, (2.5, 97.5), axis=1)
    reached = None if target is None else float(np.mean(shares[-1] <= target))
    return Path(expected_path(start, rates, months)[0], low, high, reached)


def needed_factor(start: Start, rates: Rates, months: int, target: float, *, recovery: bool) -> float | None:
    """By what recovery (or incidence) would have to be multiplied for the expected share to meet `target` at the end.

    The other rate stays. None where no factor does it (incidence not even by 0, recovery not by LARGEST_FACTOR).
    """
    rows, columns = slice(0, STUNTED_BANDS), slice(STUNTED_BANDS, BANDS)
    if not recovery:
        rows, columns = columns, rows

    def end(factor: float) -> float:
        moves = rates.moves.copy()
        moves[:, rows, columns] *= factor
        return float(expected_path(start, rates._replace(moves=moves), months)[0][-1])

    low, high = (1.0, LARGEST_FACTOR) if (end(1.0) > target) == recovery else (0.0, 1.0)
    if (end(low) - target) * (end(high) - target) > 0:
        return None
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if (end(middle) > target) == recovery else (low, middle)
    return (low + high) / 2


def is_enough(history: History) -> bool:
    """Whether there is history to take rates from."""
    return bool(history.months.sum() >= FEWEST_MONTHS)


def rates_by_age(rates: Rates) -> list[dict[str, float | int]]:
    """Recovery and incidence a month by age group, each over the bands it can start from, weighted by exposure."""
    told: list[dict[str, float | int]] = []
    for group, first in enumerate(AGE_FROM):
        moves, months = rates.moves[group], rates.months[group]
        sides = {
            "recovery": (slice(0, STUNTED_BANDS), slice(STUNTED_BANDS, BANDS)),
            "incidence": (slice(STUNTED_BANDS, BANDS), slice(0, STUNTED_BANDS)),
        }
        row: dict[str, float | int] = {"from_months": first, "child_months": float(months.sum())}
        for name, (rows, columns) in sides.items():
            row[name] = float((moves[rows, columns].sum(axis=1) * months[rows]).sum() / months[rows].sum())
        told.append(row)
    return told
