"""A FHIR bundle of laboratory reports → rows, each with the path of what it says.

Read: DiagnosticReport and Observation with what they refer to, in the bundle or contained. A unit, a time zone or a
patient is never assumed; what a report says holds for its observations where they say nothing themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from services.lab.domain.reports import Reported
from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.fhir_check import structure_errors
from services.lab.formats.fhir_observation import Context, Misread, read_observation

BUNDLES: Final = ("transaction", "batch", "collection")
READ: Final = ("Observation", "DiagnosticReport")
REFERRED_TO: Final = ("Patient", "Specimen", "ServiceRequest", "Organization", "Practitioner", "Encounter", "Device")
MOST_ENTRIES: Final = 500
NUL: Final = b"\\u0000"
Resource = Mapping[str, Any]


class NotABundleError(ValueError):
    """The content cannot be read as a bundle at all."""

    def __init__(self, field_name: str, expected: str) -> None:
        super().__init__(field_name)
        self.problem = ResultProblem("message_invalid", field_name, facts={"expected": expected})


@dataclass(slots=True)
class EntryRead:
    """What an entry of the bundle says: `rows` and `problems`, whose fields are FHIR paths."""

    path: str
    kind: str
    rows: list[Reported] = field(default_factory=list)
    problems: list[ResultProblem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BundleRead:
    """A bundle; `atomic`: all of it or nothing."""

    atomic: bool
    entries: list[EntryRead]


def read_bundle(content: bytes) -> BundleRead:
    """The entries in their order. NotABundleError where there are none to speak of."""
    bundle = _bundle(content)
    places = [
        (f"Bundle.entry[{number}].resource", entry.get("fullUrl"), entry["resource"])
        for number, entry in enumerate(bundle["entry"])
    ]
    known = dict(_references(places))
    entries = [EntryRead(path, str(resource["resourceType"])) for path, _, resource in places]
    sound = []
    for entry, (path, _, resource) in zip(entries, places, strict=True):
        entry.problems += [
            ResultProblem("structure_invalid", f"{path}.{below}".rstrip(".")) for below in structure_errors(resource)
        ]
        if entry.kind not in {*READ, *REFERRED_TO}:
            expected = "DiagnosticReport, Observation"
            entry.problems = [ResultProblem("message_invalid", f"{path}.resourceType", facts={"expected": expected})]
        if not entry.problems:
            sound.append((entry, resource))
    reports = _reports_of_observations(sound, known)
    for entry, resource in sound:
        for path, observation, report in _observations(entry, resource, reports):
            contained = {f"#{item.get('id')}": item for item in (*_contained(resource), *_contained(report))}
            try:
                entry.rows += read_observation(observation, Context(path, report, {**known, **contained}))
            except Misread as error:
                entry.problems.append(error.problem)
        if entry.kind == "DiagnosticReport":
            entry.problems += _lost_results(entry, resource, known)
    return BundleRead(bundle["type"] == "transaction", entries)


def _bundle(content: bytes) -> dict[str, Any]:
    expected = "Bundle (" + ", ".join(BUNDLES) + ")"
    try:
        bundle = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise NotABundleError("Bundle", "JSON") from None
    if NUL in content:  # no database stores it as text
        raise NotABundleError("Bundle", f"JSON without {NUL.decode()}")
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle" or bundle.get("type") not in BUNDLES:
        raise NotABundleError("Bundle.type", expected)
    entries = bundle.get("entry")
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_ENTRIES:
        raise NotABundleError("Bundle.entry", f"Bundle.entry 1-{MOST_ENTRIES}")
    for number, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise NotABundleError(f"Bundle.entry[{number}].resource", "Bundle.entry.resource")
    return bundle


def _references(places: list[tuple[str, Any, Resource]]) -> Iterator[tuple[str, Resource]]:
    for _, full_url, resource in places:
        if isinstance(full_url, str):
            yield full_url, resource
        if isinstance(resource.get("id"), str):
            yield f"{resource['resourceType']}/{resource['id']}", resource


def _reports_of_observations(
    sound: list[tuple[EntryRead, Resource]], known: Mapping[str, Resource]
) -> dict[int, Resource]:
    """By the identity of the observation in memory: an observation need not have an id."""
    found: dict[int, Resource] = {}
    for entry, report in sound:
        if entry.kind == "DiagnosticReport":
            for reference in report.get("result", ()):
                if (observation := known.get(reference.get("reference", ""))) is not None:
                    found[id(observation)] = report
    return found


def _observations(
    entry: EntryRead, resource: Resource, reports: Mapping[int, Resource]
) -> Iterator[tuple[str, Resource, Resource]]:
    """Path, observation and its report (empty where it has none) of what an entry holds."""
    if entry.kind == "Observation":
        yield entry.path, resource, reports.get(id(resource), {})
    if entry.kind == "DiagnosticReport":
        for number, inside in enumerate(_contained(resource)):
            if inside.get("resourceType") == "Observation":
                yield f"{entry.path}.contained[{number}]", inside, resource


def _lost_results(entry: EntryRead, report: Resource, known: Mapping[str, Resource]) -> Iterator[ResultProblem]:
    inside = {f"#{item.get('id')}" for item in _contained(report)}
    for number, reference in enumerate(report.get("result", ())):
        if reference.get("reference") not in {*known, *inside}:
            yield ResultProblem("reference_missing", f"{entry.path}.result[{number}]")


def _contained(resource: Resource) -> list[Resource]:
    return list(resource.get("contained", ()))
