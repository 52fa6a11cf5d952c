"""Send every current fact again, unchanged: harmless for who has it, healing for who lost it.

Facts are put into the outbox of their owner; its running worker sends them. `./tumbuh ledger --wait 120` tells when
all have arrived.
"""

from __future__ import annotations

import argparse
from typing import Final

from deploy.local.data_dir import default_data_dir
from deploy.local.doors import running_stack, through_door

OWNERS: Final = ("measurement", "scoring", "lab")  # in the order of the data's way


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`[SERVICE]`."""
    parser.add_argument("service", nargs="?", choices=OWNERS, metavar="SERVICE", help=f"one of {', '.join(OWNERS)}")


def run(arguments: argparse.Namespace) -> int:
    """Republish one owner's facts, or all."""
    stack = running_stack(default_data_dir())
    for service in (arguments.service,) if arguments.service else OWNERS:
        through_door(stack, service, "republish", codes=(0,))
        print(f"{service}: all current facts are in its outbox")
    return 0
