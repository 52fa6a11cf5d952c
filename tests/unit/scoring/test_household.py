"""Risks of family and birth: yes, no or unknown, beside the status and never in it."""

from __future__ import annotations

from datetime import date

import pytest

from services.scoring.domain.household import RISKS, VERIFIED, Record, Risk, Stated, household_risks
from services.scoring.domain.ruleset import load

RULES = load()


def risks(*records: Record) -> dict[str, Risk]:
    return {risk.risk: risk for risk in household_risks(records, RULES)}


def said(risk: str, answer: str, on: str = "2026-03-31", source: str = "bkkbn") -> Stated:
    return Stated(risk, answer, date.fromisoformat(on), source)  # type: ignore[arg-type]


def test_what_nobody_said_is_unknown_and_every_risk_is_named() -> None:
    found = risks()
    assert tuple(found) == RISKS
    assert {risk.answer for risk in found.values()} == {"unknown"}
    assert len(VERIFIED) == 6


@pytest.mark.parametrize(
    ("record", "risk", "answer"),
    [
        (Record(birth_weight_kg=2.49), "low_birth_weight", "yes"),
        (Record(birth_weight_kg=2.5), "low_birth_weight", "no"),
        (Record(birth_length_cm=47.9), "short_at_birth", "yes"),
        (Record(birth_length_cm=48.0), "short_at_birth", "no"),
        (Record(gestation_weeks=36), "preterm", "yes"),
        (Record(gestation_weeks=37), "preterm", "no"),
    ],
)
def test_risks_of_birth_have_an_edge_that_is_no_risk(record: Record, risk: str, answer: str) -> None:
    assert risks(record)[risk].answer == answer


@pytest.mark.parametrize("answer", ["yes", "no", "unknown"])
def test_a_statement_is_taken_as_it_is_with_its_day_and_source(answer: str) -> None:
    found = risks(Record(household=(said("stunted_sibling", answer),)))["stunted_sibling"]
    assert (found.answer, found.as_of, found.source) == (answer, date(2026, 3, 31), "bkkbn")


def test_of_two_records_of_one_child_the_later_statement_counts_and_the_first_value() -> None:
    survivor = Record(2.4, household=(said("tb_contact", "no", "2026-01-01"), said("no_proper_water", "yes")))
    merged = Record(3.0, 47.0, household=(said("tb_contact", "yes", "2026-02-01"), said("no_proper_water", "no")))
    found = risks(survivor, merged)
    assert (found["tb_contact"].answer, found["no_proper_water"].answer) == ("yes", "yes")
    assert (found["low_birth_weight"].value, found["short_at_birth"].value) == (2.4, 47.0)
