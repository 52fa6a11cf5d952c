"""Check, then run all tests on a PostgreSQL and Kafka of their own.

Arguments are those of pytest (`-k NAME`, `-x`, a path …); with any of them only the chosen tests run, unchecked.
Without any, two runs go side by side, since most tests wait for servers: in one the pure rules, what starts systems of
its own and as much more as makes both last alike, on a PostgreSQL and Kafka of its own; all others in the other. Two
reports, the second printed when the first is through.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO, Final

from deploy.local.commands import check
from deploy.local.data_dir import CHECKOUT
from deploy.local.processes import tethered_command
from deploy.local.throw_away import TEST_STACK_VARIABLE, throw_away_stack

BESIDE: Final = (
    "tests/unit",
    *(f"tests/integration/{name}" for name in ("architecture", "stack", "oidc", "deploy", "shared", "loop")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whatever pytest understands."""
    parser.set_defaults(passed_on=[])


def run(arguments: argparse.Namespace) -> int:
    """Run checks and tests; 1 if either fails."""
    begun = time.monotonic()
    checked = 0 if arguments.passed_on else check.run(arguments)
    with throw_away_stack() as stack:
        print(f"PostgreSQL and Kafka ready after {time.monotonic() - begun:.1f} s", flush=True)
        environment = {TEST_STACK_VARIABLE: str(stack.data.root)}
        tested = run_pytest(arguments.passed_on, environment) if arguments.passed_on else run_all(environment)
    print(f"test: {'ok' if checked == tested == 0 else 'FAILED'} in {time.monotonic() - begun:.0f} s")
    return 1 if checked or tested else 0


def run_all(environment: dict[str, str]) -> int:
    """Run both parts at once; the worse of their exit codes. What the one beside says is told last, and whole."""
    with tempfile.TemporaryFile() as said:
        beside = start_pytest(BESIDE, {}, said)
        try:
            others = run_pytest(["tests", *(f"--ignore={path}" for path in BESIDE)], environment)
            code = beside.wait()
        except BaseException:
            beside.terminate()
            beside.wait()
            raise
        said.seek(0)
        shutil.copyfileobj(said, sys.stdout.buffer)
    return max(others, code)


def run_pytest(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Run pytest as a child that dies with us; returns its exit code."""
    child = start_pytest(arguments, environment)
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise


def start_pytest(
    arguments: Sequence[str], environment: dict[str, str], output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start pytest as a child that dies with us; `output` = where it writes instead of here."""
    command = tethered_command([sys.executable, "-m", "pytest", *arguments], "TERM")
    return subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )
