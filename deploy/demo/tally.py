"""What was sent and what the intake answered, kind by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.demo.dirt import QUIET_KINDS
from deploy.demo.intake import Verdict
from deploy.demo.uploads import SentFile

#: Kinds that the intake answers by how it counts the rows, not by a reason code.
COUNTED_AS: Final = {"row_sent_again": "unchanged", "corrected_value": "corrected", "blank_row": "blank"}


@dataclass
class Tally:
    """Sums over all files of a demo."""

    files: int = 0
    file_rows: int = 0  # of the files whose rows were stored
    api_rows: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    stopped: list[str] = field(default_factory=list)
    unmapped: set[tuple[str, str]] = field(default_factory=set)

    @property
    def rows(self) -> int:
        """Measurement rows sent, by file and by API."""
        return self.file_rows + self.api_rows

    def add(self, file: SentFile, verdict: Verdict) -> None:
        """Count one file."""
        self.files += 1
        self.injected += file.injected
        if verdict.state == "stopped":
            self.stopped.append(file.name)
            self.found.update(kind for kind in stop_codes(verdict) if kind in file.injected)
            return
        self.file_rows += file.rows
        self.unmapped |= file.unmapped
        self.counts.update(verdict.counts)
        self.found.update(rows_by_code(verdict.diagnosis))
        self.found.update({kind: verdict.counts.get(term, 0) for kind, term in COUNTED_AS.items()})

    def add_mappings(self, names_waiting: int) -> None:
        """Unknown posyandu are found as names in the mapping list, so they are counted as names, not as rows."""
        self.injected["unmapped_posyandu"], self.found["unmapped_posyandu"] = len(self.unmapped), names_waiting

    def add_planted(self, alerted: Mapping[str, bool]) -> None:
        """Posyandu whose measuring is wrong are found by an alert at them."""
        for kind, is_found in alerted.items():
            self.injected[kind], self.found[kind] = 1, int(is_found)

    def found_kinds(self) -> dict[str, int]:
        """What was found of each injected kind; kinds that are read past without a word are left out."""
        return {kind: self.found[kind] for kind in sorted(self.injected.keys() - QUIET_KINDS)}

    def as_json(self) -> dict[str, Any]:
        """`rows`, `injected` and `found` of the demo's contract."""
        return {"rows": self.rows, "injected": dict(sorted(self.injected.items())), "found": self.found_kinds()}


def rows_by_code(diagnosis: Mapping[str, Any]) -> dict[str, int]:
    """Rows of each code of a diagnosis: `reasons` counts those held back, marked or repaired, notes say it in words."""
    notes = {message["code"]: message["text_en"].partition(" ")[0] for message in diagnosis.get("messages", [])}
    counted = {code: int(rows) for code, rows in notes.items() if rows.isdecimal()}  # "12 rows (2, 5, …): …"
    counted.update(diagnosis.get("reasons", {}))
    return counted


def stop_codes(verdict: Verdict) -> list[str]:
    """Why a file was stopped, as codes."""
    reasons = verdict.diagnosis.get("stop_reasons", [])
    return [reason["code"] if isinstance(reason, dict) else str(reason) for reason in reasons]
