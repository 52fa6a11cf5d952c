"""What of a message is not as the standard's tables say: hints for the laboratory, never a reason to refuse.

The tables come from hl7apy, the only place that loads it, at the first message. Its parser is not used: it takes ten
milliseconds a segment, stops at the first fault, and builds whatever a hostile message asks for.
Not looked at: the order of segments, tables of values, lengths, and all segments that nothing here is read from.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, Final

from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.hl7_fields import Remark, place_of
from services.lab.formats.hl7_message import OTHER, REQUIRED_FIELD, Hl7Message, Segment

CHECKED: Final = ("ORC", "OBR", "OBX", "SPM")
MOST_REMARKS: Final = 20


def structure_remarks(message: Hl7Message) -> list[Remark]:
    """Warnings, at most twenty."""
    return list(islice(_remarks(message), MOST_REMARKS))


def _remarks(message: Hl7Message) -> Iterator[Remark]:
    known, told = _segments(message.version), set()
    for segment in message.segments:
        if segment.name.startswith("Z") or segment.name in told:
            continue
        if segment.name not in known:
            told.add(segment.name)
            yield _remark("structure_invalid", place_of(segment), OTHER)
        elif segment.name in CHECKED:
            yield from _of_fields(segment, _fields(message.version, segment.name))


def _of_fields(segment: Segment, fields: tuple[tuple[int, int], ...]) -> Iterator[Remark]:
    if any(segment.fields[len(fields) + 1 :]):
        yield _remark("structure_invalid", place_of(segment, len(fields) + 1), OTHER)
    for number, (least, most) in enumerate(fields, start=1):
        if least and not segment.field(number):
            yield _remark("field_missing", place_of(segment, number), REQUIRED_FIELD)
        if most == 1 and segment.delimiters.repetition in segment.field(number):
            yield _remark("structure_invalid", place_of(segment, number), OTHER)


def _remark(code: str, place: str, error: str) -> Remark:
    return Remark(ResultProblem(code, place), error, warning=True)


@cache
def _segments(version: str) -> frozenset[str]:
    return frozenset(_below(_reference("ORU_R01", "Message", version)))


@cache
def _fields(version: str, name: str) -> tuple[tuple[int, int], ...]:
    """Least and most repetitions of each field; -1 = any number."""
    return tuple(child[2] for child in _reference(name, "Segment", version)[1])


def _below(reference: Any) -> Iterator[str]:
    for name, below, _, kind in reference[1]:
        if kind == "GRP":
            yield from _below(below)
        else:
            yield name


def _reference(name: str, kind: str, version: str) -> Any:
    from hl7apy import load_reference  # noqa: PLC0415 - see above

    return load_reference(name, kind, version)
