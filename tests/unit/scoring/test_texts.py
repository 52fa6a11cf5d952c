"""Every code that may reach a reader has plain words in both languages; numbers are written as people write them."""
# ruff: noqa: RUF001 - a minus is a minus

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import get_args

import pytest
from pydantic import BaseModel

from services.lab.domain.catalogue import load as load_catalogue
from services.scoring.domain import case, readings, risk_codes, ruleset, unknowns
from services.scoring.domain.assessment_codes import ALL_CLASSES, VELOCITY_REASON_NAMES
from services.scoring.domain.danger_signs import SIGN_NAMES
from services.scoring.domain.early_warning.risk import BECAUSE_NAMES
from services.scoring.domain.household import RISKS
from services.scoring.domain.place_of_care import SETTLES, Place
from services.scoring.domain.plausibility.verdicts import EVIDENCE_CODES, KIND_CODES
from services.scoring.domain.texts import Words, texts
from services.scoring.domain.texts_numbers import day, haemoglobin, number, quantity
from services.scoring.domain.tier_shares import ShareState
from services.scoring.use_cases.explanation_lines import RULE_UNITS
from services.scoring.use_cases.intervention_lines import TOLD
from services.scoring.use_cases.list_missing_tests import DUE_AS, OWNERS
from shared.contracts.child import Answer, HouseholdRisk, Position, Sex
from shared.contracts.hint import ErrorKind, Param
from shared.contracts.lab import OrderedTest
from shared.contracts.risk import Complication, Milestone, OtherCause
from shared.growth.codes import BLANK_REASON_NAMES

RULES = ruleset.load()


def literal(model: type[BaseModel], field: str) -> tuple[str, ...]:
    """The values a field may have."""
    values: tuple[str, ...] = get_args(model.model_fields[field].annotation)
    return values


CODES = [
    ("rule", tuple(rule for rule in risk_codes.RULE_IDS if not rule.startswith("critical_"))),
    ("rule_lab", tuple(rule for rule in risk_codes.RULE_IDS if rule.startswith("critical_"))),
    ("grade", readings.GRADES),
    ("note", readings.NOTES),
    ("settle_with", readings.SETTLE_WITH),
    (
        "finding",
        tuple(finding.code for rows in load_catalogue().rows.values() for row in rows for finding in row.findings),
    ),
    ("test", tuple(RULES.laboratory.orderables)),
    ("test", tuple(test for tests in RULES.laboratory.orderables.values() for test in tests)),
    ("test", tuple(rule.test_code for rule in RULES.laboratory.readings.values())),
    (
        "reading_rule",
        tuple(rule.rule_id for rule in RULES.laboratory.readings.values() if rule.rule_id != rule.test_code),
    ),
    ("early_warning", tuple(BECAUSE_NAMES.values())),
    ("tier", risk_codes.TIER_NAMES),
    ("headline", risk_codes.TIER_NAMES),
    ("what", tuple(thing.name.lower() for thing in risk_codes.UnknownThing)),
    ("because", tuple(unknowns.BECAUSE.values())),
    ("because", tuple(name for name in BLANK_REASON_NAMES if name)),
    ("because", tuple(name for name in VELOCITY_REASON_NAMES if name)),
    *((f"class_{kind}", (*names, "outlier")) for kind, names in ALL_CLASSES.items()),
    ("because", ("before_term", "not_ordered", *literal(OrderedTest, "state"))),
    ("settle_with", tuple(unknowns.SETTLE_WITH.values())),
    ("settle_with", tuple(OWNERS)),
    ("track", tuple(track for tracks in RULES.tracks.values() for track in tracks)),
    ("task", tuple(RULES.follow_ups)),
    ("owner", (*ruleset.ROLES, *OWNERS.values())),
    ("case", tuple(state for state in case.State if state is not case.State.CLOSED)),
    ("milestone", literal(Milestone, "name")),
    ("milestone", tuple(case.MilestoneName)),
    ("error_kind", KIND_CODES[1:]),
    ("error_kind", get_args(ErrorKind)),
    ("hint_evidence", EVIDENCE_CODES[1:]),
    ("param", get_args(Param)),
    ("proposed_sex", get_args(Sex)),
    ("proposed_position", get_args(Position)),
    ("tier_share", get_args(ShareState)),
    ("danger_sign", SIGN_NAMES),
    ("danger_sign", get_args(Complication)),
    ("care_reason", tuple(SETTLES)),
    ("household", RISKS),
    ("household", get_args(HouseholdRisk)),
    ("household_answer", get_args(Answer)),
    ("settle_with", tuple(SETTLES.values())),
    ("place_of_care", get_args(Place)),
    ("other_cause", get_args(OtherCause)),
    ("observed_change", TOLD),
]


@pytest.mark.parametrize(("group", "code"), [(group, str(code)) for group, codes in CODES for code in codes])
def test_every_code_of_the_rule_set_and_of_the_code_has_a_text(group: str, code: str) -> None:
    assert Words("id").knows(group, code)


def every_text() -> Iterator[tuple[str, str, dict[str, str]]]:
    for group, entries in texts().items():
        for code, entry in entries.items():
            yield group, code, dict(entry)


def test_every_text_is_there_in_both_languages_with_the_same_parts() -> None:
    for group, code, entry in every_text():
        assert set(entry) == {"id", "en"}, (group, code)
        parts = [set(re.findall(r"{(\w+)}", text)) for text in entry.values()]
        assert parts[0] == parts[1], (group, code)
        assert all(text == text.strip() and text for text in entry.values()), (group, code)


SENTENCES = frozenset(
    (
        "headline",
        "growth",
        "rule",
        "early_warning",
        "rule_lab",
        "track",
        "case",
        "milestone",
        "note",
        "glossary",
        "place_of_care",
        "intervention",
        "household_note",
    )
)


def test_sentences_end_with_a_full_stop_and_parts_of_sentences_do_not() -> None:
    for group, code, entry in every_text():
        if group in {"section", "fixed"}:
            continue
        for text in entry.values():
            assert text.endswith(".") == (group in SENTENCES), (group, code, text)


def test_bahasa_indonesia_is_not_english() -> None:
    alike = {(group, code) for group, code, entry in every_text() if entry["id"] == entry["en"] and group != "finding"}
    same = {("grade", "normal"), ("class_height_for_age", "normal"), ("fixed", "reading"), ("fixed", "required_test")}
    assert alike <= same


# Words of the trade that may stand in a text only where the answer explains them, or their own gloss does.
TRADE = re.compile(
    r"\b(SD|HAZ|WAZ|WHZ|TB/U|BB/U|BB/TB|2T|PMT|CRP|AGP|Hb|KMS|[Zz]-?score|ferritin|feritin|MCV|MCH|RDW)\b"
)


def test_no_word_of_the_trade_stands_without_its_gloss() -> None:
    for group, code, entry in every_text():
        if group == "glossary":
            continue
        for text in entry.values():
            for word in TRADE.findall(text):
                explained = bool(Words("id").glossary(word)) or f"{word} (" in text or f"({word}" in text
                assert explained, (group, code, word)


def test_a_word_is_explained_where_it_is_spoken_and_only_there() -> None:
    words = Words("id")
    assert [word for word, _ in words.glossary("Tinggi −2,61 SD")] == ["SD"]
    assert [word for word, _ in words.glossary("Berat tidak naik (2T)")] == ["2T"]
    assert words.glossary("Tidak ada apa-apa") == []


def test_a_code_without_words_is_shown_as_it_is() -> None:
    assert Words("id").say("grade", "brand_new") == "brand_new"
    assert Words("en").name("brand_new", "settle_with", "test") == "brand_new"


def test_every_rule_with_a_value_has_a_unit_and_words_that_show_it() -> None:
    for name, text in texts()["rule"].items():
        assert ("{value}" in text["id"]) == (name in RULE_UNITS)
    assert all("{test} {value}" in text["id"] for text in texts()["rule_lab"].values())


def test_every_due_day_of_a_missing_thing_is_a_rule_of_the_rule_set() -> None:
    assert set(DUE_AS.values()) | {"laboratory_panel"} <= set(RULES.follow_ups)
    assert set(DUE_AS) <= set(OWNERS)


@pytest.mark.parametrize(
    ("value", "decimals", "indonesian", "english"),
    [
        (-2.61, 2, "−2,61", "−2.61"),
        (-2.0, 2, "−2,00", "−2.00"),
        (-0.001, 2, "0,00", "0.00"),
        (95.0, None, "95", "95"),
        (0.6, None, "0,6", "0.6"),
        (1200.0, None, "1.200", "1,200"),
        (1234567.25, None, "1.234.567,25", "1,234,567.25"),
        (100.0, None, "100", "100"),
        (0.0, None, "0", "0"),
    ],
)
def test_a_number_is_written_as_people_write_it(
    value: float, decimals: int | None, indonesian: str, english: str
) -> None:
    assert number(value, "id", decimals) == indonesian
    assert number(value, "en", decimals) == english


def test_a_quantity_has_its_unit_and_keeps_the_operator() -> None:
    assert quantity(-2.6, "SD", "id") == "−2,60 SD"
    assert quantity(11.0, "cm", "id") == "11,0 cm"
    assert quantity(2.45, "kg", "id") == "2,45 kg"
    assert quantity(34, "wk", "id") == "34 minggu"
    assert quantity(5, "ug/L", "id", "<") == "kurang dari 5 µg/L"
    assert quantity(200, "mg/L", "en", ">") == "more than 200 mg/L"
    assert quantity(7.5, "10*9/L", "id") == "7,5 ×10⁹/L"
    assert quantity(3, None, "id") == "3"
    assert quantity(1.5, "furlong", "id") == "1,5 furlong"


def test_haemoglobin_is_told_per_litre_and_as_on_the_form() -> None:
    assert haemoglobin(95, "id") == "95 g/L (9,5 g/dL)"
    assert haemoglobin(100, "en") == "100 g/L (10.0 g/dL)"
    assert haemoglobin(70, "id", "<") == "kurang dari 70 g/L (7,0 g/dL)"


@pytest.mark.parametrize(
    ("on", "indonesian", "english"),
    [(date(2026, 5, 3), "3 Mei 2026", "3 May 2026"), (date(2026, 12, 31), "31 Desember 2026", "31 December 2026")],
)
def test_a_day_is_written_out(on: date, indonesian: str, english: str) -> None:
    assert (day(on, "id"), day(on, "en")) == (indonesian, english)
