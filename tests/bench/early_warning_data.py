"""The early-warning benchmark's file as columns, its outcomes, and the scores a set of risks gets.

The scores follow the definitions of the benchmark: average precision over distinct risks, AUC with ties as halves, AUC
in the band -2 <= HAZ < -1, Brier, slope of the logistic recalibration, calibration error over ten bins of equal count.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.scoring.domain.early_warning.recalibration import log_odds

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SIMULATED: Final = Path("tests/data/benchmarks/early_warning_simulated.csv.gz")
SMALLEST_RISK: Final = 1e-6
BINS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Visits sorted by child and age. NaN = empty; `stunted` (the label) is false where there is no outcome."""

    visit_id: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    child: npt.NDArray[np.int64]
    sex: npt.NDArray[np.int8]
    age_days: npt.NDArray[np.int64]
    haz: Floats
    waz: Floats
    eligible: Bools
    stunted: Bools

    def rows(self, where: Bools) -> Benchmark:
        """Some of the visits."""
        return Benchmark(**{field.name: getattr(self, field.name)[where] for field in fields(self)})

    @property
    def usable(self) -> tuple[Bools, Bools]:
        """Which HAZ and WAZ are there and within the WHO's flags."""
        return np.abs(self.haz) <= 6.0, (self.waz >= -6.0) & (self.waz <= 5.0)


def read(path: Path) -> Benchmark:
    """A file of the benchmark."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    text: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in ("visit_id", "source", "child_id")}
    number = {name: np.array([float(row[name] or "nan") for row in rows]) for name in ("age_days", "haz", "waz")}
    child = np.unique(text["child_id"], return_inverse=True)[1].astype(np.int64)
    order = np.lexsort((number["age_days"], child))
    return Benchmark(
        visit_id=text["visit_id"][order],
        source=text["source"][order],
        child=child[order],
        sex=np.array([1 if row["sex"] == "M" else 2 for row in rows], np.int8)[order],
        age_days=number["age_days"][order].astype(np.int64),
        haz=number["haz"][order],
        waz=number["waz"][order],
        eligible=np.array([row["eligible"] == "1" for row in rows])[order],
        stunted=np.array([row["label"] in {"1", "1.0"} for row in rows])[order],
    )


def folds(child: npt.NDArray[np.int64], count: int, seed: int = 7) -> npt.NDArray[np.int64]:
    """A fold for each row; the rows of a child stay together."""
    places = np.unique(child, return_inverse=True)[1]
    of_child = np.random.default_rng(seed).permutation(int(places.max()) + 1) % count
    return np.asarray(of_child[places], np.int64)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a set of risks is worth."""

    visits: int
    events: int
    ap: float
    auc: float
    auc_band: float
    brier: float
    cal_large: float
    cal_slope: float
    ece: float


def marks(haz: Floats, stunted: Bools, risk: Floats) -> Marks:
    """The marks of these scored visits; NaN where one class is empty."""
    y, band = stunted.astype(np.float64), (haz >= -2.0) & (haz < -1.0)
    return Marks(
        visits=y.size,
        events=int(y.sum()),
        ap=average_precision(y, risk),
        auc=auc(y, risk),
        auc_band=auc(y[band], risk[band]),
        brier=float(np.mean((risk - y) ** 2)),
        cal_large=float(risk.mean() - y.mean()),
        cal_slope=calibration_slope(y, risk),
        ece=calibration_error(y, risk),
    )


def auc(y: Floats, risk: Floats) -> float:
    """Share of (event, no event) pairs in which the event has the larger risk; a tie is half."""
    events, others = np.sort(risk[y == 1]), np.sort(risk[y == 0])
    if not events.size or not others.size:
        return float("nan")
    below, up_to = np.searchsorted(others, events, "left"), np.searchsorted(others, events, "right")
    return float((below + up_to).mean() / 2.0 / others.size)


def average_precision(y: Floats, risk: Floats) -> float:
    """Sum over distinct risks, largest first, of the gain in recall times the precision there."""
    if not y.sum():
        return float("nan")
    order = np.argsort(-risk, kind="stable")
    found, sorted_risk = np.cumsum(y[order]), risk[order]
    ends = np.flatnonzero(np.r_[sorted_risk[1:] != sorted_risk[:-1], True])
    recall, precision = found[ends] / y.sum(), found[ends] / (ends + 1)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def logistic(design: Floats, y: Floats, ridge: float = 0.0) -> Floats:
    """Coefficients of a logistic regression on (coefficients, rows); the first row, of ones, is not shrunk."""
    beta, shrink = np.zeros(design.shape[0]), np.eye(design.shape[0]) * ridge
    shrink[0, 0] = 0.0
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(beta @ design, -30.0, 30.0)))
        hessian = (design * (p * (1.0 - p))) @ design.T + shrink + 1e-9 * np.eye(beta.size)
        step = np.clip(np.linalg.solve(hessian, design @ (y - p) - shrink @ beta), -2.0, 2.0)
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return beta


def calibration(y: Floats, risk: Floats) -> tuple[float, float]:
    """Intercept and slope of logit P(event) on logit risk; NaN where they cannot be told."""
    x = log_odds(risk)
    if x.std() < 1e-9 or y.min() == y.max():
        return float("nan"), float("nan")
    intercept, slope = logistic(np.stack([np.ones_like(x), x]), y)
    return float(intercept), float(slope)


def calibration_slope(y: Floats, risk: Floats) -> float:
    """1 is right, below 1 overconfident."""
    return calibration(y, risk)[1]


def calibration_bins(y: Floats, risk: Floats) -> list[tuple[int, float, float]]:
    """Count, mean risk and share of events in ten bins of equal count."""
    parts = np.array_split(np.argsort(risk, kind="stable"), BINS)
    return [(part.size, float(risk[part].mean()), float(y[part].mean())) for part in parts if part.size]


def calibration_error(y: Floats, risk: Floats) -> float:
    """Mean distance of mean risk and share of events over the bins, weighted by count."""
    return sum(count * abs(expected - seen) for count, expected, seen in calibration_bins(y, risk)) / y.size
