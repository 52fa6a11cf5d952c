"""The simulated laboratory prints believable blood, and the same for the same order."""

from __future__ import annotations

import numpy as np

from deploy.demo.blood import RESULTED_BY, results_of
from services.lab.domain.catalogue import load
from services.lab.domain.findings import read_findings


def rng(number: int) -> np.random.Generator:
    return np.random.default_rng([7, number])


def test_the_same_order_has_the_same_blood() -> None:
    assert results_of(rng(3)) == results_of(rng(3))
    assert results_of(rng(3)) != results_of(rng(4))


def test_about_half_of_the_children_on_the_list_are_anaemic_and_almost_none_critical() -> None:
    haemoglobin = [results_of(rng(number))["haemoglobin"].value for number in range(2000)]
    assert 0.4 < np.mean([value < 11.0 for value in haemoglobin]) < 0.6
    assert np.mean([value < 7.0 for value in haemoglobin]) < 0.01


def test_what_the_analyser_cannot_tell_from_nothing_is_printed_as_a_bound() -> None:
    values = [results_of(rng(number))["crp"] for number in range(500)]
    bounds = [value for value in values if value.comparator is not None]
    assert bounds
    assert all((value.value, value.comparator) == (0.5, "<") for value in bounds)
    assert all(value.value >= 0.5 for value in values)


def test_urine_and_stool_are_said_in_words_that_the_catalogue_knows() -> None:
    catalogue = load()
    for number in range(300):
        for value in results_of(rng(number)).values():
            if value.findings:
                known = catalogue.rows[value.test_code][0].findings
                codes, strange = read_findings(known, value.findings)
                assert codes
                assert strange == ()


def test_every_value_belongs_to_a_test_that_can_be_ordered() -> None:
    assert {code for codes in RESULTED_BY.values() for code in codes} == results_of(rng(1)).keys()
