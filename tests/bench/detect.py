"""Values judged per second of processor time, beside the floor: the same text parsed and scored, nothing judged.

Rows (b) and (b2) begin with the text of a file, as `./tumbuh detect` does; (b1) with its columns. The text is that of
the simulated posyandu of tests/data/benchmarks, several times over. Run: `python -m tests.bench.detect [copies]`.
"""

from __future__ import annotations

import csv
import gzip
import io
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import numpy as np

from deploy.local.commands.detect import judge, read
from services.scoring.domain.plausibility.values import Param, Values
from shared.growth.anthro import Scores, score
from shared.growth.anthro_columns import Anthropometry
from tests.bench.report import BenchRow
from tests.unit.scoring.plausibility.examples import SIMULATED

COPIES: Final = 10
REPEATS: Final = 5


def text_of(copies: int) -> str:
    """The simulated rows as CSV, with ids of their own in each copy."""
    with gzip.open(SIMULATED, "rt", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    for copy in range(copies):
        for line in lines:
            ids = {name: f"{copy}-{line[name]}" for name in ("row_id", "posyandu_id", "child_id", "visit_id")}
            writer.writerow(line | ids)
    return out.getvalue()


def scores(values: Values) -> Scores:
    """Z-scores of the values, as recorded."""
    weight = values.param == Param.WEIGHT_KG
    return score(
        Anthropometry(
            sex=values.sex,
            age=(values.day - values.birth_day).astype(np.float64),
            weight_kg=np.where(weight, values.value, np.nan),
            length_height_cm=np.where(weight, np.nan, values.value),
            position=values.position,
            oedema=np.zeros(len(values), np.bool_),
        )
    )


def seconds(works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median processor seconds of each, taken in turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(REPEATS):
        for name, work in works.items():
            began = time.process_time()
            work()
            taken[name].append(time.process_time() - began)
    return {name: statistics.median(each) for name, each in taken.items()}


def measure(copies: int = COPIES) -> list[BenchRow]:
    """Batch from text, batch from columns, stream (all rows asked at once) from text."""
    text = text_of(copies)
    values = read(io.StringIO(text)).values
    judge(values.rows(slice(0, 1000)), "batch")  # tables and trees are read once
    judge(values.rows(slice(0, 1000)), "stream")
    took = seconds(
        {
            "parsed and scored": lambda: scores(read(io.StringIO(text)).values),
            "scored": lambda: scores(values),
            "batch": lambda: judge(read(io.StringIO(text)).values, "batch"),
            "batch of columns": lambda: judge(values, "batch"),
            "stream": lambda: judge(read(io.StringIO(text)).values, "stream"),
        }
    )
    speed = {name: len(values) / each for name, each in took.items()}
    return [
        BenchRow(id_, name, speed[ours], "rows/s", speed[floor], speed[ours] / speed[floor])
        for id_, name, ours, floor in (
            ("b", "Values judged in a batch, from text", "batch", "parsed and scored"),
            ("b1", "Values judged in a batch, from columns", "batch of columns", "scored"),
            ("b2", "Values judged as a stream, from text", "stream", "parsed and scored"),
        )
    ]


if __name__ == "__main__":
    for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else COPIES):
        print(asdict(row))  # noqa: T201 - a bench prints
