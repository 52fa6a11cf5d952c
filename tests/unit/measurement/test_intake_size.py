"""The largest files that must work: 40,000 rows and one more, dirty, within 20 s of processor time and 500 MB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.generators.eppgbm.large import as_indonesian_text, as_workbook, many_children

CHECKOUT: Final = Path(__file__).parents[3]
ROWS: Final = 40_001
MOST_SECONDS: Final = 20
MOST_MEGABYTES: Final = 500
# In a process of its own, so that neither its memory nor its time is mixed with other tests.
MEASURED: Final = """
import sys, time
from pathlib import Path
from deploy.local.cli import main
code = main(["intake", sys.argv[1], "--json"])
peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(time.process_time(), int(peak) / 1024, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.slow
@pytest.mark.parametrize("write", [as_indonesian_text, as_workbook])
def test_40_001_dirty_rows_are_judged_within_20_seconds_and_500_megabytes(write: Any, tmp_path: Path) -> None:
    lines, held_back = many_children(ROWS)
    path = tmp_path / "kabupaten"
    path.write_bytes(write(lines))
    done = subprocess.run(  # noqa: S603 - our own command on our own file
        [sys.executable, "-c", MEASURED, str(path)], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    assert (answer["rows"], answer["quarantined"], answer["taken"]) == (ROWS, held_back, ROWS - held_back)
    assert answer["stop_reasons"] == []
    seconds, megabytes = map(float, done.stderr.split()[-2:])
    assert seconds < MOST_SECONDS
    assert megabytes < MOST_MEGABYTES
