"""Letters of the KMS card by calendar months."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from services.scoring.domain.ages import age_days, completed_months
from services.scoring.domain.assessment_codes import NO_AGE, Letter
from services.scoring.domain.kms import Letters, Weighings, letters
from services.scoring.domain.ruleset import load
from shared import calendar
from tests.unit.scoring.growth_examples import floats


def weigh(*visits: tuple[str, float], born: str = "2024-06-10", sex: int = 1) -> Letters:
    on = np.array([when for when, _ in visits], "M8[D]")
    birth = np.full(on.size, np.datetime64(born))
    return letters(
        Weighings(
            np.zeros(on.size, np.int64),
            on,
            floats(kg for _, kg in visits),
            completed_months(birth, on),
            np.full(on.size, sex, np.int8),
        ),
        load().kms,
    )


def names(result: Letters) -> str:
    return "".join("-" if code == 0 else Letter(code).name for code in result.letter)


def test_the_first_month_is_b_and_a_missed_month_is_o() -> None:
    assert names(weigh(("2025-01-12", 7.0), ("2025-03-10", 7.6), ("2025-04-09", 8.0))) == "BON"


@pytest.mark.parametrize(
    ("born", "sex", "gain_g", "letter"),
    [
        ("2025-02-10", 1, 800, "N"),  # month 1
        ("2025-02-10", 1, 799, "T"),
        ("2025-01-10", 1, 899, "T"),  # month 2
        ("2024-08-10", 1, 399, "T"),  # month 7, boys 400
        ("2024-08-10", 2, 300, "N"),  # month 7, girls 300
        ("2024-04-10", 1, 300, "N"),  # month 11, boys 300
        ("2024-04-10", 2, 200, "N"),  # month 11, girls 200
        ("2020-03-10", 1, 199, "T"),  # month 60
    ],
)
def test_n_needs_the_minimum_gain_of_the_month_of_age(born: str, sex: int, gain_g: int, letter: str) -> None:
    result = weigh(("2025-02-15", 5.0), ("2025-03-15", 5.0 + gain_g / 1000), born=born, sex=sex)
    assert names(result)[1] == letter


def test_gains_are_compared_in_whole_grams() -> None:
    assert names(weigh(("2025-01-12", 7.73), ("2025-02-12", 8.03), born="2024-05-01")) == "BN"


def test_twice_not_gained_needs_two_months_in_a_row() -> None:
    held = [("2025-01-12", 7.0), ("2025-02-12", 7.0), ("2025-03-12", 7.0)]
    assert list(weigh(*held).twice_not_gained) == [False, False, True]
    with_gap = weigh(("2025-01-12", 7.0), ("2025-02-12", 7.0), ("2025-04-12", 7.0), ("2025-05-12", 7.0))
    assert names(with_gap) == "BTOT"
    assert not with_gap.twice_not_gained.any()


def test_the_last_weighing_of_the_previous_month_is_compared_with() -> None:
    result = weigh(("2025-01-05", 7.0), ("2025-01-30", 7.9), ("2025-02-20", 8.0))
    assert names(result) == "BBT"


@pytest.mark.parametrize(
    ("first", "second", "atypical"), [(15, 5, False), (15, 4, True), (1, 15, False), (1, 18, True)]
)
def test_an_unusual_interval_is_marked_and_still_judged(first: int, second: int, *, atypical: bool) -> None:
    result = weigh((f"2025-01-{first:02}", 7.0), (f"2025-02-{second:02}", 8.0))
    assert names(result) == "BN"
    assert bool(result.interval_atypical[1]) is atypical


def test_without_a_sex_only_months_where_both_minimums_agree_are_judged() -> None:
    assert (
        names(weigh(("2025-01-12", 7.0), ("2025-02-12", 7.5), born="2024-07-01", sex=0)) == "B-"
    )  # month 7: 400 or 300
    assert names(weigh(("2025-01-12", 7.0), ("2025-02-12", 7.5), born="2023-06-01", sex=0)) == "BN"


def test_there_is_no_letter_after_sixty_months_or_without_an_age() -> None:
    assert names(weigh(("2025-02-09", 17.0), ("2025-03-12", 18.0), born="2020-03-10")) == "BN"
    assert names(weigh(("2025-03-12", 17.0), ("2025-04-12", 18.0), born="2020-03-10")) == "B-"
    assert names(weigh(("2025-04-09", 17.0), ("2025-05-12", 18.0), born="NaT")) == "--"


@pytest.mark.parametrize("born", ["2024-01-31", "2024-02-29", "2023-12-01"])
def test_ages_over_columns_follow_the_one_rule_book_of_time(born: str) -> None:
    on = np.arange("2024-01-01", "2029-03-05", dtype="M8[D]")
    birth = np.full(on.size, np.datetime64(born))
    days = [date(2024, 1, 1).fromisoformat(str(each)) for each in on]
    birth_date = date.fromisoformat(born)
    assert completed_months(birth, on).tolist() == [calendar.completed_months(birth_date, each) for each in days]
    assert age_days(birth, on).tolist() == [calendar.age_days(birth_date, each) for each in days]


def test_an_unknown_date_has_no_age() -> None:
    nowhen = np.array(["NaT"], "M8[D]")
    assert completed_months(nowhen, np.array(["2024-01-01"], "M8[D]"))[0] == NO_AGE
    assert age_days(nowhen, np.array(["2024-01-01"], "M8[D]"))[0] == NO_AGE
