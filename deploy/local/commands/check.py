"""Lint, format, types, architecture and contracts, without starting anything."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.local.data_dir import CHECKOUT

PROGRAMS: Final = Path(sys.executable).parent


Step = tuple[str, list[str]]
TYPES: Final[Step] = ("types", [str(PROGRAMS / "mypy"), "--no-error-summary", "."])


def quick_steps() -> list[Step]:
    """All that is checked but the types, which take most of a minute where nothing is cached."""
    ruff = str(PROGRAMS / "ruff")
    return [
        ("lint", [ruff, "check", "--quiet", "."]),
        ("format", [ruff, "format", "--check", "--quiet", "."]),
        ("contracts", [sys.executable, "-m", "shared.contracts.export", "--check"]),
        (
            "indicators",
            [sys.executable, "-m", "services.reporting.formats.indicators_page", "--check", "docs/indicators.md"],
        ),
        ("manifests", [sys.executable, "-m", "deploy.k8s.export", "--check"]),
        ("architecture", [str(PROGRAMS / "lint-imports"), "--no-logo"]),
    ]


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(_arguments: argparse.Namespace) -> int:
    """Run every step; 1 if one failed."""
    return run_steps([*quick_steps(), TYPES])


def run_steps(steps: Sequence[Step]) -> int:
    """Run all of them, so that all findings are told at once; 1 if one failed."""
    failed = []
    for name, command in steps:
        begun = time.monotonic()
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        print(f"{name:14} {'ok' if done.returncode == 0 else 'FAILED':8} {time.monotonic() - begun:5.1f} s", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout + done.stderr, flush=True)
    if failed:
        print(f"check failed: {', '.join(failed)}")
    return 1 if failed else 0
