"""What the demo tells: sums that are sums, nothing made up, dirt beside what was found of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from deploy.demo.driver import Outcome
from deploy.demo.intake import Verdict
from deploy.demo.report import KECAMATAN_FIELDS, as_json, as_text, kecamatan_table, total_of
from deploy.demo.tally import Tally, rows_by_code
from deploy.demo.uploads import SentFile, Upload

LEDGER = {
    "state": "balanced",
    "balanced": True,
    "intake": {"received": 120, "accepted": 100, "unchanged": 10, "rejected": 4, "quarantined": 6, "pending": 0},
    "bus": {"records": 400, "dead": 0},
    "facts": {"facts": 300, "differences": []},
}


def kecamatan(**values: Any) -> dict[str, Any]:
    return {
        "code": "12.19.01",
        "name": "Medang Deras",
        "target_children": 200,
        "measured_children": 150,
        "coverage": 0.75,
        "haz_measured": 148,
        "stunted": 37,
        "stunted_share": 0.25,
        "stunted_low": 0.187,
        "stunted_high": 0.3255,
        "suspected": 40,
        "urgent": 2,
        "lab_ordered": 40,
        "lab_complete": 31,
        "anaemic": 14,
    } | values


def sent(rows: int, *, purpose: Any = "monthly", **injected: int) -> SentFile:
    return SentFile(Upload(0, 0, purpose), "berkas.xlsx", b"", rows, Counter(injected))


def done(counts: dict[str, int], *, reasons: dict[str, int], messages: list[dict[str, str]] | None = None) -> Verdict:
    return Verdict("berkas.xlsx", "done", {"reasons": reasons, "messages": messages or []}, counts)


def outcome(rows: list[dict[str, Any]]) -> Outcome:
    tally = Tally()
    tally.add(
        sent(1250, weight_in_grams=3, trailing_space=900, row_sent_again=40),
        done({"accepted": 1200, "unchanged": 38}, reasons={"weight_in_grams": 2, "sex_missing": 1}),
    )
    tally.api_rows = 50
    return Outcome(tally, "2026-10", rows, LEDGER, 10.0)


def test_the_district_is_the_sum_of_numerators_and_denominators() -> None:
    other = kecamatan(target_children=100, measured_children=90, haz_measured=52, stunted=3, stunted_share=3 / 52)
    total = total_of([kecamatan(), other])
    assert total["coverage"] == pytest.approx(240 / 300)
    assert total["stunted_share"] == pytest.approx(40 / 200)  # not the mean of 25 % and 5.8 %
    assert "stunted_low" not in total


def test_a_kecamatan_without_a_measured_child_has_no_share() -> None:
    empty = kecamatan(
        measured_children=0, haz_measured=0, stunted=None, stunted_share=None, stunted_low=None, stunted_high=None
    )
    head, _, line = kecamatan_table([empty])[:3]
    assert "0,0" not in line
    ends = {title: head.index(title) + len(title) for title in (" Pendek", " %", "95 % CI")}
    assert {title: line[end - 1] for title, end in ends.items()} == dict.fromkeys(ends, "-")


def test_what_laboratories_and_clinicians_did_is_told_and_one_child_is_explained() -> None:
    told = outcome([kecamatan()])
    told.laboratory, told.care = {"orders": 31, "results": 1550, "absent": 4}, {"refer": 2}
    line = {"text": "Tinggi badan 2,61 SD di bawah acuan."}
    told.explanation = {"headline": "Anak ini terduga stunting.", "sections": [{"title": "Tumbuh", "lines": [line]}]}
    text = as_text(told)
    assert "31 permintaan dikerjakan, 1.550 hasil dilaporkan, 4 keluarga belum datang" in text
    assert "2 dirujuk" in text
    assert "Anak ini terduga stunting." in text
    assert "- Tinggi badan 2,61 SD" in text


def test_the_json_has_the_fields_of_the_contract_and_null_where_nothing_is_known() -> None:
    document = as_json(outcome([kecamatan()]), {"checked": 5, "differences": 0})
    assert tuple(document["kecamatan"][0]) == KECAMATAN_FIELDS
    assert document["kecamatan"][0]["quality_grade"] is None
    assert document["kecamatan"][0]["anaemic"] == 14
    assert {"ledger", "verify", "rows", "seconds", "injected", "found"} <= document.keys()
    assert document["rows"] == 1300
    assert document["verify"] == {"checked": 5, "differences": 0}


def test_found_stands_beside_every_injected_kind_but_those_read_past() -> None:
    document = as_json(outcome([]), None)
    assert document["injected"] == {"row_sent_again": 40, "trailing_space": 900, "weight_in_grams": 3}
    assert document["found"] == {"row_sent_again": 38, "weight_in_grams": 2}


def test_the_text_is_in_indonesian_with_its_numbers() -> None:
    text = as_text(outcome([kecamatan()]))
    assert "Buku besar: seimbang" in text
    assert "1.300 baris ukur" in text
    assert "130 baris/detik" in text
    assert "18,7-32,5" in text or "18,7-32,6" in text


def test_a_stopped_file_counts_by_its_reason_and_not_as_rows() -> None:
    tally = Tally()
    broken = sent(500, purpose="sorted_apart", columns_sorted_apart=1)
    tally.add(broken, Verdict("x", "stopped", {"stop_reasons": ["columns_sorted_apart", "does_not_recompute"]}, {}))
    assert (tally.files, tally.rows, tally.stopped) == (1, 0, ["berkas.xlsx"])
    assert tally.found_kinds() == {"columns_sorted_apart": 1}


def test_notes_are_counted_by_the_number_their_message_begins_with() -> None:
    diagnosis = {
        "reasons": {"sex_missing": 2},
        "messages": [
            {"code": "nik_malformed", "text_en": "12 rows (2, 5, 9, 11, 20, …): the NIK is not valid."},
            {"code": "sex_missing", "text_en": "2 rows (3, 4): sex is missing."},
            {"code": "hidden_sheets", "text_en": "Hidden sheets are not read: Sheet2."},
        ],
    }
    assert rows_by_code(diagnosis) == {"nik_malformed": 12, "sex_missing": 2}


def test_unknown_posyandu_are_counted_as_names_to_decide_not_as_rows() -> None:
    tally = Tally()
    names = frozenset({("PERUPUK", "POSY. BARU MELATI"), ("PERUPUK", "POSY. BARU MAWAR")})
    for _ in range(2):
        file = SentFile(Upload(0, 0, "monthly"), "x", b"", 9, Counter(unmapped_posyandu=5), names)
        tally.add(file, done({}, reasons={}))
    tally.add_mappings(2)
    assert (tally.injected["unmapped_posyandu"], tally.found_kinds()["unmapped_posyandu"]) == (2, 2)
