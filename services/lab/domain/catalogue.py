"""The test catalogue: read from TOML, checked, frozen. Nothing numeric of a test lives in code.

A broken catalogue is refused as a whole, with every problem told at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.lab.domain.catalogue_rows import Analyte, problems_beside, read_row

DISTRICT: Final = "district"  # whose rows those are that were entered here
FILE: Final = Path(__file__).with_name("catalogue.toml")
ROLES: Final = ("laboratory", "clinician", "puskesmas", "district")  # who may be called


class CatalogueError(ValueError):
    """The catalogue cannot be used; `problems` says why."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Step:
    """From so many minutes after a critical value was raised it is this role's turn."""

    after_minutes: int
    role: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tests. `rows` of one code are ordered by the day they hold from, the newest first."""

    version: str
    rows: Mapping[str, tuple[Analyte, ...]]
    orderables: Mapping[str, tuple[str, ...]]
    alternatives: Mapping[str, str]  # a test that results the orderable of another
    alert_at_most_days: int
    due_days: Mapping[str, int]
    escalation: tuple[Step, ...]
    leads: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        leads = {codes[0]: name for name, codes in self.orderables.items()}
        leads |= {other: leads[code] for other, code in self.alternatives.items() if code in leads}
        object.__setattr__(self, "leads", leads)

    def analyte(self, code: str, on: date) -> Analyte | None:
        """The row of `code` that holds on a day; None if there is none."""
        return next((row for row in self.rows.get(code, ()) if row.valid_from <= on), None)

    @property
    def confidential(self) -> frozenset[str]:
        """Tests of which only those are told who treat the child."""
        return frozenset(code for code, rows in self.rows.items() if any(row.confidential for row in rows))

    @property
    def confidential_orderables(self) -> frozenset[str]:
        """What can be ordered and has a confidential test in it."""
        return frozenset(name for name, codes in self.orderables.items() if self.confidential & set(codes))

    def version_of(self, code: str, on: date) -> str | None:
        """Which row of `code` holds on a day."""
        row = self.analyte(code, on)
        return None if row is None else row.version

    def with_entries(self, entries: Sequence[Mapping[str, Any]]) -> Catalogue:
        """This catalogue with the district's rows: from the day its first row of a test holds, only its rows count.

        So what a district decided outlives every release, whose later rows are shown and not followed. A test that is
        not shipped can be ordered by its own code. Entries were checked when they were entered, and a release that
        checks more does not unmake them.
        """
        own = [row for row, _ in (read_row(entry, DISTRICT) for entry in entries) if row is not None]
        since = {row.code: min(each.valid_from for each in own if each.code == row.code) for row in own}
        shipped = [row for rows in self.rows.values() for row in rows if row.valid_from < since.get(row.code, date.max)]
        rows = [*shipped, *own]
        asked = {code for codes in self.orderables.values() for code in codes}
        new = {row.code: (row.code,) for row in own if row.code not in asked}
        return replace(
            self,
            rows={row.code: _rows_of(row.code, rows) for row in rows},
            orderables={**self.orderables, **new},
        )

    def code_of_loinc(self, loinc: str) -> str | None:
        """The test that is reported under `loinc`; None where it is not in the catalogue."""
        return next((row.code for rows in self.rows.values() for row in rows if loinc in row.loincs), None)


@cache
def load() -> Catalogue:
    """The shipped catalogue."""
    return read(FILE.read_bytes())


def read(content: bytes) -> Catalogue:
    """A catalogue from TOML. CatalogueError names every problem."""
    problems: list[str] = []
    try:
        data = tomllib.loads(content.decode())
        found = [read_row(entry, data["version"]) for entry in data["analyte"]]
        problems += [
            f"{entry['code']}: {wrong.field}: {wrong.texts()[1]}"
            for entry, (_, wrongs) in zip(data["analyte"], found, strict=True)
            for wrong in wrongs
        ]
        rows = [row for row, _ in found if row is not None]
        catalogue = Catalogue(
            version=data["version"],
            rows={row.code: _rows_of(row.code, rows) for row in rows},
            orderables={name: tuple(codes) for name, codes in data["orderables"].items()},
            alternatives=dict(data["alternatives"]),
            alert_at_most_days=int(data["alerts"]["drawn_at_most_days"]),
            escalation=tuple(Step(int(step["after_minutes"]), step["role"]) for step in data["escalation"]["steps"]),
            due_days={name: int(data["due"][f"{name}_days"]) for name in ("routine", "urgent")},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogueError([*problems, f"{type(error).__name__}: {error}"]) from error
    problems += [
        f"orderable {name}: {code} is no test"
        for name, codes in catalogue.orderables.items()
        for code in codes
        if code not in catalogue.rows
    ]
    problems += [
        f"alternatives: {other} results no orderable with {code}"
        for other, code in catalogue.alternatives.items()
        if other not in catalogue.rows or not any(codes[:1] == (code,) for codes in catalogue.orderables.values())
    ]
    problems += [
        f"{row.code}: {wrong.field}: {wrong.texts()[1]}"
        for row in rows
        for wrong in problems_beside(row, catalogue.rows)
    ]
    minutes = [step.after_minutes for step in catalogue.escalation]
    if minutes[:1] != [0] or minutes != sorted(set(minutes)):
        problems.append("escalation: steps begin at 0 minutes and each is later than the one before")
    problems += [f"escalation: {step.role} is no role" for step in catalogue.escalation if step.role not in ROLES]
    if problems:
        raise CatalogueError(problems)
    return catalogue


def _rows_of(code: str, rows: list[Analyte]) -> tuple[Analyte, ...]:
    return tuple(sorted((row for row in rows if row.code == code), key=lambda row: row.valid_from, reverse=True))
