"""Start PostgreSQL, Kafka, Keycloak and the services and leave them running.

What runs already stays as it is; a second `up` says so within a second or two. Ports are picked free at the first
start and remembered; `TUMBUH_DATA` names another data directory than `.tumbuh` in the checkout.
"""

from __future__ import annotations

import argparse
import sys

from deploy.local.commands.status import table
from deploy.local.data_dir import default_data_dir
from deploy.local.lifecycle import bring_up, status
from deploy.local.stack import open_stack


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(_arguments: argparse.Namespace) -> int:
    """Bring the system up and show it."""
    data = default_data_dir()
    bring_up(data, lambda text: print(text, file=sys.stderr))
    print(table(status(data)))
    print(f"dashboard: {open_stack(data).url('reporting')}/   users and their passwords: ./tumbuh users")
    return 0
