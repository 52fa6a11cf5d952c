"""Who may log in to the dashboard of this data directory, with passwords."""

from __future__ import annotations

import argparse

from deploy.local.data_dir import default_data_dir
from deploy.local.doors import running_stack
from deploy.local.stack import Stack
from deploy.oidc.people import people


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(_arguments: argparse.Namespace) -> int:
    """Print them."""
    print(table(running_stack(default_data_dir())))
    return 0


def table(stack: Stack) -> str:
    """A line for each: username, password, role, areas."""
    lines = [f"{'username':12} {'password':20} {'role':12} area"]
    for person in people():
        username = person["username"]
        areas = " ".join(person["area"])
        lines.append(f"{username:12} {stack.secrets.people[username]:20} {person['role']:12} {areas}")
    return "\n".join(lines)
