"""A dirty file of 40,000 rows diagnosed, beside the bare reading of its cells.

The floor reads the same bytes into the same cells with the same libraries (calamine, csv) and does nothing else, in the
same process and turn about. Run: `python -m tests.bench.intake [rows]`.
"""

from __future__ import annotations

import csv
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from io import BytesIO, StringIO
from typing import Final

from python_calamine import CalamineWorkbook

from services.measurement.formats.diagnose import examine
from services.measurement.jobs.growth import recompute
from tests.bench.report import BenchRow
from tests.generators.eppgbm.large import as_indonesian_text, as_workbook, many_children

DEFAULT_ROWS: Final = 40_000
REPEATS: Final = 3
TODAY: Final = date(2026, 1, 1)


def measure(rows: int = DEFAULT_ROWS) -> list[BenchRow]:
    """Rows per second of processor time, medians, ours and the floor in turns."""
    lines, held_back = many_children(rows)
    return list(_measure(rows, held_back, {
        ("i", "40,000-row workbook diagnosed"): (as_workbook(lines), _read_workbook),
        ("i-text", "40,000-row text file diagnosed"): (as_indonesian_text(lines), _read_text),
    }))  # fmt: skip


def _measure(
    rows: int, held_back: int, files: dict[tuple[str, str], tuple[bytes, Callable[[bytes], int]]]
) -> Iterator[BenchRow]:
    for (code, name), (data, read) in files.items():
        diagnosis = examine(name, data, recompute=recompute, today=TODAY).diagnosis
        if (diagnosis.rows, diagnosis.counts["quarantined"], read(data)) != (rows, held_back, rows + 1):
            raise AssertionError("a measured file is not judged as it was made")
        seconds: dict[str, list[float]] = {"ours": [], "floor": []}
        for _ in range(REPEATS):
            began = time.process_time()
            examine(name, data, recompute=recompute, today=TODAY)
            seconds["ours"].append(time.process_time() - began)
            began = time.process_time()
            read(data)
            seconds["floor"].append(time.process_time() - began)
        value, floor = (rows / statistics.median(seconds[kind]) for kind in ("ours", "floor"))
        yield BenchRow(code, name, value, "rows/s", floor, value / floor)


def _read_workbook(data: bytes) -> int:
    return len(CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python(skip_empty_area=False))


def _read_text(data: bytes) -> int:
    return len(list(csv.reader(StringIO(data.decode("cp1252"), newline=""), delimiter=";")))


if __name__ == "__main__":
    for line in measure(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROWS):
        print(asdict(line))  # noqa: T201 - a bench prints
