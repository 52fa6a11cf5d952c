"""The test catalogue: read from TOML, checked, frozen. Nothing numeric of a test lives in code.

A broken catalogue is refused as a whole, with every problem told at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.lab.domain.findings import Finding, finding_problems
from services.lab.domain.loinc import is_loinc
from services.lab.domain.units import Unit, plain

FILE: Final = Path(__file__).with_name("catalogue.toml")
STATUSES: Final = ("S", "S2", "P")
KINDS: Final = ("quantity", "findings")
NEEDS: Final = ("draw_time", "crp", "assay", "administration")  # what a value says nothing without
ROLES: Final = ("laboratory", "clinician", "puskesmas", "district")  # who may be called


class CatalogueError(ValueError):
    """The catalogue cannot be used; `problems` says why."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Analyte:
    """One test of the catalogue as it holds from a day on; limits and range are in the canonical unit.

    A quantity has units, and may have findings that stand for a number (not readable). Of kind `findings` it has no
    unit, hence no number; `loinc` is then its own code, None for one that LOINC does not know (yet).
    """

    code: str
    name_id: str
    name_en: str
    valid_from: date
    kind: str
    canonical: Unit | None
    units: tuple[Unit, ...]
    decimals: int
    plausible: tuple[Fraction, Fraction]
    critical_below: Decimal | None
    critical_above: Decimal | None
    leader: str | None
    specimens: tuple[str, ...]
    needs: tuple[str, ...]
    status: str
    source: str
    loinc: str | None = None
    findings: tuple[Finding, ...] = ()
    several: bool = False  # whether more than one may be found at once
    version: str = ""  # whose row this is, and the day it holds from: kept with every result that it reads
    entry: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)  # as it was written

    def unit(self, text: str) -> Unit | None:
        """The unit written as `text`, among those that may be reported."""
        spelling = plain(text)
        return next((unit for unit in self.units if unit.accepted and spelling in unit.spellings), None)

    @property
    def accepted(self) -> tuple[str, ...]:
        """Names of the units that may be reported."""
        return tuple(unit.name for unit in self.units if unit.accepted)

    @property
    def loincs(self) -> frozenset[str]:
        """Every LOINC code under which it is reported."""
        return frozenset(filter(None, (self.loinc, *(unit.loinc for unit in self.units))))


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

    def version_of(self, code: str, on: date) -> str | None:
        """Which row of `code` holds on a day."""
        row = self.analyte(code, on)
        return None if row is None else row.version

    def with_entries(self, entries: Sequence[Mapping[str, Any]]) -> Catalogue:
        """This catalogue with the district's rows: from the day its first row of a test holds, only its rows count.

        So what a district decided outlives every release, whose later rows are shown and not followed. A test that is
        not shipped can be ordered by its own code. CatalogueError where an entry is broken.
        """
        problems: list[str] = []
        own = [_analyte(entry, problems, "district") for entry in entries]
        if problems:
            raise CatalogueError(problems)
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
        rows = [_analyte(entry, problems, data["version"]) for entry in data["analyte"]]
        catalogue = Catalogue(
            version=data["version"],
            rows={row.code: _rows_of(row.code, rows) for row in rows},
            orderables={name: tuple(codes) for name, codes in data["orderables"].items()},
            alternatives=dict(data["alternatives"]),
            alert_at_most_days=int(data["alerts"]["drawn_at_most_days"]),
            escalation=tuple(Step(int(step["after_minutes"]), step["role"]) for step in data["escalation"]["steps"]),
            due_days={name: int(data["due"][f"{name}_days"]) for name in ("routine", "urgent")},
        )
    except (KeyError, TypeError, ValueError, InvalidOperation, ZeroDivisionError) as error:
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
    minutes = [step.after_minutes for step in catalogue.escalation]
    if minutes[:1] != [0] or minutes != sorted(set(minutes)):
        problems.append("escalation: steps begin at 0 minutes and each is later than the one before")
    problems += [f"escalation: {step.role} is no role" for step in catalogue.escalation if step.role not in ROLES]
    if problems:
        raise CatalogueError(problems)
    return catalogue


def _rows_of(code: str, rows: list[Analyte]) -> tuple[Analyte, ...]:
    return tuple(sorted((row for row in rows if row.code == code), key=lambda row: row.valid_from, reverse=True))


def _analyte(entry: Mapping[str, Any], problems: list[str], origin: str) -> Analyte:
    code, kind, valid_from = entry["code"], entry.get("kind", KINDS[0]), _day(entry["from"])
    units = tuple(_unit(item) for item in entry["units"]) if kind == "quantity" else ()
    findings = tuple(_finding(item) for item in entry.get("findings", ()))
    low, high = entry["plausible"] if units else (0, 1)
    canonical = next((unit for unit in units if unit.name == entry["canonical_unit"] and unit.factor == 1), None)
    written = [plain(name) for unit in units for name in (unit.name, *unit.aliases)]
    loincs = [code for code in (entry.get("loinc"), *(unit.loinc for unit in units)) if code is not None]
    checks = {
        "kind is not quantity or findings": kind in KINDS,
        "the canonical unit is not among the units, with factor 1": canonical is not None or kind != "quantity",
        "two units are written alike": len(set(written)) == len(written),
        "a LOINC code has a wrong check digit": all(map(is_loinc, loincs)),
        "the plausible range is empty": low < high,
        "a findings test needs findings, and has no unit": kind != "findings" or (findings and "units" not in entry),
        "needs something that nobody can give": set(entry["needs"]) <= set(NEEDS),
        "status is not S, S2 or P": entry["status"] in STATUSES,
        "no source": bool(entry["source"]),
        "no specimen": bool(entry["specimens"]),
        **{problem: not wrong for problem, wrong in finding_problems(findings).items()},
    }
    problems += [f"{code}: {problem}" for problem, fulfilled in checks.items() if not fulfilled]
    return Analyte(
        code=code,
        name_id=entry["name_id"],
        name_en=entry["name_en"],
        valid_from=valid_from,
        kind=kind,
        canonical=canonical,
        units=units,
        decimals=entry["decimals"] if units else 0,
        plausible=(Fraction(str(low)), Fraction(str(high))),
        critical_below=_limit(entry.get("critical_below")),
        critical_above=_limit(entry.get("critical_above")),
        leader=entry.get("leader"),
        specimens=tuple(entry["specimens"]),
        needs=tuple(entry["needs"]),
        status=entry["status"],
        source=entry["source"],
        loinc=entry.get("loinc"),
        findings=findings,
        several=entry.get("several", False),
        version=f"{origin}/{valid_from.isoformat()}",
        entry=entry,
    )


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _finding(item: Mapping[str, Any]) -> Finding:
    return Finding(item["code"], item["id"], item["en"], tuple(item.get("aliases", ())), item.get("alone", False))


def _unit(item: Mapping[str, Any]) -> Unit:
    factor = Fraction(item.get("times", "1")) / Fraction(item.get("over", "1"))
    return Unit(item["unit"], factor, item.get("loinc"), tuple(item["aliases"]), item.get("local", False))


def _limit(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
