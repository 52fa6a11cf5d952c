"""Count every figure again from the facts, by other means; exit 1 if one differs."""

from __future__ import annotations

import argparse
import json
from typing import Any

from deploy.local.data_dir import default_data_dir
from deploy.local.doors import answer_of, running_stack
from deploy.local.stack import Stack

SHOWN = 20
LACKS = {  # what an older program did not keep
    "long_periods": "quarters, semesters and years are counted from the months on every read",
    "sex_and_age": "targets who were not measured have no sex and age, and so count in no group",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`[--json]`."""
    parser.add_argument(
        "--json", action="store_true", help="{checked, differences, tallies, asks_for_rebuild} on one line"
    )


def run(arguments: argparse.Namespace) -> int:
    """Verify and print."""
    report = verify(running_stack(default_data_dir()))
    print(json.dumps(report) if arguments.json else as_text(report))
    return 1 if report["differences"] else 0


def verify(stack: Stack) -> dict[str, Any]:
    """`{checked, differences, tallies, asks_for_rebuild}` of the figures that reporting shows."""
    return answer_of(stack, "reporting", "verify", "--json")


def as_text(report: dict[str, Any]) -> str:
    """How many were counted again, how old tallies are where there are any, and the first differences."""
    differences, tallies = report["differences"], report.get("tallies")
    lines = [f"{report['checked']} checked, {len(differences)} differences"]
    if tallies and tallies["kept"]:
        lines.append(
            "tallies: {kept} kept, {compared} counted again, {waiting} of those looked at wait to be; the oldest is of "
            "{oldest_counted_at}".format_map(tallies)
        )
    lines += [f"run `rebuild` once: {LACKS[lack]}" for lack in report.get("asks_for_rebuild", ())]
    lines += [f"  {json.dumps(row)}" for row in differences[:SHOWN]]
    return "\n".join(lines)
