"""The three ledgers: rows received, messages consumed, facts held; exit 1 unless they balance.

`unsettled` while something is measurably under way or a service does not answer, `imbalanced` when numbers differ and
nothing explains it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from deploy.local.data_dir import default_data_dir
from deploy.local.doors import running_stack
from deploy.local.errors import MissingError
from deploy.local.stack import Stack
from deploy.local.tokens import token_for
from shared.contracts.topics import SERVICES, TOPICS
from shared.ledger.compare import INTAKE_TERMS, judge

ANSWER_WITHIN_S: Final = 30.0  # the census counts every fact
# A service asks the broker once a second where its partitions end: a second look knows what the first missed.
LOOK_AGAIN_AFTER_S: Final = 1.5
LOOKS: Final = 10
POLL_S: Final = 0.5
BUS_TERMS: Final = ("applied", "not_newer", "dead", "gaps")
COMPACTED: Final = frozenset(topic.name for topic in TOPICS if topic.cleanup_policy == "compact")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`[--json] [--wait SECONDS]`."""
    parser.add_argument("--json", action="store_true", help="the whole judgement on one line")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="wait so long for the balance")


def run(arguments: argparse.Namespace) -> int:
    """Judge and print."""
    stack = running_stack(default_data_dir())
    ledger = wait_balanced(stack, arguments.wait) if arguments.wait else collect(stack)
    print(json.dumps(ledger) if arguments.json else as_text(ledger))
    return 0 if ledger["balanced"] else 1


def collect(stack: Stack) -> dict[str, Any]:
    """The ledgers of all services, judged: `state`, `balanced`, `intake`, `bus`, `facts`, `silent`.

    Parts are read one after the other, so that a difference is believed only if a second look finds it while nothing
    has moved in between. MissingError if no service answers.
    """
    seen = _look(stack)
    for _ in range(LOOKS):
        if seen["state"] != "imbalanced":
            break
        time.sleep(LOOK_AGAIN_AFTER_S)
        again = _look(stack)
        if again["bus"]["records"] == seen["bus"]["records"] and again["facts"] == seen["facts"]:
            return again
        seen = again
    return seen


def wait_balanced(stack: Stack, seconds: float) -> dict[str, Any]:
    """The ledgers once they balance, or as they stand after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = _look(stack)
        if seen["balanced"] or time.monotonic() > deadline:
            return seen if seen["balanced"] else collect(stack)
        time.sleep(POLL_S)


def _look(stack: Stack) -> dict[str, Any]:
    token = token_for(stack, "ops")
    with httpx.Client(timeout=ANSWER_WITHIN_S, trust_env=False, headers={"Authorization": f"Bearer {token}"}) as client:
        answers = {name: _part(client, stack, name) for name in SERVICES}
    parts = [part for part in answers.values() if not isinstance(part, str)]
    if not parts:
        raise MissingError("no service answers: ./tumbuh up, then ./tumbuh status")
    intake = next((part["intake"] for part in parts if "intake" in part), dict.fromkeys(("received", *INTAKE_TERMS), 0))
    judged = judge(parts, intake, COMPACTED)
    silent = {name: why for name, why in answers.items() if isinstance(why, str)}
    if silent:
        judged |= {"state": "unsettled", "balanced": False}
    return judged | {"silent": silent}


def _part(client: httpx.Client, stack: Stack, service: str) -> dict[str, Any] | str:
    """The service's part, or why there is none."""
    try:
        answer = client.get(f"{stack.url(service)}/v1/ledger")
    except httpx.TransportError as error:
        return type(error).__name__
    if answer.status_code != httpx.codes.OK:
        return f"status {answer.status_code}"
    part: dict[str, Any] = answer.json()
    return part


def as_text(ledger: Mapping[str, Any]) -> str:
    """The ledgers for people, every difference on a line of its own."""
    intake, bus, facts = ledger["intake"], ledger["bus"], ledger["facts"]
    rows = " + ".join(f"{intake[term]} {term}" for term in INTAKE_TERMS)
    records = " + ".join(f"{bus[term]} {term}" for term in BUS_TERMS)
    waiting = f"lag {bus['lag']}, outbox {bus['outbox_pending']}, open dead letters {bus['open_dead_letters']}"
    compared = f"{facts['compared']} comparisons, {len(facts['differences'])} differences"
    lines = [
        ledger["state"],
        f"  intake  {intake['state']:10}  {intake['received']} received = {rows}",
        f"  bus     {bus['state']:10}  {bus['records']} records = {records}; {waiting}",
        f"  facts   {facts['state']:10}  {facts['facts']} facts, {compared}",
    ]
    if ledger["sessions_waiting"]:
        lines.append(f"  {ledger['sessions_waiting']} sessions wait to be judged for hints")
    if ledger["quality_waiting"]:
        lines.append(f"  {ledger['quality_waiting']} posyandu-months wait for their quality to be judged")
    if ledger["switches_waiting"]:
        lines.append("  verdicts that another rule set changed are being published")
    lines += [f"  {name} does not answer: {why}" for name, why in ledger["silent"].items()]
    return "\n".join([*lines, *_differences("bus", bus["wrong"]), *_differences("facts", facts["differences"])])


def _differences(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"  {name}: " + ", ".join(f"{key} {value}" for key, value in row.items()) for row in rows]
