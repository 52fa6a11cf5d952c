"""One row at a time: what is taken, what is held back and with which proposal, what is only noted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.measurement.domain.cells import Cell
from services.measurement.domain.file_row import JudgedRow, Outcome
from tests.unit.measurement.eppgbm_files import (
    HEADS_A,
    HEADS_B,
    TODAY,
    Row,
    at_noon,
    changed,
    dates_written,
    examine,
    healthy_rows,
    raw_workbook,
    scored,
    stated_age,
    text_file,
    workbook,
)

ROWS = healthy_rows(24)


def judge(changes: Row, *, number: int = 12, heads: list[str] = HEADS_A) -> JudgedRow:
    """The verdict on one changed row among healthy ones."""
    rows = list(ROWS)
    rows[number] = changed(rows[number], changes)
    return examine(workbook(rows, heads)).judged[number]


def codes(verdict: JudgedRow) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def notes(verdict: JudgedRow) -> list[str]:
    return [note.code for note in verdict.notes]


def test_a_healthy_row_arrives_whole() -> None:
    source = ROWS[12]
    verdict = judge({}, heads=HEADS_B)
    assert verdict.outcome is Outcome.TAKEN
    assert verdict.row_number == 14, "as the spreadsheet counts: heads on line 1"
    row = verdict.row
    assert row is not None
    assert (row.nik, row.name, row.sex) == (source["NIK"], source["Nama"], "male")
    assert (row.birth_date, row.measured_on) == (source["Tgl Lahir"], source["Tanggal Pengukuran"])
    assert (row.weight_kg, row.length_height_cm, row.muac_cm) == (source["Berat"], source["Tinggi"], 14.5)
    assert row.measurement_position == "standing"
    assert (row.birth_weight_kg, row.birth_length_cm, row.parent_name) == (3.1, 49.0, source["Nama Ortu"])
    assert (row.province_name, row.kabupaten_name, row.kecamatan_name) == ("SUMATERA UTARA", "BATU BARA", "SEI BALAI")
    assert (row.puskesmas_name, row.desa_name, row.posyandu_name) == ("SEI BALAI", "DESA SATU", "MAWAR")
    assert (row.rt, row.rw, row.address) == ("3", "1", "DUSUN DUA")
    assert (row.official_haz, row.official_waz, row.official_whz) == tuple(
        source[head] for head in ("ZS TB/U", "ZS BB/U", "ZS BB/TB")
    )
    assert (row.official_haz_class, row.official_waz_class, row.official_whz_class) == ("normal", "normal", "gizi_baik")
    assert (row.reported_letter, row.pmt_kg, row.vitamin_a_doses, row.kpsp, row.kia) == ("N", 0.0, 1.0, None, None)
    assert verdict.notes == []
    assert verdict.z == (row.official_haz, row.official_waz, row.official_whz)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"JK": None}, "sex_missing"),
        ({"JK": "X"}, "sex_unknown"),
        ({"Tgl Lahir": None}, "birth_date_missing"),
        ({"Tgl Lahir": "kemarin"}, "birth_date_unreadable"),
        ({"Tgl Lahir": "31/02/2024"}, "birth_date_impossible"),
        ({"Tanggal Pengukuran": "-"}, "measured_on_missing"),
        ({"Tanggal Pengukuran": "?"}, "measured_on_unreadable"),
        ({"Tanggal Pengukuran": TODAY + timedelta(days=1)}, "measured_in_future"),
        ({"Tgl Lahir": TODAY + timedelta(days=1), "Tanggal Pengukuran": TODAY}, "birth_in_future"),
        ({"NIK": "-", "Nama": None}, "no_identity"),
        ({"NIK": "123", "Nama": "-"}, "no_identity"),
        ({"NIK": "6,11203E+15"}, "nik_damaged"),
        ({"Berat": 0, "Tinggi": "-", "LiLA": 999.99}, "nothing_measured"),
        ({"Berat": "delapan"}, "weight_unreadable"),
        ({"Tinggi": "8o"}, "length_height_unreadable"),
        ({"Alamat": "X" * 1001}, "cell_too_long"),
    ],
)
def test_what_a_row_cannot_do_without_holds_it_back(changes: Row, code: str) -> None:
    verdict = judge(changes)
    assert verdict.outcome is Outcome.QUARANTINED
    assert verdict.row is None
    assert code in codes(verdict)


def test_all_independent_reasons_are_told_at_once() -> None:
    verdict = judge({"JK": "X", "NIK": "6,11203E+15", "Berat": "delapan"})
    assert set(codes(verdict)) == {"sex_unknown", "nik_damaged", "weight_unreadable"}


def test_b020_a_visit_before_birth_is_held_back() -> None:
    verdict = judge({"Tgl Lahir": date(2025, 1, 5), "Tanggal Pengukuran": date(2025, 1, 1), "Usia Saat Ukur": None})
    assert codes(verdict) == ["visit_before_birth"]


@pytest.mark.parametrize(
    ("changes", "code", "proposed"),
    [
        ({"Berat": 9855, "Tinggi": 82}, "weight_in_grams", {"weight_kg": 9.855}),
        ({"Berat": 11900}, "weight_in_grams", {"weight_kg": 11.9}),
        ({"Berat": 102}, "weight_lost_decimal", {"weight_kg": 10.2}),
        ({"Berat": 1025}, "weight_lost_decimal", {"weight_kg": 10.25}),
        ({"Tinggi": 865}, "length_height_lost_decimal", {"length_height_cm": 86.5}),
        ({"Tinggi": 0.865}, "length_height_in_metres", {"length_height_cm": 86.5}),
        ({"Tinggi": 8.65}, "length_height_decimal_shifted", {"length_height_cm": 86.5}),
        ({"Berat": 86.5, "Tinggi": 11.9}, "weight_height_swapped", {"weight_kg": 11.9, "length_height_cm": 86.5}),
    ],
)
def test_a_slip_is_held_back_with_what_was_meant(changes: Row, code: str, proposed: dict[str, float]) -> None:
    verdict = judge({**changes, "ZS BB/U": None, "ZS TB/U": None, "ZS BB/TB": None})
    assert verdict.outcome is Outcome.QUARANTINED
    assert codes(verdict) == [code]
    assert dict(verdict.reasons[0].proposed) == proposed


def test_b028_a_swapped_pair_shows_its_absurd_scores_and_the_hint() -> None:
    born, seen = date(2023, 8, 24), date(2025, 2, 14)
    assert (seen - born).days == 540
    verdict = judge(
        {"Tgl Lahir": born, "Usia Saat Ukur": None, "Berat": 80.5, "Tinggi": 10.2, "Nama": "ADI", "JK": "L"}
    )
    assert codes(verdict) == ["weight_height_swapped"]
    assert verdict.z[0] == -26.77
    assert verdict.z[1] is not None
    assert abs(verdict.z[1] - 44.2) <= 0.01 + 0.05, "the case gives one decimal"


def test_b026_an_impossible_weight_without_an_explanation_is_held_back_as_implausible() -> None:
    # At 20 months 6.0 kg would be another impossible child: no lost decimal point explains it.
    changes: Row = {"Berat": 60, "Tgl Lahir": date(2023, 6, 14), "Usia Saat Ukur": None, "ZS BB/U": None}
    assert codes(judge({**changes, "ZS BB/TB": None})) == ["implausible_weight"]
    assert codes(judge({"Berat": 0.3})) == ["implausible_weight"]
    assert codes(judge({"Tinggi": 200})) == ["implausible_length_height"]


def test_a_lost_decimal_point_within_the_limits_is_seen_by_its_absurd_score() -> None:
    newborn = {**ROWS[0], "Tgl Lahir": date(2025, 1, 10), "Usia Saat Ukur": None, "Berat": 4.1, "Tinggi": 54.0}
    right = scored(newborn)
    wrong = {**right, "Berat": 41}  # 41 kg may be entered for some child, not for one of 35 days
    verdict = examine(workbook([wrong, *ROWS[1:]])).judged[0]
    assert codes(verdict) == ["weight_lost_decimal"]
    assert dict(verdict.reasons[0].proposed) == {"weight_kg": 4.1}


def test_the_limits_themselves_may_be_entered() -> None:
    limits: list[Row] = [{"Berat": 0.9}, {"Tinggi": 38.0}, {"Tinggi": 150.0}]
    for changes in limits:
        assert codes(judge({**changes, "ZS BB/U": None, "ZS TB/U": None, "ZS BB/TB": None})) == []


@pytest.mark.parametrize("changes", [{"Berat": 0}, {"Berat": "-"}, {"Berat": 8888}])
def test_a_row_with_a_height_and_no_weight_is_taken_and_noted(changes: Row) -> None:
    verdict = judge(changes)
    assert verdict.row is not None
    assert verdict.row.weight_kg is None
    assert "weight_missing" in notes(verdict)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("Ya", "yes"), (" ADA\xa0", "yes"), (1, "yes"), (1.0, "yes"), ("tdk", "no"), ("Belum punya", "no"),
     ("-\xa0", None), ("", None), (None, None)],
)  # fmt: skip
def test_a_card_is_there_or_not_or_nothing_is_said(word: str | float | None, meant: str | None) -> None:
    verdict = judge({"KIA": word})
    assert verdict.row is not None
    assert verdict.row.kia == meant
    assert "optional_unreadable" not in notes(verdict)


@pytest.mark.parametrize(
    ("changes", "field", "code", "proposed"),
    [
        ({"BB Lahir": 3000}, "birth_weight_kg", "birth_weight_in_grams", 3.0),
        ({"BB Lahir": 32}, "birth_weight_kg", "birth_weight_lost_decimal", 3.2),
        ({"BB Lahir": 8}, "birth_weight_kg", "implausible_birth_weight", None),
        ({"BB Lahir": "tiga"}, "birth_weight_kg", "optional_unreadable", None),
        ({"TB Lahir": 4.9}, "birth_length_cm", "birth_length_decimal_shifted", 49.0),
        ({"TB Lahir": 87}, "birth_length_cm", "implausible_birth_length", None),
        ({"LiLA": 145}, "muac_cm", "muac_in_mm", 14.5),
        ({"LiLA": 40}, "muac_cm", "implausible_muac", None),
        ({"RT": "O2"}, "rt", "optional_unreadable", None),
        ({"RW": "005/002"}, "rw", "optional_unreadable", None),
        ({"PMT Diterima (kg)": "dua"}, "pmt_kg", "optional_unreadable", None),
        ({"Jml Vit A": -1}, "vitamin_a_doses", "optional_unreadable", None),
        ({"KIA": "0"}, "kia", "optional_unreadable", None),
        ({"BB/U": "Gizi Buruk"}, "official_waz_class", "official_class_unknown", None),
        ({"Naik Berat Badan": "Y"}, "reported_letter", "reported_letter_unknown", None),
        ({"ZS BB/U": 5324.99}, "official_waz", "official_score_impossible", None),
    ],
)
def test_a_bad_optional_cell_becomes_empty_and_the_row_is_taken(
    changes: Row, field: str, code: str, proposed: float | None
) -> None:
    verdict = judge(changes)
    assert verdict.row is not None
    assert getattr(verdict.row, field) is None
    note = next(note for note in verdict.notes if note.code == code)
    assert note.field == field
    assert dict(note.proposed).get(field) == proposed


@pytest.mark.parametrize(("cell", "rt"), [("Rt 05", "5"), ("005", "5"), (3, "3"), ("0", None), ("-", None)])
def test_an_rt_is_up_to_three_digits(cell: Cell, rt: str | None) -> None:
    verdict = judge({"RT": cell})
    assert verdict.row is not None
    assert verdict.row.rt == rt
    assert verdict.notes == []


@pytest.mark.parametrize(
    ("cell", "position"),
    [("Berdiri", "standing"), ("TB", "standing"), ("Telentang", "lying"), ("terlentang\xa0", "lying"), ("-", None)],
)
def test_positions_in_all_their_spellings(cell: str, position: str | None) -> None:
    verdict = judge({"Cara Ukur": cell}, heads=HEADS_B)
    assert verdict.row is not None
    assert verdict.row.measurement_position == position


def test_a_malformed_nik_is_dropped_and_the_child_goes_on_by_name() -> None:
    verdict = judge({"NIK": "1219014507230000"})
    assert verdict.row is not None
    assert verdict.row.nik is None
    assert notes(verdict) == ["nik_malformed"]


def test_an_nik_of_another_kabupaten_than_most_of_the_file_is_noted() -> None:
    nik = str(ROWS[12]["NIK"])
    assert notes(judge({"NIK": f"3216{nik[4:]}"})) == ["nik_foreign_region"]


def test_after_60_months_a_row_is_taken_and_noted() -> None:
    born = date(2020, 2, 14) - timedelta(days=1)
    verdict = judge({"Tgl Lahir": born, "Usia Saat Ukur": stated_age(born, date(2025, 2, 14)), "NIK": None})
    assert verdict.outcome is Outcome.TAKEN
    assert notes(verdict) == ["over_sixty_months"]
    assert verdict.z == (None, None, None)


def test_an_age_that_does_not_follow_from_the_dates_is_noted() -> None:
    assert "age_text_differs" in notes(judge({"Usia Saat Ukur": "4 Tahun - 11 Bulan - 1 Hari"}))


def test_an_empty_cell_beside_a_wrong_one_is_no_shifted_row() -> None:
    # The weight was a date, the birth date is missing: seen in the file whose weights Excel turned into dates.
    verdict = judge({"Tgl Lahir": None, "Usia Saat Ukur": None, "Berat": date(2025, 5, 3), "Tinggi": 48.0})
    assert set(codes(verdict)) == {"birth_date_missing", "weight_is_date"}


def test_cells_beside_their_columns_are_one_reason_and_nothing_behind_the_break_is_kept() -> None:
    source = ROWS[12]
    lines: list[list[Cell]] = [[*HEADS_B], *([row[head] for head in HEADS_B] for row in ROWS)]
    lines[13].insert(HEADS_B.index("Alamat"), "DUSUN")
    verdict = examine(raw_workbook(lines)).judged[12]
    assert codes(verdict) == ["cells_shifted"]
    assert verdict.draft is not None
    assert (verdict.draft.name, verdict.draft.birth_date) == (source["Nama"], source["Tgl Lahir"])
    behind = verdict.draft._asdict()
    assert [behind[field] for field in ("measured_on", "weight_kg", "length_height_cm")] == [None, None, None]


def test_a_date_with_day_and_month_exchanged_is_held_back_with_the_right_one() -> None:
    born, seen = date(2023, 3, 5), date(2025, 2, 14)
    verdict = judge({"Tgl Lahir": date(2023, 5, 3), "Usia Saat Ukur": stated_age(born, seen), "NIK": None})
    assert codes(verdict) == ["date_day_month_swapped"]
    assert dict(verdict.reasons[0].proposed) == {"birth_date": born}


def test_an_official_z_that_does_not_follow_is_kept_and_noted() -> None:
    verdict = judge({"ZS TB/U": -4.44})
    assert verdict.row is not None
    assert verdict.row.official_haz == -4.44
    assert notes(verdict) == ["recompute_differs"]


def test_a_birth_date_with_a_time_of_day_does_not_move() -> None:
    source = ROWS[12]["Tgl Lahir"]
    assert isinstance(source, date)
    verdict = judge({"Tgl Lahir": at_noon(source)})
    assert verdict.row is not None
    assert verdict.row.birth_date == source


def test_blank_rows_repeated_heads_and_prepared_lines_are_blank() -> None:
    empty: Row = dict.fromkeys(HEADS_A)
    nbsp: Row = dict.fromkeys(HEADS_A, "\xa0")
    heads: Row = {head: head for head in HEADS_A}
    rows = [ROWS[0], empty, nbsp, heads, {**empty, "No": 7}, ROWS[1], empty]
    examination = examine(text_file(rows, ["No", *HEADS_A]))
    outcomes = [str(verdict.outcome) for verdict in examination.judged]
    assert outcomes == ["taken", "blank", "blank", "blank", "blank", "taken", "blank"]
    assert any(message.code == "header_repeated" for message in examination.diagnosis.messages)


def test_the_same_child_on_the_same_day_with_the_same_values_is_one_measurement() -> None:
    again = changed(ROWS[3], {"Nama": f"  {str(ROWS[3]['Nama']).lower()} ", "Alamat": "LAIN"})
    examination = examine(workbook([*ROWS, again]))
    verdict = examination.judged[-1]
    assert verdict.outcome is Outcome.DUPLICATE
    assert verdict.reasons[0].value == 5.0, "names the row that stays"
    assert examination.diagnosis.counts == {"taken": 24, "repaired": 0, "quarantined": 0, "duplicate": 1, "blank": 0}


def test_the_same_child_on_the_same_day_with_other_values_stays_twice_on_the_review_list() -> None:
    again = scored({**ROWS[3], "Berat": 9.9})
    judged = examine(workbook([*ROWS, again])).judged
    for verdict in (judged[3], judged[-1]):
        assert verdict.outcome is Outcome.TAKEN
        assert verdict.row is not None
        assert [note.code for note in verdict.notes] == ["same_day_other_values"]


def test_b080_twins_without_nik_whose_names_differ_by_one_letter_stay_two() -> None:
    hasan = changed(ROWS[4], {"NIK": None, "Nama": "HASAN"})
    judged = examine(workbook([*ROWS[:4], hasan, changed(hasan, {"Nama": "HASIN"})])).judged
    assert [str(verdict.outcome) for verdict in judged[-2:]] == ["taken", "taken"]


def test_twins_that_carry_one_nik_stay_two_and_the_nik_is_doubted() -> None:
    judged = examine(workbook([*ROWS, changed(ROWS[4], {"Nama": "KEMBAR"})])).judged
    for verdict in (judged[4], judged[-1]):
        assert verdict.outcome is Outcome.TAKEN
        assert "nik_shared" in notes(verdict)


def test_without_nik_the_posyandu_tells_namesakes_apart() -> None:
    here = changed(ROWS[4], {"NIK": None})
    judged = examine(workbook([here, changed(here, {"Posyandu": "MELATI"}), here])).judged
    assert [str(verdict.outcome) for verdict in judged] == ["taken", "taken", "duplicate"]


def test_the_order_of_rows_decides_nothing_but_which_twin_row_stays() -> None:
    rows = [*ROWS, ROWS[3], changed(ROWS[5], {"Berat": 9855}), changed(ROWS[6], {"JK": "X"})]
    forward, backward = (examine(workbook(order)).diagnosis for order in (rows, rows[::-1]))
    assert forward.counts == backward.counts
    assert forward.reasons == backward.reasons
    assert forward.recompute == backward.recompute


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y"])
def test_a_date_in_the_other_order_is_held_back_and_the_rest_of_the_file_read(pattern: str) -> None:
    rows = [changed(row, {"Tgl Lahir": "25/13/2023"}) if row is ROWS[0] else row for row in ROWS]
    other = "13/25/2023" if pattern == "%d/%m/%Y" else "25/13/2023"
    rows[0] = changed(ROWS[0], {"Tgl Lahir": other.replace("13", "12")})
    judged = examine(text_file(rows, written=dates_written(pattern))).judged
    assert codes(judged[0]) == ["birth_date_order"]
    assert dict(judged[0].reasons[0].proposed) == {"birth_date": date(2023, 12, 25)}
    assert all(verdict.outcome is Outcome.TAKEN for verdict in judged[1:])
