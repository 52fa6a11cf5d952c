"""A result as a laboratory's own system states it, and what a statement means after those that came before.

A laboratory states one observation several times: final, corrected, retracted. Messages overtake each other and come
twice, so what holds is decided by what they say, never by when they arrive.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Literal

from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.results import draw_of

Statement = Literal["preliminary", "final", "corrected", "retracted"]
Step = Literal["record", "compare", "correct", "retract", "remember", "wait", "unchanged", "superseded"]
Comparator = Literal["<", "<=", ">", ">="]
Specimen = Literal["venous", "capillary", "stool", "urine", "skin", "other"]

YEARS: Final = (1900, 2200)
LONGEST_WORD: Final = 40  # of a test or a unit nobody knows, as it is shown to who decides
_SOURCES: Final = uuid.UUID("5d0c1a52-7b1e-5d0e-9a5e-2f4f6d1c7a10")
_NUMBER: Final = re.compile(r"([<>]=?|)\s*(-?\d{1,15}(?:[.,]\d{1,15})?)\s*([^\d.,].*|)", re.DOTALL)
_THOUSANDS: Final = re.compile(r"-?\d{1,3},\d{3}")


@dataclass(frozen=True, slots=True)
class Reported:
    """One observation of a message. `test` is our code, a LOINC code (`loinc`) or words; `stated_at`: when it was said.

    `number` is the laboratory's own number of the observation; `places` say where in the message a field stands.
    `findings`: what was found in words or codes, each in one or more ways of saying it. A number in a text has both,
    `1+` is not 1: the test decides which of them counts.
    """

    statement: Statement
    test: str
    loinc: bool = False
    number: str | None = None
    stated_at: datetime | None = None
    order_id: uuid.UUID | None = None
    child_id: uuid.UUID | None = None
    laboratory_code: str | None = None
    value: float | None = None
    comparator: Comparator | None = None
    unit: str | None = None
    findings: tuple[tuple[str, ...], ...] = ()
    drawn_on: date | None = None
    drawn_at: datetime | None = None
    administered_at: datetime | None = None
    specimen: Specimen | None = None
    method: str | None = None
    places: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def source_id(self, test_code: str) -> uuid.UUID:
        """What all statements of one observation have in common: its number, else whose test of which draw it is."""
        if self.number is not None:
            return uuid.uuid5(_SOURCES, f"number\n{self.number}")
        draw = draw_of(self.drawn_on, self.drawn_at)
        day = "" if isinstance(draw, ResultProblem) else draw.key
        return uuid.uuid5(_SOURCES, f"draw\n{self.order_id or self.child_id}\n{test_code}\n{day}")


@dataclass(frozen=True, slots=True)
class Stated:
    """What has been taken of an observation so far. `result_id` is None where it is held or was only retracted."""

    statement: Statement
    stated_at: datetime | None = None
    result_id: uuid.UUID | None = None
    held_id: uuid.UUID | None = None  # while it still waits for a person


def next_step(  # noqa: PLR0911 - one a case
    known: Stated | None, statement: Statement, stated_at: datetime | None
) -> Step:
    """What to do about a statement. A retraction is the last word, a correction comes before a first report.

    Of two corrections the later stated holds; where one does not say when, the later received.
    """
    if statement == "preliminary":
        return "wait" if known is None else "superseded"
    if known is None:
        return "remember" if statement == "retracted" else "record"
    if known.statement == "retracted":
        return "unchanged" if statement == "retracted" else "superseded"
    if statement == "retracted":
        return "retract"
    if statement == "final" and known.statement == "corrected":
        return "superseded"
    if stated_at and known.stated_at and stated_at < known.stated_at and known.statement == "corrected":
        return "superseded"
    if known.result_id is None:
        return "record"
    return "compare" if statement == "final" else "correct"


def demand_year(year: int) -> None:
    """ValueError for a year of no draw and no statement: beyond it, times of day have no zone that can be reckoned."""
    if not YEARS[0] <= year <= YEARS[1]:
        raise ValueError(year)


def number_of_text(text: str) -> tuple[Comparator | None, float, str | None] | None:
    """`< 5,2 mg/L` as bound, number and unit; None where it is no number, or `1,200`, which may be two numbers."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or _THOUSANDS.fullmatch(match[2]):
        return None
    comparators: dict[str, Comparator | None] = {"": None, "<": "<", "<=": "<=", ">": ">", ">=": ">="}
    return comparators[match[1]], float(match[2].replace(",", ".")), match[3].strip()[:LONGEST_WORD] or None
