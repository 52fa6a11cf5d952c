"""The file diagnosis names the dirt that was put in, kind by kind and row by row."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache

import pytest

from deploy.demo.dirt import QUIET_KINDS
from deploy.demo.intake import Verdict
from deploy.demo.tally import COUNTED_AS, Tally
from deploy.demo.uploads import Office
from deploy.demo.world import make_world
from services.measurement.formats.diagnose import examine
from services.measurement.jobs.growth import recompute

TODAY = date(2026, 11, 25)
#: Another remark on the same row may take precedence, or a damaged NIK hides what else is wrong with it.
MAY_HIDE = 0.02


@cache
def tally() -> Tally:
    """Two months of a small district, diagnosed."""
    office = Office(make_world(children=3_000, months=2, seed=8, today=TODAY))
    found = Tally()
    for round_index in range(2):
        for upload in office.uploads(round_index):
            file = office.make(upload)
            diagnosis = examine(file.name, file.content, recompute=recompute, today=TODAY).diagnosis.as_json()
            assert diagnosis["stopped"] == file.must_stop, (file.name, diagnosis["stop_reasons"])
            state = "stopped" if diagnosis["stopped"] else "done"
            found.add(file, Verdict(file.name, state, diagnosis, {"blank": diagnosis["blank"]}))
    return found


def test_only_the_file_whose_columns_came_apart_is_stopped() -> None:
    assert len(tally().stopped) == 1
    assert tally().found["columns_sorted_apart"] == 1


def test_blank_rows_are_counted_and_nothing_else_is_blank() -> None:
    assert tally().found["blank_row"] == tally().injected["blank_row"] > 0


@pytest.mark.parametrize(
    "kind",
    [
        *("weight_in_grams", "weight_lost_decimal", "weight_height_swapped", "weight_missing", "length_height_missing"),
        *("measured_in_future", "visit_before_birth", "sex_missing", "nik_damaged", "nik_malformed"),
        *("nik_birth_date_differs", "nik_sex_differs", "nik_foreign_region", "birth_weight_in_grams"),
        *("birth_weight_lost_decimal", "birth_length_decimal_shifted", "duplicate_row", "same_day_other_values"),
        "weight_from_date",
    ],
)
def test_each_kind_is_found_about_as_often_as_it_was_put_in(kind: str) -> None:
    injected, found = tally().injected[kind], tally().found[kind]
    assert injected > 0
    assert abs(found - injected) <= max(2, MAY_HIDE * injected)


def test_every_kind_is_either_named_counted_or_known_to_be_read_past() -> None:
    by_the_service = {"unmapped_posyandu", "row_sent_again", "corrected_value"}  # needs the register or stored rows
    silent = {kind for kind in tally().injected if tally().found[kind] == 0}
    assert silent <= QUIET_KINDS | by_the_service
    assert set(COUNTED_AS) <= {*Counter(tally().injected)}
