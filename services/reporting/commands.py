"""Doors of reporting beside the usual ones: verify, rebuild, redrive. Answers go to standard output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from services.reporting.consumers.facts import FactsHandler
from services.reporting.use_cases.rebuild import RebuildRunsError, rebuild
from services.reporting.use_cases.verify import verify
from shared.calendar import now_utc
from shared.http.serve import Command
from shared.messaging.redrive_door import redrive_command
from shared.postgres.pool import connect
from shared.settings import ServiceSettings

NOT_TRUE: Final = 1
MISSING: Final = 2


async def run_verify(settings: ServiceSettings, words: Sequence[str]) -> int:
    """`verify [--json] [--months N]`: exit 1 if a figure differs from its recount."""
    parser = argparse.ArgumentParser(prog="python -m services.reporting verify")
    parser.add_argument("--json", action="store_true", help="one JSON object (it always is)")
    parser.add_argument("--months", type=int, default=None, help="only the last so many months")
    asked = parser.parse_args(words)
    connection = await connect(settings.database_address("worker"))
    try:
        report = await verify(connection, last_months=asked.months)
    finally:
        await connection.close()
    return _told(report)


async def run_rebuild(settings: ServiceSettings, words: Sequence[str]) -> int:
    """`rebuild [--json]`: exit 1 if the new figures differ from their recount and so are not shown."""
    parser = argparse.ArgumentParser(prog="python -m services.reporting rebuild")
    parser.add_argument("--json", action="store_true", help="one JSON object (it always is)")
    parser.parse_args(words)
    connection = await connect(settings.database_address("worker"))
    try:
        report = await rebuild(connection)
    except RebuildRunsError as error:
        sys.stderr.write(f"{error}\n")
        return MISSING
    finally:
        await connection.close()
    return _told(report)


def _told(report: Mapping[str, Any]) -> int:
    sys.stdout.write(orjson.dumps(report, default=str).decode() + "\n")
    return NOT_TRUE if report["differences"] else 0


COMMANDS: Final[Mapping[str, Command]] = {
    "verify": Command(run_verify),
    "rebuild": Command(run_rebuild),
    "redrive": redrive_command("reporting", FactsHandler(now_utc)),
}
