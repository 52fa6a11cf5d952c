"""Recalibrate the early warning to a population: `python -m tests.bench.early_warning_recalibrate DATA.csv.gz VERSION`.

The file has the benchmark's columns, `eligible` and `label` from the population's own later visits. Printed is the line
for `[early_warning]` of its rule set; with too few outcomes that is the line that changes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services.scoring.domain.early_warning.coefficients import load
from services.scoring.domain.early_warning.recalibration import recalibrate
from tests.bench.early_warning_data import read
from tests.bench.early_warning_fit import answer


def main() -> None:
    """Print the line."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.bench.early_warning_recalibrate DATA.csv.gz VERSION")
    data = read(Path(sys.argv[1]))
    rows = data.eligible
    found = recalibrate(answer(data, load()).risk[rows], data.stunted[rows], data.child[rows], sys.argv[2])
    print(  # noqa: T201 - a script prints its result
        f'recalibration = {{ version = "{found.version}", '
        f"intercept = {found.intercept:.3f}, slope = {found.slope:.3f} }}"
    )


if __name__ == "__main__":
    main()
