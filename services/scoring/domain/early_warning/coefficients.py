"""The numbers of the early-warning model, one versioned file a fit; `tests/bench/early_warning_fit.py` writes it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FOLDER: Final = Path(__file__).with_name("coefficients")
# Stored assessments hold places in this list: append, never change. 0 = no risk was given.
VERSIONS: Final = ("", "2026-11")
ACTIVE: Final = VERSIONS[-1]
LONGEST_DAYS: Final = 800  # longer gaps than the ages that count can hold: from birth to the end of the forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamics:
    """How a child's HAZ and WAZ move about the usual curve of their age, by day.

    HAZ returns to the curve at `haz_return` a day and is drawn by `weight_pull` times the distance of WAZ from its own
    curve; both wander with a variance a day, HAZ faster at young ages.
    """

    haz_return: float
    weight_pull: float
    waz_return: float
    haz_variance: float
    waz_variance: float
    young_factor: float
    young_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a measurement is worth: error of a length in cm, of a WAZ in SD; beyond `surprise_sd` it counts less."""

    length_error_cm: float
    waz_error: float
    surprise_sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstVisit:
    """Spread of the children about the usual curves before anything of them is known."""

    haz_sd: float
    waz_sd: float
    correlation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """One version of the model. `usual_*` are piecewise linear between `ages_days`; `length_sd_cm` is WHO's."""

    version: str
    ages_days: Floats
    usual_haz: Floats
    usual_waz: Floats
    length_sd_cm: Floats
    dynamics: Dynamics
    seen: Seen
    first_visit: FirstVisit
    horizon_days: int
    intercept: float
    slope: float

    def haz_curve(self, age_days: Floats) -> Floats:
        """Usual HAZ at these ages."""
        return np.interp(age_days, self.ages_days, self.usual_haz)

    def waz_curve(self, age_days: Floats) -> Floats:
        """Usual WAZ at these ages."""
        return np.interp(age_days, self.ages_days, self.usual_waz)

    def haz_error_variance(self, age_days: Floats) -> Floats:
        """Variance of one measured HAZ about the true one: the error in cm over what one SD is in cm at that age."""
        error = self.seen.length_error_cm / np.interp(age_days, self.ages_days, self.length_sd_cm)
        return np.asarray(error * error)

    def wandering(self, age_days: Floats) -> Floats:
        """How much faster HAZ wanders at these ages than later."""
        return np.asarray(1.0 + self.dynamics.young_factor * np.exp(-age_days / self.dynamics.young_days))


@dataclass(frozen=True, slots=True)
class Steps:
    """Transition over 0, 1, 2 ... days: the state's matrix (upper triangular) and the variance that is added."""

    haz_kept: Floats
    haz_from_weight: Floats
    waz_kept: Floats
    haz_variance: Floats
    covariance: Floats
    waz_variance: Floats


@lru_cache(maxsize=8)
def steps(dynamics: Dynamics) -> Steps:
    """The transitions of these dynamics, closed form for the matrix, summed by day for the variances."""
    days = np.arange(LONGEST_DAYS + 1, dtype=np.float64)
    haz, waz = dynamics.haz_return, dynamics.waz_return
    haz_kept, waz_kept = np.exp(-haz * days), np.exp(-waz * days)
    apart = haz - waz
    # Where both return equally fast the quotient has a limit of its own.
    drawn = days * haz_kept if abs(apart) < 1e-9 else (waz_kept - haz_kept) / apart
    from_weight = dynamics.weight_pull * drawn

    def summed(daily: Floats) -> Floats:
        return np.asarray(np.r_[0.0, np.cumsum(daily)[:-1]])

    return Steps(
        haz_kept=haz_kept,
        haz_from_weight=from_weight,
        waz_kept=waz_kept,
        haz_variance=summed(haz_kept**2 * dynamics.haz_variance + from_weight**2 * dynamics.waz_variance),
        covariance=summed(from_weight * waz_kept * dynamics.waz_variance),
        waz_variance=summed(waz_kept**2 * dynamics.waz_variance),
    )


@cache
def load(version: str = ACTIVE) -> Coefficients:
    """The shipped coefficients of that version; FileNotFoundError when there are none."""
    return read((FOLDER / f"{version}.toml").read_text(encoding="utf-8"))


def read(text: str) -> Coefficients:
    """Coefficients from TOML. KeyError or TypeError when one is missing or unknown: a broken file stops the start."""
    data: dict[str, Any] = tomllib.loads(text)
    curves: dict[str, Any] = {name: np.array(values, np.float64) for name, values in data["curves"].items()}
    return Coefficients(
        version=data["version"],
        **curves,
        dynamics=Dynamics(**data["dynamics"]),
        seen=Seen(**data["seen"]),
        first_visit=FirstVisit(**data["first_visit"]),
        **data["forecast"],
    )
