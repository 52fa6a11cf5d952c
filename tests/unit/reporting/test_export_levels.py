"""Which levels of areas a file holds."""

from __future__ import annotations

import pytest

from services.reporting.use_cases.collect_figures import _below

pytestmark = pytest.mark.bare


@pytest.mark.parametrize(
    ("level", "lowest", "exact", "levels"),
    [
        ("kabupaten", "posyandu", True, ["kecamatan", "desa", "posyandu"]),
        ("kabupaten", "posyandu", False, ["kecamatan", "desa"]),
        ("kabupaten", "desa", True, ["kecamatan", "desa"]),
        ("provinsi", "posyandu", True, ["kabupaten", "kecamatan"]),
        ("provinsi", "desa", False, ["kabupaten", "kecamatan"]),
        ("kelurahan", "posyandu", True, ["posyandu"]),
        ("desa", "posyandu", False, []),
        ("posyandu", "posyandu", True, []),
        ("puskesmas", "posyandu", True, []),
    ],
)
def test_a_file_ends_where_its_reader_may_look_and_people_still_read(
    level: str,
    lowest: str,
    exact: bool,  # noqa: FBT001 - a column of the table above
    levels: list[str],
) -> None:
    assert _below(level, lowest, exact=exact) == levels
