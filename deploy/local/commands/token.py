"""Print a token for a machine, and nothing else.

The identity provider of this data directory gives it, so the system must be up; its services accept it for twelve
hours.
"""

from __future__ import annotations

import argparse

from deploy.local.data_dir import default_data_dir
from deploy.local.doors import running_stack
from deploy.local.tokens import token_for
from shared.auth.roles import ROLES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--role R [--area CODE]`."""
    parser.add_argument("--role", required=True, choices=sorted(ROLES), metavar="ROLE", help=", ".join(sorted(ROLES)))
    parser.add_argument(
        "--area",
        action="append",
        metavar="CODE",
        help="kabupaten, kecamatan, desa or posyandu code; may be repeated (default: the district, 12.19)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the token."""
    print(token_for(running_stack(default_data_dir()), arguments.role, arguments.area))
    return 0
