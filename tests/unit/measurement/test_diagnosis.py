"""The file as a whole: what stops it, what is repaired, what the diagnosis says."""

from __future__ import annotations

import random
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.domain.cells import Cell
from services.measurement.domain.file_problems import FILE_PROBLEMS
from services.measurement.domain.file_row import Outcome
from services.measurement.domain.row_problems import ROW_PROBLEMS
from services.measurement.formats import diagnose
from services.measurement.jobs.growth import recompute
from tests.unit.measurement.eppgbm_files import (
    B_PRIME,
    HEADS_A,
    HEADS_B,
    HEADS_B_PRIME,
    TODAY,
    Row,
    changed,
    examine,
    healthy_rows,
    scored,
    text_file,
    workbook,
)

ROWS = healthy_rows(60)


def as_excel_date(weight: Cell) -> datetime:
    """What Excel makes of `8.2` in Indonesian locale: 8 February of the year of typing."""
    day, month = str(weight).split(".")
    return datetime(2025, int(month), int(day))  # noqa: DTZ001 - a spreadsheet cell has no zone


def dated_rows(count: int) -> list[Row]:
    """The first `count` children whose weight looks like a date to Excel have it turned into one."""
    rows = []
    for row in ROWS:
        weight = row["Berat"]
        assert isinstance(weight, float)
        if count and 1 <= round(weight % 1, 1) * 10 <= 9:
            rows.append(changed(row, {"Berat": as_excel_date(weight)}))
            count -= 1
        else:
            rows.append(row)
    assert count == 0
    return rows


def test_profiles_are_told_apart_by_their_columns() -> None:
    for heads, profile in ((HEADS_A, "A"), (HEADS_B, "B"), (HEADS_B_PRIME, B_PRIME), (["No", *HEADS_A, "Detail"], "A")):
        assert examine(workbook(ROWS, heads)).diagnosis.profile == profile


def test_the_answer_has_exactly_the_agreed_keys() -> None:
    answer = examine(text_file(ROWS)).diagnosis.as_json()
    assert list(answer) == [
        "file", "sha256", "encoding", "delimiter", "sheet", "profile", "header_row", "date_order", "rows", "blank",
        "taken", "repaired", "quarantined", "duplicate", "stopped", "stop_reasons", "recompute", "reasons", "columns",
        "messages",
    ]  # fmt: skip
    assert set(answer["recompute"]) == {"HAZ", "WAZ", "WHZ"}
    assert answer["recompute"]["HAZ"] == {"checked": 60, "equal": 60}
    assert answer["columns"]["Pukesmas"] == "puskesmas_name"
    assert set(answer["messages"][0]) == {"code", "severity", "text_id", "text_en"}
    assert len(answer["sha256"]) == 64


def test_who_waits_is_told_what_is_being_done_and_to_how_many_rows() -> None:
    told: list[tuple[str, int]] = []

    def tell(step: str, rows: int) -> None:
        told.append((step, rows))

    diagnose.examine("berkas", text_file(ROWS), recompute=recompute, today=TODAY, progress=tell)
    assert told == [("open", 0), ("read", 60), ("score", 60), ("judge", 60)]


def test_a_file_without_identity_is_diagnosed_only() -> None:
    diagnosis = examine(workbook(ROWS, HEADS_B_PRIME)).diagnosis
    assert diagnosis.stop_reasons == ["no_identity"]
    assert not diagnosis.can_be_confirmed
    assert diagnosis.counts["taken"] == 60


def test_without_a_position_either_one_may_make_a_row_recompute() -> None:
    swapped = [{**row, "Cara Ukur": {"Berdiri": "Terlentang"}.get(str(row["Cara Ukur"]), "Berdiri")} for row in ROWS]
    rows = [scored(row) for row in swapped]
    assert examine(workbook(rows, HEADS_A)).diagnosis.recompute["HAZ"]["equal"] == 60


def test_with_a_stated_position_only_that_one_counts() -> None:
    wrong = [changed(row, {"Cara Ukur": "Berdiri"}) for row in ROWS]  # scored as they lay, now said to stand
    diagnosis = examine(workbook(wrong, HEADS_B)).diagnosis
    assert diagnosis.recompute["HAZ"]["equal"] < 60
    assert "does_not_recompute" in diagnosis.stop_reasons


