"""Make all figures anew from the facts, and show them only if a recount agrees.

They are made beside the live ones, and the system goes on working meanwhile. Exit 1 if the new figures differ from a
recount: then the old ones stay.
"""

from __future__ import annotations

import argparse
import json

from deploy.local.commands.verify import as_text
from deploy.local.data_dir import default_data_dir
from deploy.local.doors import answer_of, running_stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`[--json]`."""
    parser.add_argument("--json", action="store_true", help="{generation, children, checked, differences} on one line")


def run(arguments: argparse.Namespace) -> int:
    """Rebuild and print."""
    report = answer_of(running_stack(default_data_dir()), "reporting", "rebuild", "--json")
    shown = f"generation {report.get('generation')} of {report.get('children')} children: {as_text(report)}"
    print(json.dumps(report) if arguments.json else shown)
    return 1 if report["differences"] else 0
