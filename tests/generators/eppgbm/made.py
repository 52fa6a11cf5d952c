"""A made file with everything its diagnosis must say: the maker knows, because it planted it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from services.measurement.formats.diagnose import Examination

OUTCOMES: Final = ("taken", "repaired", "quarantined", "duplicate", "blank")


@dataclass(frozen=True, slots=True)
class MadeFile:
    """What the diagnosis of `data` must say.

    `counts` by outcome (those left out are 0), `reasons` and `notes` by code, `stops` in order; None: not looked at.
    `says` = codes that must be among the messages, `facts` = other parts of the answer.
    """

    data: bytes
    counts: dict[str, int] | None = field(default_factory=dict)
    reasons: dict[str, int] | None = field(default_factory=dict)
    notes: dict[str, int] | None = None
    stops: list[str] | None = field(default_factory=list)
    says: frozenset[str] = frozenset()
    facts: dict[str, Any] = field(default_factory=dict)  # other parts of the answer, by their names in it

    def differences(self, examination: Examination) -> dict[str, tuple[object, object]]:
        """What the diagnosis says otherwise: name → (expected, found)."""
        diagnosis = examination.diagnosis
        answer = diagnosis.as_json()
        sums = sum(answer[outcome] for outcome in OUTCOMES)
        counts = None if self.counts is None else {outcome: self.counts.get(outcome, 0) for outcome in OUTCOMES}
        pairs: dict[str, tuple[object, object]] = {
            "rows": (sums, answer["rows"]),
            "counts": (counts, {outcome: answer[outcome] for outcome in OUTCOMES}),
            "reasons": (self.reasons, answer["reasons"]),
            "notes": (self.notes, notes_of(examination)),
            "stops": (self.stops, answer["stop_reasons"]),
            "stopped": (bool(answer["stop_reasons"]), answer["stopped"]),
            "says": (self.says, self.says.intersection(message["code"] for message in answer["messages"])),
            **{name: (value, answer[name]) for name, value in self.facts.items()},
        }
        return {name: (expected, found) for name, (expected, found) in pairs.items() if expected not in (None, found)}


Maker = Callable[[random.Random], MadeFile]


def notes_of(examination: Examination) -> dict[str, int]:
    """How many rows carry each note."""
    counts: dict[str, int] = {}
    for verdict in examination.judged:
        for code in {note.code for note in verdict.notes}:
            counts[code] = counts.get(code, 0) + 1
    return counts
