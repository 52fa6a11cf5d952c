"""From their figure to ours: whatever the rows are, the bars lead from one to the other exactly, in every grouping."""

from __future__ import annotations

import random
import uuid
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.domain.aggregates import AggregateLine
from services.measurement.domain.reconciliation_causes import CAUSES
from services.measurement.domain.waterfall import (
    BARS,
    NOT_EXPLAINED,
    WORDS,
    ComparedRow,
    Scored,
    Tally,
    Waterfall,
    bar_of,
    by_group,
    from_published,
    of_json,
    published_of,
    together,
    waterfalls,
)

pytestmark = pytest.mark.bare
BORN, DAY = date(2023, 7, 5), date(2025, 7, 5)
CHILDREN = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)) for number in range(4)]
LINKED_CAUSES = ("same", "age", "position", "rounding", "sex", "month_table", "shifted_column", "edited")


def scored(haz: float | None, on: date = DAY, born: date = BORN) -> Scored:
    return Scored(haz, born, on)


def random_row(dice: random.Random) -> ComparedRow:
    def side() -> Scored:
        haz = dice.choice((-6.5, -2.4, -2.0, -1.0, 6.2, None))
        return scored(haz, DAY + timedelta(days=dice.choice((0, 9))), dice.choice((BORN, date(2020, 7, 5))))

    kind = dice.choice(("linked", "linked", "theirs", "ours"))
    if kind == "linked":
        cause, child = dice.choice(LINKED_CAUSES), dice.choice(CHILDREN)
        return ComparedRow(cause, (), dice.choice("ab"), child, side(), side())
    if kind == "theirs":
        cause, reasons = dice.choice(("duplicate", "missing_here", "not_compared")), dice.choice(((), ("other_month",)))
        return ComparedRow(cause, reasons, dice.choice(("a", "")), None, side(), None)
    return ComparedRow("missing_there", (), dice.choice("ab"), dice.choice(CHILDREN), None, side())


def leads(part: Waterfall) -> bool:
    end = part.theirs
    for tally in part.bars.values():
        end = end.plus(tally)
    return end == part.ours


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**9), published=st.tuples(st.integers(0, 9), st.integers(0, 30)))
def test_the_bars_lead_from_their_figure_to_ours_in_every_grouping(seed: int, published: tuple[int, int]) -> None:
    dice = random.Random(seed)
    rows = [random_row(dice) for _ in range(dice.randrange(15))]
    parts = waterfalls(rows)
    whole = together(parts.values())
    assert all(leads(part) for part in (*parts.values(), whole))
    assert whole.theirs == together(by_group(parts, lambda _: "pkm").values()).theirs
    visits: dict[tuple[str, uuid.UUID | None], list[tuple[date, Tally]]] = {}
    for row in rows:
        if row.ours is not None and row.ours.haz is not None and row.ours.measured_on is not None:
            visits.setdefault((row.desa_code, row.child_id), []).append((row.ours.measured_on, row.ours.tally()))
    assert whole.ours.measured == sum(max(own)[1].measured for own in visits.values())
    typed = from_published(Tally(*published), whole)
    assert leads(typed)
    assert typed.theirs == published
    assert of_json(whole.as_json()) == whole


def test_every_cause_but_the_same_has_its_bar() -> None:
    assert set(CAUSES) - {"same"} <= set(BARS)
    assert WORDS.keys() == set(BARS)


@pytest.mark.parametrize(
    ("row", "bar", "moved"),
    [
        (ComparedRow("position", (), "a", CHILDREN[0], scored(-2.1), scored(-1.9)), "position", (-1, 0)),
        (ComparedRow("edited", (), "a", CHILDREN[0], scored(-6.4), scored(-2.4)), "outlier", (1, 1)),
        (ComparedRow("same", (), "a", CHILDREN[0], scored(None), scored(-2.4)), "score_missing", (1, 1)),
        (ComparedRow("missing_here", (), "a", None, scored(-2.4), None), "missing_here", (-1, -1)),
        (ComparedRow("not_compared", ("other_month",), "a", None, scored(-1.0), None), "other_month", (0, -1)),
    ],
)
def test_a_row_moves_the_bar_of_its_cause(row: ComparedRow, bar: str, moved: tuple[int, int]) -> None:
    (part,) = waterfalls([row]).values()
    assert bar_of(row) == bar
    assert {name: tally for name, tally in part.bars.items() if any(tally)} == {bar: moved}


def test_a_child_measured_twice_counts_once_by_its_last_score() -> None:
    rows = [
        ComparedRow("same", (), "a", CHILDREN[0], scored(-2.4), scored(-2.4)),
        ComparedRow("missing_there", (), "a", CHILDREN[0], None, scored(-1.9, DAY + timedelta(days=9))),
    ]
    (part,) = waterfalls(rows).values()
    assert (part.theirs, part.ours) == ((1, 1), (0, 1))
    assert part.bars["repeated_visit"] == (-1, -1)


def test_a_child_whose_last_score_is_implausible_is_in_no_rate_here_as_in_the_figures_of_the_area() -> None:
    rows = [
        ComparedRow("same", (), "a", CHILDREN[0], scored(-2.4), scored(-2.4)),
        ComparedRow("missing_there", (), "a", CHILDREN[0], None, scored(-6.4, DAY + timedelta(days=9))),
    ]
    (part,) = waterfalls(rows).values()
    assert (part.theirs, part.ours) == ((1, 1), (0, 0))
    assert part.bars["repeated_visit"] == (-1, -1)


def test_of_aggregates_alone_what_cannot_be_known_is_one_honest_bar() -> None:
    counts = {"HAZ": {"sangat_pendek": 2, "pendek": 5, "normal": 30, "tinggi": 1, "outlier": 4, "total": 42}}
    published = published_of(AggregateLine(2, counts))
    assert published == (7, 38)
    ours = together(waterfalls([ComparedRow("missing_there", (), "a", CHILDREN[0], None, scored(-2.4))]).values())
    alone = from_published(published, Waterfall(Tally(), {}, ours.ours)._replace(theirs=ours.ours))
    assert {bar: tally for bar, tally in alone.bars.items() if any(tally)} == {NOT_EXPLAINED: (-6, -37)}
