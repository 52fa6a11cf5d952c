"""What a statement of a laboratory's system means after others; numbers in text; FHIR bundles as rows.

The bundles are our own, after the standard. `fhir.resources` checks structure: names, types, cardinality, formats of
dates. It does not check whether a code exists, nor invariants or profiles.
"""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.domain.catalogue import load
from services.lab.domain.reports import Stated, next_step, number_of_text
from services.lab.formats.fhir_bundle import NotABundleError, read_bundle
from services.lab.formats.fhir_kept import kept_of

RESULT = uuid.UUID(int=1)
CHILD, ORDER = uuid.UUID(int=2), uuid.UUID(int=3)
# Number of the statement, what it says, when: two corrections, the second later.
HISTORY = [("final", 1), ("corrected", 2), ("corrected", 3), ("retracted", 4), ("preliminary", 0)]


def fold(statements: list[tuple[str, int]]) -> tuple[str, int] | None:
    """The last word, kept as the use case keeps it."""
    known: Stated | None = None
    last = None
    for statement, hour in statements:
        at = datetime(2026, 3, 1, hour, tzinfo=UTC)
        step = next_step(known, statement, at)  # type: ignore[arg-type]
        if step in {"record", "correct", "retract", "remember"}:
            known = Stated(statement, at, RESULT)  # type: ignore[arg-type]
            last = (statement, hour)
    return last


@given(st.lists(st.sampled_from(HISTORY), max_size=9))
def test_what_holds_is_decided_by_what_was_said_never_by_the_order_it_came_in(said: list[tuple[str, int]]) -> None:
    meant = [each for each in said if each[0] != "preliminary"]
    ranks = {"final": 0, "corrected": 1, "retracted": 2}
    assert fold(said) == max(meant, key=lambda each: (ranks[each[0]], each[1]), default=None)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5.2", (None, 5.2, None)),
        ("< 5,2 mg/L", ("<", 5.2, "mg/L")),
        (">=200mg/L", (">=", 200.0, "mg/L")),
        ("1,200", None),
        ("1,25", (None, 1.25, None)),
        ("positif", None),
        ("", None),
        ("5.2.1", None),
    ],
)
def test_a_number_in_text_is_read_with_either_decimal_sign_and_never_guessed(text: str, read: Any) -> None:
    assert number_of_text(text) == read


def test_a_loinc_code_leads_to_the_test_that_is_reported_under_it() -> None:
    assert load().code_of_loinc("718-7") == "haemoglobin"
    assert load().code_of_loinc("999-3") is None


def observation(**changed: Any) -> dict[str, Any]:
    plain = {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:oid:1.2.3", "value": "A-1"}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
        "subject": {"identifier": {"value": str(CHILD)}},
        "basedOn": [{"identifier": {"value": str(ORDER)}}],
        "effectiveDateTime": "2026-03-01T08:30:00+07:00",
        "valueQuantity": {"value": 11.2, "system": "http://unitsofmeasure.org", "code": "g/dL", "unit": "gram"},
    }
    return {name: value for name, value in {**plain, **changed}.items() if value is not ...}


def bundle(*resources: dict[str, Any], kind: str = "batch") -> bytes:
    entries = [{"fullUrl": f"urn:uuid:{uuid.UUID(int=100 + n)}", "resource": each} for n, each in enumerate(resources)]
    return orjson.dumps({"resourceType": "Bundle", "type": kind, "entry": entries})


def problems(content: bytes) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for entry in read_bundle(content).entries for problem in entry.problems]


def test_an_observation_is_a_row_with_the_unit_the_draw_and_whose_it_is() -> None:
    (entry,) = read_bundle(bundle(observation())).entries
    (row,) = entry.rows
    assert (row.test, row.loinc, row.value, row.comparator, row.unit) == ("718-7", True, 11.2, None, "g/dL")
    assert (row.order_id, row.child_id, row.statement) == (ORDER, CHILD, "final")
    assert (row.drawn_at, row.drawn_on) == (datetime(2026, 3, 1, 1, 30, tzinfo=UTC), None)


