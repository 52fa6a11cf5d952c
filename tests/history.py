"""Two years of history through the file intake: figures change, nobody is asked to do anything.

`python -m tests.history [--children N] [--months M]` on servers of its own; 1 if a case, task, order or alert was
opened or a ledger does not balance. At its full size (a million rows) it is a step of `./tumbuh check-all`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any, Final

from deploy.demo.dirt import FUTURE_DAYS
from deploy.demo.driver import Doors, run_demo
from deploy.demo.world import make_world
from deploy.local.commands import ledger
from deploy.local.throw_away import throw_away_stack
from deploy.local.trial import Trial, trial
from shared.calendar import add_months, month_of, today_jakarta
from shared.postgres.pool import connect

CHILDREN: Final = 43_000
MONTHS: Final = 26
SEED: Final = 11
#: The newest visit is older than anything that may open a case; so are rows whose date was mistyped into their future.
ENDED_MONTHS_AGO: Final = 4 + FUTURE_DAYS // 30
OPENED: Final = {
    "cases": ("scoring", "child_case"),
    "follow_ups": ("scoring", "follow_up"),
    "orders": ("lab", "lab_order"),
    "alerts": ("lab", "critical_value"),
}


def main() -> int:
    """Import, wait, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=CHILDREN)
    parser.add_argument("--months", type=int, default=MONTHS)
    asked = parser.parse_args()
    today = add_months(month_of(today_jakarta()), -ENDED_MONTHS_AGO)
    world = make_world(children=asked.children, months=asked.months, seed=SEED, today=today)
    with throw_away_stack() as stack, trial(stack) as system:
        system.start()
        doors = Doors.of(system.url, system.token, lambda: ledger.collect(system.stack))
        outcome = asyncio.run(run_demo(doors, world, [], tell))
        told: dict[str, Any] = {
            "rows": outcome.tally.rows,
            "seconds": round(outcome.seconds),
            "suspected": sum(row["suspected"] for row in outcome.kecamatan),
            "ledger": outcome.ledger["state"],
            **asyncio.run(opened(system)),
        }
    sys.stdout.write(json.dumps(told) + "\n")
    fine = outcome.settled and told["suspected"] > 0 and not any(told[name] for name in OPENED)
    return 0 if fine else 1


def tell(text: str) -> None:
    """Progress."""
    sys.stderr.write(text + "\n")


async def opened(system: Trial) -> dict[str, int]:
    """How much was opened."""
    counts = {}
    for name, (service, table) in OPENED.items():
        connection = await connect(system.stack.address(f"{service}_worker"))
        try:
            counts[name] = await connection.fetchval(f"SELECT count(*) FROM {table}")
        finally:
            await connection.close()
    return counts


if __name__ == "__main__":
    sys.exit(main())
