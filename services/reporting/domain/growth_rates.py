"""How children move between bands of HAZ: rates by age, from the moves of the past of an area and of a wider one."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
AGE_CLASSES: Final = (3, *AGE_FROM[1:])  # months: age groups, the youngest under three months apart
BITS_A_MONTH: Final = 5  # of a past: 0, or 1 + band + BANDS x age class
HISTORY_MONTHS: Final = 12  # a year, so that every season is in it once
SCORE_MONTHS: Final = 6  # how old the last score of a child may be to speak for it today
GROUP_OF_AGE: Final = np.searchsorted(np.array(AGE_FROM), np.arange(AGES), side="right") - 1
_STEPS_OF_A_MONTH: Final = 16  # of the product that stands for the exponential of a rate matrix


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


def histories_of(pasts: Counts) -> tuple[History, History]:
    """The history of the area and that of all, from rows of (past, here, children).

    A `past` holds a year of a child, BITS_A_MONTH a month; `here` has a bit a month, set where the score is of the
    area. A move, and a first score, is of the area where the later of its scores is.
    """
    moves, first = moves_by_part(np.column_stack((np.zeros(len(pasts), np.int64), pasts)), 1)
    return history_from(moves[0], first[0]), history_from(moves.sum(0), first.sum(0))


def moves_by_part(pasts: Counts, parts: int) -> tuple[Counts, Counts]:
    """`moves[part, group, band, band, months between]` and `first[part, band]` of areas by number.

    From rows of (part, past, here, children), `here` set where the score is of the part; the last of `parts` + 1 counts
    what is of no part. A child with scores in several parts has a row for each: what is of none is then there again.
    """
    part, past, here, children = pasts.T if pasts.size else np.zeros((4, 0), np.int64)
    moves = np.zeros((parts + 1, len(AGE_FROM), BANDS, BANDS, LONGEST_GAP + 1), np.int64)
    first = np.zeros((parts + 1, BANDS), np.int64)
    last, last_at = np.zeros_like(past), np.full_like(past, -LONGEST_GAP - 1)
    begun = np.zeros(past.shape, bool)
    for at in range(HISTORY_MONTHS):
        score = (past >> BITS_A_MONTH * at & (1 << BITS_A_MONTH) - 1) - 1  # -1: none
        scored, gap = score >= 0, at - last_at
        of_part = np.where(here >> at & 1, part, parts)
        again = np.flatnonzero(scored & (gap <= LONGEST_GAP))
        groups = np.maximum(last[again] // BANDS - 1, 0)
        moved = (of_part[again], groups, last[again] % BANDS, score[again] % BANDS, gap[again])
        np.add.at(moves, moved, children[again])
        young = np.flatnonzero(scored & (score < BANDS) & ~begun)
        np.add.at(first, (of_part[young], score[young]), children[young])
        begun[young] = True
        last, last_at = np.where(scored, score, last), np.where(scored, at, last_at)
    return moves, first


def history_from(moves: Counts, first: Counts) -> History:
    """From moves by months between, and first scores."""
    where = np.nonzero(moves)
    history = history_of(np.column_stack((*where, moves[where])))
    return history._replace(first=first.astype(np.float64))


def rates_of(own: History, wider: History) -> Rates:
    """The area's rates, drawn to those of the wider area by PRIOR_MONTHS child-months; those to all ages' alike.

    Occurrences by exposure: moves a child-month. It needs no equal gaps between scores, as a posyandu never has them.
    """
    every = _rate(wider.moves.sum(axis=0), wider.months.sum(axis=0))
    groups = _drawn(wider, np.broadcast_to(every, wider.moves.shape))
    newborn = own.first + PRIOR_MONTHS / 10 * shares_of(wider.first)
    return Rates(_drawn(own, groups), own.months + PRIOR_MONTHS, shares_of(newborn))


def _drawn(history: History, towards: Floats) -> Floats:
    return (history.moves + PRIOR_MONTHS * towards) / (history.months + PRIOR_MONTHS)[..., None]


def _rate(moves: Floats, months: Floats) -> Floats:
    return np.divide(moves, months[..., None], out=np.zeros_like(moves), where=months[..., None] > 0)


def shares_of(counts: Floats) -> Floats:
    """Of their sum; all alike where there is nobody."""
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
