"""WHO 2006 growth scores over columns, equal to the WHO's R package `anthro` 1.1.0.9000.

The rules were read from `WorldHealthOrganization/anthro` @ b776d8a; the golden file in tests/data/golden holds its
figures. One deliberate difference: a value of zero or below is never a measurement, so it gets a reason, no score.

Rows are worked through in chunks that stay in the processor's cache; invalid rows gather NaN from the tables instead of
branching, and reasons are looked up afterwards for the blank rows only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.growth import lms
from shared.growth.anthro_columns import (
    LARGEST_CM,
    SCORED_BELOW_MONTHS,
    SMALLEST_CM,
    Anthropometry,
    Prepared,
    prepare,
)
from shared.growth.blank_reasons import NEEDS, blank_reasons
from shared.growth.growth_tables import age_table, length_table
from shared.growth.rounding import round_hundredths

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]

__all__ = ["Anthropometry", "IndexScores", "Scores", "score"]

CHUNK_ROWS: Final = 32_768  # measured best of 2,048 to 65,536: per-call cost against cache misses


@dataclass(frozen=True, slots=True)
class IndexScores:
    """One index: z rounded to 2 decimals (NaN = blank), flagged, and the `BlankReason` of each blank."""

    z: Floats
    flagged: Bools
    reason: Int8s


@dataclass(frozen=True, slots=True)
class Scores:
    """Output columns. `hcz`, `acz`, `tsz`, `ssz` are None where their input column was None.

    `age_days` is the whole day that was scored (NaN unknown), `position` the position that was believed, `bmi` in
    kg/m2 (NaN where it is no number).
    """

    age_days: Floats
    adjusted_length_height_cm: Floats
    position: Int8s
    position_implausible: Bools
    bmi: Floats
    haz: IndexScores
    waz: IndexScores
    whz: IndexScores
    baz: IndexScores
    hcz: IndexScores | None
    acz: IndexScores | None
    tsz: IndexScores | None
    ssz: IndexScores | None


def score(columns: Anthropometry) -> Scores:
    """Scores of all rows, in input order."""
    size = columns.sex.size
    optional = (columns.head_circumference_cm, columns.muac_cm, columns.triceps_mm, columns.subscapular_mm)
    scores = Scores(
        np.empty(size),
        np.empty(size),
        np.empty(size, np.int8),
        np.empty(size, np.bool_),
        np.empty(size),
        *(_empty_index(size) for _ in range(4)),
        *(None if column is None else _empty_index(size) for column in optional),
    )
    # Missing and absurd input makes NaN and infinities on the way; both end as a blank with a reason.
    with np.errstate(all="ignore"):
        for start in range(0, size, CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            chunk = prepare(columns.rows(part))
            _keep(chunk, scores, part)
            _score_length_and_weight(chunk, scores, part)
            _score_optional(chunk, scores, part)
        _explain_blanks(columns, scores)
    return scores


def _empty_index(size: int) -> IndexScores:
    return IndexScores(np.empty(size), np.empty(size, np.bool_), np.zeros(size, np.int8))


def _keep(chunk: Prepared, scores: Scores, part: slice) -> None:
    scores.age_days[part] = chunk.days
    scores.adjusted_length_height_cm[part] = chunk.adjusted_cm
    scores.position[part] = chunk.position
    scores.position_implausible[part] = chunk.position_implausible


def _score_length_and_weight(chunk: Prepared, scores: Scores, part: slice) -> None:
    columns, row, adjusted = chunk.columns, chunk.row, chunk.adjusted_cm
    weight_kg = columns.weight_kg
    has_length = (columns.length_height_cm > 0.0) & (adjusted > 0.0)
    has_weight = (weight_kg > 0.0) & ~columns.oedema
    has_both = has_length & has_weight
    metres = adjusted / 100.0
    bmi = weight_kg / (metres * metres)
    scores.bmi[part] = np.where(np.isfinite(bmi), bmi, np.nan)

    _finish(lms.plain(adjusted, row, age_table("lhfa")), has_length, (-6.0, 6.0), scores.haz, part)
    _finish(lms.restricted(weight_kg, row, age_table("wfa")), has_weight, (-6.0, 5.0), scores.waz, part)
    _finish(lms.restricted(bmi, row, age_table("bmifa")), has_both & (bmi > 0.0), (-5.0, 5.0), scores.baz, part)

    table = chunk.by_height.astype(np.intp)
    in_table = (adjusted >= SMALLEST_CM.take(table)) & (adjusted <= LARGEST_CM.take(table))
    scorable = in_table & has_both & ((chunk.age_known & (chunk.months < SCORED_BELOW_MONTHS)) | np.isnan(chunk.months))
    size_cm = np.where(in_table, adjusted, SMALLEST_CM[1])  # any place in both tables: the row is blank anyway
    z = lms.by_size(weight_kg, size_cm, columns.sex.astype(np.intp), table, length_table())
    _finish(z, scorable, (-5.0, 5.0), scores.whz, part)


def _score_optional(chunk: Prepared, scores: Scores, part: slice) -> None:
    columns, row = chunk.columns, chunk.row
    head = columns.head_circumference_cm
    if head is not None and scores.hcz is not None:
        _finish(lms.plain(head, row, age_table("hcfa")), head > 0.0, (-5.0, 5.0), scores.hcz, part)
    for value, name, out in (
        (columns.muac_cm, "acfa", scores.acz),
        (columns.triceps_mm, "tsfa", scores.tsz),
        (columns.subscapular_mm, "ssfa", scores.ssz),
    ):
        if value is not None and out is not None:
            _finish(lms.restricted(value, row, age_table(name)), value > 0.0, (-5.0, 5.0), out, part)


def _finish(z: Floats, scorable: Bools, plausible: tuple[float, float], out: IndexScores, part: slice) -> None:
    """Round, then flag: strictly beyond what the WHO holds plausible, judged on the rounded z."""
    rounded = round_hundredths(z)
    flagged = (rounded < plausible[0]) | (rounded > plausible[1])
    blank = np.flatnonzero(~(np.isfinite(rounded) & scorable))
    if blank.size:
        rounded[blank] = np.nan
        flagged[blank] = False
    out.z[part] = rounded
    out.flagged[part] = flagged


def _explain_blanks(columns: Anthropometry, scores: Scores) -> None:
    for name, needs in NEEDS.items():
        index: IndexScores | None = getattr(scores, name)
        if index is None:
            continue
        blank = np.flatnonzero(np.isnan(index.z))
        if blank.size:
            index.reason[blank] = blank_reasons(needs, prepare(columns.rows(blank)))
