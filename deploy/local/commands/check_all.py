"""Everything, also what is too slow for `test`, such as a bare machine.

The result is written to docs/check-all.json, which is committed: when, which commit, which steps, how long.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any, Final

from deploy.local.data_dir import CHECKOUT
from deploy.local.processes import tethered_command
from shared.calendar import now_utc

RESULT: Final = CHECKOUT / "docs" / "check-all.json"
STEPS: Final = (
    ("test", ["./tumbuh", "test"]),
    ("fresh machine", ["sh", "tests/fresh_machine.sh"]),
    ("two years of history", [sys.executable, "-P", "-m", "tests.history"]),
)


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(_arguments: argparse.Namespace) -> int:
    """Run every step and keep the result; 1 if one failed."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    steps = [_step(name, command) for name, command in STEPS]
    RESULT.parent.mkdir(exist_ok=True)
    result = {"at": now_utc().isoformat(timespec="seconds"), "commit": commit.stdout.strip(), "steps": steps}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    failed = [step["name"] for step in steps if not step["passed"]]
    print(f"check-all: {'FAILED: ' + ', '.join(failed) if failed else 'ok'}")
    return 1 if failed else 0


def _step(name: str, command: list[str]) -> dict[str, Any]:
    print(f"== {name}", flush=True)
    begun = time.monotonic()
    with subprocess.Popen(tethered_command(command, "TERM"), cwd=CHECKOUT) as step:
        try:
            code = step.wait()
        except BaseException:
            step.terminate()  # a step tidies up after itself, if it is asked and not killed
            step.wait()
            raise
    return {"name": name, "passed": code == 0, "seconds": round(time.monotonic() - begun)}
