"""A simulated district of 30,000 children, sent month by month through the whole system.

Starts everything, loads the register, uploads the monthly e-PPGBM files of every puskesmas with the dirt of real
ones, waits until all ledgers balance and prints the figures by kecamatan. Without --once the system stays up until
Ctrl-C, and the address of the dashboard is printed. An earlier demo's data is replaced.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, Final

from deploy.demo.driver import Doors, Outcome, has_no_register, run_demo
from deploy.demo.place import claim, make_room
from deploy.demo.report import as_json, as_text
from deploy.demo.world import World, make_world
from deploy.local import tokens
from deploy.local.commands import ledger, verify
from deploy.local.data_dir import CHECKOUT, default_data_dir
from deploy.local.lifecycle import tethered_system
from deploy.local.stack import Stack
from shared.calendar import today_jakarta

CHILDREN: Final = 30_000
MONTHS: Final = 4
SEED: Final = 20_260_101
NOT_SETTLED: Final = 1
REAL_FILES: Final = CHECKOUT / "tests" / "data" / "eppgbm"
SHOWN_REAL_FILES: Final = ("01-*.xlsx", "03-*.xlsx", "04-*.csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Size, seed, and whether to stay."""
    parser.add_argument("--once", action="store_true", help="stop everything at the end")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the outcome as JSON")
    parser.add_argument("--children", metavar="N", type=_positive, default=CHILDREN, help=f"under five ({CHILDREN})")
    parser.add_argument("--months", metavar="M", type=_positive, default=MONTHS, help=f"monthly rounds ({MONTHS})")
    parser.add_argument("--seed", metavar="K", type=int, default=SEED, help="another seed, another district")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; 1 if the ledgers do not balance in time."""
    data = default_data_dir()
    if make_room(data):
        _tell("data demo sebelumnya dihapus")
    world = make_world(children=arguments.children, months=arguments.months, seed=arguments.seed, today=today_jakarta())
    with tethered_system(data, _tell) as stack:
        outcome, verified = asyncio.run(_run(stack, world))
        if arguments.json:
            document = json.dumps(as_json(outcome, verified), ensure_ascii=False, indent=2)
            arguments.json.write_text(document + "\n", encoding="utf-8")
        print(as_text(outcome), flush=True)
        if not arguments.once:
            _stay(stack)
    return 0 if outcome.settled and not verified["differences"] else NOT_SETTLED


async def _run(stack: Stack, world: World) -> tuple[Outcome, dict[str, Any]]:
    doors = Doors.of(stack.url, lambda role, areas: tokens.token_for(stack, role, areas), lambda: ledger.collect(stack))
    claim(
        stack.data,
        {"children": world.children.count, "months": len(world.rounds), "seed": world.seed},
        empty=await has_no_register(doors),
    )
    outcome = await run_demo(doors, world, _real_files(), _tell)
    return outcome, await asyncio.to_thread(verify.verify, stack)


def _real_files() -> list[Path]:
    """The real exports that lie beside the tests, if this checkout has them."""
    return [path for pattern in SHOWN_REAL_FILES for path in sorted(REAL_FILES.glob(pattern))]


def _stay(stack: Stack) -> None:
    """Show where to look, and wait for Ctrl-C."""
    user = "kabupaten"
    print(f"\nDasbor: {stack.url('reporting')}/", flush=True)
    print(f"  nama pengguna {user}, kata sandi {stack.secrets.people[user]}; lainnya: ./tumbuh users", flush=True)
    print("Ctrl-C untuk berhenti.", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        _tell("berhenti ...")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
