"""Doors of a service that run once (`verify`, `republish`, `redrive` …), as processes with the stack's environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from deploy.local import services
from deploy.local.data_dir import CHECKOUT, DataDir
from deploy.local.errors import CommandError, MissingError
from deploy.local.processes import tethered_command
from deploy.local.stack import Stack, open_stack


def running_stack(data: DataDir) -> Stack:
    """The stack of `data`. MissingError if it was never started."""
    if not data.ports.exists():
        raise MissingError("nothing has been started here yet: ./tumbuh up")
    return open_stack(data)


def through_door(stack: Stack, service: str, *words: str, codes: Sequence[int] = (0, 1)) -> str:
    """Run `python -m services.SERVICE WORDS`; what it printed. Its log goes to our standard error.

    CommandError if it ends with a code that is not in `codes`.
    """
    done = subprocess.run(
        tethered_command([sys.executable, "-m", f"services.{service}", *words], "TERM"),
        cwd=CHECKOUT,
        env={**os.environ, **services.environment(stack, service)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode not in codes:
        raise CommandError(f"{service} {words[0]} ended with {done.returncode}")
    return done.stdout


def answer_of(stack: Stack, service: str, *words: str) -> dict[str, Any]:
    """The JSON object that the door printed. CommandError if it printed none (its log says why)."""
    printed = through_door(stack, service, *words)
    try:
        answer: dict[str, Any] = json.loads(printed)
    except ValueError:
        raise CommandError(f"{service} {words[0]} gave no answer") from None
    return answer
