"""What scoring publishes of a fold is true to the contract, although no model is built of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given, settings

from services.scoring.domain.assessment_codes import CLASSES, OUTLIER, class_name
from services.scoring.domain.assessment_matrix import code_matrix
from services.scoring.domain.explain import explain
from services.scoring.domain.fold_columns import uuid_of
from services.scoring.use_cases.judgement_facts import AssessmentHead, assessment_rows, status_row
from shared.contracts.codec import decode, encode, encode_rows
from shared.contracts.fact import derived_fact_id
from shared.contracts.risk import AssessmentV1, RiskStatusV1
from tests.unit.scoring.fold_examples import Child, Story, fact, visit
from tests.unit.scoring.test_fold_properties import stories

KNOWN_AT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


def published_assessments(story: Story) -> list[AssessmentV1]:
    """Strictly read: the model refuses what it does not know."""
    folded = story.folded()
    facts = folded.measurements
    heads = [
        AssessmentHead(fact(1), uuid_of(facts.fact_id, row), (1, 2), on, (1, 1), KNOWN_AT, "2026-01")
        for row, on in enumerate(facts.measured_on.tolist())
    ]
    messages = encode_rows(AssessmentV1, assessment_rows(code_matrix(folded.assessments).tolist(), heads))
    return [AssessmentV1.model_validate_json(message.body) for message in messages]


@settings(max_examples=60, deadline=None)
@given(stories())
def test_every_assessment_and_status_is_true_to_the_contract(story: Story) -> None:
    assert len(published_assessments(story)) == len(story.visits)
    folded = story.folded()
    for status in explain(folded, range(folded.risk.tier.size)):
        row = status_row(
            status, child_id=fact(1), order=(1, 1), known_at=KNOWN_AT, ruleset_version="2026-01", voided=False
        )
        read = RiskStatusV1.model_validate_json(encode_rows(RiskStatusV1, [row])[0].body)
        assert (read.tier, read.measured_on, len(read.reasons)) == (
            status.tier,
            status.measured_on,
            len(status.reasons),
        )


def test_a_row_is_published_as_the_same_message_as_its_model() -> None:
    boy = Child(1, "M", date(2024, 1, 15))
    folded = Story([boy], [visit(1, boy, date(2025, 3, 1), -2.5, -1.0)]).folded()
    (status,) = explain(folded, [0])
    row = status_row(status, child_id=fact(1), order=(1, 1), known_at=KNOWN_AT, ruleset_version="2026-01", voided=False)
    (message,) = encode_rows(RiskStatusV1, [row])
    model = RiskStatusV1.model_validate_json(message.body)
    other = encode(model)
    assert (message.topic, message.key, sorted(message.headers)) == (other.topic, other.key, sorted(other.headers))
    headers = [(name, value.encode()) for name, value in message.headers]
    assert decode(message.topic, message.key.encode(), headers, message.body) == model
    assert model.fact_id == derived_fact_id(fact(1), "risk-status")


def test_a_voided_measurement_has_no_age_and_no_class_but_a_reason_for_every_blank() -> None:
    boy = Child(1, "M", date(2024, 1, 15))
    (read,) = published_assessments(Story([boy], [replace(visit(1, boy, date(2025, 3, 1), -2.5, -1.0), voided=True)]))
    assert (read.voided, read.age_days, read.age_months, read.height_for_age) == (True, None, None, None)
    assert set(read.blank_reasons) == {"haz", "waz", "whz", "baz"}


def test_every_class_has_a_name() -> None:
    for kind, names in CLASSES.items():
        assert [class_name(kind, code) for code in (0, 1, len(names), OUTLIER)] == [
            None,
            names[0],
            names[-1],
            "outlier",
        ]
