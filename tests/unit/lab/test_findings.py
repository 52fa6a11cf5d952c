"""What a qualitative test finds, however it is written; what is none of its findings is told back, never dropped."""

from datetime import date

import pytest

from services.lab.domain.catalogue import load
from services.lab.domain.catalogue_rows import Analyte
from services.lab.domain.findings import read_findings, understood
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.results import Converted, Found, read_value

DAY = date(2026, 4, 20)


def row(code: str) -> Analyte:
    found = load().analyte(code, DAY)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("test", "text", "codes"),
    [
        ("stool_parasites", "ascaris", ("ascaris",)),
        ("stool_parasites", "  Telur  ASCARIS lumbricoides ", ("ascaris",)),
        ("stool_parasites", "A. lumbricoides", ("ascaris",)),
        ("stool_parasites", "cacing tambang, Ascaris", ("ascaris", "hookworm")),
        ("stool_parasites", "Giardia lamblia dan T. trichiura", ("trichuris", "giardia")),
        ("stool_parasites", "E. histolytica/dispar", ("entamoeba_histolytica",)),
        ("stool_parasites", "Negatif", ("none_seen",)),
        ("stool_parasites", "(-)", ("none_seen",)),
        ("urine_nitrite", "Positif (+)", None),
        ("urine_nitrite", "(+)", ("positive",)),
        ("urine_nitrite", "LA6577-6", ("negative",)),
        ("urine_leukocyte_esterase", "2+", ("positive",)),
        ("urine_leukocyte_esterase", "+/-", ("trace",)),
        ("urine_culture", "Steril", ("no_growth",)),
        ("urine_culture", "Escherichia coli; Proteus spp.", ("escherichia_coli", "proteus")),
        ("mantoux", "Tidak terbaca", ("not_readable",)),
        ("hiv", "Non-reaktif", ("non_reactive",)),
        ("hiv", "R", ("reactive",)),
        ("hiv_pcr", "tidak terdeteksi", ("not_detected",)),
        ("stool_parasites", "Ascaris negatif", None),
        ("hiv", "not reactive", ("non_reactive",)),
    ],
)
def test_a_word_or_code_is_one_of_the_tests_findings_or_is_told_back(
    test: str, text: str, codes: tuple[str, ...] | None
) -> None:
    """B048: several at once."""
    expected = ((), (text,)) if codes is None else (codes, ())
    assert read_findings(row(test).findings, [text]) == expected


@pytest.mark.parametrize("analyte", [row for rows in load().rows.values() for row in rows], ids=lambda row: row.code)
def test_every_code_name_and_alias_means_its_own_finding(analyte: Analyte) -> None:
    for finding in analyte.findings:
        for text in (finding.code, finding.name_id, finding.name_en, *finding.aliases):
            assert read_findings(analyte.findings, [text]) == ((finding.code,), ())


def test_of_several_ways_of_saying_it_the_first_that_is_understood_counts() -> None:
    known = row("hiv").findings
    assert understood(known, ["Hasil pemeriksaan", "131194007", "Non-reactive"]) == "131194007"
    assert understood(known, ["x", "y"]) == "x"


@pytest.mark.parametrize(
    ("test", "value", "unit", "said", "outcome"),
    [
        ("stool_parasites", None, None, ["Ascaris", "xyz"], "finding_unknown"),
        ("stool_parasites", None, None, ["ascaris", "none_seen"], "findings_contradict"),
        ("stool_parasites", 3.0, "eggs", [], "value_unexpected"),
        ("stool_parasites", None, None, [], "value_missing"),
        ("stool_parasites", None, None, ["ascaris", "taenia"], ("ascaris", "taenia")),
        ("urine_nitrite", None, None, ["positive", "negative"], "findings_contradict"),
        ("mantoux", 12.0, "mm", ["not_readable"], "value_and_findings"),
        ("mantoux", None, None, ["not_readable"], ("not_readable",)),
        ("mantoux", 12.0, "mm", [], 12.0),
        ("mantoux_rt23", 9.6, "mm", [], 10.0),
        ("haemoglobin", None, None, ["anaemia"], "findings_unexpected"),
        ("ascaris_eggs", 209.0, "telur/sediaan", [], 5016.0),
        ("ascaris_eggs", 5000.0, "epg", [], 5000.0),
        ("ascaris_eggs", 5000.0, "mm", [], "unit_unknown"),
    ],
)
def test_a_result_is_a_number_or_findings_as_its_test_takes_it(
    test: str, value: float | None, unit: str | None, said: list[str], outcome: str | float | tuple[str, ...]
) -> None:
    """Kato-Katz: eggs counted on the slide are eggs per gram, times 24."""
    read = read_value(row(test), value, unit, None, said)
    match read:
        case ResultProblem():
            assert read.code == outcome
            assert all(read.texts())
        case Found():
            assert read.codes == outcome
        case Converted():
            assert read.value == outcome


def test_a_test_without_a_loinc_code_has_ours_alone() -> None:
    read = read_value(row("mantoux_rt23"), 12, "mm", None, [])
    assert isinstance(read, Converted)
    assert (read.loinc, read.canonical_unit) == (None, "mm")
    assert load().code_of_loinc("1648-5") == "mantoux"
    assert load().leads["mantoux_rt23"] == load().leads["mantoux"] == "mantoux"
