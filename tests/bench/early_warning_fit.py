"""Fit the early-warning model: `python -m tests.bench.early_warning_fit DATA.csv.gz VERSION` writes its coefficients.

Three steps, each the same every time: the usual curves are the mean HAZ and WAZ by age (least squares); the twelve
numbers of the dynamics maximise the likelihood of the HAZ measured 3-6 months after each visit (Fisher scoring with
numeric derivatives, held back by a weak prior about plausible values); two numbers bend the odds of the scored visits.
"""

from __future__ import annotations

import math
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.scoring.domain.early_warning.child_level import Visits, levels
from services.scoring.domain.early_warning.coefficients import (
    FOLDER,
    Coefficients,
    Dynamics,
    FirstVisit,
    Seen,
)
from services.scoring.domain.early_warning.risk import LAST_DAY, Forecast, outlook, risk
from tests.bench.early_warning_data import Benchmark, Floats, calibration, read

AGES_DAYS: Final = np.array([0.0, 91.0, 183.0, 274.0, 365.0, 548.0, 730.0])
# One SD of length at those ages, WHO 2006, mean of boys and girls, to 0.01 cm (lhfa tables: M times S).
LENGTH_SD_CM: Final = np.array([1.88, 2.07, 2.20, 2.33, 2.48, 2.80, 3.14])
CURVES_UP_TO_DAYS: Final = 760
OUTCOME_DAYS: Final = (91, 137, 183)  # earliest, best, latest
HORIZON_DAYS: Final = 130  # mean of the outcomes' distance
SURPRISE_SD: Final = 2.0
# Logarithms of plausible values, but the pull (per 1,000 days) and the correlation (arc tangent, hyperbolic).
START: Final = {
    "haz_return": -6.6,
    "weight_pull": 1.0,
    "waz_return": -7.2,
    "haz_variance": -7.0,
    "waz_variance": -6.4,
    "young_factor": 0.46,
    "young_days": 4.8,
    "length_error": -0.5,
    "waz_error": -2.06,
    "haz_sd": 0.0,
    "waz_sd": 0.05,
    "correlation": 0.71,
}
PRIOR_SD: Final = 0.2
MOST_STEPS: Final = 12
DERIVATIVE_STEP: Final = 1e-4
ENOUGH: Final = 0.02  # of log likelihood


def fit(data: Benchmark, version: str) -> Coefficients:
    """The model of these visits."""
    model = _curves(data, version)
    model = replace(model, **_parts(_dynamics(data, model)))
    raw = answer(data, model).risk
    rows = data.eligible
    intercept, slope = calibration(data.stunted[rows].astype(np.float64), raw[rows])
    return replace(model, intercept=intercept, slope=slope)


def answer(data: Benchmark, model: Coefficients) -> Forecast:
    """The model's forecast for each visit of a file."""
    haz_usable, waz_usable = data.usable
    return risk(data.child, data.age_days, data.age_days, data.haz, data.waz, haz_usable, waz_usable, model)


def _curves(data: Benchmark, version: str) -> Coefficients:
    """The usual curves of these visits, with the dynamics one starts from."""
    return Coefficients(
        version=version,
        ages_days=AGES_DAYS,
        usual_haz=_curve(data.age_days, data.haz),
        usual_waz=_curve(data.age_days, data.waz),
        length_sd_cm=LENGTH_SD_CM,
        **_parts(np.array(list(START.values()))),
        horizon_days=HORIZON_DAYS,
        intercept=0.0,
        slope=1.0,
    )


def _parts(values: Floats) -> dict[str, Any]:
    """The twelve numbers as parts of a model."""
    given = dict(zip(START, values.tolist(), strict=True))
    scale = {name: math.exp(value) for name, value in given.items()}
    return {
        "dynamics": Dynamics(
            haz_return=scale["haz_return"],
            weight_pull=given["weight_pull"] / 1000.0,
            waz_return=scale["waz_return"],
            haz_variance=scale["haz_variance"],
            waz_variance=scale["waz_variance"],
            young_factor=scale["young_factor"],
            young_days=scale["young_days"],
        ),
        "seen": Seen(length_error_cm=scale["length_error"], waz_error=scale["waz_error"], surprise_sd=SURPRISE_SD),
        "first_visit": FirstVisit(
            haz_sd=scale["haz_sd"], waz_sd=scale["waz_sd"], correlation=math.tanh(given["correlation"])
        ),
    }


def _curve(age_days: npt.NDArray[np.int64], z: Floats) -> Floats:
    rows = ~np.isnan(z) & (np.abs(z) <= 6.0) & (age_days <= CURVES_UP_TO_DAYS)
    hats = np.stack([np.interp(age_days[rows], AGES_DAYS, unit) for unit in np.eye(AGES_DAYS.size)], axis=1)
    return np.asarray(np.linalg.lstsq(hats, z[rows], rcond=None)[0])


