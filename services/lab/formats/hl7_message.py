"""An HL7 v2 message → segments and their values: delimiters, character set, line ends and escapes of the standard.

Written for what analysers really send, and for what they should never send: no content raises anything but
NotHl7Error, and time grows with the size of the message only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.lab.domain.result_problems import ResultProblem

HL7_LIMIT_BYTES: Final = 1_000_000
MOST_SEGMENTS: Final = 4_000
LONGEST_FIELD: Final = 10_000  # but of a value, which may be an attachment
READ: Final = ("MSH", "PID", "ORC", "OBR", "OBX", "SPM")
VERSIONS: Final = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1")
# Table 0211; an empty MSH-18 means ASCII.
CHARACTER_SETS: Final = {"": "ascii", "ASCII": "ascii", "UNICODE UTF-8": "utf-8", "8859/1": "latin-1"}
# Table 0357, for ERR-3.
SEGMENT_SEQUENCE, REQUIRED_FIELD, DATA_TYPE, TABLE_VALUE = "100", "101", "102", "103"
MESSAGE_TYPE, EVENT, PROCESSING, VERSION, DUPLICATE, OTHER = "200", "201", "202", "203", "205", "207"
_BEFORE: Final = b" \t\r\n\x0b"
_ESCAPE: Final = re.compile(r"\\([^\\]{0,80})\\")
_BREAKS: Final = frozenset({".br", ".sp", ".fi", ".nf", ".in", ".ti", ".sk", ".ce"})
_HEADER: Final = re.compile(r"MSH([!-/:-@\[-`{-~])([!-/:-@\[-`{-~]{4,5})\1")


class NotHl7Error(ValueError):
    """The message cannot be worked on: `code` of table 0357, and the header as far as it could be read."""

    def __init__(self, problem: ResultProblem, code: str, message: Hl7Message | None = None) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Of one message, from MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent

    def written(self, text: str) -> str:
        """`text` as a value: delimiters escaped, line ends as line breaks."""
        names = {self.field: "F", self.component: "S", self.repetition: "R", self.escape: "E", self.subcomponent: "T"}
        escaped = "".join(f"{self.escape}{names[sign]}{self.escape}" if sign in names else sign for sign in text)
        return re.sub(r"\r\n|[\r\n]", lambda _: f"{self.escape}.br{self.escape}", escaped)


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. `fields[n]` is field n as it stands; `number` counts the segments of this name from 1."""

    name: str
    number: int
    fields: tuple[str, ...]
    delimiters: Delimiters
    charset: str

    def field(self, number: int) -> str:
        """Field `number` as it stands; empty where there is none or it says `""`."""
        text = self.fields[number] if number < len(self.fields) else ""
        return "" if text == '""' else text

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field as they stand."""
        return self.field(number).split(self.delimiters.repetition)

    def components(self, text: str) -> list[str]:
        """Values of the components of one repetition; of subcomponents the first."""
        parts = text.split(self.delimiters.component)
        return [self.value(part.split(self.delimiters.subcomponent, 1)[0]) for part in parts]

    def component(self, number: int, component: int = 1) -> str:
        """A component of the first repetition of a field, without blanks around it."""
        found = self.components(self.repetitions(number)[0])
        return found[component - 1].strip() if component <= len(found) else ""

    def overlong(self) -> int | None:
        """The first field that is longer than any that is read; OBX-5 may be."""
        fields = enumerate(self.fields)
        return next((at for at, text in fields if len(text) > LONGEST_FIELD and (self.name, at) != ("OBX", 5)), None)

    def value(self, text: str) -> str:
        """`text` with its escapes undone; one that is unknown or broken stays as it is written."""
        if self.delimiters.escape not in text:
            return "" if text == '""' else text
        if self.delimiters.escape != "\\":
            text = text.replace("\\", "\0").replace(self.delimiters.escape, "\\")
        return _ESCAPE.sub(self._unescaped, text).replace("\0", "\\")

    def _unescaped(self, match: re.Match[str]) -> str:
        name, signs = match[1], self.delimiters
        plain = {"F": signs.field, "S": signs.component, "R": signs.repetition, "T": signs.subcomponent,
                 "E": signs.escape, "H": "", "N": ""}  # fmt: skip
        if name in plain:
            return plain[name]
        if name.startswith("X"):
            try:
                return bytes.fromhex(name[1:]).decode(self.charset).replace("\0", "")
            except ValueError:
                return match[0]
        return "\n" if name[:3] in _BREAKS else match[0]


@dataclass(frozen=True, slots=True)
class Hl7Message:
    """The segments in their order, MSH first."""

    segments: Sequence[Segment]

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def control_id(self) -> str:
        """MSH-10: the sender's number of the message."""
        return self.header.component(10)

    @property
    def sender(self) -> tuple[str, str]:
        """Sending application and facility: namespace and universal id as they stand."""
        return self.header.field(3), self.header.field(4)

    @property
    def version(self) -> str:
        """MSH-12."""
        return self.header.component(12)


