"""The people of a local stack, one for each kind of work; their passwords are made at the first start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

PEOPLE_FILE: Final = Path(__file__).with_name("people.json")


def people() -> list[dict[str, Any]]:
    """Username, name, role, area of each."""
    found: list[dict[str, Any]] = json.loads(PEOPLE_FILE.read_text(encoding="utf-8"))
    return found


def usernames() -> list[str]:
    """In the order of the file."""
    return [str(person["username"]) for person in people()]
