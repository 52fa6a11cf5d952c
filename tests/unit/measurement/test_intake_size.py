"""The largest files that must work: 40,000 rows and one more, within 20 s of processor time and 500 MB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.unit.measurement.eppgbm_files import healthy_rows, text_file

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


def test_40_001_rows_are_judged_within_20_seconds_and_500_megabytes(tmp_path: Path) -> None:
    heads, *lines = text_file(healthy_rows(50), delimiter=";").decode().splitlines()
    path = tmp_path / "kabupaten.csv"
    children = (lines[n % 50].replace("ANAK ", f"ANAK {n} ") for n in range(ROWS))
    path.write_text("\n".join([heads, *children]), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own command on our own file
        [sys.executable, "-c", MEASURED, str(path)], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    assert answer["rows"] == answer["taken"] == ROWS
    assert answer["recompute"]["HAZ"] == {"checked": ROWS, "equal": ROWS}
    seconds, megabytes = map(float, done.stderr.split()[-2:])
    assert seconds < MOST_SECONDS
    assert megabytes < MOST_MEGABYTES
