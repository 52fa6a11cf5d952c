"""Check, then run all tests on a PostgreSQL and Kafka of their own.

Arguments are those of pytest (`-k NAME`, `-x`, a path …); with any of them only the chosen tests run, unchecked.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from deploy.local.commands import check
from deploy.local.data_dir import CHECKOUT
from deploy.local.processes import tethered_command
from deploy.local.throw_away import TEST_STACK_VARIABLE, throw_away_stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whatever pytest understands."""
    parser.set_defaults(passed_on=[])


def run(arguments: argparse.Namespace) -> int:
    """Run checks and tests; 1 if either fails."""
    begun = time.monotonic()
    checked = 0 if arguments.passed_on else check.run(arguments)
    with throw_away_stack() as stack:
        print(f"PostgreSQL and Kafka ready after {time.monotonic() - begun:.1f} s", flush=True)
        tested = run_pytest(arguments.passed_on, {TEST_STACK_VARIABLE: str(stack.data.root)})
    print(f"test: {'ok' if checked == tested == 0 else 'FAILED'} in {time.monotonic() - begun:.0f} s")
    return 1 if checked or tested else 0


def run_pytest(arguments: list[str], environment: dict[str, str]) -> int:
    """Run pytest as a child that dies with us; returns its exit code."""
    command = tethered_command([sys.executable, "-m", "pytest", *arguments], "TERM")
    child = subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, **environment})
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
