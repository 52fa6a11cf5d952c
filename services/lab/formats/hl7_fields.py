"""Fields of an HL7 v2 message: names of tests, values, units, times and ids, each read or refused with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final
from uuid import UUID

from services.lab.domain.reports import LONGEST_WORD, Comparator, demand_year, number_of_text
from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.hl7_message import DATA_TYPE, REQUIRED_FIELD, Segment

EXAMPLE: Final = "20260301083000+0700"
CODED: Final = ("CE", "CWE", "CNE", "CF", "IS", "ID")
TYPES: Final = ("NM", "SN", "ST", "TX", "FT", *CODED)
LOINC: Final = ("LN", "LOINC")
COMPARATORS: Final[dict[str, Comparator | None]] = {
    "": None, "=": None, "<": "<", "<=": "<=", ">": ">", ">=": ">="
}  # fmt: skip
Findings = tuple[tuple[str, ...], ...]
TIME: Final = re.compile(r"(\d{8})(?:(\d{2})(\d{2})?(\d{2})?(?:\.\d{1,6})?)?([+-]\d{4})?")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell of a place of the message. `code` is that of table 0357."""

    problem: ResultProblem
    code: str
    warning: bool = False


class MisreadError(Exception):
    """A field that cannot be read; `remark` tells which and why."""

    def __init__(self, code: str, place: str, error: str, **facts: str) -> None:
        super().__init__(code)
        self.remark = Remark(ResultProblem(code, place, facts=facts), error)


def place_of(segment: Segment, number: int | None = None) -> str:
    """How a place is written: `OBX[2]-5`."""
    return f"{segment.name}[{segment.number}]" + ("" if number is None else f"-{number}")


def name_of_test(observation: Segment) -> tuple[str, bool]:
    """LOINC where one of both triplets of OBX-3 is of it, else the laboratory's code with its words."""
    parts = [*observation.components(observation.repetitions(3)[0]), *[""] * 6]
    for code, _, system in (parts[:3], parts[3:6]):
        if system.strip().upper() in LOINC and code.strip():
            return code.strip()[:LONGEST_WORD], True
    words = [part.strip() for part in parts[:2] if part.strip()]
    if not words:
        raise MisreadError("test_missing", place_of(observation, 3), REQUIRED_FIELD)
    return " ".join(dict.fromkeys(words))[:LONGEST_WORD].strip(), False


def value_of(observation: Segment, kind: str) -> tuple[float | None, Comparator | None, str | None, Findings]:
    """Number, bound and unit of OBX-5, and what it says in words: each repetition in one or more ways.

    A range, a ratio or several values are none of their numbers.
    """
    said: list[tuple[str, ...]] = []
    for repetition in observation.repetitions(5):
        parts = [part.strip() for part in observation.components(repetition)]
        if kind in CODED:
            ways = [way for place in (0, 1, 3, 4) for way in parts[place : place + 1]]
        else:
            ways = ["".join(parts) if kind == "SN" else observation.value(repetition).strip()]
        if any(ways):
            said.append(tuple(dict.fromkeys(filter(None, ways))))
    if kind == "SN":
        comparator, number, *rest = (*map(str.strip, observation.components(observation.repetitions(5)[0])), "")
        found = number_of_text(number)
        if len(said) != 1 or any(rest) or comparator not in COMPARATORS or found is None or found[0] is not None:
            return None, None, None, tuple(said)
        return found[1], COMPARATORS[comparator], None, tuple(said)
    texts = [ways[1] if kind in CODED and len(ways) > 1 else ways[0] for ways in said]
    found = number_of_text(texts[0]) if len(texts) == 1 else None
    return (None, None, None, tuple(said)) if found is None else (found[1], found[0], found[2], tuple(said))


def unit_of(observation: Segment) -> str | None:
    """OBX-6. `10^9/L` with its `^` not escaped is one unit, since none is called `10`."""
    written = observation.repetitions(6)[0]
    parts = observation.components(written)
    signs = observation.delimiters
    if signs.component == "^" and parts[0].strip() == "10" and len(parts) > 1 and re.match(r"\d+\s*/", parts[1]):
        return f"10^{parts[1]}".strip()[:LONGEST_WORD]
    return next((part.strip()[:LONGEST_WORD] for part in parts[:2] if part.strip()), None)


def moment_of(text: str, place: str, zone: tzinfo) -> tuple[date | None, datetime | None]:
    """A day, or an instant where an hour is given; neither of nothing. Less than a day is no draw."""
    if not text:
        return None, None
    match = TIME.fullmatch(text)
    if match is None:
        raise MisreadError("time_without_zone", place, DATA_TYPE, example=EXAMPLE)
    try:
        day, hour, minute, second, offset = match.groups()
        demand_year(int(day[:4]))
        if hour is None:
            return datetime.strptime(day, "%Y%m%d").date(), None  # noqa: DTZ007 - a day has no zone
        naive = datetime.strptime(f"{day}{hour}{minute or '00'}{second or '00'}", "%Y%m%d%H%M%S")  # noqa: DTZ007
        return None, naive.replace(tzinfo=zone if offset is None else offset_of(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise MisreadError("time_without_zone", place, DATA_TYPE, example=EXAMPLE) from None


def offset_of(text: str) -> tzinfo:
    """`+0700`. Zones end at 14 hours."""
    minutes = min(int(text[1:3]) * 60 + int(text[3:]), 14 * 60)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def uuid_of(text: str) -> UUID | None:
    """The UUID that a text is, with or without its scheme."""
    try:
        return UUID(text.strip().removeprefix("urn:uuid:"))
    except ValueError:
        return None
