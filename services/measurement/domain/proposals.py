"""What an impossible weight or height probably meant: grams, a lost decimal point, a swapped pair.

A proposal is shown with the held-back row and taken only by a person's click. It counts as one when it lies within
the entry limits and gives the official z-score, or at least no impossible one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.measurement.domain.plausible import GRAMS_PER_KG, LENGTH_HEIGHT_CM, WEIGHT_KG
from services.measurement.domain.recompute import (
    INDICES,
    Bools,
    Floats,
    Int8s,
    Readings,
    Recompute,
    ScoreInputs,
    read_both_positions,
)

CM_PER_M: Final = 100.0
ORDINARY_Z: Final = (-3.0, 3.0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """`code` says the kind of slip, `weight_kg` and `length_height_cm` the pair that was probably meant."""

    code: str
    weight_kg: float | None
    length_height_cm: float | None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose pair cannot be right: its values, what is needed to score it, and its official z-scores (NaN none).

    `within_limits`: both values could be entered, only the score is absurd. `needs_proof`: only an official z that
    follows from the other reading makes it believable.
    """

    sex: int
    age_days: float
    weight_kg: float | None
    length_height_cm: float | None
    position: int
    official: tuple[float, float, float]
    within_limits: bool = False
    needs_proof: bool = False


def propose(suspects: Sequence[Suspect], recompute: Recompute) -> list[Proposal | None]:
    """For each row the reading that explains it best, None where no reading does."""
    readings = [(row, proposal) for row, suspect in enumerate(suspects) for proposal in _meanings(suspect)]
    if not readings:
        return [None] * len(suspects)
    rows = [suspects[row] for row, _ in readings]
    scores = read_both_positions(recompute, _inputs(rows, [proposal for _, proposal in readings]))
    codes = [proposal.code for _, proposal in readings]
    proven = _proven(codes, scores, np.array([row.official for row in rows], dtype=np.float64))
    believable = _believable(codes, scores) & ~np.array([row.needs_proof for row in rows], dtype=np.bool_)
    best: list[Proposal | None] = [None] * len(suspects)
    for wanted in (proven, believable):
        for at, (row, proposal) in enumerate(readings):
            if best[row] is None and wanted[at]:
                best[row] = proposal
    return best


def _proven(codes: Sequence[str], scores: Readings, official: Floats) -> Bools:
    """An official z that the other reading gives. Only an index that the slip touches proves anything."""
    equal = {index: scores.equal(official[:, number], index) for number, index in enumerate(INDICES)}
    of_height = np.array([code.startswith("length") for code in codes], dtype=np.bool_)
    proven: Bools = equal["WHZ"] | np.where(of_height, equal["HAZ"], equal["WAZ"])
    return proven


def _believable(codes: Sequence[str], scores: Readings) -> Bools:
    """Without an official z: what the slip touched must give a score that a child may have.

    Grams and centimetres are a thousand or ten times off and leave no doubt; tenfold weights overlap (60 = 6.0?), so
    they must give an ordinary child.
    """
    unbelievable = {"grams": scores.flagged("WAZ"), "tenfold": scores.beyond("WAZ", ORDINARY_Z)}
    unbelievable |= {"height": scores.flagged("HAZ"), "swapped": scores.flagged("WAZ") | scores.flagged("HAZ")}
    kinds = {"weight_in_grams": "grams", "weight_height_swapped": "swapped"}
    found = [
        not unbelievable[kinds.get(code, "height" if code.startswith("length") else "tenfold")][at]
        for at, code in enumerate(codes)
    ]
    return np.array(found, dtype=np.bool_)


def _meanings(suspect: Suspect) -> Iterator[Proposal]:
    """Readings in order of preference; a value that is fine by itself stays as it is."""
    weight, height = suspect.weight_kg, suspect.length_height_cm
    if suspect.within_limits:
        if weight is not None and WEIGHT_KG.hold(weight / 10):
            yield Proposal("weight_lost_decimal", round(weight / 10, 3), height)
        return
    weight_fits = weight is None or WEIGHT_KG.hold(weight)
    height_fits = height is None or LENGTH_HEIGHT_CM.hold(height)
    if weight is not None and height is not None and WEIGHT_KG.hold(height) and LENGTH_HEIGHT_CM.hold(weight):
        yield Proposal("weight_height_swapped", height, weight)
    if weight is not None and not weight_fits:
        for code, factor in _WEIGHT_SLIPS:
            if WEIGHT_KG.hold(weight * factor):
                yield Proposal(code, round(weight * factor, 3), height if height_fits else None)
    if height is not None and not height_fits:
        for code, factor in _HEIGHT_SLIPS:
            if LENGTH_HEIGHT_CM.hold(height * factor):
                yield Proposal(code, weight if weight_fits else None, round(height * factor, 2))


_WEIGHT_SLIPS: Final = (
    ("weight_in_grams", 1 / GRAMS_PER_KG),
    ("weight_lost_decimal", 1 / 10),
    ("weight_lost_decimal", 1 / 100),
    ("weight_decimal_shifted", 10.0),
)
_HEIGHT_SLIPS: Final = (
    ("length_height_lost_decimal", 1 / 10),
    ("length_height_in_metres", CM_PER_M),
    ("length_height_decimal_shifted", 10.0),
)


def _inputs(rows: Sequence[Suspect], proposals: Sequence[Proposal]) -> ScoreInputs:
    sex: Int8s = np.array([row.sex for row in rows], dtype=np.int8)
    position: Int8s = np.array([row.position for row in rows], dtype=np.int8)
    age_days: Floats = np.array([row.age_days for row in rows], dtype=np.float64)
    weight_kg: Floats = np.array([_or_nan(p.weight_kg) for p in proposals], dtype=np.float64)
    length_height_cm: Floats = np.array([_or_nan(p.length_height_cm) for p in proposals], dtype=np.float64)
    return ScoreInputs(sex, age_days, weight_kg, length_height_cm, position)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
