"""What makes a row of a batch of measurements malformed (how rows are read: `shared/http/row_batch.py`)."""

import uuid
from typing import Any

import orjson
import pytest

from services.measurement.http.requests import MeasurementIn, MeasurementsIn
from shared.http.row_batch import RowReader

READER = RowReader(MeasurementsIn, MeasurementIn)
GOOD: dict[str, Any] = {"child_id": str(uuid.uuid4()), "measured_on": "2025-07-05", "weight_kg": 8.5}


def codes(rows: list[Any]) -> dict[int, list[tuple[str, str]]]:
    batch = READER.read(orjson.dumps({"rows": rows}))
    assert batch.received == len(rows)
    assert batch.good.keys() | batch.bad.keys() == set(range(len(rows)))
    return {index: [(p.field, p.code) for p in problems] for index, problems in batch.bad.items()}


def test_good_rows_are_read_at_once() -> None:
    assert codes([GOOD, GOOD]) == {}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"weight_kg": "8,5"}, "weight_kg", "decimal_comma"),
        ({"weight_kg": "8.5"}, "weight_kg", "number_as_text"),
        ({"measured_on": "05/07/2025"}, "measured_on", "not_a_date"),
        ({"child_id": "12"}, "child_id", "not_a_uuid"),
        ({"berat": 8.5}, "berat", "unknown_field"),
        ({"measurement_position": "L"}, "measurement_position", "not_allowed_value"),
        ({"desa_code": "1219012003"}, "desa_code", "wrong_form"),
    ],
)
def test_a_malformed_row_says_what_is_wrong_with_it(change: dict[str, Any], field: str, code: str) -> None:
    """B066: strings are never numbers in JSON."""
    assert codes([GOOD, {**GOOD, **change}, GOOD]) == {1: [(f"rows.1.{field}", code)]}
