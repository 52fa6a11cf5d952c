"""How fast, beside the floor of each figure: the same work without our code, measured in the same run."""

from __future__ import annotations

import argparse
import importlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from deploy.local.throw_away import throw_away_stack

# id → module of tests/bench and whether it needs PostgreSQL and Kafka; the module's `measure` gives its rows.
BENCHES: Final = {
    "a": ("tests.bench.zscores", False),
    "b": ("tests.bench.detect", False),
    "d": ("tests.bench.scoring_consumer", True),
    "f": ("tests.bench.loop", True),
    "i": ("tests.bench.intake", False),
    "replay": ("tests.bench.replay", True),
    "province": ("tests.bench.province", True),
}
ALSO: Final = {"j": "f"}  # measured together with another


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rows, and where the report goes."""
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the rows there, too")
    parser.add_argument("--only", metavar="ID", choices=[*BENCHES, *ALSO], help="one row")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print a line per row."""
    chosen = [ALSO.get(arguments.only, arguments.only)] if arguments.only else list(BENCHES)
    rows: list[dict[str, Any]] = []
    with throw_away_stack() as stack:
        for name in chosen:
            module, needs_stack = BENCHES[name]
            measured = importlib.import_module(module).measure(*([stack] if needs_stack else []))
            for row in measured:
                rows.append(asdict(row))
                print(_line(rows[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


def _line(row: dict[str, Any]) -> str:
    value = f"{row['value']:>12,.1f} {row['unit']:15} floor {row['floor']:>12,.1f}  ratio {row['ratio']:.2f}"
    return f"{row['id']:6} {row['name']:64} {value}"
