"""Prevalences of malnutrition in a survey, by the groups of the WHO's anthro: what is counted, of whom, and how surely.

Rows older than 1826 days are no children of the survey; flagged scores are missing; a child with oedema counts below
-3 in every index with weight, in the rates only. Cut-offs are strict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.reporting.domain.survey import (
    Design,
    Estimates,
    design_of,
    estimate,
    mean_interval,
    share_interval,
)
from shared.growth.anthro import score
from shared.growth.anthro_columns import Anthropometry, whole_days
from shared.growth.codes import Sex

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LAST_DAY: Final = 1826
WITH_OEDEMA: Final = -3.1  # any value below -3
CUT_OFFS: Final = (-3, -2, -1, 1, 2, 3)
INDICES: Final = ("haz", "waz", "baz", "whz")
# Limits in months, unrounded; the last one is open.
AGE_FROM: Final = (0.0, 6.0, 12.0, 24.0, 36.0, 48.0, 60.0)
AGE_NAMES: Final = ("00-05 mo", "06-11 mo", "12-23 mo", "24-35 mo", "36-47 mo", "48-59 mo")
SEX_NAMES: Final = (("Female", Sex.FEMALE), ("Male", Sex.MALE))
QUINTILES: Final = ("Q1: Poorest", "Q2", "Q3", "Q4", "Q5: Richest")
# Groupings by a word of the file: its column, and what its groups are called.
WORDED: Final = {"typeres": "Area", "gregion": "Geographical region", "mothered": "Maternal education"}
QUINTILE_COLUMN: Final = "wealthq"
MISSING: Final = "NA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Children of a survey. Optional columns are None where the file has none; empty words are missing.

    `weight` NaN counts as 0; `stratum` and `cluster` -1 = missing, such a row is no part of the design; `quintile` 1 to
    5, 0 = missing.
    """

    anthropometry: Anthropometry
    weight: Floats | None = None
    stratum: Ints | None = None
    cluster: Ints | None = None
    words: Mapping[str, npt.NDArray[np.str_]]
    quintile: npt.NDArray[np.int8] | None = None


class Group(NamedTuple):
    """Estimates of a group with limits of 95 %.

    `shares` by index and cut-off in the order of INDICES and CUT_OFFS, then stunted and wasted, stunted and overweight;
    `means` by index.
    """

    name: str
    shares: Estimates
    share_limits: tuple[Floats, Floats]
    means: Estimates
    mean_limits: tuple[Floats, Floats]


def prevalences(survey: Survey) -> Iterator[Group]:
    """Everybody, then each group, in the order of anthro."""
    months_of = whole_days(survey.anthropometry.age, survey.anthropometry.age_in_months)
    kept = ~(months_of[0] > LAST_DAY)
    for column in (survey.stratum, survey.cluster):
        if column is not None:
            kept &= column >= 0
    rows = np.flatnonzero(kept)
    stratum, cluster = _several(survey.stratum, rows), _several(survey.cluster, rows)
    is_design = stratum is not None or cluster is not None
    weight = np.ones(rows.size) if survey.weight is None else np.nan_to_num(survey.weight[rows])
    named = list(_groups(survey, rows, months_of[1][rows], by_appearance=not is_design))
    design, order = design_of(weight, stratum, cluster)
    means, shares = _indicators(survey.anthropometry.rows(rows[order]))
    place = np.argsort(order)
    for name, members in named:
        inside = np.sort(place[members])
        yield _group(name, design, inside, means[inside], shares[inside], sd_counts_missing=is_design)


def _several(column: Ints | None, rows: Ints) -> Ints | None:
    """A column of the design, unless it holds one value only: then it says nothing."""
    return None if column is None or np.unique(column[rows]).size < 2 else column[rows]


def _group(name: str, design: Design, rows: Ints, means: Floats, shares: Floats, *, sd_counts_missing: bool) -> Group:
    mean = estimate(design, rows, means, sd_counts_missing=sd_counts_missing)
    share = estimate(design, rows, shares, sd_counts_missing=sd_counts_missing)
    return Group(
        name,
        share,
        share_interval(share.mean, share.se, design.degrees),
        mean,
        mean_interval(mean.mean, mean.se, design.degrees),
    )


def _indicators(columns: Anthropometry) -> tuple[Floats, Floats]:
    """Scores to average, rows x 4, and findings (1 or 0) to count, rows x 26; NaN = not in the denominator."""
    scores = score(columns)
    means, counted = [], {}
    for name in INDICES:
        index = getattr(scores, name)
        z = np.where(index.flagged, np.nan, index.z)
        means.append(z)
        counted[name] = z if name == "haz" else np.where(columns.oedema, WITH_OEDEMA, z)
    findings = [_beyond(counted[name], cut) for name in INDICES for cut in CUT_OFFS]
    stunted = _beyond(counted["haz"], -2)
    # A product: both must be known.
    findings += [stunted * _beyond(counted["whz"], -2), stunted * _beyond(counted["whz"], 2)]
    return np.column_stack(means), np.column_stack(findings)


def _beyond(z: Floats, cut: int) -> Floats:
    return np.where(np.isnan(z), np.nan, z < cut if cut < 0 else z > cut)


def _groups(survey: Survey, rows: Ints, months: Floats, *, by_appearance: bool) -> Iterator[tuple[str, Ints]]:
    """Name and members of each group."""
    sex = survey.anthropometry.sex[rows]
    with np.errstate(invalid="ignore"):
        ages = [(months >= low) & (months < high) for low, high in pairwise(AGE_FROM)]
    yield "All", np.arange(rows.size)
    for name, inside in zip(AGE_NAMES, ages, strict=True):
        yield f"Age group: {name}", np.flatnonzero(inside)
    for name, code in SEX_NAMES:
        yield f"Sex: {name}", np.flatnonzero(sex == code)
    for sex_name, code in SEX_NAMES:
        for name, inside in zip(AGE_NAMES, ages, strict=True):
            yield f"Age + sex: {name}.{sex_name}", np.flatnonzero(inside & (sex == code))
    for column in ("typeres", "gregion", QUINTILE_COLUMN, "mothered"):
        if column == QUINTILE_COLUMN:
            yield from _quintiles(survey, rows)
        elif column in survey.words:
            for name, members in _worded(survey.words[column][rows], by_appearance=by_appearance):
                yield f"{WORDED[column]}: {name}", members


def _quintiles(survey: Survey, rows: Ints) -> Iterator[tuple[str, Ints]]:
    if survey.quintile is not None and survey.quintile[rows].any():
        for number, name in enumerate(QUINTILES, 1):
            yield f"Wealth quintile: {name}", np.flatnonzero(survey.quintile[rows] == number)


def _worded(words: npt.NDArray[np.str_], *, by_appearance: bool) -> Iterator[tuple[str, Ints]]:
    """Groups by word. Without strata and clusters anthro names them as they appear, and adds an empty group NA."""
    there = words[words != ""].tolist()
    for word in dict.fromkeys(there) if by_appearance else sorted(set(there)):
        yield word, np.flatnonzero(words == word)
    if there and by_appearance and len(there) < words.size:
        yield MISSING, np.arange(0)
