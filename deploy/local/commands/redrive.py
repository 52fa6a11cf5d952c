"""Dead letters: list, apply again, discard; or step over a record that a consumer falls on.

./tumbuh redrive list                                        of all consumers, with reasons, without content
./tumbuh redrive apply SERVICE [--topic T] [--reason R]      decode and apply the original bytes again
./tumbuh redrive discard SERVICE --reason R                  settle them for good; their bytes stay
./tumbuh redrive skip SERVICE --topic T --partition P --offset O
"""

from __future__ import annotations

import argparse
import getpass
import json
from typing import Any, Final

from deploy.local.data_dir import default_data_dir
from deploy.local.doors import answer_of, running_stack
from deploy.local.errors import MissingError
from deploy.local.stack import Stack
from shared.contracts.topics import SERVICES, topics_of

VERBS: Final = ("list", "apply", "discard", "skip")
OPTIONS: Final = ("topic", "partition", "offset", "reason")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`VERB [SERVICE] [--topic T] [--partition P] [--offset O] [--reason R] [--json]`."""
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("service", nargs="?", choices=consumers(), metavar="SERVICE", help=", ".join(consumers()))
    parser.add_argument("--topic")
    parser.add_argument("--partition", type=int)
    parser.add_argument("--offset", type=int)
    parser.add_argument("--reason")
    parser.add_argument("--json", action="store_true", help="the answer on one line")


def run(arguments: argparse.Namespace) -> int:
    """Ask the service's own door; 1 if letters stay open that were to be applied."""
    stack = running_stack(default_data_dir())
    if arguments.verb == "list":
        chosen = (arguments.service,) if arguments.service else consumers()
        letters = [letter for service in chosen for letter in _listed(stack, service, arguments)]
        print(json.dumps(letters) if arguments.json else "\n".join(map(_line, letters)) or "no dead letters")
        return 0
    if arguments.service is None:
        raise MissingError(f"{arguments.verb} wants a SERVICE: {', '.join(consumers())}")
    if arguments.verb == "discard" and arguments.reason is None:
        raise MissingError("discard wants --reason R, as `redrive list` shows it: letters of another reason stay open")
    answer = answer_of(stack, arguments.service, "redrive", arguments.verb, *_options(arguments))
    print(json.dumps(answer) if arguments.json else ", ".join(f"{key}: {value}" for key, value in answer.items()))
    return 1 if answer.get("still_open") else 0


def consumers() -> tuple[str, ...]:
    """The services that consume anything."""
    return tuple(service for service in SERVICES if topics_of(service))


def _listed(stack: Stack, service: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    letters = answer_of(stack, service, "redrive", "list", *_options(arguments))["letters"]
    return [{"service": service, **letter} for letter in letters]


def _options(arguments: argparse.Namespace) -> list[str]:
    given = [(name, getattr(arguments, name)) for name in OPTIONS]
    options = [f"--{name}={value}" for name, value in given if value is not None]
    return [*options, f"--by={getpass.getuser()}"]


def _line(letter: dict[str, Any]) -> str:
    place = f"{letter['topic']}/{letter['partition']}/{letter['record_offset']}"
    return f"{letter['service']:10} {letter['state']:9} {place:40} {letter['reason']:22} {letter['detail']}"
