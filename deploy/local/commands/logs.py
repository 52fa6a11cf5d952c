"""Show what the parts have written."""

from __future__ import annotations

import argparse
import os

from deploy.local.data_dir import default_data_dir
from deploy.local.errors import MissingError
from deploy.local.lifecycle import PARTS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`[SERVICE] [-f] [-n LINES]`."""
    parser.add_argument("service", nargs="?", choices=PARTS, metavar="SERVICE", help=", ".join(PARTS))
    parser.add_argument("-f", "--follow", action="store_true", help="go on as lines are written, until Ctrl-C")
    parser.add_argument("-n", "--lines", type=int, default=100, help="so many of the last lines (100)")


def run(arguments: argparse.Namespace) -> int:
    """Hand over to `tail`, which does this well."""
    data = default_data_dir()
    names = [arguments.service] if arguments.service else list(PARTS)
    files = [str(data.log(name)) for name in names if data.log(name).exists()]
    if not files:
        raise MissingError("nothing has been started here yet: ./tumbuh up")
    follow = ["-F"] if arguments.follow else []
    os.execvp("tail", ["tail", f"--lines={arguments.lines}", *follow, *files])  # noqa: S606 - no shell is wanted
