"""The answer to an HL7 message: MSH, MSA, and an ERR for each thing to tell, in the sender's delimiters.

AA: all is taken, known or held. AE: at least one observation is refused, or the message number is another message's;
the others are taken. AR: the message cannot be read or is none of those taken here; nothing of it is. ERR-3 and ERR-5
have the standard's and our code, ERR-8 the text with the remedy, in Bahasa Indonesia and English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.hl7_fields import Remark
from services.lab.formats.hl7_message import CHARACTER_SETS, DUPLICATE, OTHER, Delimiters, Hl7Message, NotHl7Error
from shared.calendar import JAKARTA

Code = Literal["AA", "AE", "AR"]
OLD: Final = ("2.3", "2.3.1", "2.4")  # where ERR has a first field only, with the place and the code
# Table 0357 by our code; what is not named is an application error.
ERRORS: Final = {
    **dict.fromkeys(("draw_missing", "order_or_child_missing", "unit_missing", "test_missing"), "101"),
    **dict.fromkeys(("value_not_numeric", "time_without_zone"), "102"),
    **dict.fromkeys(("unit_unknown", "unknown_test", "specimen_unfit", "status_unknown"), "103"),
    **dict.fromkeys(("unknown_order", "unknown_child", "unknown_replaced"), "204"),
}
TEXTS: Final[dict[Code, str]] = {
    "AA": "Diterima / Accepted",
    "AE": "Sebagian atau seluruhnya ditolak, lihat ERR / Refused in part or whole, see ERR",
    "AR": "Pesan ditolak, lihat ERR / The message was rejected, see ERR",
}
_PLACE: Final = re.compile(r"([A-Z0-9]{3})(?:\[(\d+)\])?(?:-(\d+)(?:\.(\d+))?)?")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Of the answer itself: its time and its own number."""

    now: datetime
    message_id: UUID


def remark_of(problem: ResultProblem, *, warning: bool) -> Remark:
    """What became of a row, as an ERR tells it."""
    return Remark(problem, ERRORS.get(problem.code, OTHER), warning)


def acknowledge(message: Hl7Message, remarks: Sequence[Remark], stamp: Stamp) -> str:
    """AA, or AE where a remark is more than a warning. Segments end in CR."""
    return _written("AE" if any(not remark.warning for remark in remarks) else "AA", message, remarks, stamp)


def duplicate_ack(message: Hl7Message, stamp: Stamp) -> str:
    """AE: the number of the message was another one's."""
    return _written("AE", message, [Remark(ResultProblem("message_id_reused", "MSH-10"), DUPLICATE)], stamp)


def refuse(error: NotHl7Error, stamp: Stamp) -> str:
    """AR."""
    return _written("AR", error.message, [Remark(error.problem, error.code)], stamp)


def encoded(text: str, message: Hl7Message | None) -> bytes:
    """The answer in the sender's character set; what that lacks is written `?`."""
    named = "" if message is None else message.header.repetitions(18)[0].strip().upper()
    return text.encode(CHARACTER_SETS.get(named, "ascii"), "replace")


def _written(code: Code, message: Hl7Message | None, remarks: Sequence[Remark], stamp: Stamp) -> str:
    signs = Delimiters() if message is None else message.header.delimiters
    version, control_id, back, charset = "2.5.1", "", ("", ""), ""
    if message is not None:
        version, control_id, back = message.header.field(12) or version, message.header.field(10), message.sender
        charset = message.header.field(18)
    kind = signs.component.join(("ACK", "R01", "ACK") if version not in OLD else ("ACK", "R01"))
    header = [
        "MSH" + signs.field + signs.encoding,
        "TUMBUH",
        "",
        *back,
        _time(stamp.now),
        "",
        kind,
        stamp.message_id.hex[-20:],
    ]
    header += ["P", version, "", "", "", "", "", charset]
    lines = [header, ["MSA", code, control_id, signs.written(TEXTS[code])]]
    lines += [_error(remark, signs, old=version in OLD) for remark in remarks]
    return "".join(signs.field.join(line).rstrip(signs.field) + "\r" for line in lines)


def _error(remark: Remark, signs: Delimiters, *, old: bool) -> list[str]:
    problem = remark.problem
    problem_id, problem_en, remedy_id, remedy_en = problem.texts()
    match = _PLACE.match(problem.field)
    place = (
        ["MSH", "1"] if match is None else [match[1], match[2] or "1", *(part for part in match.groups()[2:3] if part)]
    )
    if match is not None and match[4]:
        place += ["1", match[4]]
    first = signs.component.join([*place[:3], *[""] * (3 - len(place)), remark.code]) if old else ""
    severity = "W" if remark.warning else "E"
    ours = signs.component.join((problem.code, "", "99TUMBUH"))
    text = f"{problem_id}. {remedy_id} / {problem_en}. {remedy_en}"
    known = signs.component.join((remark.code, "", "HL70357"))
    return ["ERR", first, signs.component.join(place), known, severity, ours, "", "", signs.written(text)]


def _time(now: datetime) -> str:
    return now.astimezone(JAKARTA).strftime("%Y%m%d%H%M%S%z")