@pytest.mark.parametrize(("wrong", "stops"), [(3, False), (4, True)])
def test_more_than_5_percent_failing_in_any_index_stops_until_confirmed(wrong: int, stops: bool) -> None:  # noqa: FBT001
    rows = [changed(row, {"ZS TB/U": 1.99}) if n < wrong else row for n, row in enumerate(ROWS)]
    diagnosis = examine(workbook(rows)).diagnosis
    assert diagnosis.recompute["HAZ"] == {"checked": 60, "equal": 60 - wrong}
    assert diagnosis.stopped is stops
    assert diagnosis.can_be_confirmed is stops


def test_fewer_than_20_rows_are_too_few_to_stop_a_file() -> None:
    rows = [changed(row, {"ZS TB/U": 1.99}) for row in ROWS[:19]]
    assert not examine(workbook(rows)).diagnosis.stopped


def test_a_hundredth_is_equal_and_two_are_not() -> None:
    for step, equal in ((0.01, 60), (-0.01, 60), (0.02, 0)):
        rows = [changed(row, {"ZS BB/U": round(float(str(row["ZS BB/U"])) + step, 2)}) for row in ROWS]
        assert examine(workbook(rows)).diagnosis.recompute["WAZ"]["equal"] == equal


def test_the_day_of_birth_does_not_count() -> None:
    newborn = changed(ROWS[0], {"Tgl Lahir": date(2025, 2, 14), "Usia Saat Ukur": "0 Tahun - 0 Bulan - 0 Hari"})
    assert examine(workbook([newborn, *ROWS[1:]])).diagnosis.recompute["HAZ"]["checked"] == 59


def test_columns_sorted_apart_from_their_rows_stop_the_file_and_are_named() -> None:
    weights = sorted(float(str(row["Berat"])) for row in ROWS)
    rows = [changed(row, {"Berat": weight}) for row, weight in zip(random.Random(1).sample(ROWS, 60), weights)]  # noqa: B905
    diagnosis = examine(workbook(rows)).diagnosis
    assert diagnosis.stop_reasons == ["columns_sorted_apart", "does_not_recompute"]
    message = next(message for message in diagnosis.messages if message.code == "columns_sorted_apart")
    assert "Berat" in message.text_id
    assert "Tinggi" not in message.text_id


def test_a_file_sorted_as_a_whole_is_fine() -> None:
    rows = sorted(ROWS, key=lambda row: float(str(row["Berat"])))
    assert not examine(workbook(rows)).diagnosis.stopped


def test_weights_that_excel_turned_into_dates_are_turned_back_and_marked() -> None:
    examination = examine(workbook(dated_rows(20)))
    assert examination.diagnosis.counts == {"taken": 40, "repaired": 20, "quarantined": 0, "duplicate": 0, "blank": 0}
    assert examination.diagnosis.reasons == {"weight_from_date": 20}
    assert examination.diagnosis.recompute["WAZ"] == {"checked": 60, "equal": 60}
    for verdict, source in zip(examination.judged, ROWS, strict=True):
        assert verdict.row is not None
        assert verdict.row.weight_kg == source["Berat"]
        assert (verdict.outcome is Outcome.REPAIRED) == bool(verdict.reasons)


def test_a_text_file_saved_after_excel_made_dates_is_mended_too() -> None:
    def written(cell: Cell) -> str:
        return cell.strftime("%d-%b") if isinstance(cell, datetime) else "" if cell is None else str(cell)

    diagnosis = examine(text_file(dated_rows(20), written=written)).diagnosis
    assert diagnosis.counts["repaired"] == 20


def test_dates_are_not_turned_back_where_the_official_z_disproves_it() -> None:
    rows = dated_rows(20)
    dated = [n for n, row in enumerate(rows) if isinstance(row["Berat"], datetime)]
    for number in dated[:2]:  # 18 of 20 recompute: below 95 %
        rows[number] = changed(rows[number], {"ZS BB/U": -4.9})
    examination = examine(workbook(rows))
    assert examination.diagnosis.counts["repaired"] == 0
    assert examination.diagnosis.reasons == {"weight_is_date": 20}
    assert examination.diagnosis.recompute["WAZ"] == {"checked": 40, "equal": 40}, "a proposal is no value"
    first = examination.judged[dated[0]]
    assert first.outcome is Outcome.QUARANTINED
    assert dict(first.reasons[0].proposed) == {"weight_kg": ROWS[dated[0]]["Berat"]}


