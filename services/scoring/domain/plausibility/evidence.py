"""Everything known about each value before it is weighed: expectation, neighbours, session, identity, repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from services.scoring.domain.plausibility.birthdates import OtherBirth, other_births
from services.scoring.domain.plausibility.expectation import (
    Expectation,
    expectation,
    growth_time,
    measuring_noise,
    prior_of,
)
from services.scoring.domain.plausibility.history import Series, series_of, shifted
from services.scoring.domain.plausibility.identity import Agreement, Repeats, agreement, repeats
from services.scoring.domain.plausibility.scale import scale_of, to_z, unit_per_z
from services.scoring.domain.plausibility.sessions import (
    Exchange,
    Fit,
    exchanges,
    medians_of_the_others,
    session_numbers,
    visit_pairs,
)
from services.scoring.domain.plausibility.values import Bools, Floats, Int64s, Rows, Values

# In a stream a child's last value at the posyandu counts so long for the others of the session.
RECENT_DAYS: Final = 95
CHANGE_DAYS: Final = 50  # so near must the last value be to say something about today's scale
FAR: Final = 30.0  # sd: surprises are cut off here


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of n rows (ids made dense).

    `deviation` (kg or cm, NaN = nothing to compare with) is what the others of a session are judged by: from all of the
    child's other values in a batch, from its last value at the posyandu in a stream; `shift` is its median over the
    others of the session, `shift_count` how many they are. `change` (kg or cm) is the deviation from a last value a few
    weeks old, `recent_surprise` (sd) from the last one at the posyandu, in both modes.
    """

    values: Values
    series: Series
    sex: Agreement
    birth: Agreement
    births: OtherBirth
    repeats: Repeats
    expected: Expectation
    fit: Fit
    surprise: Floats
    other: Rows
    exchange: Exchange
    session: Int64s
    deviation: Floats
    change: Floats
    recent_surprise: Floats
    shift: Floats
    shift_count: Floats
    all_days: bool


def gather(values: Values, asked: Bools, *, all_days: bool) -> Evidence:
    """Evidence about all rows; what costs most only about the rows where `asked`."""
    values = dense(values)
    sex = agreement(values, values.sex.astype(np.int64), all_days=all_days)
    birth = agreement(values, values.birth_day.astype(np.int64), all_days=all_days)
    sexes = sex.believed.astype(np.int8)
    series = series_of(values.child * 2 + values.param, values.day, values.value)
    expected = expectation(values, sexes, birth.believed, series, both_sides=all_days)
    fit = Fit(expected.scale, expected.both.mean, expected.sd)
    recent = _recent(values)
    theirs, deviation = (fit, (expected.z - fit.mean) * expected.unit) if all_days else (recent.fit, recent.deviation)
    other, session = visit_pairs(values), session_numbers(values)
    shift, shift_count = medians_of_the_others(session, deviation)
    return Evidence(
        values=values,
        series=series,
        sex=sex,
        birth=birth,
        births=other_births(values, expected, sexes, birth.believed, asked, all_days=all_days),
        repeats=repeats(values, all_days=all_days),
        expected=expected,
        fit=fit,
        surprise=np.clip((expected.z - fit.mean) / fit.sd, -FAR, FAR),
        other=other,
        exchange=exchanges(values, other, fit, theirs, asked | ((other >= 0) & asked[other])),
        session=session,
        deviation=deviation,
        change=recent.change,
        recent_surprise=recent.deviation / (recent.fit.sd * recent.unit),
        shift=shift,
        shift_count=shift_count,
        all_days=all_days,
    )


def dense(values: Values) -> Values:
    """The same rows, ids replaced by numbers from 0."""
    child, visit, posyandu = (
        np.unique(column, return_inverse=True)[1].astype(np.int64)
        for column in (values.child, values.visit, values.posyandu)
    )
    return Values(
        child,
        visit,
        posyandu,
        values.day,
        values.birth_day,
        values.sex,
        values.param,
        values.value,
        values.position,
    )


class _Recent(NamedTuple):
    fit: Fit
    unit: Floats
    deviation: Floats
    change: Floats


def _recent(values: Values) -> _Recent:
    """What the child's last value at this posyandu leads to, by recorded sex and birth date, and how far off it is."""
    age = (values.day - values.birth_day).astype(np.int32)
    scale = scale_of(values.param, values.sex, age, values.position)
    z, unit = to_z(scale, values.value), unit_per_z(scale)
    noise, prior = measuring_noise(unit, values.param), prior_of(values.param)
    place = values.child * (int(values.posyandu.max(initial=0)) + 1) + values.posyandu
    last = shifted(series_of(place * 2 + values.param, values.day, values.value), -1)
    there = (last >= 0) & (values.day - values.day[last] <= RECENT_DAYS)
    time = growth_time(age, values.param)
    shared = prior.level + prior.wander * np.exp(-np.abs(time - time[last]) / prior.memory)
    total = prior.level + prior.wander + noise[last]
    mean = np.where(there, prior.mean + shared / total * (z[last] - prior.mean), prior.mean)
    variance = prior.level + prior.wander - np.where(there, shared * shared / total, 0.0)
    deviation = np.where(there, (z - mean) * unit, np.nan)
    change = np.where(there & (values.day - values.day[last] <= CHANGE_DAYS), deviation, np.nan)
    return _Recent(Fit(scale, mean, np.sqrt(variance + noise)), unit, deviation, change)
