"""One FHIR Observation, with the report it is part of, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.lab.domain.reports import LONGEST_WORD, Reported, Specimen, Statement, demand_year, number_of_text
from services.lab.domain.result_problems import ResultProblem

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
STATEMENTS: Final[dict[str, Statement]] = {
    "registered": "preliminary",
    "preliminary": "preliminary",
    "final": "final",
    "amended": "corrected",
    "corrected": "corrected",
    "cancelled": "retracted",
    "entered-in-error": "retracted",
}
RETRACTED: Final = ("cancelled", "entered-in-error")
# SNOMED CT and HL7 table 0487; blood without saying from where is neither venous nor capillary.
SPECIMENS: Final[dict[str, Specimen]] = {
    **dict.fromkeys(("122555007", "119364003", "119361006", "BLDV", "SER", "PLAS"), "venous"),
    **dict.fromkeys(("122554006", "BLDC"), "capillary"),
    **dict.fromkeys(("122575003", "UR"), "urine"),
    **dict.fromkeys(("119339001", "STL"), "stool"),
}
EXAMPLE: Final = "2026-03-01T08:30:00+07:00"
Resource = Mapping[str, Any]


class Misread(Exception):  # noqa: N818 - it carries a problem, and is none of ours
    """The observation cannot be a row."""

    def __init__(self, code: str, path: str, **facts: str) -> None:
        super().__init__(code)
        self.problem = ResultProblem(code, path, facts=facts)


@dataclass(frozen=True, slots=True)
class Context:
    """Where an observation stands: its path, its report (or nothing), and what references lead to."""

    path: str
    report: Resource
    known: Mapping[str, Resource]

    def resource(self, reference: Resource) -> Resource:
        """What is referred to; nothing where it did not come along."""
        return self.known.get(reference.get("reference", ""), {})


def read_observation(observation: Resource, context: Context) -> list[Reported]:
    """One row, or one for each component. Raises Misread."""
    path, report = context.path, context.report
    status = observation.get("status")
    if status not in STATEMENTS:
        raise Misread("status_unknown", f"{path}.status", statuses=", ".join(STATEMENTS))
    statement = "retracted" if report.get("status") in RETRACTED else STATEMENTS[status]
    tube = context.resource(_either("specimen", observation, report) or (report.get("specimen") or [{}])[0])
    drawn_on, drawn_at, administered_at = _draw(observation, context, tube)
    orders = [*observation.get("basedOn", ()), *report.get("basedOn", ())]
    about = _either("subject", observation, report)
    performers = [*observation.get("performer", ()), *report.get("performer", ())]
    number = _number(observation)
    rows = []
    for below, part in _parts(observation):
        value, comparator, unit, findings = _value(part)
        test, loinc = _test(part, f"{path}{below}.code")
        rows.append(
            Reported(
                statement=statement,
                test=test,
                loinc=loinc,
                number=f"{number}\n{test}" if number and below else number,
                stated_at=_instant(observation.get("issued") or report.get("issued"), f"{path}.issued"),
                order_id=next((found for item in orders if (found := _ours(item, "ServiceRequest", context))), None),
                child_id=_ours(about, "Patient", context),
                laboratory_code=_laboratory(performers, context),
                value=value,
                comparator=comparator,
                unit=unit,
                findings=findings,
                drawn_on=drawn_on,
                drawn_at=drawn_at,
                administered_at=administered_at,
                specimen=_specimen(tube),
                method=(_words(observation.get("method", {})) or "")[:60] or None,
                places={
                    "": f"{path}{below}",
                    "test_code": f"{path}{below}.code",
                    "value": f"{path}{below}.value",
                    "findings": f"{path}{below}.value",
                    "unit": f"{path}{below}.valueQuantity.code",
                    "drawn_at": f"{path}.effectiveDateTime",
                    "drawn_on": f"{path}.effectiveDateTime",
                    "administered_at": f"{path}.effectivePeriod.start",
                    "specimen": f"{path}.specimen",
                    "order_id": f"{path}.basedOn",
                    "child_id": f"{path}.subject",
                    "laboratory": f"{path}.performer",
                },
            )
        )
    return list(_joined(rows))


def _joined(rows: Sequence[Reported]) -> Iterator[Reported]:
    """Rows of one observation; components that each name one thing found by the same test are one result."""
    found: dict[str, Reported] = {}
    for row in rows:
        if row.value is not None or not row.findings:
            yield row
        elif row.test in found:
            found[row.test] = replace(found[row.test], findings=(*found[row.test].findings, *row.findings))
        else:
            found[row.test] = row
    yield from found.values()


def _parts(observation: Resource) -> Iterator[tuple[str, Resource]]:
    components = observation.get("component", ())
    if not components or any(name.startswith("value") for name in observation):
        yield "", observation
    for number, component in enumerate(components):
        yield f".component[{number}]", component


def _either(name: str, observation: Resource, report: Resource) -> Resource:
    found = observation.get(name) or report.get(name) or {}
    return found if isinstance(found, dict) else {}


def _test(part: Resource, path: str) -> tuple[str, bool]:
    code = part.get("code", {})
    codings: Sequence[Resource] = code.get("coding", ())
    for coding in codings:
        if coding.get("system") == LOINC and coding.get("code"):
            return coding["code"], True
    words = code.get("text") or next((str(coding.get("display") or coding.get("code")) for coding in codings), "")
    if not words.strip():
        raise Misread("test_missing", path)
    return words.strip()[:LONGEST_WORD], False


def _value(part: Resource) -> tuple[float | None, Any, str | None, tuple[tuple[str, ...], ...]]:
    """Number, bound and unit (its code where it is UCUM's, else as it is written), and what was found in words."""
    if "valueQuantity" in part:
        quantity = part["valueQuantity"]
        number = quantity.get("value")
        unit = quantity.get("code") if quantity.get("system") == UCUM else None
        unit = unit or quantity.get("unit") or quantity.get("code")
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        return float(number) if is_number else None, quantity.get("comparator"), unit and unit[:LONGEST_WORD], ()
    if "valueInteger" in part:
        return float(part["valueInteger"]), None, None, ()
    if "valueBoolean" in part:
        return None, None, None, ((str(part["valueBoolean"]).lower(),),)
    concept = part.get("valueCodeableConcept", {})
    ways = [concept.get("text")]
    ways += [coding.get(name) for coding in concept.get("coding", ()) for name in ("code", "display")]
    text = part.get("valueString", "").strip()
    said = tuple(way.strip() for way in (text, *ways) if way and way.strip())
    number_said = number_of_text(text) if text else None
    if number_said is None:
        return None, None, None, (said,) if said else ()
    comparator, value, unit = number_said
    return value, comparator, unit, (said,)


def _draw(
    observation: Resource, context: Context, tube: Resource
) -> tuple[date | None, datetime | None, datetime | None]:
    """Day and instant of the draw: of the observation, of its report, or of the tube; and when it was administered.

    A skin test has a period: from the injection to the reading.
    """
    path = context.path
    for resource in (observation, context.report):
        if "effectiveDateTime" in resource:
            return (*_moment(resource["effectiveDateTime"], f"{path}.effectiveDateTime"), None)
        period = resource.get("effectivePeriod", {})
        if "end" in period:
            start = _instant(period.get("start"), f"{path}.effectivePeriod.start")
            return (*_moment(period["end"], f"{path}.effectivePeriod.end"), start)
    collected = tube.get("collection", {}).get("collectedDateTime")
    return (*_moment(collected, f"{path}.specimen"), None) if collected else (None, None, None)


def _moment(text: str, path: str) -> tuple[date | None, datetime | None]:
    try:
        demand_year(int(text[:4]))
        if len(text) == len("2026-03-01"):
            return date.fromisoformat(text), None
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Misread("time_without_zone", path, example=EXAMPLE) from None
    if instant.tzinfo is None or "T" not in text:
        raise Misread("time_without_zone", path, example=EXAMPLE)
    return None, instant


def _instant(text: str | None, path: str) -> datetime | None:
    return _moment(text, path)[1] if text else None


def _ours(reference: Resource, kind: str, context: Context) -> UUID | None:
    """Our id of an order or a child: in an identifier, of the resource it leads to, or in the reference itself."""
    candidates = [reference.get("identifier", {}).get("value")]
    candidates += [item.get("value") for item in context.resource(reference).get("identifier", ())]
    if reference.get("reference", "").startswith(f"{kind}/"):
        candidates.append(reference["reference"].partition("/")[2])
    return next((found for text in candidates if (found := _uuid(text))), None)


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text).removeprefix("urn:uuid:"))
    except ValueError:
        return None


def _laboratory(performers: Sequence[Resource], context: Context) -> str | None:
    for performer in performers:
        organization = context.resource(performer)
        for identifier in (performer.get("identifier", {}), *organization.get("identifier", ())):
            if str(identifier.get("value", "")).startswith("LAB."):
                return str(identifier["value"])
    return None


def _number(observation: Resource) -> str | None:
    found = [item for item in observation.get("identifier", ()) if item.get("value")]
    return f"{found[0].get('system', '')}|{found[0]['value']}" if found else None


def _specimen(tube: Resource) -> Specimen | None:
    codes = [str(coding.get("code")) for coding in tube.get("type", {}).get("coding", ())]
    return next((SPECIMENS[code] for code in codes if code in SPECIMENS), None)


def _words(concept: Resource) -> str | None:
    return concept.get("text") or next((item.get("display") for item in concept.get("coding", ())), None)
