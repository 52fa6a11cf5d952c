"""What differs between the values of two records, and what the difference looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from services.measurement.domain.recompute import UNKNOWN, Bools, Floats
from services.measurement.domain.reconcile_pairs import NOISE, Pairs, apart

POSITION_CORRECTION_CM: Final = 0.7
SHIFTED_ROWS_AT_LEAST: Final = 3  # one or two may repeat a neighbour's value by chance


def differing_values(pairs: Pairs) -> dict[str, Bools]:
    """By field: rows whose two sides state other things. A position that the file has no column for is not stated."""
    theirs, ours = pairs.theirs, pairs.ours
    position = (theirs.position != ours.position) & (
        ((theirs.position != UNKNOWN) & (ours.position != UNKNOWN)) | np.bool_(pairs.states_position)
    )
    both_muac = ~np.isnan(pairs.their_muac_cm) & ~np.isnan(pairs.our_muac_cm)  # most exports have none
    return {
        "sex": theirs.sex != ours.sex,
        "birth_date": pairs.birth_date_differs,
        "measured_on": pairs.day_differs,
        "weight_kg": apart(theirs.weight_kg, ours.weight_kg),
        "length_height_cm": apart(theirs.length_height_cm, ours.length_height_cm),
        "muac_cm": both_muac & apart(pairs.their_muac_cm, pairs.our_muac_cm),
        "measurement_position": position,
    }


def exchanged(pairs: Pairs) -> Bools:
    """Weight stands under height and height under weight."""
    theirs, ours = pairs.theirs, pairs.ours
    crossed = ~apart(theirs.weight_kg, ours.length_height_cm) & ~apart(theirs.length_height_cm, ours.weight_kg)
    return crossed & apart(theirs.weight_kg, ours.weight_kg) & ~np.isnan(theirs.weight_kg)


def shifted(pairs: Pairs, differ: Mapping[str, Bools]) -> Bools:
    """A column that slipped up or down: at least three rows on end hold our value of the neighbouring row."""
    found = np.zeros(pairs.months.size, dtype=np.bool_)
    for field in ("weight_kg", "length_height_cm"):
        theirs: Floats = getattr(pairs.theirs, field)
        ours: Floats = getattr(pairs.ours, field)
        above, below = np.full_like(ours, np.nan), np.full_like(ours, np.nan)
        above[1:] = np.where(pairs.follows[1:], ours[:-1], np.nan)
        below[:-1] = np.where(pairs.follows[1:], ours[1:], np.nan)
        for neighbour in (above, below):
            hits = differ[field] & ~np.isnan(neighbour) & ~apart(theirs, neighbour)
            found |= _in_runs(hits, pairs.follows)
    return found


def _in_runs(hits: Bools, follows: Bools) -> Bools:
    """Those of `hits` that stand among enough others on end."""
    found = np.zeros_like(hits)
    start = 0
    for row in range(hits.size + 1):
        if row < hits.size and hits[row] and (row == start or follows[row]):
            continue
        if row - start >= SHIFTED_ROWS_AT_LEAST:
            found[start:row] = True
        start = row if row < hits.size and hits[row] else row + 1
    return found


def corrected_length(pairs: Pairs, differ: Mapping[str, Bools]) -> Bools:
    """Only the length differs, by exactly the correction: one side keeps it corrected."""
    gap = np.abs(pairs.theirs.length_height_cm - pairs.ours.length_height_cm)
    with np.errstate(invalid="ignore"):
        corrected: Bools = np.abs(gap - POSITION_CORRECTION_CM) < NOISE
    return corrected & differ["length_height_cm"] & ~differ["weight_kg"] & ~differ["muac_cm"]


def rounded_values(pairs: Pairs, differ: Mapping[str, Bools]) -> Bools:
    """Each value that differs is the other one rounded to fewer decimals."""
    fits = ~differ["muac_cm"]
    for field in ("weight_kg", "length_height_cm"):
        theirs: Floats = getattr(pairs.theirs, field)
        ours: Floats = getattr(pairs.ours, field)
        fits &= ~differ[field] | _is_rounded(theirs, ours) | _is_rounded(ours, theirs)
    return fits


def _is_rounded(short: Floats, long: Floats) -> Bools:
    """`short` has one decimal or none and lies within half of its last digit of `long`."""
    found = np.zeros(short.size, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        for step in (1.0, 0.1):
            found |= (np.abs(short / step - np.rint(short / step)) < 1e-4) & (np.abs(short - long) <= step / 2 + NOISE)
    return found
