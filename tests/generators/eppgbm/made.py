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

    `counts` by outcome (those left out are 0), `reasons` and `notes` by code (None: not looked at), `stops` in order,
    `says` = codes that must be among the messages, `facts` = other parts of the answer.
    """

    data: bytes
    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] | None = None
    stops: list[str] = field(default_factory=list)
    says: frozenset[str] = frozenset()
    facts: dict[str, Any] = field(default_factory=dict)  # other parts of the answer, by their names in it

    def differences(self, examination: Examination) -> dict[str, tuple[object, object]]:
        """What the diagnosis says otherwise: name → (expected, found)."""
        diagnosis = examination.diagnosis
        answer = diagnosis.as_json()
        found: dict[str, object] = {outcome: answer[outcome] for outcome in OUTCOMES}
        expected: dict[str, object] = {outcome: self.counts.get(outcome, 0) for outcome in OUTCOMES}
        found |= {"rows": answer["rows"], "reasons": answer["reasons"], "stops": answer["stop_reasons"]}
        expected |= {"rows": sum(self.counts.values()), "reasons": self.reasons, "stops": self.stops}
        found |= {name: answer[name] for name in self.facts}
        expected |= self.facts
        codes = {message["code"] for message in answer["messages"]}
        found["says"], expected["says"] = self.says & codes, self.says
        if self.notes is not None:
            found["notes"], expected["notes"] = notes_of(examination), self.notes
        return {name: (expected[name], found[name]) for name in expected if expected[name] != found[name]}


Maker = Callable[[random.Random], MadeFile]


def notes_of(examination: Examination) -> dict[str, int]:
    """How many rows carry each note."""
    counts: dict[str, int] = {}
    for verdict in examination.judged:
        for code in {note.code for note in verdict.notes}:
            counts[code] = counts.get(code, 0) + 1
    return counts