def test_in_a_proven_file_the_row_that_disproves_it_is_still_held_back() -> None:
    rows = dated_rows(25)
    odd = next(n for n, row in enumerate(rows) if isinstance(row["Berat"], datetime))
    rows[odd] = changed(rows[odd], {"ZS BB/U": -4.9})
    diagnosis = examine(workbook(rows)).diagnosis
    assert diagnosis.reasons == {"weight_from_date": 24, "weight_is_date": 1}


def test_without_official_scores_nothing_is_turned_back() -> None:
    rows = [changed(row, {"ZS BB/U": None, "ZS TB/U": None, "ZS BB/TB": None}) for row in dated_rows(20)]
    diagnosis = examine(workbook(rows)).diagnosis
    assert diagnosis.reasons == {"weight_is_date": 20}
    assert any(message.code == "no_official_scores" for message in diagnosis.messages)


def test_b062_niks_that_a_spreadsheet_rounded_are_all_held_back() -> None:
    cut = [changed(row, {"NIK": f"{str(row['NIK'])[:15]}0"}) for row in ROWS]  # text again, the last digit gone
    diagnosis = examine(text_file(cut)).diagnosis
    assert diagnosis.reasons == {"nik_damaged": 60}
    some = [*cut[:20], *ROWS[20:]]  # a third may be made up, as in the real file of Timor Tengah Utara
    assert "nik_damaged" not in examine(text_file(some)).diagnosis.reasons


def test_a_file_of_which_nothing_can_be_taken_is_an_error() -> None:
    diagnosis = examine(workbook([changed(row, {"JK": "X"}) for row in ROWS])).diagnosis
    assert diagnosis.stop_reasons == ["nothing_taken"]
    assert not diagnosis.can_be_confirmed


def test_an_order_of_day_and_month_that_nothing_proves_stops_until_confirmed() -> None:
    rows = [
        changed(row, {"Tgl Lahir": "03/04/2023", "Tanggal Pengukuran": "05/06/2024", "Usia Saat Ukur": None})
        for row in ROWS
    ]
    diagnosis = examine(text_file(rows)).diagnosis
    assert "date_order_unproven" in diagnosis.stop_reasons


def test_an_extract_of_stunted_children_is_recognised() -> None:
    short = [scored({**row, "Tinggi": float(str(row["Tinggi"])) - 14}) for row in ROWS]
    stunted = [row for row in short if float(str(row["ZS TB/U"])) < -2.0]
    assert len(stunted) >= 20
    assert any(message.code == "only_stunted" for message in examine(workbook(stunted)).diagnosis.messages)
    assert not any(message.code == "only_stunted" for message in examine(workbook(ROWS)).diagnosis.messages)


def test_b076_a_dry_run_of_the_same_file_says_the_same() -> None:
    data = workbook(dated_rows(10))
    assert examine(data).diagnosis.as_json() == examine(data).diagnosis.as_json()


_CELLS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.integers(-10, 10**17),
    st.dates(date(1990, 1, 1), date(2040, 1, 1)),
    st.sampled_from(["-", "0", "L", "P", "8,5", "31/02/2024", "999.99", "=1+1", "6,11203E+15", "\xa0"]),
)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(HEADS_B), _CELLS), max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_a_cell_holds_the_five_counts_add_up(edits: list[tuple[int, str, Cell]]) -> None:
    rows = [dict(row) for row in ROWS[:10]]
    for number, head, cell in edits:
        rows[number][head] = cell
    examination = examine(workbook(rows, HEADS_B))
    diagnosis = examination.diagnosis
    assert sum(diagnosis.counts.values()) == diagnosis.rows == 10
    for verdict in examination.judged:
        assert (verdict.row is not None) == (verdict.outcome in (Outcome.TAKEN, Outcome.REPAIRED))
        assert all(reason.code in ROW_PROBLEMS for reason in (*verdict.reasons, *verdict.notes))
    for message in diagnosis.messages:
        assert message.code in FILE_PROBLEMS or message.code in ROW_PROBLEMS


def test_messages_name_rows_and_quote_nobody() -> None:
    rows = [changed(ROWS[0], {"NIK": "6,11203E+15"}), changed(ROWS[1], {"Berat": 9855}), *ROWS[2:]]
    text = " ".join(message.text_id + message.text_en for message in examine(workbook(rows)).diagnosis.messages)
    assert "(2)" in text
    assert "(3)" in text
    assert "6,11203E+15" not in text
    assert str(ROWS[0]["Nama"]) not in text
