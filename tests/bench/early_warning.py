"""The early-warning model beside its rivals: `python -m tests.bench.early_warning DATA.csv.gz [REPORT.json]`.

Cross-validated by child (five folds, the same for all), then with each source left out; simulated and real rows apart.
With a path, figures and calibration bins go there (the model card is written from them).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from services.scoring.domain.early_warning.recalibration import NONE, calibrated, log_odds, recalibrate
from tests.bench.early_warning_data import Benchmark, Bools, Floats, calibration_bins, folds, marks, read
from tests.bench.early_warning_fit import answer, fit
from tests.bench.early_warning_rivals import boosting_risk, inputs, logistic_risk

FOLDS: Final = 5
CUTS: Final = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)

Predict = Callable[[Benchmark, Bools, Bools], Floats]  # (visits, training rows, test rows) → risks of the test rows


def ours(data: Benchmark, train: Bools, test: Bools) -> Floats:
    """Fitted on the children of the training rows, scored on those of the test rows."""
    return answer(data, fit(data.rows(train), "fold")).risk[test]


def rival(risks: Callable[[Floats, Bools, Bools, Bools], Floats]) -> Predict:
    """A rival as a model of the comparison: it learns from scored visits only."""

    def predict(data: Benchmark, train: Bools, test: Bools) -> Floats:
        return risks(inputs(data), data.stunted, train & data.eligible, test)

    return predict


MODELS: Final[dict[str, Predict]] = {
    "early warning": ours,
    "logistic": rival(logistic_risk),
    "boosting": rival(boosting_risk),
}


def cross_validated(data: Benchmark, predict: Predict) -> Floats:
    """Risks of all scored visits, each by a model that never saw the child."""
    fold, risks = folds(data.child, FOLDS), np.full(data.child.size, np.nan)
    for number in range(FOLDS):
        test = data.eligible & (fold == number)
        risks[test] = predict(data, fold != number, test)
    return risks


def left_out(data: Benchmark, predict: Predict) -> Floats:
    """Risks of all scored visits, each by a model that never saw its source."""
    risks = np.full(data.child.size, np.nan)
    for source in np.unique(data.source):
        test = data.eligible & (data.source == source)
        risks[test] = predict(data, data.source != source, test)
    return risks


def groups(data: Benchmark) -> Iterator[tuple[str, Bools]]:
    """All, simulated, real, then each source."""
    simulated = data.source == "simulated"
    yield "all", data.eligible
    yield "simulated", data.eligible & simulated
    yield "real", data.eligible & ~simulated
    for source in np.unique(data.source[~simulated]):
        yield str(source), data.eligible & (data.source == source)


def at_cuts(data: Benchmark, risks: Floats) -> list[dict[str, float]]:
    """Of the scored visits: share above each cut, share of events among them (PPV), share of events found."""
    rows = data.eligible
    stunted, risk = data.stunted[rows], risks[rows]
    return [
        {
            "cut": cut,
            "listed": float((risk >= cut).mean()),
            "ppv": float(stunted[risk >= cut].mean()),
            "sensitivity": float((risk[stunted] >= cut).mean()),
        }
        for cut in CUTS
    ]


def recalibrated_locally(data: Benchmark, risks: Floats) -> dict[str, Any]:
    """For each source: a recalibration learnt on half of its children, tried on the other half, both ways."""
    found: dict[str, Any] = {}
    half = folds(data.child, 2, seed=11)
    for name, rows in groups(data):
        if name == "all":
            continue
        after = risks.copy()
        for side in (0, 1):
            learn, other = rows & (half == side), rows & (half != side)
            local = recalibrate(risks[learn], data.stunted[learn], data.child[learn], name)
            if local is not NONE:
                after[other] = calibrated(log_odds(risks[other]), local)
        found[name] = {
            "before": asdict(marks(data.haz[rows], data.stunted[rows], risks[rows])),
            "after": asdict(marks(data.haz[rows], data.stunted[rows], after[rows])),
            "changed": bool((after[rows] != risks[rows]).any()),
        }
    return found


def report(data: Benchmark) -> dict[str, Any]:
    """All figures."""
    figures: dict[str, Any] = {}
    for name, predict in MODELS.items():
        risks = cross_validated(data, predict)
        apart = left_out(data, predict)
        figures[name] = {
            "cross_validated": {group: asdict(_marks(data, rows, risks)) for group, rows in groups(data)},
            "source_left_out": {group: asdict(_marks(data, rows, apart)) for group, rows in groups(data)},
            "bins": {
                group: calibration_bins(data.stunted[rows].astype(np.float64), risks[rows])
                for group, rows in groups(data)
            },
        }
        if predict is ours:
            figures[name]["cuts"] = at_cuts(data, risks)
            figures[name]["local"] = recalibrated_locally(data, apart)
    return figures


def _marks(data: Benchmark, rows: Bools, risks: Floats) -> Any:
    return marks(data.haz[rows], data.stunted[rows], risks[rows])


def table(figures: dict[str, Any], kind: str) -> str:
    """One line a group and model."""
    columns = ("visits", "events", "ap", "auc_band", "auc", "brier", "cal_slope", "ece", "cal_large")
    lines = [f"| rows | model | {' | '.join(columns)} |", f"| --- | --- |{' --- |' * len(columns)}"]
    for group in next(iter(figures.values()))[kind]:
        for name, found in figures.items():
            cells = [found[kind][group][column] for column in columns]
            shown = [str(cell) if isinstance(cell, int) else f"{cell:.4f}" for cell in cells]
            lines.append(f"| {group} | {name} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    if len(sys.argv) not in {2, 3}:
        sys.exit("usage: python -m tests.bench.early_warning DATA.csv.gz [REPORT.json]")
    figures = report(read(Path(sys.argv[1])))
    for kind in ("cross_validated", "source_left_out"):
        print(f"\n{kind}\n{table(figures, kind)}")  # noqa: T201 - a script prints its figures
    for line in figures["early warning"]["cuts"]:
        print({name: round(value, 3) for name, value in line.items()})  # noqa: T201
    if len(sys.argv) == 3:
        Path(sys.argv[2]).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
