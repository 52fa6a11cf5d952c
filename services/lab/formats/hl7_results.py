"""The observations of an ORU^R01 → rows, each with the place of what it says (`OBX[3]-5`).

A PID begins another child, an ORC or OBR another order; what they say holds for the OBX below. A unit, a status or a
child is never assumed. A time without a zone is of MSH-7's zone, else of Asia/Jakarta: laboratories here print local
time, and the standard names the header's zone as the default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Final
from uuid import UUID

from services.lab.domain.reports import (
    LONGEST_WORD,
    Reported,
    Specimen,
    Statement,
)
from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.fhir_observation import SPECIMENS
from services.lab.formats.hl7_fields import (
    TIME,
    TYPES,
    MisreadError,
    Remark,
    moment_of,
    name_of_test,
    offset_of,
    place_of,
    unit_of,
    uuid_of,
    value_of,
)
from services.lab.formats.hl7_message import (
    DATA_TYPE,
    LONGEST_FIELD,
    SEGMENT_SEQUENCE,
    TABLE_VALUE,
    Hl7Message,
    NotHl7Error,
    Segment,
)
from shared.calendar import JAKARTA

MOST_OBSERVATIONS: Final = 500
# Table 0085. X: cannot be obtained, D: deleted, W: of another patient or specimen.
STATEMENTS: Final[dict[str, Statement]] = {
    **dict.fromkeys("PRSI", "preliminary"),
    "F": "final",
    "C": "corrected",
    **dict.fromkeys("XDW", "retracted"),
}
# Table 0123, where OBX-11 is empty; what is only ordered or scheduled has no results to speak of.
OF_ORDER: Final[dict[str, str]] = {"F": "F", "C": "C", "P": "P", "R": "R", "A": "P", "I": "I", "S": "I", "X": "X"}


@dataclass(slots=True)
class Group:
    """One OBR with what stands above and below it."""

    child_id: UUID | None = None
    child_place: str = "PID-3"
    order: Segment | None = None  # ORC
    request: Segment | None = None  # OBR
    observations: list[Segment] = field(default_factory=list)
    tube: Segment | None = None  # SPM
    tube_ends: bool = False  # it came after observations: what follows describes the tube


@dataclass(slots=True)
class OruRead:
    """What a message says: rows, and what is wrong with the rest."""

    rows: list[Reported] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Context:
    """What the header says: `sent` orders statements, `zone` is that of times without one."""

    message: Hl7Message
    sent: datetime | None
    zone: tzinfo


def read_oru(message: Hl7Message) -> OruRead:
    """All observations in their order. NotHl7Error where there is none, or too many."""
    count = sum(segment.name == "OBX" for segment in message.segments)
    if not 0 < count <= MOST_OBSERVATIONS:
        problem = ResultProblem("message_invalid", "OBX", facts={"expected": f"OBX 1-{MOST_OBSERVATIONS}"})
        raise NotHl7Error(problem, SEGMENT_SEQUENCE, message)
    read = OruRead()
    context = _context(message, read)
    for group in _groups(message, read):
        for observation in group.observations:
            try:
                _read_observation(context, group, observation, read)
            except MisreadError as error:
                read.remarks.append(error.remark)
    return read


def _context(message: Hl7Message, read: OruRead) -> Context:
    text = message.header.component(7)
    match = TIME.fullmatch(text)
    zone = JAKARTA if match is None or match[5] is None else offset_of(match[5])
    try:
        return Context(message, moment_of(text, "MSH-7", zone)[1], zone)
    except MisreadError as error:
        read.remarks.append(Remark(error.remark.problem, DATA_TYPE, warning=True))
        return Context(message, None, JAKARTA)


def _groups(message: Hl7Message, read: OruRead) -> Iterator[Group]:
    group = Group()
    for segment in message.segments:
        if segment.name in {"PID", "ORC", "OBR"} and group.request is not None:
            yield group
            group = Group(group.child_id, group.child_place)
        match segment.name:
            case "PID":
                group = Group(_child(segment), place_of(segment, 3))
            case "ORC":
                group.order = segment
            case "OBR":
                group.request = segment
            case "SPM":
                group.tube, group.tube_ends = group.tube or segment, bool(group.observations)
            case "OBX" if group.request is None:
                problem = ResultProblem("segment_misplaced", place_of(segment), facts={"segment": "OBR"})
                read.remarks.append(Remark(problem, SEGMENT_SEQUENCE))
            case "OBX" if group.tube_ends:
                problem = ResultProblem("segment_of_tube", place_of(segment))
                read.remarks.append(Remark(problem, SEGMENT_SEQUENCE, warning=True))
            case "OBX":
                group.observations.append(segment)
            case _:
                pass
    yield group


def _read_observation(context: Context, group: Group, observation: Segment, read: OruRead) -> None:
    statement = _statement(group, observation)
    kind = observation.component(2)
    long = len(observation.field(5)) > LONGEST_FIELD
    if long or (kind not in TYPES and (kind or statement != "retracted")):
        problem = ResultProblem("value_type_unread", place_of(observation, 2), facts={"types": ", ".join(TYPES)})
        read.remarks.append(Remark(problem, DATA_TYPE, warning=True))
        return
    test, loinc = name_of_test(observation)
    drawn_on, drawn_at, drawn_place = _draw(context, group, observation)
    value, comparator, unit_in_text, findings = value_of(observation, kind)
    order_id, order_place = _order(group)
    read.rows.append(
        Reported(
            statement=statement,
            test=test,
            loinc=loinc,
            number=_number(context, group, observation, test),
            stated_at=_stated_at(context, group),
            order_id=order_id,
            child_id=group.child_id,
            laboratory_code=_laboratory(context, observation),
            value=value,
            comparator=comparator,
            unit=unit_of(observation) or unit_in_text,
            findings=findings,
            drawn_on=drawn_on,
            drawn_at=drawn_at,
            specimen=_specimen(group),
            method=(observation.component(17, 2) or observation.component(17))[:60] or None,
            places={
                "": place_of(observation),
                "test_code": place_of(observation, 3),
                "value": place_of(observation, 5),
                "findings": place_of(observation, 5),
                "unit": place_of(observation, 6),
                "drawn_at": drawn_place,
                "drawn_on": drawn_place,
                "order_id": order_place,
                "child_id": group.child_place,
                "specimen": place_of(group.tube, 4) if group.tube else place_of(observation),
                "laboratory": place_of(observation, 15),
            },
        )
    )


def _statement(group: Group, observation: Segment) -> Statement:
    status, place = observation.component(11).upper(), place_of(observation, 11)
    if not status and group.request is not None:
        status, place = OF_ORDER.get(group.request.component(25).upper(), ""), place_of(group.request, 25)
    if status not in STATEMENTS:
        raise MisreadError("status_unknown", place, TABLE_VALUE, statuses=", ".join(STATEMENTS))
    return STATEMENTS[status]


def _draw(context: Context, group: Group, observation: Segment) -> tuple[date | None, datetime | None, str]:
    """OBX-14, else OBR-7, else SPM-17."""
    for segment, number in ((observation, 14), (group.request, 7), (group.tube, 17)):
        if segment is not None and (text := segment.component(number)):
            place = place_of(segment, number)
            return (*moment_of(text, place, context.zone), place)
    return None, None, place_of(observation, 14)


def _stated_at(context: Context, group: Group) -> datetime | None:
    """OBR-22, else when the message was made."""
    if group.request is None or not (text := group.request.component(22)):
        return context.sent
    try:
        return moment_of(text, "", context.zone)[1] or context.sent
    except MisreadError:
        return context.sent


def _order(group: Group) -> tuple[UUID | None, str]:
    for segment in (group.order, group.request):
        if segment is not None and (found := uuid_of(segment.component(2))) is not None:
            return found, place_of(segment, 2)
    return None, place_of(group.request, 2) if group.request else "OBR-2"


def _child(segment: Segment) -> UUID | None:
    """Our id, in PID-2 or any repetition of PID-3; an NIK leads nowhere here."""
    texts = [segment.component(2), *(segment.components(text)[0] for text in segment.repetitions(3))]
    return next((found for text in texts if (found := uuid_of(text))), None)


def _number(context: Context, group: Group, observation: Segment, test: str) -> str | None:
    """Filler's number of the order, with what tells its observations apart; None where the laboratory gives none."""
    filler = next((text for segment in (group.request, group.order) if segment and (text := segment.field(3))), None)
    if filler is None:
        return None
    return "\n".join((*context.message.sender, filler, test, observation.field(4)))


def _laboratory(context: Context, observation: Segment) -> str | None:
    for code in (observation.component(15), context.message.header.component(4)):
        if code.startswith("LAB."):
            return code[:LONGEST_WORD]
    return None


def _specimen(group: Group) -> Specimen | None:
    codes = [] if group.tube is None else [group.tube.component(4), group.tube.component(4, 4)]
    codes += [] if group.request is None else [group.request.component(15)]
    return next((SPECIMENS[code] for code in codes if code in SPECIMENS), None)
