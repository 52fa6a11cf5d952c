"""The files of the simulated puskesmas: the ministry's shape, real dirt, every kind counted."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from deploy.demo.children import day_number
from deploy.demo.ministry import (
    LENGTH_FOR_AGE,
    PROFILE_A,
    PROFILE_B,
    WEIGHT_FOR_AGE,
    WEIGHT_FOR_LENGTH,
    age_texts,
)
from deploy.demo.phone_posyandu import busiest_posyandu
from deploy.demo.uploads import Office, Purpose, SentFile, Upload
from deploy.demo.world import make_world

TODAY = date(2026, 11, 25)


@cache
def office() -> Office:
    return Office(make_world(children=6_000, months=3, seed=3, today=TODAY))


@cache
def sent(round_index: int, centre_index: int, purpose: Purpose) -> SentFile:
    return office().make(Upload(round_index, centre_index, purpose))


def rows(file: SentFile) -> list[dict[str, Any]]:
    """The file as it is read back: header cells to values."""
    if file.name.endswith(".csv"):
        encoding = "utf-8-sig" if file.content.startswith(b"\xef\xbb\xbf") else "cp1252"
        text = file.content.decode(encoding)
        delimiter = ";" if ";" in text.partition("\r\n")[0] else ","
        return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
    header, *cells = CalamineWorkbook.from_filelike(io.BytesIO(file.content)).get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, header), row, strict=True)) for row in cells]


def workbook_of(round_index: int, purpose: Purpose = "monthly") -> SentFile:
    """A file of the plain style."""
    for centre in range(len(office().world.district.puskesmas)):
        file = sent(round_index, centre, purpose)
        if file.name.endswith(".xlsx") and file.injected.keys().isdisjoint({"number_as_text", "trailing_space"}):
            return file
    raise LookupError(purpose)


@pytest.mark.parametrize(
    ("classes", "z", "word"),
    [
        (WEIGHT_FOR_AGE, -3.01, "Sangat Kurang"),
        (WEIGHT_FOR_AGE, -3.00, "Kurang"),
        (WEIGHT_FOR_AGE, -2.00, "Berat Badan Normal"),
        (WEIGHT_FOR_AGE, 1.00, "Berat Badan Normal"),
        (WEIGHT_FOR_AGE, 1.01, "Risiko Berat badan lebih"),
        (LENGTH_FOR_AGE, -2.01, "Pendek"),
        (LENGTH_FOR_AGE, 3.00, "Normal"),
        (LENGTH_FOR_AGE, 3.01, "Tinggi"),
        (WEIGHT_FOR_LENGTH, -3.01, "Gizi Buruk"),
        (WEIGHT_FOR_LENGTH, 2.00, "Risiko Gizi Lebih"),
        (WEIGHT_FOR_LENGTH, 3.01, "Obesitas"),
        (WEIGHT_FOR_LENGTH, float("nan"), "-"),
    ],
)
def test_the_official_class_follows_the_ministry_s_cut_offs(classes: Any, z: float, word: str) -> None:
    assert classes.of(np.array([z])) == [word]


@pytest.mark.parametrize(
    ("born", "measured", "text"),
    [
        (date(2021, 12, 2), date(2026, 2, 7), "4 Tahun - 2 Bulan - 5 Hari"),
        (date(2025, 1, 31), date(2025, 3, 1), "0 Tahun - 1 Bulan - 1 Hari"),
        (date(2024, 2, 29), date(2025, 2, 28), "0 Tahun - 11 Bulan - 30 Hari"),
        (date(2025, 5, 5), date(2025, 5, 5), "0 Tahun - 0 Bulan - 0 Hari"),
        (date(2025, 5, 5), date(2025, 5, 1), "-"),
    ],
)
def test_the_age_is_written_by_the_calendar(born: date, measured: date, text: str) -> None:
    assert age_texts(np.array([day_number(born)]), np.array([day_number(measured)])) == [text]


def test_profile_b_is_profile_a_with_the_position_after_the_height() -> None:
    assert len(PROFILE_A) == 32
    assert PROFILE_B.index("Cara Ukur") == PROFILE_B.index("Tinggi") + 1
    assert [name for name in PROFILE_B if name != "Cara Ukur"] == list(PROFILE_A)


def test_every_file_reads_back_with_all_its_rows_and_columns() -> None:
    for centre in range(len(office().world.district.puskesmas)):
        file = sent(0, centre, "monthly")
        found = rows(file)
        filled = [row for row in found if any(row.values())]
        assert tuple(found[0]) in {PROFILE_A, PROFILE_B}
        assert len(filled) == file.rows
        assert len(found) - len(filled) == file.injected["blank_row"]


def test_dates_of_a_plain_workbook_are_dates() -> None:
    row = rows(workbook_of(0))[0]
    assert date(2021, 1, 1) < row["Tgl Lahir"] <= row["Tanggal Pengukuran"] < TODAY


def test_the_same_file_sent_again_is_the_same_to_the_byte() -> None:
    first, again = sent(1, 4, "monthly"), office().make(Upload(1, 4, "same_again"))
    assert again.content == first.content
    assert again.injected["row_sent_again"] == first.rows


def test_a_corrected_file_changes_some_weights_and_nothing_about_who_was_weighed() -> None:
    before, after = rows(workbook_of(1)), rows(workbook_of(1, "corrected"))
    keys = [[(row["NIK"], row["Nama"], row["Tgl Lahir"]) for row in table] for table in (before, after)]
    assert len(set(keys[0]) ^ set(keys[1])) <= 4  # at most a damaged NIK or two
    weights = [{(row["Nama"], row["Tanggal Pengukuran"]): row["Berat"] for row in table} for table in (before, after)]
    changed = [key for key in weights[0].keys() & weights[1].keys() if weights[0][key] != weights[1][key]]
    assert 0 < len(changed) < 0.05 * len(before)


def test_every_weighing_is_sent_exactly_once_and_a_late_one_a_month_later() -> None:
    centres = range(len(office().world.district.puskesmas))
    total = sum(entry.visits.count for entry in office().world.rounds)
    files = [sent(round_index, centre, "monthly") for round_index in range(3) for centre in centres]
    extra = sum(file.injected["duplicate_row"] + file.injected["same_day_other_values"] // 2 for file in files)
    assert sum(file.rows for file in files) == total + extra
    assert all(file.injected["late_visit"] == 0 for file in files[: len(centres)])
    assert sum(file.injected["late_visit"] for file in files) > 50
    august = workbook_of(1)
    first_of_month = office().world.rounds[1].month
    late = [row for row in rows(august) if row["Tanggal Pengukuran"] < first_of_month]
    typed_early = august.injected["visit_before_birth"]
    assert august.injected["late_visit"] <= len(late) <= august.injected["late_visit"] + typed_early


def test_what_is_counted_as_injected_stands_in_the_cells() -> None:
    file = workbook_of(2)
    cells = rows(file)
    for kind, found in {
        "sex_missing": [row for row in cells if row["JK"] == ""],
        "nik_damaged": [row for row in cells if "E+" in row["NIK"]],
        "unmapped_posyandu": [row for row in cells if row["Posyandu"].startswith("POSY. BARU")],
        "weight_in_grams": [row for row in cells if row["Berat"] and row["Berat"] > 1000],
        "length_height_missing": [row for row in cells if row["Tinggi"] == 0],
        "birth_weight_in_grams": [row for row in cells if row["BB Lahir"] >= 1000],
        "official_sentinel": [row for row in cells if row["ZS BB/TB"] == 999.99],
        "measured_in_future": [row for row in cells if row["Tanggal Pengukuran"] > TODAY],
        "visit_before_birth": [row for row in cells if row["Tanggal Pengukuran"] < row["Tgl Lahir"]],
    }.items():
        assert len(found) == file.injected[kind], kind
    assert len(cells) - len({tuple(row.values()) for row in cells}) <= file.injected["duplicate_row"]


def test_all_kinds_of_dirt_occur_in_a_demo() -> None:
    injected: Counter[str] = Counter()
    for round_index in range(3):
        for upload in office().uploads(round_index):
            injected += office().make(upload).injected
    missing = {
        *("weight_in_grams", "weight_lost_decimal", "weight_height_swapped", "weight_missing", "sex_missing"),
        *("measured_in_future", "visit_before_birth", "nik_damaged", "nik_malformed", "nik_sex_differs"),
        *("unmapped_posyandu", "birth_weight_in_grams", "duplicate_row", "same_day_other_values", "late_visit"),
        *("row_sent_again", "corrected_value", "weight_from_date", "columns_sorted_apart", "blank_row"),
        *("trailing_space", "decimal_comma", "number_as_text", "official_sentinel"),
    } - injected.keys()
    assert not missing


def test_weights_sorted_apart_are_the_same_weights_in_other_rows() -> None:
    good, bad = rows(sent(1, 0, "sorted_apart")), rows(sent(1, 0, "monthly"))
    assert sorted(row["ZS BB/U"] or 0 for row in good) == sorted(float(row["ZS BB/U"] or 0) for row in bad)
    weights = [row["Berat"] for row in good]
    assert weights == sorted(weights)
    assert office().make(Upload(1, 0, "sorted_apart")).must_stop


def test_a_weight_that_became_a_date_keeps_its_kilograms_in_day_and_month() -> None:
    file = sent(1, 1, "auto_date")
    dates = [row for row in rows(file) if isinstance(row["Berat"], date)]
    assert len(dates) == file.injected["weight_from_date"] > 0.4 * file.rows
    for row in dates:
        kg = float(f"{row['Berat'].day}.{row['Berat'].month}")
        months = (row["Tanggal Pengukuran"] - row["Tgl Lahir"]) / timedelta(days=30.4375)
        assert 1.5 <= kg <= 5 + months / 2 + 12


def test_a_month_s_two_accidents_happen_even_in_a_demo_of_one_month() -> None:
    alone = Office(make_world(children=1_000, months=1, seed=3, today=TODAY))
    purposes = Counter(upload.purpose for upload in alone.uploads(0))
    assert purposes["sorted_apart"] == purposes["auto_date"] == purposes["same_again"] == 1
    assert purposes["corrected"] == 0


def test_a_file_too_small_to_prove_anything_is_plain_and_not_broken() -> None:
    tiny = Office(make_world(children=60, months=2, seed=3, today=TODAY))
    uploads = [upload for round_index in range(2) for upload in tiny.uploads(round_index)]
    assert "sorted_apart" not in {upload.purpose for upload in uploads}
    assert {tiny.make(upload).name.rpartition(".")[2] for upload in uploads} == {"xlsx"}


def test_a_posyandu_that_uses_the_api_sends_no_file() -> None:
    world = office().world
    busiest = busiest_posyandu(world)
    desa = world.district.posyandu[busiest].desa_code
    centre = next(i for i, centre in enumerate(world.district.puskesmas) if desa in centre.desa_codes)
    name = world.district.posyandu[busiest].name.upper()
    area = world.district.area(desa).name.upper()
    without = rows(Office(world, by_api={busiest}).make(Upload(0, centre, "monthly")))
    assert any(row["Posyandu"].startswith(name) for row in rows(sent(0, centre, "monthly")) if area in row["Desa/Kel"])
    assert not any(
        (row["Posyandu"].strip("\u00a0"), row["Desa/Kel"].strip("\u00a0")) == (name, area) for row in without
    )
