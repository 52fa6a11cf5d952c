"""What was found in stool, urine, blood and under the skin means: every rule with both edges."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.lab.domain.catalogue import load as load_catalogue
from services.scoring.domain.lab_results import LabResult
from services.scoring.domain.laboratory import anaemia, laboratory_finding, required_tests
from services.scoring.domain.laboratory_rules import FOUND
from services.scoring.domain.malnutrition import severe_malnutrition
from services.scoring.domain.qualitative import GRADES_OF
from services.scoring.domain.readings import GRADES, NOTES, SETTLE_WITH, Subject
from services.scoring.domain.ruleset import load
from tests.unit.scoring.fold_examples import Child, Story, Visit, visit
from tests.unit.scoring.laboratory_examples import BORN, DRAWN, bound, finds, read_all, result, said, skin

THIN, FINE = ((DRAWN, True),), ((DRAWN, False),)


@pytest.mark.parametrize(
    ("test", "codes", "expected"),
    [
        ("stool_parasites", ("none_seen",), ("no", "none_found")),
        ("stool_parasites", ("ascaris", "hookworm"), ("yes", "parasites_found")),
        ("stool_parasites", ("none_seen", "giardia"), ("yes", "parasites_found")),
        ("stool_parasites", ("an_organism_of_tomorrow",), ("yes", "parasites_found")),
        ("urine_leukocyte_esterase", ("negative",), ("no", "negative")),
        ("urine_leukocyte_esterase", ("trace",), ("indeterminate", "not_conclusive")),
        ("urine_leukocyte_esterase", ("positive",), ("yes", "positive")),
        ("urine_nitrite", ("negative",), ("no", "negative")),
        ("urine_nitrite", ("positive",), ("yes", "positive")),
        ("urine_culture", ("no_growth",), ("no", "no_growth")),
        ("urine_culture", ("mixed_flora",), ("indeterminate", "not_conclusive")),
        ("urine_culture", ("escherichia_coli",), ("yes", "growth")),
        ("hiv", ("non_reactive",), ("no", "non_reactive")),
        ("hiv", ("inconclusive",), ("indeterminate", "not_conclusive")),
        ("hiv", ("reactive",), ("yes", "reactive")),
        ("hiv_pcr", ("not_detected",), ("no", "not_detected")),
        ("hiv_pcr", ("detected",), ("yes", "detected")),
        ("urine_nitrite", (), ("indeterminate", "unit_unexpected")),
    ],
)
def test_any_abnormal_finding_makes_the_result_abnormal(
    test: str, codes: tuple[str, ...], expected: tuple[str, str]
) -> None:
    """B048."""
    reading = read_all(finds(1, test, *codes))[test]
    assert said(reading) == expected
    assert (reading.findings, reading.value) == (codes, None)
    assert (reading.settle_with is not None) == (expected[0] == "indeterminate")


def test_every_finding_of_the_catalogue_is_read_and_every_rule_speaks_of_its_findings_only() -> None:
    rules = load().laboratory.readings
    for test in FOUND:
        codes = {finding.code for row in load_catalogue().rows[rules[test].test_code] for finding in row.findings}
        assert {*rules[test].normal, *rules[test].inconclusive} < codes
        assert {*GRADES_OF[test]} <= {*GRADES}
        for code in codes:
            assert read_all(finds(1, test, code))[test].abnormal in {"yes", "no", "indeterminate"}


@pytest.mark.parametrize(
    ("worm", "moderate", "heavy"),
    [("ascaris", 5_000, 50_000), ("trichuris", 1_000, 10_000), ("hookworm", 2_000, 4_000)],
)
def test_the_intensity_of_an_infection_follows_the_eggs_per_gram(worm: str, moderate: int, heavy: int) -> None:
    test = f"{worm}_eggs"
    grades = [said(read_all(result(1, test, eggs))[test]) for eggs in (0, 1, moderate - 1, moderate, heavy - 1, heavy)]
    assert grades == [
        ("no", "none_found"),
        ("yes", "light_infection"),
        ("yes", "light_infection"),
        ("yes", "moderate_infection"),
        ("yes", "moderate_infection"),
        ("yes", "heavy_infection"),
    ]
    assert read_all(result(1, test, 0))[test].threshold == 1
    assert said(read_all(bound(1, test, "<24"))[test]) == ("indeterminate", "bound_undecided")
    assert read_all(bound(1, test, ">100"))[test].notes == ("severity_open", "bound")


@pytest.mark.parametrize(
    ("millimetres", "malnutrition", "hiv", "expected"),
    [
        (10.0, FINE, "non_reactive", ("yes", "positive", 10.0, None)),
        (10.0, (), None, ("yes", "positive", 10.0, None)),
        (9.4, FINE, "non_reactive", ("no", "negative", 10.0, None)),
        (9.5, FINE, "non_reactive", ("yes", "positive", 10.0, None)),
        (5.0, FINE, "non_reactive", ("no", "negative", 10.0, None)),
        (5.0, THIN, None, ("yes", "positive", 5.0, None)),
        (5.0, (), "reactive", ("yes", "positive", 5.0, None)),
        (4.0, THIN, "reactive", ("no", "negative", 5.0, None)),
        (4.0, (), None, ("no", "negative", 5.0, None)),
        (5.0, (), None, ("indeterminate", "depends_on_immunity", 10.0, "hiv")),
        (9.0, FINE, None, ("indeterminate", "depends_on_immunity", 10.0, "hiv")),
        (9.0, (), "non_reactive", ("indeterminate", "depends_on_immunity", 10.0, "measure_weight_and_length")),
        (9.0, (), "inconclusive", ("indeterminate", "depends_on_immunity", 10.0, "hiv")),
    ],
)
@pytest.mark.parametrize("test", ["mantoux", "mantoux_rt23"])
def test_mantoux_is_positive_from_ten_or_from_five_where_the_defence_is_weak(
    test: str,
    millimetres: float,
    malnutrition: tuple[tuple[date, bool], ...],
    hiv: str | None,
    expected: tuple[str, str, float, str | None],
) -> None:
    others = [finds(2, "hiv", hiv, drawn_on=DRAWN - timedelta(days=200))] if hiv else []
    born = BORN - timedelta(days=365)  # antibodies of half a year ago are the child's own
    reading = read_all(skin(1, millimetres, test_code=test), *others, malnutrition=malnutrition, born=born)[test]
    assert (*said(reading), reading.threshold, reading.settle_with) == expected
    assert ("weak_immunity" in reading.notes) == ((malnutrition == THIN or hiv == "reactive") and 4 < millimetres < 9.5)
    assert reading.provisional == (malnutrition == THIN and hiv is None and millimetres == 5.0)


@pytest.mark.parametrize(
    ("hours", "grade"),
    [
        (47.9, "read_at_wrong_time"),
        (48, "positive"),
        (72, "positive"),
        (72.1, "read_at_wrong_time"),
        (None, "reading_time_missing"),
    ],
)
def test_mantoux_is_read_48_to_72_hours_after_the_injection(hours: float | None, grade: str) -> None:
    reading = read_all(skin(1, 15, hours))["mantoux"]
    assert reading.grade == grade
    assert reading.settle_with == {"read_at_wrong_time": "mantoux", "reading_time_missing": "record_reading_time"}.get(
        grade
    )
    assert read_all(skin(1, 15, hours, drawn_at=None))["mantoux"].grade == "reading_time_missing"


def test_not_readable_is_a_value_and_asks_for_another_test() -> None:
    reading = read_all(skin(1, None, findings=("not_readable",), canonical_unit=None))["mantoux"]
    assert (said(reading), reading.settle_with) == (("indeterminate", "not_readable"), "mantoux")
    assert said(read_all(skin(1, 12, canonical_unit="cm"))["mantoux"]) == ("indeterminate", "unit_unexpected")


@pytest.mark.parametrize(
    ("months", "pcr", "expected"),
    [
        (17, None, ("indeterminate", "maternal_antibodies", "hiv_pcr")),
        (17, "inconclusive", ("indeterminate", "maternal_antibodies", "hiv_pcr")),
        (17, "detected", ("yes", "detected", None)),
        (17, "not_detected", ("no", "not_detected", None)),
        (18, None, ("yes", "reactive", None)),
    ],
)
def test_antibodies_of_a_young_child_may_be_the_mothers(
    months: int, pcr: str | None, expected: tuple[str, str, str | None]
) -> None:
    born = date(2026 - (months + 12) // 12, 4, 20) + timedelta(days=(12 - months % 12) % 12 * 30.5)
    others = [finds(2, "hiv_pcr", pcr)] if pcr else []
    reading = read_all(finds(1, "hiv", "reactive"), *others, born=born)["hiv"]
    assert (*said(reading), reading.settle_with) == expected
    assert read_all(finds(1, "hiv", "reactive"), born=None)["hiv"].settle_with == "register_child"


@pytest.mark.parametrize(
    ("results", "asked"),
    [
        ([finds(1, "urine_nitrite", "positive")], {"urine_culture"}),
        ([finds(1, "urine_leukocyte_esterase", "positive"), finds(2, "urine_nitrite", "negative")], {"urine_culture"}),
        ([finds(1, "urine_leukocyte_esterase", "trace")], set()),
        ([finds(1, "urine_nitrite", "negative")], set()),
        ([finds(1, "hiv", "reactive", drawn_on=BORN + timedelta(days=200))], {"hiv_pcr"}),
        ([finds(1, "hiv", "reactive")], set()),
        ([result(1, "tsh", 6.0)], set()),
        ([result(1, "tsh", 6.1)], {"ft4"}),
        ([result(1, "tsh", 10.0)], {"ft4"}),
        ([result(1, "tsh", 10.1)], set()),
    ],
)
def test_a_reading_asks_for_its_reflex(results: list[LabResult], asked: set[str]) -> None:
    rules = load()
    opened = BORN + timedelta(days=100)
    found = laboratory_finding(results, Subject(BORN, 10.0), DRAWN, rules)
    assert {*required_tests(found, (), opened, rules)} - {*rules.laboratory.core_panel} == asked
    assert anaemia(found, opened) is None
    later = required_tests(found, (), DRAWN + timedelta(days=1), rules)
    assert later == rules.laboratory.in_order({*rules.laboratory.core_panel}), (
        "a result before the opening asks nothing"
    )


@pytest.mark.parametrize(
    ("value", "days", "refers"),
    [("tsh:10.0", 0, False), ("tsh:10.1", 0, True), ("tsh:0.6", 0, False)],
)
def test_a_high_tsh_refers(value: str, days: int, *, refers: bool) -> None:
    test, _, number = value.partition(":")
    rules = load()
    found = laboratory_finding([result(1, test, float(number))], Subject(BORN, 10.0), DRAWN, rules)
    assert (found.refers(rules), days) == (refers, 0)


BOY = Child(1, "M", date(2024, 1, 15))
ON = date(2025, 7, 10)


@pytest.mark.parametrize(
    ("value", "severe", "fires"),
    [(2.94, True, True), (2.95, True, False), (3.0, True, False), (2.9, False, False), (2.9, None, False)],
)
def test_low_sugar_is_urgent_from_a_higher_limit_in_gizi_buruk(
    value: float, *, severe: bool | None, fires: bool
) -> None:
    malnutrition = () if severe is None else ((ON, severe),)
    sugar = result(1, "glucose", value, ON, canonical_unit="mmol/L")
    found = laboratory_finding([sugar], Subject(BOY.born, 10.0, malnutrition), ON, load())
    assert [urgent.threshold for urgent in found.urgent] == ([3.0] if fires else [])


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([visit(1, BOY, ON, -1.0, -4.0)], ((ON, True),)),
        ([visit(1, BOY, ON, -1.0, 0.0)], ((ON, False),)),
        ([visit(1, BOY, ON, -1.0)], ()),
        ([visit(1, BOY, ON, oedema=True)], ((ON, True),)),
        ([visit(1, BOY, ON, oedema=False)], ()),
        ([visit(1, BOY, ON, muac=11.4)], ((ON, True),)),
        ([visit(1, BOY, ON, muac=11.5)], ((ON, False),)),
        ([visit(1, BOY, ON, muac=11.4, voided=True)], ()),
        (
            [visit(2, BOY, ON + timedelta(days=30), -1.0, 0.0), visit(1, BOY, ON, muac=11.0)],
            ((ON, True), (ON + timedelta(days=30), False)),
        ),
    ],
)
def test_gizi_buruk_is_told_by_each_visit_that_says_it(
    seen: list[Visit], expected: tuple[tuple[date, bool], ...]
) -> None:
    found = severe_malnutrition(Story([BOY], seen).folded(), 0)
    assert found == expected
    subject = Subject(BOY.born, None, found)
    assert subject.severely_malnourished(ON - timedelta(days=1)) is None
    if len(found) == 2:
        assert subject.severely_malnourished(ON + timedelta(days=29)) is True
        assert subject.severely_malnourished(ON + timedelta(days=30)) is False


FINDINGS = {
    "stool_parasites": ("none_seen", "ascaris"),
    "urine_leukocyte_esterase": ("negative", "trace", "positive"),
    "urine_nitrite": ("negative", "positive"),
    "hiv": ("non_reactive", "reactive", "inconclusive"),
}


@settings(max_examples=80, deadline=None)
@given(
    found=st.fixed_dictionaries({}, optional={code: st.sampled_from(words) for code, words in FINDINGS.items()}),
    millimetres=st.sampled_from([4.0, 5.0, 9.0, 10.0]),
    malnutrition=st.sampled_from([THIN, FINE]),
    taken=st.sampled_from(["hiv", "malnutrition", "injection", "stool_parasites", "birth_date"]),
    data=st.data(),
)
def test_an_input_taken_away_leaves_a_verdict_as_it_was_or_open_and_given_back_it_is_the_same(
    found: dict[str, str],
    millimetres: float,
    malnutrition: tuple[tuple[date, bool], ...],
    taken: str,
    data: st.DataObject,
) -> None:
    results = [skin(9, millimetres), *(finds(n, code, word) for n, (code, word) in enumerate(sorted(found.items())))]
    whole = read_all(*results, malnutrition=malnutrition)
    fewer = [each for each in results if each.test_code != taken]
    if taken == "injection":
        fewer = [skin(9, millimetres, None), *fewer[1:]]
    poorer = read_all(
        *fewer,
        malnutrition=() if taken == "malnutrition" else malnutrition,
        born=None if taken == "birth_date" else BORN,
    )
    for rule_id, reading in poorer.items():
        assert reading.abnormal in {whole[rule_id].abnormal, "indeterminate"}, (rule_id, taken)
        assert (reading.settle_with is not None) == (reading.abnormal == "indeterminate")
        assert reading.settle_with is None or reading.settle_with in {*SETTLE_WITH, "measure_weight_and_length"}
        assert {*reading.notes} <= {*NOTES}
    assert read_all(*data.draw(st.permutations(results)), malnutrition=malnutrition) == whole
