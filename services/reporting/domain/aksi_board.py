"""The gate board: how far each unit of an action is, whose turn it is, and who blocks the kabupaten since when.

A unit is a desa (actions that take values) or a kecamatan (actions that take a statement). What a kecamatan shows is
its least advanced unit. Days are computed on read from `today`; nothing that time alone changes is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

State = Literal["draft", "revised", "verified", "submitted", "reviewed"]
Act = Literal["change", "verify", "return", "submit", "accept", "ask_revision", "reopen"]
Turn = Literal["kecamatan", "camat", "district", "province"]

STATES: Final[tuple[State, ...]] = ("draft", "revised", "verified", "submitted", "reviewed")  # the least advanced first
TURNS: Final[tuple[Turn, ...]] = ("kecamatan", "camat", "district", "province")
OPEN: Final[frozenset[State]] = frozenset({"draft", "revised"})
CLOSED: Final[frozenset[State]] = frozenset({"submitted", "reviewed"})  # entries rest until the district opens them
# `revised`: sent once, and opened again. A change of what the camat verified takes the verification away.
MOVES: Final[Mapping[tuple[State, Act], State]] = {
    ("draft", "change"): "draft",
    ("revised", "change"): "revised",
    ("verified", "change"): "draft",
    ("draft", "verify"): "verified",
    ("revised", "verify"): "verified",
    ("verified", "return"): "draft",
    ("verified", "submit"): "submitted",
    ("submitted", "accept"): "reviewed",
    ("submitted", "ask_revision"): "revised",
    ("submitted", "reopen"): "revised",
    ("reviewed", "reopen"): "revised",
}


class NotAllowedError(Exception):
    """A unit in this state does not take this act."""

    def __init__(self, state: State, act: Act) -> None:
        super().__init__(state, act)
        self.state = state
        self.act = act


def moved(state: State, act: Act) -> State:
    """The state after `act`. Raises NotAllowedError."""
    after = MOVES.get((state, act))
    if after is None:
        raise NotAllowedError(state, act)
    return after


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of an action. `missing`: entries it still needs; `changed_on`: the day of its last entry."""

    area_code: str
    name: str
    kecamatan_code: str
    state: State
    since: date
    missing: int
    changed_on: date | None = None

    @property
    def turn(self) -> Turn | None:
        """Who has to act next. None: nobody, it is reviewed."""
        if self.state in OPEN or self.state == "verified":
            if self.missing:
                return "kecamatan"
            return "district" if self.state == "verified" else "camat"
        return "province" if self.state == "submitted" else None

    @property
    def blocks(self) -> bool:
        """Whether the kabupaten cannot submit because of it."""
        return self.turn in {"kecamatan", "camat"}

    @property
    def waiting_since(self) -> date:
        """Since when it is that turn: what the camat waits with is complete since the last entry."""
        if self.turn == "camat" and self.changed_on is not None:
            return max(self.since, self.changed_on)
        return self.since


def row_of(units: Sequence[Unit], today: date) -> dict[str, Any]:
    """One kecamatan and action: its least advanced state, whose turn, since when, and the units that hold it up."""
    state = min((unit.state for unit in units), key=STATES.index)
    turns = [unit.turn for unit in units if unit.turn is not None]
    turn = min(turns, key=TURNS.index) if turns else None
    holding = [unit for unit in units if unit.turn == turn]
    since = min(unit.waiting_since for unit in holding)
    return {
        "state": state,
        "turn": turn,
        "since": since,
        "days": _days(since, today) if turn is not None else None,
        "units": len(units),
        "units_done": sum(not unit.blocks for unit in units),
        "missing": sum(unit.missing for unit in units),
        "blocking": [_blocking(unit, today) for unit in units if unit.blocks],
    }


def _blocking(unit: Unit, today: date) -> dict[str, Any]:
    return {
        "area_code": unit.area_code,
        "name": unit.name,
        "state": unit.state,
        "turn": unit.turn,
        "missing": unit.missing,
        "since": unit.waiting_since,
        "days": _days(unit.waiting_since, today),
    }


def _days(since: date, today: date) -> int:
    return max(0, (today - since).days)


def gate_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Of one action, from the rows of its kecamatan: who blocks, who is ready, and whether it can be submitted."""
    rows = list(rows)
    blockers = [row for row in rows if row["blocking"]]
    ready = [row["kecamatan_code"] for row in rows if not row["blocking"]]
    waiting = any(row["turn"] == "district" for row in rows)
    return {
        "kecamatan": len(rows),
        "ready": len(ready),
        "ready_kecamatan": ready,
        "can_submit": bool(rows) and not blockers and waiting,
        "blocked_by": [
            {name: row[name] for name in ("kecamatan_code", "kecamatan_name", "turn", "since", "days", "missing")}
            for row in sorted(blockers, key=lambda row: (row["since"], row["kecamatan_code"]))
        ],
    }
