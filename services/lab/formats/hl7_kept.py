"""What is kept of an HL7 message: what was found of which order, nothing that says who the child is.

Names, numbers of persons and notes belong to `measurement`, sealed; so only fields named here are kept.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.lab.formats.hl7_fields import TYPES
from services.lab.formats.hl7_message import Hl7Message, Segment
from shared.redaction import mask_text

FIELDS: Final[dict[str, frozenset[int]]] = {
    "MSH": frozenset(range(19)),
    "PID": frozenset({1, 2, 3}),
    "ORC": frozenset({1, 2, 3, 5, 9}),
    "OBR": frozenset({1, 2, 3, 4, 7, 14, 15, 22, 25}),
    "OBX": frozenset({1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 17, 19}),
    "SPM": frozenset({1, 2, 4, 17}),
}


def kept_of(message: Hl7Message) -> str:
    """The message with the sender's delimiters, a segment a line."""
    lines = [_line(segment) for segment in message.segments if segment.name in FIELDS]
    return mask_text("\n".join(lines))


def _line(segment: Segment) -> str:
    numbers = FIELDS[segment.name]
    fields = [text if number in numbers else "" for number, text in enumerate(segment.fields)]
    if segment.name == "MSH":
        # Field 1 is the separator itself.
        return "MSH" + segment.fields[1] + segment.delimiters.field.join(fields[2:])
    if segment.name == "PID":
        fields = [_ours(segment, text) if number > 1 else text for number, text in enumerate(fields)]
    if segment.name == "OBX" and segment.component(2) not in TYPES:
        fields = [text if number != 5 else "" for number, text in enumerate(fields)]
    fields[0] = segment.name
    return segment.delimiters.field.join(fields).rstrip(segment.delimiters.field)


def _ours(segment: Segment, text: str) -> str:
    """Of the numbers of a person those that are ours."""
    repeated = text.split(segment.delimiters.repetition)
    return segment.delimiters.repetition.join(filter(_is_ours, (segment.components(each)[0] for each in repeated)))


def _is_ours(text: str) -> bool:
    try:
        UUID(text.strip().removeprefix("urn:uuid:"))
    except ValueError:
        return False
    return True
