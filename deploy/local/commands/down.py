"""Stop exactly what `up` started in this data directory."""

from __future__ import annotations

import argparse

from deploy.local.data_dir import default_data_dir
from deploy.local.lifecycle import take_down


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--purge`."""
    parser.add_argument("--purge", action="store_true", help="remove the data directory as well, for good")


def run(arguments: argparse.Namespace) -> int:
    """Stop, and say what ran."""
    data = default_data_dir()
    there = data.root.exists()
    stopped = take_down(data, purge=arguments.purge)
    print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
    if arguments.purge and there:
        print(f"removed: {data.root}")
    return 0
