"""What we write for the ministry, our own reader takes back unchanged: profiles A and B, workbook and text file."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.domain.age_words import age_in_calendar_months, age_in_mean_months
from services.measurement.domain.cells import clean_text
from services.measurement.domain.file_row import FileRow
from services.measurement.domain.nik import follows_hard_rules
from services.measurement.formats.columns import Columns, read_columns
from services.measurement.formats.diagnose import Examination, examine
from services.measurement.formats.eppgbm_export import ExportForm, ExportProfile, export_file, heads_of
from services.measurement.formats.profiles import eppgbm
from services.measurement.formats.reader import find_table
from services.measurement.formats.sniff import open_source
from services.measurement.jobs.growth import recompute

TODAY: Final = date(2026, 11, 28)
REAL: Final = Path(__file__).parents[2] / "data" / "eppgbm"
FORMS: Final[tuple[ExportForm, ...]] = ("xlsx", "csv")
PROFILES: Final[tuple[ExportProfile, ...]] = ("A", "B")
GIRL: Final[dict[str, Any]] = {
    "nik": "1219014507230003",
    "name": "Citra Lestari",
    "sex": "female",
    "birth_date": date(2023, 7, 5),
    "birth_weight_kg": 3.1,
    "birth_length_cm": 49.0,
    "parent_name": "Siti Rahayu",
    "desa_name": "Lalang",
    "posyandu_name": "Melati",
    "rt": "5",
    "address": "Dusun Tiga",
    "age_text": "2 Tahun - 0 Bulan - 0 Hari",
    "measured_on": date(2025, 7, 5),
    "weight_kg": 8.2,
    "length_height_cm": 75.5,
    "measurement_position": "standing",
    "official_haz": -3.31,
    "official_haz_class": "sangat_pendek",
    "official_waz": -2.91,
    "official_waz_class": "kurang",
    "official_whz": -1.72,
    "official_whz_class": "gizi_baik",
    "reported_letter": "N",
}


def file_row(**changes: Any) -> FileRow:
    values = GIRL | changes
    return FileRow._make(values.get(name) for name in FileRow._fields)


def written(profile: ExportProfile, form: ExportForm, rows: list[FileRow]) -> bytes:
    file = export_file(profile, form)
    file.add(rows)
    return file.close()


def read_back(data: bytes, form: ExportForm) -> Examination:
    return examine(f"ekspor.{form}", data, recompute=recompute, today=TODAY)


def cells(data: bytes) -> list[list[Any]]:
    return open_source(data, eppgbm()).sheets[0].rows


@pytest.mark.parametrize(("profile", "count"), [("A", 32), ("B", 33)])
def test_a_profile_has_the_ministrys_columns(profile: ExportProfile, count: int) -> None:
    heads = heads_of(profile)
    assert len(heads) == count
    assert ("Cara Ukur" in heads) == (profile == "B")
    if profile == "A":
        real = open_source((REAL / "01-ttu-2022-export32.xlsx").read_bytes(), eppgbm()).sheets[0].rows[0]
        assert heads == [clean_text(cell) for cell in real]


@pytest.mark.parametrize("form", FORMS)
def test_a_nik_is_written_as_text_and_reads_back_whole(form: ExportForm) -> None:
    """B062: 1219014507230003 keeps its last digits."""
    data = written("A", form, [file_row()])
    cell = cells(data)[1][0]
    assert isinstance(cell, str)
    assert cell == {"xlsx": "1219014507230003", "csv": "'1219014507230003"}[form]
    verdict = read_back(data, form).judged[0]
    assert verdict.row is not None
    assert verdict.row.nik == "1219014507230003"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ['=HYPERLINK("http://x";"y")', "+62 Budi", "-Budi", "@Budi", "=1+1"])
def test_a_name_is_no_formula_and_a_negative_score_stays_a_number(form: ExportForm, name: str) -> None:
    """B116."""
    data = written("A", form, [file_row(name=name)])
    row = dict(zip(heads_of("A"), cells(data)[1], strict=True))
    assert row["Nama"] == f"'{name}"
    assert row["ZS TB/U"] == {"xlsx": -3.31, "csv": "-3,31"}[form]
    verdict = read_back(data, form).judged[0]
    assert verdict.row is not None
    assert (verdict.row.name, verdict.row.official_haz) == (name, -3.31)


def test_a_text_file_has_decimal_commas_so_that_no_spreadsheet_makes_a_date_of_a_weight() -> None:
    """B066: 8.2 kg is 8,2."""
    data = written("A", "csv", [file_row()])
    assert data.startswith(b"\xef\xbb\xbfNIK;Nama;")
    assert ";8,2;75,5;" in data.decode("utf-8-sig")
    verdict = read_back(data, "csv").judged[0]
    assert verdict.row is not None
    assert (verdict.row.weight_kg, verdict.row.length_height_cm) == (8.2, 75.5)


def test_a_workbook_holds_numbers_and_dates_as_such() -> None:
    row = dict(zip(heads_of("B"), cells(written("B", "xlsx", [file_row()]))[1], strict=True))
    assert (row["Berat"], row["Tgl Lahir"], row["Cara Ukur"]) == (8.2, date(2023, 7, 5), "Berdiri")
    assert (row["RT"], row["LiLA"], row["KPSP"]) == ("5", "-", "-")


@pytest.mark.parametrize(("profile", "word"), [("A", "Berat Badan Normal"), ("B", "Normal")])
def test_a_normal_weight_has_the_word_of_its_profile(profile: ExportProfile, word: str) -> None:
    data = written(profile, "xlsx", [file_row(official_waz_class="normal")])
    row = dict(zip(heads_of(profile), cells(data)[1], strict=True))
    assert row["BB/U"] == word


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_rows_give_the_same_bytes(profile: ExportProfile, form: ExportForm) -> None:
    rows = [file_row(), file_row(name="O'Neil & <Anak>")]
    assert written(profile, form, rows) == written(profile, form, rows)


def test_a_workbook_without_rows_can_be_opened() -> None:
    assert cells(written("A", "xlsx", [])) == [heads_of("A")]


def test_what_excel_would_unescape_reads_back_as_it_was() -> None:
    data = written("A", "xlsx", [file_row(name="Budi _x0041_ & <Ani>")])
    assert cells(data)[1][1] == "Budi _x0041_ & <Ani>"


@pytest.mark.parametrize(
    ("file", "count", "words"),
    [
        ("01-ttu-2022-export32.xlsx", 307, age_in_mean_months),
        ("05-sampang-2024-mdy-trailing-blank-rows.csv", 97, age_in_mean_months),
        ("03-pemalang-2025-export26-caraukur.xlsx", 479, age_in_calendar_months),
    ],
)
def test_ages_are_written_as_the_ministry_computes_them(file: str, count: int, words: Any) -> None:
    judged = examine(file, (REAL / file).read_bytes(), recompute=recompute, today=TODAY).judged
    rows = [verdict.row for verdict in judged if verdict.row is not None]
    equal = [row for row in rows if clean_text(row.age_text) == words(row.birth_date, row.measured_on)]
    assert (len(equal), len(rows)) == (count, count)


# Names with everything that has ever broken a file; at least one letter, since a name without any names nobody.
_MARKS: Final = "'\",;=+-@\u00a0\t. é\u2019&<>"
NAMES: Final = st.builds(
    lambda before, name, after: before + name + after,
    st.text(_MARKS, max_size=3),
    st.text("abcXYZ" + _MARKS, min_size=1, max_size=20).filter(lambda text: re.search("[a-z]", text, re.IGNORECASE)),
    st.text(_MARKS, max_size=2),
)
SERIALS: Final = st.integers(1, 9999).map("{:04d}".format)


@st.composite
def file_rows(draw: st.DrawFn) -> FileRow:
    sex = draw(st.sampled_from(("male", "female")))
    born = draw(st.dates(date(2021, 1, 1), date(2026, 11, 1)))
    seen = born + timedelta(days=draw(st.sampled_from((0, 1, 30, 273, 730, 731, 1795, 1826)) | st.integers(0, 1826)))
    seen = min(seen, TODAY)
    day = born.day + 40 * (sex == "female")
    nik = draw(st.none() | SERIALS.map(lambda serial: f"121901{day:02d}{born:%m%y}{serial}"))
    assert nik is None or follows_hard_rules(nik)
    return file_row(
        nik=nik,
        name=clean_text(draw(NAMES)),
        sex=sex,
        birth_date=born,
        birth_weight_kg=draw(st.none() | st.integers(5, 60).map(lambda tenths: tenths / 10)),
        birth_length_cm=draw(st.none() | st.integers(25, 65).map(float)),
        parent_name=draw(st.none() | NAMES.map(clean_text)),
        address=draw(st.none() | st.sampled_from(("3/4", "Jl. 5-6", "007", "1 Mei", 'Dusun "Tiga"'))),
        rt=draw(st.none() | st.integers(1, 999).map(str)),
        rw=draw(st.none() | st.integers(1, 999).map(str)),
        age_text=age_in_mean_months(born, seen),
        measured_on=seen,
        weight_kg=draw(st.none() | st.integers(90, 2500).map(lambda hundredths: hundredths / 100)),
        length_height_cm=draw(st.integers(420, 1190).map(lambda tenths: tenths / 10)),
        measurement_position=draw(st.none() | st.sampled_from(("lying", "standing"))),
        muac_cm=draw(st.none() | st.integers(60, 350).map(lambda tenths: tenths / 10)),
        official_haz=draw(st.none() | st.integers(-1000, 1000).map(lambda hundredths: hundredths / 100)),
        official_haz_class=draw(st.none() | st.sampled_from(("sangat_pendek", "pendek", "normal", "tinggi"))),
        official_waz=None,
        official_waz_class=draw(st.none() | st.sampled_from(("sangat_kurang", "kurang", "normal", "risiko_lebih"))),
        official_whz=None,
        official_whz_class=draw(st.none() | st.sampled_from(("gizi_buruk", "gizi_baik", "obesitas"))),
        reported_letter=draw(st.none() | st.sampled_from("NTOB")),
    )


def _parsed(data: bytes) -> Columns:
    return read_columns(find_table(open_source(data, eppgbm()), eppgbm()), eppgbm())


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(file_rows(), min_size=1, max_size=8), profile=st.sampled_from(PROFILES), form=st.sampled_from(FORMS)
)
def test_every_cell_that_is_written_reads_back_as_it_was(
    rows: list[FileRow], profile: ExportProfile, form: ExportForm
) -> None:
    columns = _parsed(written(profile, form, rows))
    for field in columns.present:
        assert columns.values(field) == [getattr(row, field) for row in rows], field
    assert columns.present >= {"nik", "name", "weight_kg"}
