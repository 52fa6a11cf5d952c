"""The real exports of tests/data/eppgbm, with the exact verdict each must get and the rule behind every number."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from services.measurement.domain.file_row import JudgedRow
from services.measurement.domain.numbers import day_month_as_number, read_number
from services.measurement.domain.recompute import Floats, ScoreInputs
from services.measurement.formats.diagnose import Examination
from services.measurement.jobs.growth import recompute
from tests.unit.measurement import eppgbm_files
from tests.unit.measurement.eppgbm_files import B_PRIME

FOLDER = Path(__file__).parents[2] / "data" / "eppgbm"
TTU = "01-ttu-2022-export32.xlsx"
PEMALANG = "03-pemalang-2025-export26-caraukur.xlsx"
BEKASI = "04-bekasi-2023-cp1252-ddmmyyyy.csv"
NUTRITION = "09-nutrition-excel-autodate-weights.xlsx"
SERIES = "10-longitudinal-monthly-growth.xlsx"
SAMPANG = "05-sampang-2024-mdy-trailing-blank-rows.csv"


@cache
def examined(name: str) -> Examination:
    return eppgbm_files.examine((FOLDER / name).read_bytes())


def notes(name: str) -> dict[str, int]:
    """How many rows carry each note."""
    counts: dict[str, int] = {}
    for verdict in examined(name).judged:
        for code in {note.code for note in verdict.notes}:
            counts[code] = counts.get(code, 0) + 1
    return counts


def verdict_on(name: str, row_number: int) -> JudgedRow:
    return next(verdict for verdict in examined(name).judged if verdict.row_number == row_number)


@pytest.mark.parametrize(
    ("name", "shape", "counts", "stop_reasons"),
    [
        # 311 rows; 4 NIKs of 15 digits are damaged (never padded); nothing else is missing or impossible.
        (TTU, (None, None, "Sheet1", "A", 1, "ISO"), (307, 0, 4, 0, 0), []),
        # 483 rows; the weights 9855, 9195, 3300, 3595 are grams. No identity, so diagnosed only.
        (PEMALANG, (None, None, "Sheet1", B_PRIME, 1, "datetime"), (479, 0, 4, 0, 0), ["no_identity"]),
        # 193 rows; 7 NIKs of 15 digits. The block typed by hand does not recompute, so the file stops.
        (BEKASI, ("cp1252", ";", None, "A", 1, "D/M/Y"), (186, 0, 7, 0, 0), ["does_not_recompute"]),
        # 110 rows of children and 200 without content; 13 NIKs of 15 digits.
        (SAMPANG, ("cp1252", ",", None, "A", 1, "M/D/Y"), (97, 0, 13, 0, 200), []),
    ],
)
def test_a_real_file_gets_exactly_this_verdict(
    name: str, shape: tuple[object, ...], counts: tuple[int, ...], stop_reasons: list[str]
) -> None:
    diagnosis = examined(name).diagnosis
    found = (diagnosis.encoding, diagnosis.delimiter, diagnosis.sheet, diagnosis.profile)
    assert (*found, diagnosis.header_row, diagnosis.date_order) == shape
    outcomes = ("taken", "repaired", "quarantined", "duplicate", "blank")
    assert tuple(diagnosis.as_json()[outcome] for outcome in outcomes) == counts
    assert sum(counts) == diagnosis.rows
    assert diagnosis.stop_reasons == stop_reasons
    assert diagnosis.stopped is bool(stop_reasons)


@pytest.mark.parametrize(
    ("name", "haz", "waz", "whz"),
    [
        # Every row but one, whose official z belongs to another height; nine need the 0.7 cm of a lost `Cara Ukur`.
        (TTU, (311, 310), (311, 310), (311, 311)),
        # 483 - 9 without a score (60 months) - 1 scored at 1,834 days, where the standard ends - 3 of the day of birth
        # = 470; the three grams rows that are not of the day of birth leave WAZ and WHZ. 99.8 % equal.
        (PEMALANG, (470, 469), (467, 466), (467, 466)),
        # 193 - 2 of the day of birth. 117 rows of January 2024 were typed by hand, 113 of them with a wrong HAZ.
        (BEKASI, (191, 78), (191, 71), (191, 74)),
        # One boy of 136 days whose height was changed after he was scored.
        (SAMPANG, (110, 109), (110, 110), (110, 109)),
    ],
)
def test_official_scores_recompute_as_the_sources_say(
    name: str, haz: tuple[int, int], waz: tuple[int, int], whz: tuple[int, int]
) -> None:
    tally = {"HAZ": haz, "WAZ": waz, "WHZ": whz}
    expected = {index: {"checked": checked, "equal": equal} for index, (checked, equal) in tally.items()}
    assert examined(name).diagnosis.recompute == expected


def test_ttu_niks_by_the_hard_and_soft_rules() -> None:
    # 17 of a wrong length other than 15 (10, 5, 12 or 14 digits), 98 made-up serials 0000, 2 of an impossible month.
    assert notes(TTU)["nik_malformed"] == 17 + 98 + 2
    # Of the NIKs that pass, 11 carry another date (one of them a parent's) and 2 the other sex.
    assert notes(TTU)["nik_birth_date_differs"] + notes(TTU)["nik_parent_birth_date"] == 11
    assert notes(TTU)["nik_sex_differs"] == 2


def test_ttu_is_recognised_as_an_extract_of_stunted_children() -> None:
    assert "only_stunted" in {message.code for message in examined(TTU).diagnosis.messages}
    for name in (PEMALANG, BEKASI, SAMPANG):
        assert "only_stunted" not in {message.code for message in examined(name).diagnosis.messages}


def test_ttu_reads_through_trailing_spaces_quotes_and_numbers_as_text() -> None:
    row = verdict_on(TTU, 2).row
    assert row is not None
    assert (row.name, row.sex, row.birth_date.isoformat()) == ("MELATI LAILA", "female", "2017-12-02")
    assert (row.birth_weight_kg, row.birth_length_cm, row.reported_letter) == (2.9, 48.0, "N")
    # Lost decimal points in the birth weight (28, 29) and a birth length of 2.9 cm: emptied with a note.
    assert notes(TTU)["birth_weight_lost_decimal"] == 2
    assert notes(TTU)["birth_length_decimal_shifted"] == 1


def test_pemalang_grams_are_held_back_with_kilograms_proposed() -> None:
    held_back = {v.row_number: dict(v.reasons[0].proposed) for v in examined(PEMALANG).judged if v.reasons}
    assert held_back == {
        214: {"weight_kg": 9.855},
        215: {"weight_kg": 9.195},
        219: {"weight_kg": 3.3},
        220: {"weight_kg": 3.595},
    }
    assert verdict_on(PEMALANG, 214).z[1] == 5405.79, "what is held back is shown with its z"
    # The ministry's own 5324.99 is no score.
    assert [note.code for note in verdict_on(PEMALANG, 219).notes].count("official_score_impossible") == 2


def test_pemalang_bad_optional_cells_are_emptied_with_a_note() -> None:
    found = notes(PEMALANG)
    assert found["birth_weight_in_grams"] == 39
    assert found["over_sixty_months"] == 10
    assert found["optional_unreadable"] == 3  # RT `0.9` and `O2`, RW `Re 02` beside the readable RT `Rt 05`
    row = verdict_on(PEMALANG, 93).row
    assert row is not None
    assert (row.rt, row.rw) == ("5", None)


def test_bekasi_tells_where_the_hand_typed_block_lies() -> None:
    diagnosis = examined(BEKASI).diagnosis
    assert diagnosis.can_be_confirmed
    haz = next(m for m in diagnosis.messages if m.code == "does_not_recompute" and m.text_id.startswith("HAZ"))
    assert "113 dari 191" in haz.text_id
    failing = {v.row_number for v in examined(BEKASI).judged if any(n.code == "recompute_differs" for n in v.notes)}
    by_hand = set(range(78, 195))
    assert len(failing & by_hand) == 117, "no row of the block recomputes in all three indices"
    assert len(failing - by_hand) == 6, "hand-edited cells such as `0,01` before the block"


def test_bekasi_sentinel_scores_and_foreign_classes_are_no_values() -> None:
    newborns = [v.row for v in examined(BEKASI).judged if v.row is not None and v.row.birth_date == v.row.measured_on]
    assert len(newborns) == 2
    assert any(row.official_whz is None and row.official_whz_class == "obesitas" for row in newborns)
    assert notes(BEKASI)["official_class_unknown"] == 2  # BB/U `Gizi Buruk`


def test_sampang_has_no_posyandu_and_is_taken_all_the_same() -> None:
    row = verdict_on(SAMPANG, 2).row
    assert row is not None
    assert row.posyandu_name is None
    assert row.measured_on.isoformat() == "2024-02-16"
    assert notes(SAMPANG)["birth_weight_in_grams"] == 20


def test_nutrition_weights_that_became_dates_are_day_and_month_of_the_weight() -> None:
    """The rule `kg = day.month` on real cells: ages are known to the month, so the official z lies between its ends."""
    book: list[list[Any]] = CalamineWorkbook.from_path(FOLDER / NUTRITION).get_sheet_by_index(0).to_python()
    rows = [row for row in book[1:] if isinstance(row[3], date) and isinstance(row[2], float)]
    scored = [(row, z) for row in rows if (z := read_number(row[6]).value) is not None]
    assert len(scored) >= 200
    months = np.array([row[2] for row, _ in scored])
    official = np.array([z for _, z in scored])

    def waz(days: Floats) -> Floats:
        return recompute(
            ScoreInputs(
                sex=np.array([1 if row[1] == 1 else 2 for row, _ in scored], dtype=np.int8),
                age_days=days,
                weight_kg=np.array([day_month_as_number(row[3].day, row[3].month) for row, _ in scored]),
                length_height_cm=np.full(len(scored), np.nan),
                position=np.full(len(scored), 2, dtype=np.int8),
            )
        ).waz

    oldest, youngest = waz(np.floor((months + 1) * 30.4375)), waz(np.ceil(months * 30.4375))
    assert ((oldest - 0.01 <= official) & (official <= youngest + 0.01)).all()


def test_growth_series_without_birth_dates_is_refused_with_what_it_lacks() -> None:
    diagnosis = examined(SERIES).diagnosis
    assert (diagnosis.stop_reasons, diagnosis.rows, diagnosis.header_row) == (["unknown_profile"], 0, 1)
    assert diagnosis.messages[0].text_id.startswith("Kolom wajib tidak ada: Tgl Lahir.")
    assert diagnosis.columns["tinggi"] == "length_height_cm"


def test_a_file_that_is_no_eppgbm_export_is_refused_with_what_it_lacks() -> None:
    diagnosis = examined(NUTRITION).diagnosis
    assert (diagnosis.stop_reasons, diagnosis.rows) == (["unknown_profile"], 0)
    assert "Tgl Lahir, Tanggal Pengukuran" in diagnosis.messages[0].text_id
