"""Everything, also what is too slow for `test`, such as a bare machine.

The result is written to docs/check-all.json, which is committed: of each step when, at which commit, how long, and
whether it passed. `--only STEP` runs one step again and leaves what is known of the others.
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
STEPS: Final = {
    "test": ["./tumbuh", "test"],
    "slow tests": ["./tumbuh", "test", "-m", "slow"],
    "fresh machine": ["sh", "tests/fresh_machine.sh"],
    "two years of history": [sys.executable, "-P", "-m", "tests.history"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One step, or all."""
    parser.add_argument("--only", metavar="STEP", choices=STEPS, help="one of: " + ", ".join(STEPS))


def run(arguments: argparse.Namespace) -> int:
    """Run the steps and keep the results; 1 if one of those that ran failed."""
    chosen = [arguments.only] if arguments.only else list(STEPS)
    known = {step["name"]: step for step in json.loads(RESULT.read_text(encoding="utf-8"))} if RESULT.exists() else {}
    done = {name: _step(name, STEPS[name]) for name in chosen}
    RESULT.parent.mkdir(exist_ok=True)
    results = [step for name in STEPS if (step := done.get(name) or known.get(name))]
    RESULT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    failed = [name for name, step in done.items() if not step["passed"]]
    print(f"check-all: {'FAILED: ' + ', '.join(failed) if failed else 'ok'}")
    return 1 if failed else 0


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _step(name: str, command: list[str]) -> dict[str, Any]:
    print(f"== {name}", flush=True)
    begun, at, commit = time.monotonic(), now_utc().isoformat(timespec="seconds"), _commit()
    with subprocess.Popen(tethered_command(command, "TERM"), cwd=CHECKOUT) as step:
        try:
            code = step.wait()
        except BaseException:
            step.terminate()  # a step tidies up after itself, if it is asked and not killed
            step.wait()
            raise
    return {"name": name, "at": at, "commit": commit, "passed": code == 0, "seconds": round(time.monotonic() - begun)}
