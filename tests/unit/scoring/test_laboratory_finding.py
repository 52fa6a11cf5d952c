"""What the laboratory adds to a finding about growth: it may raise the tier, it never touches the finding."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest

from services.scoring.domain.explain import RiskStatus, explain
from services.scoring.domain.findings import findings
from services.scoring.domain.fingerprint import risk_fingerprints, with_laboratory
from services.scoring.domain.fold_columns import Fold
from services.scoring.domain.follow_ups import follow_ups
from services.scoring.domain.lab_results import Critical, LabResult
from services.scoring.domain.laboratory import LabFinding, anaemia, laboratory_finding, required_tests
from services.scoring.domain.readings import Subject
from services.scoring.domain.risk_codes import Tier
from services.scoring.domain.ruleset import load
from services.scoring.use_cases.judgement_facts import status_row
from shared.contracts.codec import encode_rows
from shared.contracts.risk import RiskStatusV1
from tests.unit.scoring.fold_examples import Child, Story, Visit, fact, visit
from tests.unit.scoring.laboratory_examples import bound, result

BOY = Child(1, "M", date(2024, 1, 15))
ON = date(2025, 7, 10)
ANAEMIC = result(900, "haemoglobin", 64.0, ON)


def found_of(*results: LabResult, measured_on: date | None = ON) -> LabFinding:
    return laboratory_finding(results, Subject(BOY.born, 10.0), measured_on, load())


def judged(*visits: Visit, results: tuple[LabResult, ...] = ()) -> tuple[Fold, RiskStatus]:
    folded = Story([BOY], list(visits)).folded()
    return folded, explain(folded, [0], {0: found_of(*results)} if results else {})[0]


def test_a_dangerous_result_makes_urgent_and_leaves_what_growth_says() -> None:
    thin = visit(1, BOY, ON, -1.0, -2.3)
    folded, plain = judged(thin)
    _, status = judged(thin, results=(ANAEMIC,))
    assert (plain.tier, status.tier) == ("nutrition", "urgent")
    assert status.reasons[: len(plain.reasons)] == plain.reasons
    assert {*plain.tracks} < {*status.tracks}, "a thin child is fed, whatever its blood says"
    (finding,) = findings(folded, [0], {0: found_of(ANAEMIC)})
    assert (finding.tier, finding.growth_tier) == (Tier.URGENT, Tier.NUTRITION)
    assert {task.task: task.because_fact_id for task in follow_ups(folded, finding, ON)} == {
        "urgent_assessment": UUID(int=900),
        "laboratory_panel": UUID(int=900),
        "start_supplementary_feeding": fact(1),
    }


@pytest.mark.parametrize(("days", "opens"), [(60, True), (61, False)])
def test_only_a_fresh_result_asks_for_an_assessment(days: int, *, opens: bool) -> None:
    folded = Story([BOY], [visit(1, BOY, ON, -1.0, 0.0)]).folded()
    (finding,) = findings(folded, [0], {0: found_of(ANAEMIC)})
    tasks = [task.task for task in follow_ups(folded, finding, ON + timedelta(days=days))]
    assert tasks == (["urgent_assessment", "laboratory_panel"] if opens else [])


@pytest.mark.parametrize(
    ("blood", "rule_id"),
    [
        (result(1, "haemoglobin", 69.4, ON), "critical_haemoglobin"),
        (result(1, "haemoglobin", 69.5, ON), None),
        (bound(1, "haemoglobin", "<70", ON), "critical_haemoglobin"),
        (bound(1, "haemoglobin", "<80", ON), None),
        (result(1, "haemoglobin", 64.0, ON, critical=Critical(64.0, 70.0)), "critical_haemoglobin"),
        (result(1, "haemoglobin", 6.4, ON, canonical_unit="g/dL"), None),
        (result(1, "platelets", 40.0, ON), None),
        (result(1, "platelets", 40.0, ON, critical=Critical(40.0, 53.0)), "critical_result"),
        (result(1, "haemoglobin", 64.0, ON - timedelta(days=60)), "critical_haemoglobin"),
        (result(1, "haemoglobin", 64.0, ON - timedelta(days=61)), None),
    ],
)
def test_which_results_are_urgent(blood: LabResult, rule_id: str | None) -> None:
    _, status = judged(visit(1, BOY, ON, -1.0, 0.0), results=(blood,))
    fired = [
        reason.rule_id for reason in status.reasons if reason.fact_id == UUID(int=1) and "critical" in reason.rule_id
    ]
    assert fired == ([rule_id] if rule_id else [])


def test_critical_looks_at_the_measured_value_at_any_age() -> None:
    """Not at what elevation makes of it, and under six months as well, where no class is known."""
    high = laboratory_finding([result(1, "haemoglobin", 72.0, ON)], Subject(BOY.born, 2_000.0), ON, load())
    assert high.urgent == ()
    assert high.readings[0].grade == "severe_anaemia"
    young = laboratory_finding([result(1, "haemoglobin", 60.0, ON)], Subject(ON - timedelta(days=90), 0.0), ON, load())
    assert len(young.urgent) == 1
    assert young.readings[0].abnormal == "no_reference"


def test_a_newer_result_of_any_test_makes_an_old_one_old() -> None:
    old = result(1, "haemoglobin", 64.0, ON - timedelta(days=61))
    assert len(found_of(old, measured_on=None).urgent) == 1
    assert found_of(old, result(2, "crp", 1.0, ON), measured_on=None).urgent == ()


def test_required_tests_only_grow_and_keep_the_order_of_the_rule_set() -> None:
    rules = load()
    nothing = LabFinding()
    core = ("blood_count", "ferritin", "crp", "urinalysis", "stool")
    assert required_tests(nothing, (), ON, rules) == core
    assert required_tests(nothing, ("zinc", "agp"), ON, rules) == (*core[:3], "agp", "zinc", *core[3:])
    assert required_tests(found_of(ANAEMIC), ("sweat",), ON, rules) == (*core, "sweat")


def test_a_result_drawn_before_the_case_opened_says_nothing_of_its_anaemia() -> None:
    assert anaemia(found_of(ANAEMIC), ON) == "yes"
    assert anaemia(found_of(ANAEMIC), ON + timedelta(days=1)) is None
    infant = laboratory_finding([ANAEMIC], Subject(ON - timedelta(days=90), 0.0), ON, load())
    assert anaemia(infant, ON) is None
    assert anaemia(LabFinding(), ON) is None


def test_the_fingerprint_tells_every_change_of_a_reading_and_of_nothing_else() -> None:
    folded = Story([BOY], [visit(1, BOY, ON, -1.0, 0.0)]).folded()
    plain = risk_fingerprints(folded)
    seen = {int(plain[0])}
    other_results = [
        (ANAEMIC,),
        (result(901, "haemoglobin", 64.0, ON),),
        (result(900, "haemoglobin", 64.1, ON),),
        (ANAEMIC, result(902, "crp", 9.0, ON)),
        (result(900, "haemoglobin", 64.0, ON, specimen="capillary"),),
    ]
    for results in other_results:
        seen.add(int(with_laboratory(plain, {0: found_of(*results)})[0]))
    assert len(seen) == len(other_results) + 1
    silent = with_laboratory(plain, {0: found_of(ANAEMIC, result(903, "platelets", 300.0, ON))})
    assert np.array_equal(silent, with_laboratory(plain, {0: found_of(ANAEMIC)}))


def test_a_status_with_readings_is_true_to_the_contract() -> None:
    zinc = bound(901, "zinc", "<50", ON, drawn_at=None)
    _, status = judged(visit(1, BOY, ON, -2.5, 0.0), results=(ANAEMIC, zinc))
    row = status_row(
        status, child_id=fact(1), order=(1, 1), known_at=datetime(2025, 7, 11, tzinfo=UTC), ruleset_version="2026-01",
        voided=False,
    )  # fmt: skip
    (message,) = encode_rows(RiskStatusV1, [row])
    told = RiskStatusV1.read(message.body)
    assert told.body() == message.body
    assert [reading.rule_id for reading in told.readings] == ["haemoglobin_who_2024", "zinc"]
    assert told.unknowns[-1].settle_with == "record_draw_time"
