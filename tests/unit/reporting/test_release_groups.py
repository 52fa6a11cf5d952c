"""Groups of sex and age as they are released: hidden like rows of figures, kept, added up and told again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain.areas import Entry, Tree
from services.reporting.domain.figures import figures
from services.reporting.domain.groups import AGES, EVERY_WAY, SEXES, By, Group
from services.reporting.domain.hidden_counts import Counts
from services.reporting.domain.periods import QUARTER, Period
from services.reporting.domain.release import TOP, Batch
from services.reporting.domain.released_groups import kept_by_family, released_groups
from services.reporting.domain.suppression import hidden_columns
from services.reporting.store.sums import SUM_COLUMNS
from tests.unit.reporting.attacker import draw_marks

pytestmark = pytest.mark.bare

BELOW = {
    TOP: ["12"],
    "12": ["12.05", "12.19"],
    "12.05": ["12.05.01"],
    "12.19": ["12.19.01", "12.19.02"],
    "12.05.01": ["12.05.01.2001", "12.05.01.2002"],
    "12.19.01": ["12.19.01.2001", "12.19.01.2002", "12.19.01.2003"],
    "12.19.02": ["12.19.02.2001"],
}
AREAS = [code for codes in BELOW.values() for code in codes]
MONTH = Period(date(2026, 3, 1))


def batch_of(period: Period = MONTH, hidden: Mapping[str, frozenset[str]] = MappingProxyType({})) -> Batch:
    """What the release of three kecamatan has before its groups; one desa has an official target."""
    tree = Tree([Entry("target", "12.19.01.2003", "", None, None, (), 4)])
    return Batch("12", period, tree, BELOW, {}, SUM_COLUMNS, {}, hidden)


def cells_drawn(rng: np.random.Generator, *, largest: int, empty: Collection[int] = ()) -> dict[str, Counts]:
    """Of each desa some children by sex and age (none of the ages `empty`), also none; added up to the provinsi."""
    cells = {code: np.zeros((len(SEXES), len(AGES), len(SUM_COLUMNS)), np.int64) for code in AREAS}
    for desa in (code for code in AREAS if code.count(".") == 3):
        if rng.random() < 0.2:
            continue
        for sex in range(len(SEXES)):
            for age in set(range(len(AGES))).difference(empty):
                marks = draw_marks(rng, int(rng.integers(0, largest)))
                parts = desa.split(".")
                for count in range(1, 5):
                    cells[".".join(parts[:count])][sex, age] += [marks[name] for name in SUM_COLUMNS]
    return cells


def told(kept: dict[str, Any], by: By) -> tuple[dict[Group, dict[str, int]], set[str]]:
    """As it comes back from the database."""
    return released_groups([json.loads(json.dumps(kept))], by, SUM_COLUMNS)


def kept_of(batch: Batch, cells: dict[str, Counts]) -> dict[str, Any]:
    """Of every area."""
    return {code: kept for family in kept_by_family(batch, cells, SUM_COLUMNS) for code, kept in family.items()}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=6, deadline=None)
def test_a_family_is_one_table_with_its_groups_and_hides_what_the_area_above_hides_in_any_of_them(seed: int) -> None:
    """As the rule of rows says it, family by family; with those under two, and without groups of nobody."""
    rng = np.random.default_rng(seed)
    cells = cells_drawn(rng, largest=int(rng.choice([3, 20, 120])), empty=rng.choice(len(AGES), 3).tolist())
    batch = batch_of(hidden={"12.19": frozenset({"oedema", "haz_flagged"}), "12.19.02": frozenset({"urgent"})})
    kept = kept_of(batch, cells)
    for by in EVERY_WAY:
        hidden: dict[str, set[str]] = {TOP: set()}
        for parent, codes in BELOW.items():
            groups = {code: told(kept[code], by)[0] for code in codes}
            rows = [
                {"code": code, "official_target": batch.tree.official_target(code), **whole(cells[code])}
                for code in codes
            ]
            parts = [[figures(sums) for sums in with_young(groups[code])] for code in codes]
            of_each = hidden_columns(rows, parts, hidden[parent] | batch.hidden.get(parent, frozenset()))
            for code, own in zip(codes, of_each, strict=True):
                hidden[code] = own | batch.hidden.get(code, frozenset())
                assert told(kept[code], by)[1] == hidden[code], (code, by)


def whole(cells: Counts) -> dict[str, Any]:
    """Figures of an area of which these are the groups."""
    return figures(dict(zip(SUM_COLUMNS, cells.sum(axis=(0, 1)).tolist(), strict=True)))


def with_young(groups: dict[Group, dict[str, int]]) -> list[dict[str, int]]:
    """Each group, and those under two of each sex."""
    young: dict[str | None, list[dict[str, int]]] = {}
    for group, sums in groups.items():
        if group.age in {"0-5", "6-11", "12-23"}:
            young.setdefault(group.sex, []).append(sums)
    added = [{name: sum(each[name] for each in parts) for name in SUM_COLUMNS} for parts in young.values()]
    return [*groups.values(), *added]


def test_groups_add_up_to_the_area_by_either_and_both_and_stand_in_their_order() -> None:
    cells = cells_drawn(np.random.default_rng(4), largest=40, empty=[AGES.index("6-11")])
    kept = kept_of(batch_of(), cells)
    for code in AREAS:
        for by in EVERY_WAY:
            groups, _ = told(kept[code], by)
            for name in ("target_children", "stunted"):
                assert sum(sums[name] for sums in groups.values()) == whole(cells[code])[name]
    by_age = [group.age for group in told(kept["12"], "age")[0]]
    assert by_age == [age for age in AGES if age != "6-11"], "of whom there is nobody anywhere"
    both = [group.code for group in told(kept["12"], "sex,age")[0]]
    assert (both[:2], both[-3:]) == (["L,0-5", "L,12-23"], ["L,unknown", "P,unknown", "unknown,unknown"])


def test_groups_of_a_quarter_are_kept_of_kabupaten_and_above_only() -> None:
    """Beside the groups of its months those of a small area could be reckoned."""
    cells = cells_drawn(np.random.default_rng(1), largest=40)
    quarter = kept_of(batch_of(Period(date(2026, 1, 1), QUARTER)), cells)
    assert set(quarter) == {"12", "12.05", "12.19"}
    assert set(kept_of(batch_of(), cells)) == set(AREAS)


def test_kabupaten_released_at_different_times_add_up_and_hide_what_one_of_them_hides() -> None:
    early = {"groups": ["L,0-5", "P,0-5"], "sums": {"stunted": [3, 4]}, "hidden": {"sex": ["urgent"], "age": []}}
    late = {"groups": ["P,0-5", "P,unknown"], "sums": {"stunted": [20, 1]}, "hidden": {"sex": ["wasted"], "age": []}}
    groups, hidden = released_groups([early, late], "sex", SUM_COLUMNS)
    assert {group.code: sums["stunted"] for group, sums in groups.items()} == {"L": 3, "P": 25}
    assert hidden == {"urgent", "wasted"}
    assert [group.code for group in released_groups([late, early], "age", SUM_COLUMNS)[0]] == ["0-5", "unknown"]
