"""How well the detector does on posyandu that its trees have not seen, by the rule of the benchmark.

    python -m tests.bench.detect_score BENCHMARK.csv.gz --mode batch [--by source] [--out PREDICTIONS.csv]

Trees and threshold are chosen anew for each fold of posyandu (or for each source, from the other sources), the
threshold by folds within the rows learned from. The predictions can be written, to be scored by the benchmark's own
script. Intervals: bootstrap over children, 95 %.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.scoring.domain.plausibility.detect import weigh
from services.scoring.domain.plausibility.evidence import gather
from services.scoring.domain.plausibility.values import Bools, Floats
from services.scoring.domain.plausibility.verdicts import KIND_CODES
from tests.bench.detect_fit import MODES, SUBTLE, Labelled, fit, folds_by_posyandu, labelled, threshold, weighed

PAIRS: Final = ("exact_duplicate", "same_day_conflict")
EVENTS: Final = ("wrong_sex", "wrong_birth_date")
RESAMPLES: Final = 2000


@dataclass(frozen=True, slots=True)
class Predicted:
    """Of n rows: flagged, its kind by name, the probability of an error."""

    flagged: Bools
    kind: npt.NDArray[np.str_]
    probability: Floats


def predicted(verdicts: Any) -> Predicted:
    """Verdicts as the benchmark wants them."""
    return Predicted(verdicts.flagged, np.array(KIND_CODES)[verdicts.kind], verdicts.probability)


def unseen(data: Labelled, mode: str, fold: npt.NDArray[np.intp]) -> Predicted:
    """Predictions of each fold by trees and a threshold that know nothing of it."""
    seen = weighed(data.values, mode)
    everything = np.ones(len(data.values), np.bool_)
    evidence = gather(data.values, everything, all_days=mode == "batch")
    flagged, probability = np.zeros(len(data.values), np.bool_), np.zeros(len(data.values))
    kind = np.full(len(data.values), "", dtype="<U24")
    for number in np.unique(fold):
        learn = fold != number
        trees, _, _ = fit(seen, data, learn, threshold(seen, data, learn))
        part = predicted(weigh(data.values, evidence, everything, trees))
        there = ~learn
        flagged[there], kind[there] = part.flagged[there], part.kind[there]
        probability[there] = part.probability[there]
    return Predicted(flagged, kind, probability)


def hits_and_alarms(data: Labelled, found: Predicted) -> tuple[Bools, Bools]:
    """Core errors that are found, clean rows that are flagged; a flag of a subtle kind counts as none."""
    flag = found.flagged & ~np.isin(found.kind, SUBTLE)
    hit = flag.copy()
    of_pair = np.isin(data.kind, PAIRS)
    key = np.char.add(data.group, np.where(data.values.param == 0, "|w", "|h"))
    hit |= of_pair & np.isin(key, key[flag & (data.group != "")])
    for name in EVENTS:
        event = (data.kind == name) & (data.group != "")
        hit |= event & np.isin(data.group, data.group[event & flag & (found.kind == name)])
    return hit & data.core, flag & data.clean


def f1(hits: int, alarms: int, errors: int) -> float:
    """Harmonic mean of precision and recall."""
    return 2 * hits / (hits + alarms + errors) if hits else 0.0


def core_f1(data: Labelled, found: Predicted, rows: Bools) -> float:
    """F1 over the core kinds of some rows."""
    hit, alarm = hits_and_alarms(data, found)
    return f1(int((hit & rows).sum()), int((alarm & rows).sum()), int((data.core & rows).sum()))


def line(name: str, data: Labelled, found: Predicted, rows: Bools) -> str:
    """F1 with its interval, precision, recall and false alarms per 1,000 clean values."""
    hit, alarm = hits_and_alarms(data, found)
    child = np.unique(data.values.child[rows], return_inverse=True)[1]
    counts = np.stack([np.bincount(child, each[rows]) for each in (hit, alarm, data.core, data.clean)])
    hits, alarms, errors, clean = counts.sum(axis=1)
    random = np.random.default_rng(0)
    draws = np.stack(
        [counts[:, random.integers(0, counts.shape[1], counts.shape[1])].sum(axis=1) for _ in range(RESAMPLES)]
    )
    low, high = np.quantile(2 * draws[:, 0] / np.maximum(draws[:, :3].sum(axis=1), 1), [0.025, 0.975])
    return (
        f"{name:14} F1 {f1(hits, alarms, errors):.3f} ({low:.3f}-{high:.3f})  precision {hits / (hits + alarms):.3f}"
        f"  recall {hits / errors:.3f}  false alarms per 1,000 {1000 * alarms / clean:.2f}  errors {int(errors)}"
    )


def main() -> None:
    """Print the figures of one mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--mode", choices=MODES, required=True)
    parser.add_argument("--by", choices=("posyandu", "source"), default="posyandu")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    data = labelled(arguments.benchmark)
    by_source = np.unique(data.source, return_inverse=True)[1].astype(np.intp)
    fold = by_source if arguments.by == "source" else folds_by_posyandu(data.values, arguments.seed)
    found = unseen(data, arguments.mode, fold)
    real = data.source != "simulated"
    parts = {"all": np.ones(real.size, np.bool_), "real": real} | {
        str(source): data.source == source for source in np.unique(data.source)
    }
    for name, rows in parts.items():
        print(line(name, data, found, rows), flush=True)  # noqa: T201 - a script
    if arguments.out:
        with arguments.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("row_id", "flagged", "kind", "probability"))
            kinds = np.where(found.flagged, found.kind, "")
            writer.writerows(zip(data.row_id, found.flagged.astype(int), kinds, found.probability, strict=True))


if __name__ == "__main__":
    main()
