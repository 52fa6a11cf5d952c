"""Growth velocity of every measurement against the child's own earlier one, by the WHO's standard of increments.

Compared is the latest earlier usable measurement whose distance fits an interval of the standard: a visit of last month
for weight in the first year, one of two to six months ago otherwise. Of several values on a day the day's own counts.
Ages are chronological, as in the official scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.scoring.domain.assess import Judged
from services.scoring.domain.assessment_codes import VelocityReason, to_centi
from services.scoring.domain.fold_columns import Bools, Floats, Int8s, Int32s, Int64s
from services.scoring.domain.ruleset import VelocityRules
from services.scoring.domain.timeline import Rows, Timeline
from shared.growth.anthro_columns import HEIGHT_FROM_DAY, POSITION_CORRECTION_CM
from shared.growth.codes import Position
from shared.growth.velocity import NO_INTERVAL, Growing, VelocityTable, velocity_table

GRAMS_PER_KG: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Velocity:
    """Along a timeline: centi-z (`NO_SCORE` = none), days since the value compared with (0 = none), why there is no z.

    `low` is below the rule set's centile. A value that was not measured has neither z nor reason.
    """

    z: Int32s
    days: Int32s
    reason: Int8s
    low: Bools


@dataclass(frozen=True, slots=True)
class _Growth:
    """One measure along a timeline: values, which were measured, which can be compared."""

    growing: Growing
    value: Floats
    measured: Bools
    usable: Bools
    flagged: Bools
    vague: Bools  # of two such values nothing can be told


def velocities(line: Timeline, judged: Judged, rules: VelocityRules) -> Mapping[Growing, Velocity]:
    """The velocity of weight, length and head circumference at every row."""
    nothing = Velocity(*(np.zeros(0, np.int32),) * 2, np.zeros(0, np.int8), np.zeros(0, np.bool_))
    if not line.row.size:
        return dict.fromkeys(Growing, nothing)
    return {
        each.growing: _velocity(line, judged, each, rules) for each in (_weight(judged), _length(judged), _head(judged))
    }


def _weight(judged: Judged) -> _Growth:
    waz, kg = judged.scores.waz, judged.columns.weight_kg
    fine = ~np.isnan(waz.z) & ~waz.flagged
    return _Growth(Growing.WEIGHT, kg * GRAMS_PER_KG, kg > 0.0, fine, waz.flagged, np.zeros(kg.size, np.bool_))


def _length(judged: Judged) -> _Growth:
    """As lying lengths, since the corrected value changes its meaning at 731 days. Needs a known position."""
    haz, raw_cm = judged.scores.haz, judged.columns.length_height_cm
    lying_cm = judged.scores.adjusted_length_height_cm + POSITION_CORRECTION_CM * (judged.age_days >= HEIGHT_FROM_DAY)
    fine = ~np.isnan(haz.z) & ~haz.flagged & (judged.scores.position != Position.UNKNOWN)
    # Between two heights written in whole centimetres lies a rounding error as large as the growth of a month.
    return _Growth(Growing.LENGTH, lying_cm, raw_cm > 0.0, fine, haz.flagged, raw_cm == np.rint(raw_cm))


def _head(judged: Judged) -> _Growth:
    hcz, cm = judged.hcz, judged.head_circumference_cm
    fine = ~np.isnan(hcz.z) & ~hcz.flagged
    return _Growth(Growing.HEAD_CIRCUMFERENCE, cm, cm > 0.0, fine, hcz.flagged, np.zeros(cm.size, np.bool_))


def _velocity(line: Timeline, judged: Judged, growth: _Growth, rules: VelocityRules) -> Velocity:
    size = line.row.size
    z, days = np.full(size, np.nan), np.zeros(size, np.int32)
    reason, low = np.zeros(size, np.int8), np.zeros(size, np.bool_)
    if not growth.measured.any():
        return Velocity(to_centi(z), days, reason, low)
    rows = np.flatnonzero(line.last_of_day(growth.usable))
    table, age = velocity_table(growth.growing), judged.age_days.astype(np.int64)
    earlier, interval = _compared_with(line, rows, age[rows], table, rules)
    reason[growth.measured & ~growth.usable] = VelocityReason.NOT_ASSESSABLE
    reason[growth.flagged] = VelocityReason.FLAGGED
    reason[rows] = _without(line, growth, rows)

    found = np.flatnonzero(earlier >= 0)
    here, before = rows[found], rows[earlier[found]]
    days[here] = (line.on[here] - line.on[before]).astype(np.int64)
    gained = np.round(growth.value[here] - growth.value[before], 6)  # 8.03 - 7.73 must be 300 g
    score = table.z(judged.columns.sex[here], interval[found], gained)
    vague = growth.vague[here] & growth.vague[before]
    below = np.isnan(score) & ~vague
    score[vague] = np.nan
    z[here] = score
    reason[here] = np.where(
        vague, VelocityReason.NOT_ASSESSABLE, np.where(below, VelocityReason.BELOW_STANDARD, VelocityReason.NONE)
    )
    low[here] = below | (score < rules.low_below)
    return Velocity(to_centi(z), days, reason, low)


def _without(line: Timeline, growth: _Growth, rows: Rows) -> Int8s:
    """Why usable rows that found nothing to be compared with have no z."""
    last, last_usable = line.latest_before_day(growth.measured)[rows], line.latest_before_day(growth.usable)[rows]
    why = np.where(last_usable >= 0, VelocityReason.NO_VELOCITY_STANDARD, VelocityReason.NO_EARLIER_MEASUREMENT)
    return np.where(last > last_usable, VelocityReason.NOT_ASSESSABLE, why).astype(np.int8)


def _compared_with(
    line: Timeline, rows: Rows, age: Int64s, table: VelocityTable, rules: VelocityRules
) -> tuple[Rows, Rows]:
    """For each of `rows` (one a day) the place in `rows` it is compared with and the interval; -1 = none."""
    earlier, interval = np.full(rows.size, -1, np.intp), np.full(rows.size, NO_INTERVAL, np.intp)
    if not rows.size:
        return earlier, interval
    day = line.on[rows].astype(np.int64)
    day -= day.min()
    # Days of different roots are set apart by more than any interval, so that looking back never leaves a root.
    key = line.root[rows] * (int(day.max()) + rules.fitting.size) + day
    waiting, back = np.arange(1, rows.size), 1
    while waiting.size:
        apart = key[waiting] - key[waiting - back]
        near = apart < rules.fitting.size
        waiting, apart = waiting[near], apart[near]
        months = rules.fitting[apart]
        at = table.find(months, age[waiting - back])
        fits = (months > 0) & (at != NO_INTERVAL)
        hit = waiting[fits]
        earlier[hit], interval[hit] = hit - back, at[fits]
        back += 1
        waiting = waiting[~fits]
        waiting = waiting[waiting >= back]
    return earlier, interval
