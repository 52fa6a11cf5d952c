"""Check, then run all tests on a PostgreSQL and Kafka of their own.

Arguments are those of pytest (`-k NAME`, `-x`, a path …); with any of them only the chosen tests run, unchecked.
Without any, two runs go side by side, since most tests wait for servers: in one the pure rules, what starts systems of
its own and as much more as makes both last alike, on a PostgreSQL and Kafka of its own; all others in the other. Two
reports, the second printed when the first is through; the types are checked beside both. What is marked `slow` is left
to `check-all`.
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
from typing import IO, Final, Self

from deploy.local.commands import check
from deploy.local.data_dir import CHECKOUT
from deploy.local.processes import tethered_command
from deploy.local.stack import Stack
from deploy.local.throw_away import TEST_STACK_VARIABLE, throw_away_stack

OWN_SYSTEMS: Final = ("architecture", "stack", "oidc", "deploy")
MADE_EQUAL: Final = ("reporting",)
BESIDE: Final = (
    "tests/unit",
    *(f"tests/integration/{name}" for name in OWN_SYSTEMS + MADE_EQUAL),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whatever pytest understands."""
    parser.set_defaults(passed_on=[])


def run(arguments: argparse.Namespace) -> int:
    """Run checks and tests; 1 if either fails."""
    begun = time.monotonic()
    code = run_chosen(arguments.passed_on) if arguments.passed_on else run_all()
    print(f"test: {'FAILED' if code else 'ok'} in {time.monotonic() - begun:.0f} s")
    return 1 if code else 0


def run_chosen(arguments: Sequence[str]) -> int:
    """Run what pytest makes of `arguments`, on a stack of its own; returns its exit code."""
    with throw_away_stack() as stack, Program(pytest_command(arguments), variables(stack), output=None) as chosen:
        return chosen.finish()


def run_all() -> int:
    """Check and run both halves; the worst of their exit codes.

    The types are checked beside the tests. What runs beside is told when the others are through, and whole.
    """
    begun = time.monotonic()
    checked = check.run_steps(check.quick_steps())
    with (
        tempfile.TemporaryFile() as types_say,
        tempfile.TemporaryFile() as half_says,
        Program(check.TYPES[1], {}, types_say) as types,
        Program(pytest_command(BESIDE), {}, half_says) as half,
        throw_away_stack() as stack,
    ):
        print(f"PostgreSQL and Kafka ready after {time.monotonic() - begun:.1f} s", flush=True)
        others = pytest_command(["tests", *(f"--ignore={path}" for path in BESIDE)])
        with Program(others, variables(stack), output=None) as rest:
            codes = [checked, rest.finish(), half.finish()]
        codes.append(types.finish())
        print(f"types: {'FAILED' if codes[-1] else 'ok'}")
    return max(codes)


def variables(stack: Stack) -> dict[str, str]:
    """What tells a run of tests which stack is its own."""
    return {TEST_STACK_VARIABLE: str(stack.data.root)}


def pytest_command(arguments: Sequence[str]) -> list[str]:
    """Pytest of our own Python."""
    return [sys.executable, "-m", "pytest", *arguments]


class Program:
    """A program that dies with us; what it wrote to `output` is told by `finish`."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], output: IO[bytes] | None) -> None:
        self.output = output
        self.process = subprocess.Popen(
            tethered_command(list(command), "TERM"),
            cwd=CHECKOUT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
        )

    def finish(self) -> int:
        """Wait for its end, tell what it said, and return its exit code."""
        code = self.process.wait()
        if self.output is not None:
            self.output.seek(0)
            shutil.copyfileobj(self.output, sys.stdout.buffer)
            sys.stdout.flush()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
