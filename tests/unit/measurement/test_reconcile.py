"""Why two records of a visit differ: one cause each, and every honest explanation before an edit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.domain.recompute import FEMALE, INDICES, LYING, MALE, STANDING, UNKNOWN, ScoreInputs
from services.measurement.domain.reconcile import Finding, compare
from services.measurement.domain.reconcile_pairs import Pairs
from services.measurement.domain.reconcile_scores import month_table_age_days
from services.measurement.domain.reconciliation_causes import CAUSES
from services.measurement.jobs.growth import recompute
from shared.growth.growth_tables import FOLDER

DAYS: Final = 500
MONTHS: Final = 16.0


def inputs(
    sex: int = FEMALE, age: float = DAYS, kg: float = 8.2, cm: float = 75.5, position: int = LYING, size: int = 1
) -> ScoreInputs:
    return ScoreInputs(
        sex=np.full(size, sex, np.int8),
        age_days=np.full(size, float(age)),
        weight_kg=np.full(size, kg),
        length_height_cm=np.full(size, cm),
        position=np.full(size, position, np.int8),
    )


def scores(values: ScoreInputs) -> Any:
    z = recompute(values)
    return np.stack([z.of(index) for index in INDICES])


def pairs(theirs: ScoreInputs, official: Any, ours: ScoreInputs | None = None, **changes: Any) -> Pairs:
    ours = ours or inputs(size=theirs.sex.size)
    size = theirs.sex.size
    nothing = np.zeros(size, np.bool_)
    plain: dict[str, Any] = {
        "theirs": theirs,
        "ours": ours,
        "official": np.array(official, np.float64).reshape(3, size),
        "own_scores": scores(ours),
        "their_muac_cm": np.full(size, np.nan),
        "our_muac_cm": np.full(size, np.nan),
        "birth_date_differs": nothing,
        "day_differs": nothing,
        "other_ages": {},
        "months": np.full(size, MONTHS),
        "states_position": True,
        "follows": np.ones(size, np.bool_),
    }
    return Pairs(**(plain | changes))


def finding(theirs: ScoreInputs, official: Any, ours: ScoreInputs | None = None, **changes: Any) -> Finding:
    (found,) = compare(pairs(theirs, official, ours, **changes), recompute)
    return found


def test_equal_values_and_scores_are_the_same() -> None:
    assert finding(inputs(), scores(inputs())) == Finding("same")


def test_no_score_on_their_side_is_no_difference() -> None:
    assert finding(inputs(), [np.nan] * 3).cause == "same"


def test_a_score_after_sixty_months_is_no_difference() -> None:
    old = inputs(age=1827)
    assert finding(old, [-1.0, -1.0, -1.0], old).cause == "same"


def test_a_score_that_only_they_take_for_one_after_sixty_months_is_no_difference() -> None:
    older = {"birth_date_differs": np.ones(1, np.bool_)}
    assert finding(inputs(age=1827), [-5.0] * 3, inputs(age=1820), **older).fields == ("birth_date",)
    assert finding(inputs(age=1826), [-5.0] * 3, inputs(age=1820), **older).fields == (
        "birth_date",
        "haz",
        "waz",
        "whz",
    )


@pytest.mark.parametrize(("ours", "theirs"), [(LYING, STANDING), (STANDING, LYING)])
def test_two_stated_positions_are_the_07_cm(ours: int, theirs: int) -> None:
    found = finding(inputs(position=theirs), scores(inputs(position=theirs)), inputs(position=ours))
    assert (found.cause, found.hypothesis) == ("position", "their_position")
    assert found.fields[0] == "measurement_position"


@pytest.mark.parametrize(("ours", "theirs"), [(STANDING, UNKNOWN), (UNKNOWN, STANDING)])
def test_a_position_that_one_side_does_not_know_is_lost(ours: int, theirs: int) -> None:
    assert finding(inputs(position=theirs), scores(inputs(position=theirs)), inputs(position=ours)).cause == (
        "lost_position"
    )


def test_a_file_without_the_column_is_no_difference_by_itself() -> None:
    ours = inputs(position=STANDING)
    assert finding(inputs(position=UNKNOWN), scores(ours), ours, states_position=False).cause == "same"


def test_scores_of_the_raw_length_in_a_file_without_the_column_lost_the_position() -> None:
    ours, theirs = inputs(position=STANDING), inputs(position=UNKNOWN)
    found = finding(theirs, scores(theirs), ours, states_position=False)
    assert (found.cause, found.hypothesis) == ("lost_position", "raw_length")


def test_scores_of_a_position_that_nobody_states_are_the_07_cm() -> None:
    """Nine of ten misses of a real file: the column is absent, the scores are of the standing height."""
    unknown = inputs(position=UNKNOWN)
    found = finding(unknown, scores(inputs(position=STANDING)), unknown, states_position=False)
    assert (found.cause, found.hypothesis) == ("position", "as_standing")


def test_a_corrected_length_that_was_stored_is_the_07_cm_not_an_edit() -> None:
    found = finding(inputs(cm=76.2), scores(inputs(cm=76.2)))
    assert (found.cause, found.hypothesis) == ("position", "corrected_length_stored")


def test_another_age_that_recomputes_is_the_age() -> None:
    found = finding(inputs(), scores(inputs(age=530)), other_ages={"age_text": np.array([530.0])})
    assert (found.cause, found.hypothesis) == ("age", "age_text")


def test_another_birth_date_is_the_age() -> None:
    found = finding(inputs(age=480), scores(inputs(age=480)), birth_date_differs=np.ones(1, np.bool_))
    assert (found.cause, found.fields[0]) == ("age", "birth_date")


def test_another_sex_stated_or_only_reckoned_with_is_the_sex() -> None:
    assert finding(inputs(sex=MALE), scores(inputs(sex=MALE))).cause == "sex"
    found = finding(inputs(), scores(inputs(sex=MALE)))
    assert (found.cause, found.hypothesis) == ("sex", "other_sex")


def test_scores_of_the_cards_month_table_are_called_so() -> None:
    table = inputs(age=float(month_table_age_days(np.array([MONTHS]))[0]))
    found = finding(inputs(), scores(table))
    assert (found.cause, found.hypothesis) == ("month_table", "month_table")


def test_a_month_is_a_row_of_the_day_table_half_up() -> None:
    """WHO: month 1 = day 30, 2 = 61, 12 = 365, 24 = 731, 59 = 1796."""
    days = month_table_age_days(np.array([0.0, 1, 2, 12, 24, 59]))
    assert days.tolist() == [0, 30, 61, 365, 731, 1796]
    assert (FOLDER / "lhfa.csv").exists()


@pytest.mark.parametrize(("digits", "hypothesis"), [(0.01, "hundredths"), (None, "one_decimal")])
def test_a_score_that_is_only_rounded_is_rounding(digits: float | None, hypothesis: str) -> None:
    own = scores(inputs())
    found = finding(inputs(), own + digits if digits else np.round(own, 1))
    assert (found.cause, found.hypothesis) == ("rounding", hypothesis)


@pytest.mark.parametrize("changes", [{"cm": 76.0}, {"cm": 75.0}, {"kg": 8.0}])
def test_a_value_rounded_to_whole_numbers_is_rounding(changes: dict[str, float]) -> None:
    theirs = inputs(**changes)  # type: ignore[arg-type]
    assert finding(theirs, scores(theirs)).cause == "rounding"


def test_a_changed_weight_is_an_edit_and_says_that_its_scores_follow() -> None:
    found = finding(inputs(kg=9.7), scores(inputs(kg=9.7)))
    assert (found.cause, found.hypothesis) == ("edited", "their_values")
    assert found.fields[0] == "weight_kg"


def test_a_score_that_nothing_recomputes_is_an_edit() -> None:
    own = scores(inputs())
    own[0] -= 1.37
    assert finding(inputs(), own) == Finding("edited", ("haz",))


def test_weight_under_height_is_a_shifted_column() -> None:
    assert finding(inputs(kg=75.5, cm=8.2), [np.nan] * 3).cause == "shifted_column"


def test_scores_in_each_others_column_are_a_shifted_column() -> None:
    assert finding(inputs(), scores(inputs())[[1, 2, 0]]).cause == "shifted_column"


def test_three_rows_on_end_with_their_neighbours_value_are_a_shifted_column() -> None:
    weights = np.array([7.1, 7.9, 8.6, 9.4, 10.3])
    ours = replace(inputs(size=5), weight_kg=weights)
    theirs = replace(ours, weight_kg=np.roll(weights, 1))
    found = compare(pairs(theirs, scores(ours), ours), recompute)
    assert [item.cause for item in found] == ["edited", *["shifted_column"] * 4]
    theirs = replace(ours, weight_kg=np.array([7.1, 7.1, 7.9, 9.4, 10.3]))  # two only: chance
    assert {item.cause for item in compare(pairs(theirs, scores(ours), ours), recompute)} == {"same", "edited"}


VALUES: Final = st.tuples(
    st.sampled_from((MALE, FEMALE)), st.integers(1, 1900), st.integers(30, 200), st.integers(450, 1150),
    st.sampled_from((UNKNOWN, LYING, STANDING)),
)  # fmt: skip


def _columns(rows: list[tuple[int, int, int, int, int]]) -> ScoreInputs:
    sex, age, tenths_kg, tenths_cm, position = zip(*rows, strict=True)
    return ScoreInputs(
        np.array(sex, np.int8), np.array(age, float), np.array(tenths_kg) / 10, np.array(tenths_cm) / 10,
        np.array(position, np.int8),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(VALUES, VALUES, st.booleans()), min_size=1, max_size=12), states=st.booleans())
def test_every_pair_has_one_known_cause_and_itself_is_the_same(
    *, rows: list[tuple[Any, Any, bool]], states: bool
) -> None:
    ours = _columns([row[0] for row in rows])
    theirs = _columns([row[1] if row[2] else row[0] for row in rows])
    found = compare(pairs(theirs, scores(theirs), ours, states_position=states), recompute)
    assert len(found) == len(rows)
    assert {item.cause for item in found} <= CAUSES.keys()
    for item, row in zip(found, rows, strict=True):
        if not row[2]:
            assert item == Finding("same")
        if item.cause != "same":
            assert item.fields
