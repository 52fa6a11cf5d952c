"""The ministry's classes: the bounds of Permenkes 2/2020, each from both sides."""

from __future__ import annotations

import pytest

from services.measurement.domain.official_classes import class_of


@pytest.mark.parametrize(
    ("index", "z", "expected"),
    [
        ("HAZ", -3.01, "sangat_pendek"),
        ("HAZ", -3.0, "pendek"),
        ("HAZ", -2.01, "pendek"),
        ("HAZ", -2.0, "normal"),
        ("HAZ", 3.0, "normal"),
        ("HAZ", 3.01, "tinggi"),
        ("WAZ", -3.01, "sangat_kurang"),
        ("WAZ", -3.0, "kurang"),
        ("WAZ", -2.0, "normal"),
        ("WAZ", 1.0, "normal"),
        ("WAZ", 1.01, "risiko_lebih"),
        ("WHZ", -3.01, "gizi_buruk"),
        ("WHZ", -3.0, "gizi_kurang"),
        ("WHZ", -2.0, "gizi_baik"),
        ("WHZ", 1.0, "gizi_baik"),
        ("WHZ", 1.01, "risiko_gizi_lebih"),
        ("WHZ", 2.0, "risiko_gizi_lebih"),
        ("WHZ", 2.01, "gizi_lebih"),
        ("WHZ", 3.0, "gizi_lebih"),
        ("WHZ", 3.01, "obesitas"),
    ],
)
def test_a_class_begins_and_ends_where_the_regulation_says(index: str, z: float, expected: str) -> None:
    assert class_of(index, z) == expected


def test_no_score_has_no_class() -> None:
    assert class_of("HAZ", None) is None
    assert class_of("HAZ", float("nan")) is None