def test_what_a_report_says_holds_for_its_observations_where_they_are_silent() -> None:
    bare = observation(subject=..., basedOn=..., effectiveDateTime=..., id="hb")
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "Darah lengkap"},
        "basedOn": [{"reference": "ServiceRequest/r"}],
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-03-01",
        "specimen": [{"reference": "#tube"}],
        "performer": [{"identifier": {"value": "LAB.12.19.RSUD"}}],
        "result": [{"reference": "Observation/hb"}],
        "contained": [
            {
                "resourceType": "Specimen",
                "id": "tube",
                "type": {"coding": [{"system": "http://snomed.info/sct", "code": "122554006"}]},
            }
        ],
    }
    asked = {
        "resourceType": "ServiceRequest",
        "id": "r",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p"},
        "identifier": [{"value": str(ORDER)}],
    }
    patient = {"resourceType": "Patient", "id": "p", "identifier": [{"value": f"urn:uuid:{CHILD}"}]}
    read = read_bundle(bundle(report, bare, asked, patient))
    assert [entry.problems for entry in read.entries] == [[], [], [], []]
    (row,) = read.entries[1].rows
    assert (row.order_id, row.child_id, row.drawn_on) == (ORDER, CHILD, date(2026, 3, 1))
    assert (row.specimen, row.laboratory_code) == ("capillary", "LAB.12.19.RSUD")
    taken_back = read_bundle(bundle({**report, "status": "entered-in-error"}, bare, asked, patient))
    assert taken_back.entries[1].rows[0].statement == "retracted"


def test_each_component_is_a_row() -> None:
    components = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": 7, "unit": unit},
        }
        for code, unit in (("718-7", "g/dL"), ("787-2", "fL"))
    ]
    (entry,) = read_bundle(bundle(observation(valueQuantity=..., component=components))).entries
    assert [(row.test, row.unit) for row in entry.rows] == [("718-7", "g/dL"), ("787-2", "fL")]
    assert len({row.source_id(row.test) for row in entry.rows}) == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "done"}, ("status", "status_unknown")),
        ({"effectiveDateTime": "9999-12-31T23:30:00Z"}, ("effectiveDateTime", "time_without_zone")),
        ({"effectiveDateTime": "2026-03"}, ("effectiveDateTime", "time_without_zone")),
        ({"effectiveDateTime": "2026-03-01T08:30:00"}, ("effectiveDateTime", "structure_invalid")),
        ({"valueQuantity": {"value": "11,2"}}, ("valueQuantity.value", "structure_invalid")),
        ({"hasil": 1}, ("hasil", "structure_invalid")),
        ({"code": {"coding": []}}, ("code", "test_missing")),
    ],
)
def test_what_is_not_as_the_standard_says_is_told_with_its_path(changed: dict[str, Any], said: tuple[str, str]) -> None:
    assert problems(bundle(observation(), observation(**changed))) == [(f"Bundle.entry[1].resource.{said[0]}", said[1])]


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","id":"\\u0000"}}]}',
        b'{"resourceType":"Bundle","type":"batch"}',
        b'{"resourceType":"Bundle","type":"history","entry":[]}',
    ],
)
def test_what_is_no_bundle_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(NotABundleError):
        read_bundle(content)


def test_what_is_kept_of_a_bundle_does_not_say_who_the_child_is() -> None:
    named = observation(
        subject={"display": "Siti Aminah", "identifier": {"value": "1219015705240001"}},
        note=[{"text": "Anak Siti"}],
        text={"status": "generated", "div": "<div>Siti</div>"},
    )
    patient = {"resourceType": "Patient", "name": [{"text": "Siti"}], "identifier": [{"value": "1219015705240001"}]}
    kept = kept_of(bundle(named, patient))
    assert "Siti" not in kept
    assert "1219015705240001" not in kept
    assert '"value":11.2' in kept
    assert str(ORDER) in kept_of(bundle(observation()))
