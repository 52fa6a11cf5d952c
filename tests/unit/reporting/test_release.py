"""A release: which areas it tells of, and what it hides beside what was released before."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np
import pytest

from services.reporting.domain.areas import Entry, Tree
from services.reporting.domain.figures import COUNTS
from services.reporting.domain.hidden_counts import RULED
from services.reporting.domain.hidden_periods import Parts, hide_beside
from services.reporting.domain.release import TOP, Released
from services.reporting.domain.release_hiding import added_up, places_of
from services.reporting.store.releases import Found
from services.reporting.store.sums import SUM_COLUMNS
from services.reporting.use_cases.released_figures import shown

pytestmark = pytest.mark.bare


def _area(code: str, parent: str | None) -> Entry:
    return Entry("area", code, code, None, parent, (), None)


TREE: Final = Tree(
    [
        _area("12", None), _area("12.05", "12"), _area("12.19", "12"), _area("12.19.01", "12.19"),
        _area("12.19.02", "12.19"), _area("12.19.01.2001", "12.19.01"), _area("12.19.01.2002", "12.19.02"),
    ]
)  # fmt: skip


def test_a_desa_counts_where_the_register_has_it_and_an_unknown_one_in_the_kecamatan_of_its_code() -> None:
    places = places_of(TREE, "12", ["12.19"], ["12.19.01.2002", "12.19.03.2009", "12.05.01.2001"])
    assert places.below == {
        TOP: ["12"], "12": ["12.19"], "12.19": ["12.19.01", "12.19.02", "12.19.03"], "12.19.01": ["12.19.01.2001"],
        "12.19.02": ["12.19.01.2002"], "12.19.03": ["12.19.03.2009"],
    }  # fmt: skip
    assert places.belongs["12.19.01.2002"] == ["12", "12.19", "12.19.02", "12.19.01.2002"]
    assert set(places.belongs) == {"12.19.01.2001", "12.19.01.2002", "12.19.03.2009"}
    counts = np.array([[[1, 10], [2, 20], [4, 40]]])
    sums = added_up(places, ["12.19.01.2002", "12.19.03.2009", "12.05.01.2001"], counts)[0]
    added = dict(zip(places.codes, sums[:, 0].tolist(), strict=True))
    assert added == {
        "12": 3, "12.19": 3, "12.19.01": 0, "12.19.02": 1, "12.19.03": 2, "12.19.01.2001": 0, "12.19.01.2002": 1,
        "12.19.03.2009": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("differs", "measured_once", "hidden"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_what_is_no_longer_the_sum_of_what_was_told_is_hidden(
    differs: bool,  # noqa: FBT001
    measured_once: bool,  # noqa: FBT001
    hidden: bool,  # noqa: FBT001
) -> None:
    """Of two siblings the second has late facts in a month; all of its findings and those before it are hidden."""
    counts: dict[str, Any] = {name: np.array([60, 60]) for name in COUNTS}
    counts |= {name: np.array([20, 20]) for name in RULED if name.startswith(("stunted", "severely_stunted"))}
    months = 1 if measured_once else 2
    part = {name: np.tile(own, (months, 1)) for name, own in counts.items()}
    nothing = {name: np.zeros((months, 2), bool) for name in RULED}
    told = {name: np.zeros(2, bool) for name in RULED}
    hide_beside(
        counts, [Parts(part, part, nothing, np.array([False, differs]), np.ones((months, 2), np.int64))], [0, 1], told
    )
    assert told["stunted"].tolist() == [hidden, hidden]
    assert not told["measured_children"].any()


@pytest.mark.parametrize(("releases", "hidden"), [([1, 1, 1], [True, True, False]), ([1, 2, 2], [True, True, True])])
def test_what_follows_from_the_total_of_its_own_release_covers_nobody(releases: list[int], hidden: list[bool]) -> None:
    """The first sibling is small, the second the sum of its month: hidden there beside the first, or alone."""
    counts: dict[str, Any] = {name: np.array([60, 60, 60]) for name in COUNTS}
    counts["stunted"] = np.array([4, 20, 20])
    part = {name: np.array([own, [own[0], 0, own[2]]]) for name, own in counts.items()}
    was_hidden = {name: np.array([[name == "stunted"] * 2 + [False], [False] * 3]) for name in RULED}
    told = {name: np.array([name == "stunted"] * 2 + [False]) for name in RULED}
    release = np.array([releases, releases])
    hide_beside(counts, [Parts(part, part, was_hidden, np.zeros(3, bool), release)], [0, 1, 2], told)
    assert told["stunted"].tolist() == hidden


def test_a_count_that_the_program_of_the_release_did_not_know_is_not_told_as_zero() -> None:
    sums = dict.fromkeys(SUM_COLUMNS, 40)
    del sums["anaemic"]
    told = shown([Found(date(2026, 2, 11), Released("12.19", "12", sums, frozenset({"oedema"})))]).figures
    assert (told["anaemic"], told["oedema"], told["stunted"]) == (None, None, 40)
    assert told["suppressed"] == ["anaemic", "oedema"]
