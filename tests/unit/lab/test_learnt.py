"""A laboratory's own words, decided once."""

from datetime import date
from typing import Any

import pytest

from services.lab.domain.catalogue import load
from services.lab.domain.learnt import Learnt, words_of
from services.lab.domain.reports import Reported

LEARNT = Learnt(
    {
        ("test", "", "1023hb"): "haemoglobin",
        ("unit", "haemoglobin", "gram%x"): "g/dL",
        ("finding", "nitrite", "reaktif"): "positive",
        ("test", "", "ferritin"): "crp",
    }
)


def applied(**values: Any) -> Reported:
    return LEARNT.applied(Reported("final", drawn_on=date(2026, 3, 1), **values), load())


def test_a_word_means_what_was_decided_whatever_its_case_and_blanks() -> None:
    row = applied(test="1023  HB", unit="Gram %X", value=11.2)
    assert (row.test, row.unit) == ("haemoglobin", "g/dL")


@pytest.mark.parametrize("unit", ["g/L", "gr/dL", "mg", None, " "])
def test_a_unit_that_the_catalogue_knows_or_nobody_decided_or_is_missing_stays(unit: str | None) -> None:
    assert applied(test="haemoglobin", unit=unit).unit == unit


def test_what_the_catalogue_knows_is_never_taken_for_a_learnt_word() -> None:
    assert applied(test="ferritin").test == "ferritin"
    assert applied(test="718-7", loinc=True).test == "718-7"


def test_a_learnt_finding_is_one_more_way_to_say_it() -> None:
    assert applied(test="nitrite", findings=(("Reaktif",),)).findings == (("Reaktif", "positive"),)
    assert applied(test="nitrite", findings=(("negatif",),)).findings == (("negatif",),)


def test_an_answer_teaches_its_words_but_never_a_missing_unit() -> None:
    taught = words_of(("1023 Hb", "gram%x", ()), "haemoglobin", "g/dL", ())
    assert [(word.kind, word.test_code, word.word, word.meaning) for word in taught] == [
        ("test", "", "1023hb", "haemoglobin"),
        ("unit", "haemoglobin", "gram%x", "g/dL"),
    ]
    assert words_of(("haemoglobin", "", ()), "haemoglobin", "g/dL", ()) == []
    assert [word.meaning for word in words_of(("nitrite", "", ("Reaktif",)), "nitrite", None, ("positive",))] == [
        "positive"
    ]
