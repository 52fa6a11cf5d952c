"""Decisions of the TPPS: who must do what until when, what became of it, and what shows it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal

DecisionState = Literal["open", "in_progress", "done", "dropped"]
FILE: Final = Path(__file__).with_name("offices.toml")
ENDED: Final[frozenset[DecisionState]] = frozenset({"done", "dropped"})
# From a state to those it may become. What has ended is opened again, never turned into the other end.
NEXT: Final[Mapping[DecisionState, frozenset[DecisionState]]] = {
    "open": frozenset({"in_progress", "done", "dropped"}),
    "in_progress": frozenset({"open", "done", "dropped"}),
    "done": frozenset({"open", "in_progress"}),
    "dropped": frozenset({"open", "in_progress"}),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows how far a decision is: a kind, the number or address of it, and words."""

    kind: str
    reference: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided in a meeting, and how far it is. `reason`: why it was dropped, or opened again."""

    area_code: str
    text: str
    owner: str
    met_on: date
    due_on: date
    state: DecisionState = "open"
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def is_overdue(self, today: date) -> bool:
        """Not ended, and its day gone by."""
        return self.state not in ENDED and self.due_on < today


@cache
def offices() -> Mapping[str, str]:
    """Names of the offices by code."""
    names: dict[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))["offices"]
    return names


def decision_problems(new: Decision, stored: Decision | None, today: date) -> list[tuple[str, str]]:
    """(field, code) of everything that is wrong with a decision, new or changed."""
    found = []
    if new.owner not in offices():
        found.append(("owner", "unknown_office"))
    if new.met_on > today:
        found.append(("met_on", "meeting_to_come"))
    if new.due_on < new.met_on:
        found.append(("due_on", "due_before_meeting"))
    before: DecisionState = "open" if stored is None else stored.state
    if new.state != before and new.state not in NEXT[before]:
        found.append(("state", "state_not_next"))
    reopened = before in ENDED and new.state not in ENDED
    told_anew = new.reason is not None and (stored is None or new.reason != stored.reason or new.state == before)
    if (new.state == "dropped" or reopened) and not told_anew:
        found.append(("reason", "decision_reason_missing"))
    if new.state == "done" and not new.evidence:
        found.append(("state", "evidence_missing"))
    return found
