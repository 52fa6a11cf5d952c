"""What kind of anaemia it may be: hints beside the verdict, which they never change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.scoring.laboratory_examples import DRAWN, bound, read_all, result, said

ANAEMIC, BLOOD = result(1, "haemoglobin", 95.0), "haemoglobin_who_2024"
SMALL, RED_CELLS_MANY = result(2, "mcv", 60.0), result(3, "rbc", 5.0, canonical_unit="10*12/L")  # index 12
IRON_LOW, IRON_FINE, INFLAMED = result(4, "ferritin", 8.0), result(4, "ferritin", 40.0), result(5, "crp", 9.0)
HINTS = ("hint_iron_deficiency", "hint_thalassaemia_trait", "hint_inflammation")


@pytest.mark.parametrize(
    ("others", "hints"),
    [
        ((), ()),
        ((SMALL,), ()),
        ((SMALL, IRON_LOW), HINTS[:1]),
        ((IRON_LOW,), ()),
        ((result(2, "mcv", 80.0), IRON_LOW), ()),
        ((SMALL, IRON_FINE), ()),
        ((SMALL, RED_CELLS_MANY), ()),
        ((SMALL, RED_CELLS_MANY, IRON_FINE), HINTS[1:2]),
        ((SMALL, RED_CELLS_MANY, IRON_LOW), HINTS[:1]),
        ((SMALL, RED_CELLS_MANY, IRON_FINE, INFLAMED), HINTS[1:]),
        ((IRON_FINE, INFLAMED), HINTS[2:]),
        ((IRON_FINE, result(5, "crp", 5.0)), ()),
        ((SMALL, result(4, "ferritin", 20.0)), ()),  # depends on inflammation
        ((SMALL, result(4, "ferritin", 20.0), INFLAMED), HINTS[:1]),
    ],
)
def test_the_blood_drawn_with_an_anaemia_hints_at_its_kind(others: tuple[object, ...], hints: tuple[str, ...]) -> None:
    alone, whole = read_all(ANAEMIC)[BLOOD], read_all(ANAEMIC, *others)[BLOOD]  # type: ignore[arg-type]
    assert tuple(note for note in whole.notes if note in HINTS) == hints
    assert (said(whole), whole.threshold) == (said(alone), alone.threshold)
    assert whole.provisional is bool(hints)


def test_there_is_no_hint_without_anaemia_nor_from_blood_of_another_time() -> None:
    healthy = read_all(result(1, "haemoglobin", 120.0), SMALL, IRON_LOW)[BLOOD]
    assert healthy.notes == ()
    for days, hints in ((7, HINTS[:1]), (8, ())):
        iron = result(4, "ferritin", 8.0, DRAWN - timedelta(days=days))
        assert read_all(ANAEMIC, SMALL, iron)[BLOOD].notes == hints


@pytest.mark.parametrize(
    ("mcv", "rbc", "note"),
    [
        ("62.4", "5", "mentzer_low"),  # 12.48
        ("62.5", "5", "mentzer_not_low"),  # 12.5 is 13, and 13 is not below 13
        ("72", "5.8", "mentzer_low"),
        ("73", "6", None),  # the cells are not small
        ("<62", "5", None),
        ("62", ">5", None),
        ("62", None, None),
    ],
)
def test_the_mentzer_index_of_small_cells_at_both_edges(mcv: str, rbc: str | None, note: str | None) -> None:
    cells = [] if rbc is None else [bound(2, "rbc", rbc, canonical_unit="10*12/L")]
    reading = read_all(bound(1, "mcv", mcv), *cells)["mcv"]
    assert [each for each in reading.notes if each.startswith("mentzer")] == ([note] if note else [])


def test_the_mentzer_index_is_of_one_draw_and_one_unit() -> None:
    for drawn_on, unit in ((DRAWN - timedelta(days=1), "10*12/L"), (DRAWN, "/uL")):
        cells = result(2, "rbc", 5.0, drawn_on, canonical_unit=unit)
        assert read_all(SMALL, cells)["mcv"].notes == ()
