"""The one door: `./tumbuh COMMAND …`. Each command is a module of `deploy.local.commands`."""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import Final, NoReturn

from deploy.local.errors import CommandError, MissingError

# A command module offers `add_arguments(parser)` and `run(arguments) -> exit code`; its docstring is its help.
COMMANDS: Final = {
    "The system": ("demo", "test", "check", "check-all", "up", "down", "status", "logs", "doctor", "token", "users"),
    "Measuring it": ("bench", "chaos"),
    "Running it": ("ledger", "verify", "rebuild", "republish", "replay", "redrive", "backup", "restore", "erase"),
    "Files (nothing is started)": ("zscores", "detect", "early-warning", "prevalence", "quality", "intake"),
}
FOLDER: Final = Path(__file__).with_name("commands")
INTERRUPTED: Final = 130
USAGE: Final = 2


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code of interfaces.md."""
    # A shell starts its background jobs with these two ignored, and what we start would inherit that: a database that
    # is still starting would not hear that we died.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    name = arguments[0] if arguments else ""
    try:
        if name in {"", "help", "-h", "--help"}:
            print(overview(), flush=True)
            return 0 if name else USAGE
        if name not in available():
            raise MissingError(f"there is no such command\n\n{overview()}")
        return _run(name, arguments[1:])
    except CommandError as error:
        print(f"tumbuh {name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`); say nothing, and keep the interpreter from trying again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(name: str, arguments: Sequence[str]) -> int:
    module = _module(name)
    parser = argparse.ArgumentParser(
        prog=f"tumbuh {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    parsed, rest = parser.parse_known_args(arguments)
    if hasattr(parsed, "passed_on"):  # the command hands what it does not know to another program
        parsed.passed_on = rest
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    exit_code: int = module.run(parsed)
    return exit_code


def available() -> list[str]:
    """The commands whose modules are there."""
    return [name for names in COMMANDS.values() for name in names if _file(name).exists()]


def overview() -> str:
    """All commands with the first line of their help, without importing them."""
    lines = ["./tumbuh COMMAND [-h] ...", ""]
    there = available()
    for title, names in COMMANDS.items():
        entries = [f"  {name:14}{_first_line(name)}" for name in names if name in there]
        lines += [f"{title}:", *entries, ""] if entries else []
    return "\n".join(lines).rstrip()


def _file(name: str) -> Path:
    return FOLDER / f"{name.replace('-', '_')}.py"


def _first_line(name: str) -> str:
    text = ast.get_docstring(ast.parse(_file(name).read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"deploy.local.commands.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        raise MissingError(
            f"the Python package {error.name} is missing: start by ./tumbuh, which installs it"
        ) from error


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """Turn SIGTERM and SIGHUP into an orderly way out: every `finally` runs."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
