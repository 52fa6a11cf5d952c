"""Programmes of convergence: which actions (aksi) a year has, and which whole numbers of each desa they ask for.

Shipped as data (aksi_programmes.toml). A district may replace the indicators of a programme from a year on by its own
version, since the ministry's lists change faster than releases; both pass the same checks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from services.reporting.domain.aksi_facts import DEFINITIONS

FILE: Final = Path(__file__).with_name("aksi_programmes.toml")
SHIPPED: Final = 0  # the version of what is shipped; a district's own begin with 1
TYPED: Final = "typed"
FACTS: Final = "facts:"
CODE: Final = re.compile(r"[A-Z][A-Z0-9._-]{0,15}")
LONGEST_NAME: Final = 200
MOST_INDICATORS: Final = 200


@dataclass(frozen=True, slots=True)
class Aksi:
    """One action. `entry`: complete by the values of each desa, or by a statement of the kecamatan."""

    code: str
    kind: Literal["main", "supporting"]
    name_id: str
    name_en: str
    entry: Literal["desa", "kecamatan"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One whole number of a desa and a year."""

    code: str
    aksi: str
    name_id: str
    name_en: str
    unit: str
    source: str  # typed, or facts:NAME
    confirmed: bool
    denominator: str | None = None  # indicator that this is a part of

    @property
    def fact(self) -> str | None:
        """What of our facts fills it in; None = it is typed."""
        return self.source.removeprefix(FACTS) if self.source.startswith(FACTS) else None


@dataclass(frozen=True, slots=True)
class Programme:
    """What is asked of a year. `version` 0 is as shipped."""

    code: str
    version: int
    name_id: str
    name_en: str
    from_year: int
    source: str
    aksi: tuple[Aksi, ...]
    indicators: tuple[Indicator, ...]

    def find_aksi(self, code: str) -> Aksi | None:
        """The action with this code."""
        return next((one for one in self.aksi if one.code == code), None)

    def find(self, code: str) -> Indicator | None:
        """The indicator with this code."""
        return next((one for one in self.indicators if one.code == code), None)

    def of_aksi(self, aksi_code: str) -> tuple[Indicator, ...]:
        """The indicators of an action, in the programme's order."""
        return tuple(one for one in self.indicators if one.aksi == aksi_code)

    @property
    def confirmed(self) -> bool:
        """Whether all names are those of the ministry's own text."""
        return all(one.confirmed for one in self.indicators)


class RowProblem(NamedTuple):
    """What is wrong with one indicator of an uploaded list: its place (from 0), its field, a code, the value."""

    place: int
    field: str
    code: str
    value: str | None = None


@cache
def shipped() -> tuple[Programme, ...]:
    """The programmes of this release, the oldest first. ValueError names what is wrong in the file."""
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    programmes = []
    for entry in content["programmes"]:
        aksi = tuple(
            Aksi(**{name: value for name, value in one.items() if name != "programme"})
            for one in content["aksi"]
            if one["programme"] == entry["code"]
        )
        rows = [row for name in entry["sets"] for row in content["indicators"][name]]
        indicators, problems = read_indicators(rows, {one.code: one.entry for one in aksi})
        if problems:
            raise ValueError(f"{FILE.name}: {entry['code']}: {problems}")
        fields = {name: entry[name] for name in ("code", "name_id", "name_en", "from_year", "source")}
        programmes.append(Programme(version=SHIPPED, aksi=aksi, indicators=indicators, **fields))
    return tuple(sorted(programmes, key=lambda one: one.from_year))


def programme_of(year: int) -> Programme | None:
    """The shipped programme in force in `year`; None before the first."""
    return next((one for one in reversed(shipped()) if one.from_year <= year), None)


def find_programme(code: str) -> Programme | None:
    """The shipped programme with this code."""
    return next((one for one in shipped() if one.code == code), None)


def read_indicators(
    rows: Sequence[Mapping[str, Any]], entry_of: Mapping[str, str]
) -> tuple[tuple[Indicator, ...], list[RowProblem]]:
    """Indicators from rows of text, and everything that is wrong with them. `entry_of`: aksi → desa or kecamatan."""
    codes = [str(row.get("code") or "") for row in rows]
    problems = [problem for place, row in enumerate(rows) for problem in _wrong(place, row, codes, entry_of)]
    if not rows or len(rows) > MOST_INDICATORS:
        problems.append(RowProblem(0, "code", "wrong_number_of_indicators", str(len(rows))))
    if problems:
        return (), problems
    return tuple(_indicator(row) for row in rows), []


def _indicator(row: Mapping[str, Any]) -> Indicator:
    return Indicator(
        code=row["code"],
        aksi=row["aksi"],
        name_id=row["name_id"],
        name_en=row["name_en"],
        unit=row["unit"],
        source=row["source"],
        confirmed=bool(row["confirmed"]),
        denominator=row.get("denominator") or None,
    )


def _wrong(place: int, row: Mapping[str, Any], codes: list[str], entry_of: Mapping[str, str]) -> Iterable[RowProblem]:
    code, aksi, source = codes[place], str(row.get("aksi") or ""), str(row.get("source") or "")
    if not CODE.fullmatch(code):
        yield RowProblem(place, "code", "indicator_code_form", code)
    elif codes.index(code) != place:
        yield RowProblem(place, "code", "indicator_code_twice", code)
    if entry_of.get(aksi) != "desa":
        yield RowProblem(place, "aksi", "aksi_takes_no_values", aksi)
    for field in ("name_id", "name_en", "unit"):
        if not 0 < len(str(row.get(field) or "")) <= LONGEST_NAME:
            yield RowProblem(place, field, "indicator_text_missing")
    if source != TYPED and source.removeprefix(FACTS) not in DEFINITIONS:
        yield RowProblem(place, "source", "unknown_source", source)
    denominator = row.get("denominator") or None
    if denominator is not None and (denominator not in codes or denominator == code):
        yield RowProblem(place, "denominator", "unknown_denominator", str(denominator))
    if not isinstance(row.get("confirmed"), bool):
        yield RowProblem(place, "confirmed", "confirmed_missing")
