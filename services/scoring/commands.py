"""Doors of scoring beside the usual ones: replay, republish, redrive. Answers go to standard output."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from services.scoring.app import SERVICE, handler
from services.scoring.domain.ruleset import RuleSetError
from services.scoring.jobs.replay import hold_replays, run_drop, run_replay, run_switch
from services.scoring.store import replay_views, replays, rule_sets
from services.scoring.store.replays import Replay
from services.scoring.use_cases.replay_report import replay_head, replay_report, shares_shown
from services.scoring.use_cases.republish import republish
from services.scoring.use_cases.switch_rules import NotNowError, replay_of, rules_of
from shared.calendar import today_jakarta
from shared.http.serve import Command
from shared.messaging.redrive_door import redrive_command
from shared.outbox.republish_door import republish_command
from shared.postgres.pool import Address, Connection, connect
from shared.settings import ServiceSettings

Json = dict[str, Any]
DONE: Final = 0
NOT_TRUE: Final = 1  # not switched: outside the limits, or the generation is not right
MISSING: Final = 2
REFUSED: Final = 3  # a broken rule set
MOST_DESA: Final = 1_000


async def run_rules(settings: ServiceSettings, words: Sequence[str]) -> int:
    """`replay [--ruleset FILE|VERSION] [--switch|--drop] [--by NAME]`: one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m services.scoring replay")
    parser.add_argument("--ruleset", help="a file, or a version that is kept")
    parser.add_argument("--by", default="operator", help="who decides; kept with the activation")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--switch", action="store_true")
    what.add_argument("--drop", action="store_true")
    asked = parser.parse_args(words)
    address = settings.database_address("worker")
    try:
        connection = await connect(address)
    except OSError:  # not up, or not yet
        return _told(MISSING, {"error": "the database does not answer; look at `status`, then try again"})
    try:
        await hold_replays(connection)
        code, answer = await _answered(connection, address, asked)
    except NotNowError as error:
        code, answer = MISSING, {"error": str(error)}
    except RuleSetError as error:
        code, answer = REFUSED, {"problems": error.problems}
    finally:
        await connection.close()
    return _told(code, answer)


def _told(code: int, answer: dict[str, Any]) -> int:
    sys.stdout.write(orjson.dumps(answer, default=str).decode() + "\n")
    return code


async def _answered(connection: Connection, address: Address, asked: argparse.Namespace) -> tuple[int, Json]:
    if asked.drop:
        return DONE, {"dropped": await run_drop(connection)}
    if asked.ruleset is None:
        raise NotNowError("say which rule set: --ruleset FILE, or a version that is kept")
    content = await _content(connection, asked.ruleset)
    replay = await _ready(connection, content) if asked.switch else None
    if replay is None:
        replay = await run_replay(connection, address, content, asked.by)
    rules = await rules_of(connection, replay)
    if not asked.switch:
        report = await replay_report(connection, replay, rules.tried, today_jakarta())
        return DONE, {**report, "by_desa": await replay_views.by_desa(connection, replay.replay_id, None, MOST_DESA)}
    switched = await run_switch(connection, replay, asked.by)
    return NOT_TRUE if switched.refused else DONE, {
        **replay_head(await replay_of(connection, replay.replay_id)),
        **await replay_views.totals(connection, replay.replay_id),
        "refused": switched.refused,
        "verified": {
            "checked": switched.verified.checked,
            "differences": switched.verified.differences,
            "differing": switched.verified.differing[:20],
        },
        "tier_shares": shares_shown(switched.shares),
    }


async def _content(connection: Connection, asked: str) -> bytes:
    file = asyncio.to_thread(_file, Path(asked))
    content = await file or await rule_sets.content_of(connection, asked)
    if content is None:
        raise NotNowError(f"{asked} is neither a file nor a version that is kept")
    return content


def _file(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


async def _ready(connection: Connection, content: bytes) -> Replay | None:
    """The replay of this very rule set that waits for its switch."""
    found = await replays.current(connection)
    if found is None or found.state != "ready":
        return None
    return found if await rule_sets.content_of(connection, found.version) == content else None


COMMANDS: Final[Mapping[str, Command]] = {
    "replay": Command(run_rules),
    "republish": republish_command(republish),
    "redrive": redrive_command(SERVICE, handler()),
}