def _outcomes(data: Benchmark) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Visits with a HAZ 91-183 days later, and the visit of that HAZ: the one nearest to 137 days."""
    earliest, best, latest = OUTCOME_DAYS
    usable, _ = data.usable
    found, distance = np.full(data.child.size, -1, np.intp), np.full(data.child.size, np.inf)
    for ahead in range(1, data.child.size):
        here = np.arange(data.child.size - ahead)
        same = data.child[here] == data.child[here + ahead]
        if not same.any():
            break
        days = data.age_days[here + ahead] - data.age_days[here]
        fits = same & usable[here + ahead] & (days >= earliest) & (days <= latest)
        nearer = here[fits & (np.abs(days - best) < distance[here])]
        found[nearer] = nearer + ahead
        distance[nearer] = np.abs(data.age_days[nearer + ahead] - data.age_days[nearer] - best)
    visits = np.flatnonzero((found >= 0) & usable & (data.age_days <= LAST_DAY))
    return visits, found[visits]


def _dynamics(data: Benchmark, start: Coefficients) -> Floats:
    """The twelve numbers, by Fisher scoring on the normal likelihood of the outcomes."""
    visit, later = _outcomes(data)
    days, outcome = data.age_days[later] - data.age_days[visit], data.haz[later]
    haz_usable, waz_usable = data.usable
    all_visits = Visits(
        first=np.flatnonzero(np.r_[True, data.child[1:] != data.child[:-1]]),
        age_days=data.age_days.astype(np.float64),
        haz=np.where(haz_usable, data.haz, np.nan),
        waz=np.where(waz_usable, data.waz, np.nan),
    )
    prior = np.array(list(START.values()))

    def expected(values: Floats) -> tuple[Floats, Floats]:
        model = replace(start, **_parts(values))
        ahead = outlook(levels(all_visits, model), visit, data.age_days[visit].astype(np.float64), days, model)
        return ahead.expected, ahead.variance

    def loss(values: Floats, mean: Floats, variance: Floats) -> float:
        misfit = 0.5 * (np.log(variance) + (outcome - mean) ** 2 / variance)
        return float(misfit.sum() + 0.5 * (((values - prior) / PRIOR_SD) ** 2).sum())

    values, damping = prior, 1e-2
    mean, variance = expected(values)
    best = loss(values, mean, variance)
    for _ in range(MOST_STEPS):
        shifted = [expected(values + DERIVATIVE_STEP * unit) for unit in np.eye(values.size)]
        of_mean = np.stack([(each - mean) / DERIVATIVE_STEP for each, _ in shifted])
        of_variance = np.stack([(each - variance) / DERIVATIVE_STEP for _, each in shifted])
        off = outcome - mean
        gradient = -(of_mean @ (off / variance)) + 0.5 * (of_variance @ (1.0 / variance - (off / variance) ** 2))
        gradient += (values - prior) / PRIOR_SD**2
        hessian = (of_mean / variance) @ of_mean.T + 0.5 * (of_variance / variance**2) @ of_variance.T
        hessian += np.eye(values.size) / PRIOR_SD**2
        before = best
        for _ in range(8):
            step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), -gradient)
            tried = values + np.clip(step, -1.0, 1.0)
            tried_mean, tried_variance = expected(tried)
            if (found := loss(tried, tried_mean, tried_variance)) < best:
                values, mean, variance, best = tried, tried_mean, tried_variance, found
                damping /= 4.0
                break
            damping *= 6.0
        if before - best < ENOUGH:
            break
    return values


def written(model: Coefficients, trained_on: str) -> str:
    """The coefficients as TOML, six significant digits."""
    lines = [
        "# Early-warning model, status P: the platform's own, written by `python -m tests.bench.early_warning_fit`.",
        f"# Fitted on {trained_on}.",
        "# A changed number is a new version, never an edit of an old one.",
        "",
        f'version = "{model.version}"',
    ]
    curves = ("ages_days", "usual_haz", "usual_waz", "length_sd_cm")
    tables: dict[str, dict[str, Any]] = {
        "curves": {name: getattr(model, name).tolist() for name in curves},
        **{name: asdict(getattr(model, name)) for name in ("dynamics", "seen", "first_visit")},
        "forecast": {name: getattr(model, name) for name in ("horizon_days", "intercept", "slope")},
    }
    for title, table in tables.items():
        lines += ["", f"[{title}]", *(f"{name} = {_number(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _number(value: float | list[float]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_number(each) for each in value)}]"
    return str(value) if isinstance(value, int) else str(float(f"{value:.6g}"))


def main() -> None:
    """Fit and write."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.bench.early_warning_fit DATA.csv.gz VERSION")
    data, version = read(Path(sys.argv[1])), sys.argv[2]
    scored = data.source[data.eligible]
    share = ", ".join(f"{name} {int((scored == name).sum()):,}" for name in np.unique(scored).tolist())
    target = FOLDER / f"{version}.toml"
    target.write_text(written(fit(data, version), f"{scored.size:,} scored visits ({share})"), encoding="utf-8")
    print(target)  # noqa: T201 - a script says where it wrote


if __name__ == "__main__":
    main()