def read_message(content: bytes) -> Hl7Message:
    """The message, of a kind that is taken: a result of a production system. Raises NotHl7Error."""
    if len(content) > HL7_LIMIT_BYTES:
        raise NotHl7Error(ResultProblem("message_invalid", "MSH", facts={"expected": "HL7 v2, 1 MB"}), OTHER)
    content = content.removeprefix(b"\xef\xbb\xbf").lstrip(_BEFORE)
    message = Hl7Message(list(_segments(_first_line(content), "latin-1")))
    charset = _charset(message)
    try:
        text = content.decode(charset).replace("\0", "")  # which no database stores as text
    except UnicodeDecodeError:
        raise NotHl7Error(_charset_problem(), TABLE_VALUE, message) from None
    message = Hl7Message(list(_segments(text, charset)))
    if len(message.segments) > MOST_SEGMENTS:
        expected = f"HL7 v2, {MOST_SEGMENTS} segments"
        raise NotHl7Error(ResultProblem("message_invalid", "MSH", facts={"expected": expected}), OTHER, message)
    _check_kind(message)
    return message


def _first_line(content: bytes) -> str:
    """MSH, as bytes whose character set is not known yet."""
    line = re.split(rb"[\r\n]", content, maxsplit=1)[0].decode("latin-1")
    match = _HEADER.match(line)
    signs = "" if match is None else match[1] + match[2]
    if not signs or len(set(signs)) != len(signs):
        raise NotHl7Error(ResultProblem("message_invalid", "MSH-1", facts={"expected": r"HL7 v2 (MSH|^~\&|)"}), OTHER)
    return line


def _segments(text: str, charset: str) -> Iterator[Segment]:
    lines = [line for line in re.split(r"\r\n|[\r\n]", text) if line.strip()]
    field = lines[0][3]
    signs = lines[0][4:].split(field, 1)[0]
    delimiters = Delimiters(field, *signs[:4])
    counted: dict[str, int] = {}
    for line in lines:
        name, *values = line.split(field)
        name = name.strip()[:20]
        counted[name] = counted.get(name, 0) + 1
        # MSH-1 is the separator itself, so its fields stand one place further.
        fields = (name, field, *values) if name == "MSH" else (name, *values)
        yield Segment(name, counted[name], fields, delimiters, charset)


def _charset(message: Hl7Message) -> str:
    found = CHARACTER_SETS.get(message.header.repetitions(18)[0].strip().upper())
    if found is None:
        raise NotHl7Error(_charset_problem(), TABLE_VALUE, message)
    return found


def _charset_problem() -> ResultProblem:
    return ResultProblem("charset_unknown", "MSH-18", facts={"charsets": ", ".join(filter(None, CHARACTER_SETS))})


def _check_kind(message: Hl7Message) -> None:
    header = message.header
    kind, event = header.component(9), header.component(9, 2)
    checks = (
        (bool(message.control_id), "MSH-10", "MSH-10", REQUIRED_FIELD),
        (kind == "ORU", "MSH-9", "ORU^R01", MESSAGE_TYPE),
        (event == "R01", "MSH-9.2", "ORU^R01", EVENT),
        (message.version in VERSIONS, "MSH-12", "HL7 " + ", ".join(VERSIONS), VERSION),
        # A training message must never become somebody's result.
        (header.component(11) == "P", "MSH-11", "P (production)", PROCESSING),
    )
    for fulfilled, place, expected, code in checks:
        if not fulfilled:
            raise NotHl7Error(ResultProblem("message_invalid", place, facts={"expected": expected}), code, message)
    for segment in message.segments:
        if segment.name in READ and (number := segment.overlong()) is not None:
            problem = ResultProblem("structure_invalid", f"{segment.name}[{segment.number}]-{number}")
            raise NotHl7Error(problem, OTHER, message)
    if sum(segment.name == "MSH" for segment in message.segments) > 1:
        expected = "MSH x 1"
        problem = ResultProblem("message_invalid", "MSH", facts={"expected": expected})
        raise NotHl7Error(problem, SEGMENT_SEQUENCE, message)
