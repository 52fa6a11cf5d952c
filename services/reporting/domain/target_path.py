"""Which share of stunted children is reachable by a month, from the children of today and the rates of the past.

Children are counted by age in months and by band of HAZ. Each month they move between bands at rates by age (from the
area's own history, drawn to those of a wider area), everybody grows a month older, who turns 60 months leaves, and
children are born. Counts and not children are moved, so the work does not grow with the district. docs/target-path.md
has the assumptions and what this cannot know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from services.reporting.domain.change_terms import share_change
from services.reporting.domain.growth_rates import (
    AGE_FROM,
    AGES,
    BANDS,
    GROUP_OF_AGE,
    STUNTED_BANDS,
    Counts,
    Floats,
    Rates,
    monthly,
    shares_of,
)

SIMULATIONS: Final = 200
SEED: Final = 20_250_101  # fixed: the same facts give the same path
LARGEST_FACTOR: Final = 64.0
_FACTORS_AT_ONCE: Final = 33
_NARROWED: Final = 3  # times: to a thirty-second each, then by a straight line


class Start(NamedTuple):
    """Children of today: `known[age, band]` with a score, `unknown[age]` without; births a month."""

    known: Counts
    unknown: Counts
    births: float


class Path(NamedTuple):
    """Bounds by month, the first is today's, that the shares of 95 % of the simulations stay in."""

    low: Floats
    high: Floats
    reached: float | None  # share of simulations at or under the target at the end


class Flow(NamedTuple):
    """What a cause adds to stunted children, to children, and to the share, over the whole path."""

    name: str
    numerator: float
    denominator: float
    share: float


def everybody(start: Start) -> Floats:
    """Children by age and band, those without a score shared out like the known ones of their age group."""
    told = start.known.astype(np.float64)
    of_group = np.zeros((len(AGE_FROM), BANDS))
    np.add.at(of_group, GROUP_OF_AGE, told)
    all_ages = shares_of(told.sum(axis=0))
    shares = np.array([shares_of(row) if row.sum() else all_ages for row in of_group])
    everyone: Floats = told + start.unknown[:, None] * shares[GROUP_OF_AGE]
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
    chances = monthly(rates.moves)[GROUP_OF_AGE]
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
    """The path with its band: rates are drawn from what the history leaves open, children move by chance.

    Given the rates, children move independently of each other: of those of today, the stunted of a month are a sum of
    independent yes or no (its mean by the drawn rates, its variance by the expected ones); of those born since, stunted
    and others are two Poisson counts. So months are drawn as they are, and no child is moved one by one.
    """
    dice = np.random.default_rng(SEED)
    drawn = dice.gamma(rates.moves * rates.months[..., None] + 1e-9, size=(simulations, *rates.moves.shape))
    chances = monthly(drawn / rates.months[..., None])
    luck = dice.standard_normal(simulations)  # one for all months: who was lucky early mostly still is
    variances = _variances(start, rates, months)
    shares = np.empty((months + 1, simulations))
    for month, children in enumerate(_onward(everybody(start), chances, start.births * rates.newborn, months)):
        born = children[..., :month].sum(axis=-1)  # [band, simulation]
        of_today = children[..., month:].sum(axis=-1)
        people = of_today.sum(axis=0)
        stunted = of_today[:STUNTED_BANDS].sum(axis=0) + luck * np.sqrt(variances[month])
        born_stunted = dice.poisson(born[:STUNTED_BANDS].sum(axis=0))
        everyone = people + born_stunted + dice.poisson(born[STUNTED_BANDS:].sum(axis=0))
        above = np.clip(stunted, 0, people) + born_stunted
        shares[month] = np.divide(above, everyone, out=np.full(simulations, np.nan), where=everyone > 0)
    percentile = np.nanpercentile if np.isnan(shares).any() else np.percentile  # row by row in Python, if some are none
    low, high = percentile(shares, (2.5, 97.5), axis=1)
    reached = None if target is None else float(np.mean(shares[-1] <= target))
    return Path(low, high, reached)


def _onward(children: Floats, chances: Floats, born: Floats, months: int) -> Iterator[Floats]:
    """Expected children [band, variant, age], of today and of each month: `chances[variant, group, from, to]`."""
    of_age = np.ascontiguousarray(np.moveaxis(chances[:, GROUP_OF_AGE], (2, 3), (0, 1)))  # [from, to, variant, age]
    now = np.repeat(children.T[:, None, :], len(chances), axis=1)
    yield now
    moved, part = np.empty_like(now), np.empty_like(now)
    for _ in range(months):
        np.multiply(now[0], of_age[0], out=moved)
        for band in range(1, BANDS):
            np.multiply(now[band], of_age[band], out=part)
            moved += part
        now = np.empty_like(moved)
        now[..., 1:] = moved[..., :-1]
        now[..., 0] = born[:, None]
        yield now


def _variances(start: Start, rates: Rates, months: int) -> Floats:
    """Of the number of stunted among the children of today, of today and of each month, by chance alone."""
    likely = everybody(start)
    of_age = np.divide(likely, likely.sum(axis=1, keepdims=True), out=np.zeros_like(likely), where=likely > 0)
    chances = monthly(rates.moves)[GROUP_OF_AGE]
    becomes = np.broadcast_to(np.eye(BANDS), (AGES, BANDS, BANDS))  # [age today, band today, band then]
    variances = np.zeros(months + 1)
    for month in range(min(months + 1, AGES)):
        of_today = slice(0, AGES - month)
        stunted = becomes[of_today, :, :STUNTED_BANDS].sum(axis=-1)
        unknown = (of_age[of_today] * stunted).sum(axis=-1)
        variances[month] = (start.known[of_today] * stunted * (1 - stunted)).sum()
        variances[month] += (start.unknown[of_today] * unknown * (1 - unknown)).sum()
        becomes = becomes[of_today] @ chances[month:]
    return np.maximum(variances, 0)


def needed_factor(start: Start, rates: Rates, months: int, target: float, *, recovery: bool) -> float | None:
    """By what recovery (or incidence) would have to be multiplied for the expected share to meet `target` at the end.

    The other rate stays. None where no factor does it (incidence not even by 0, recovery not by LARGEST_FACTOR).
    """
    rows, columns = slice(0, STUNTED_BANDS), slice(STUNTED_BANDS, BANDS)
    if not recovery:
        rows, columns = columns, rows
    today = everybody(start)

    def above_target(factors: Floats) -> Floats:
        moves = np.repeat(rates.moves[None], len(factors), axis=0)
        moves[:, :, rows, columns] *= factors[:, None, None, None]
        *_, end = _onward(today, monthly(moves), start.births * rates.newborn, months)
        return share_stunted(np.moveaxis(end, 0, -1)) - target

    (now,) = above_target(np.ones(1))
    low, high = (1.0, LARGEST_FACTOR) if (now > 0) == recovery else (0.0, 1.0)
    for _ in range(_NARROWED):
        factors = np.linspace(low, high, _FACTORS_AT_ONCE)
        over = above_target(factors)
        if not over[0] * over[-1] <= 0:
            return None
        at = int(np.argmax((over[1:] > 0) != (over[0] > 0)))
        low, high = float(factors[at]), float(factors[at + 1])
    before, after = over[at : at + 2]
    return low + (high - low) * float(before / (before - after)) if before != after else low
