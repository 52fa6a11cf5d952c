"""What runs, where, and whether it is ready."""

from __future__ import annotations

import argparse
import json
from typing import Any

from deploy.local.data_dir import default_data_dir
from deploy.local.lifecycle import status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="{part: {url, ready, pid}} on one line")


def run(arguments: argparse.Namespace) -> int:
    """Print the state of every part."""
    parts = status(default_data_dir())
    print(json.dumps(parts) if arguments.json else table(parts))
    return 0


def table(parts: dict[str, dict[str, Any]]) -> str:
    """The state for people."""
    lines = []
    for name, part in parts.items():
        state = "ready" if part["ready"] else "starting or stuck" if part["pid"] else "stopped"
        lines.append(f"{name:12} {state:18} pid {part['pid'] or '-':<8} {part['url'] or ''}")
    return "\n".join(line.rstrip() for line in lines)
