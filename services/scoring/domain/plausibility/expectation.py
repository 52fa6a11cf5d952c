"""What is expected of each value from the child's other values, given a sex and a birth date: mean and spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.scoring.domain.plausibility.history import Prediction, Prior, Series, predictions
from services.scoring.domain.plausibility.scale import Scale, scale_of, to_z, unit_per_z
from services.scoring.domain.plausibility.values import Floats, Int8s, Int32s, Int64s, Values

# By kind of value (weight, length/height), where the likelihood of clean values of six cohorts is best, and rounded:
# the trees decide, not these numbers.
MEAN_Z: Final = np.array([-0.6, -0.7])
LEVEL_SD: Final = np.array([1.0, 1.0])  # of the child's own level
WANDER_SD: Final = np.array([1.1, 1.4])  # of its changes around the level
MEMORY: Final = np.array([6.0, 5.0])  # of the changes, in growth time
AGE_OFFSET_DAYS: Final = np.array([8.0, 25.0])  # growth time = log(age + offset) + pace x age / 1,000
PACE: Final = np.array([2.5, 0.2])
NOISE_UNIT: Final = np.array([0.03, 0.15])  # of measuring and rounding, kg or cm
NOISE_Z: Final = np.array([0.05, 0.11])


@dataclass(frozen=True, slots=True)
class Expectation:
    """Of n rows. `before`, `after`, `both` say from which other values; the spread of `used` includes measuring."""

    scale: Scale
    z: Floats
    unit: Floats  # kg or cm of one z
    noise: Floats  # variance of measuring, z
    before: Prediction
    after: Prediction
    both: Prediction

    @property
    def sd(self) -> Floats:
        """Spread of the value around its expectation, in z."""
        return np.sqrt(self.both.variance + self.noise)


def growth_time(age_days: Int32s, param: Int8s) -> Floats:
    """Time as growth feels it: a week of a newborn counts as much as months later."""
    days = np.maximum(age_days, 0)
    time: Floats = np.log(days + AGE_OFFSET_DAYS[param]) + PACE[param] * days / 1000.0
    return time


def measuring_noise(unit: Floats, param: Int8s) -> Floats:
    """Variance (z) of a measurement around what the child is."""
    noise: Floats = (NOISE_UNIT[param] / unit) ** 2 + NOISE_Z[param] ** 2
    return noise


def prior_of(param: Int8s) -> Prior:
    """What is known of a child before its first value."""
    return Prior(MEAN_Z[param], LEVEL_SD[param] ** 2, WANDER_SD[param] ** 2, MEMORY[param])


def expectation(values: Values, sex: Int8s, birth_day: Int64s, series: Series, *, both_sides: bool) -> Expectation:
    """Expectations on the scale of the given sex and birth dates; only from before unless `both_sides`."""
    age = (values.day - birth_day).astype(np.int32)
    scale = scale_of(values.param, sex, age, values.position)
    z, unit = to_z(scale, values.value), unit_per_z(scale)
    noise = measuring_noise(unit, values.param)
    time = growth_time(age, values.param)
    before, after, both = predictions(series, z, noise, time, prior_of(values.param), both_sides=both_sides)
    return Expectation(scale, z, unit, noise, before, after, both)
