"""What an intervention must satisfy, and which two may not be at the same time."""

import uuid
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.domain.intervention_texts import INTERVENTION_TEXTS
from services.measurement.domain.interventions import rival
from services.measurement.use_cases.record_interventions import intervention_problems, says_the_same
from shared.contracts.child import ChildV1
from shared.contracts.intervention import PARTS, InterventionV1, Part
from shared.contracts.kinds import KINDS

BORN, TODAY = date(2024, 1, 15), date(2025, 11, 25)
CHILD = ChildV1.read(
    (Path(__file__).parents[3] / "shared/contracts/examples/child/1/registered.json").read_bytes()
).model_copy(update={"birth_date": BORN, "died_on": None, "departed_on": None})
FEEDING: dict[str, Any] = {"feeding_class": "wasted", "product": "local", "started_on": "2025-10-01"}
REFERRAL: dict[str, Any] = {
    "facility_code": "RS.12.19.RSUD",
    "reason": "severe_wasting",
    "urgency": "urgent",
    "referred_on": "2025-11-01",
}


def part(name: str, **values: Any) -> Part:
    base = {"supplementary_feeding": FEEDING, "referral": REFERRAL}.get(name, {})
    return PARTS[name].model_validate({**base, **values})  # type: ignore[index] # names are those of the table


def vitamin_a(given_on: str, dose: str | None) -> Part:
    return part("supplementation", supplement="vitamin_a", dose=dose, given_on=given_on)


def stored(one: Part, **changes: Any) -> InterventionV1:
    document = {
        "fact_id": uuid.uuid4(),
        "child_id": CHILD.child_id,
        "epoch": 1,
        "revision": 1,
        "change": "recorded",
        "known_at": CHILD.known_at,
        "type": one.type_name,
        "recorded_at": CHILD.known_at,
        "source": "web",
        one.type_name: one,
    }
    return InterventionV1.model_validate({**document, **changes})


@pytest.mark.parametrize(
    ("one", "codes"),
    [
        (part("supplementary_feeding"), []),
        (part("supplementary_feeding", started_on="2024-01-14"), ["intervention_before_birth"]),
        (part("supplementary_feeding", started_on="2025-11-26"), ["intervention_in_future"]),
        (
            part("supplementary_feeding", ended_on="2025-09-30", end_reason="completed"),
            ["ended_before_start"],
        ),
        (part("supplementary_feeding", ended_on="2025-11-26", end_reason="completed"), ["ended_in_future"]),
        (part("supplementary_feeding", ended_on="2025-11-25"), ["end_reason_missing"]),
        (part("supplementary_feeding", end_class="normal"), ["end_without_day"]),
        (part("supplementary_feeding", days_given=56), []),
        (part("supplementary_feeding", days_given=57), ["more_days_than_course"]),
        (part("sponsorship", sponsor_code="BAAS-12.19-0042", support="food", since="2025-11-26"),
         ["intervention_in_future"]),
        (part("referral", reply={"received_on": "2025-10-31", "outcome": "admitted", "answered_by": "x"}),
         ["ended_before_start"]),
    ],
)  # fmt: skip
def test_the_days_of_an_intervention_lie_in_the_childs_life_and_in_order(one: Part, codes: list[str]) -> None:
    assert [problem.code for problem in intervention_problems(one, CHILD, TODAY)] == codes


@pytest.mark.parametrize(
    ("given_on", "dose", "code"),
    [
        ("2024-07-14", "blue_100000_iu", "vitamin_a_not_for_age"),  # a day short of six months
        ("2024-07-15", "blue_100000_iu", None),
        ("2024-07-15", "red_200000_iu", "vitamin_a_not_for_age"),
        ("2025-01-14", "blue_100000_iu", None),
        ("2025-01-15", "blue_100000_iu", "vitamin_a_not_for_age"),  # the first birthday
        ("2025-01-15", "red_200000_iu", None),
        ("2025-02-01", None, "vitamin_a_without_colour"),
        ("2025-02-01", "syrup", "dose_of_another_supplement"),
    ],
)
def test_vitamin_a_is_blue_from_six_and_red_from_twelve_completed_months(
    given_on: str, dose: str | None, code: str | None
) -> None:
    found = [problem.code for problem in intervention_problems(vitamin_a(given_on, dose), CHILD, TODAY)]
    assert found == ([] if code is None else [code])


def test_exclusive_breastfeeding_is_asked_about_until_six_months_and_not_later() -> None:
    """Born on 15 January 2024: seven months are complete on 15 August."""
    asked = [part("breastfeeding_recall", asked_on=day, exclusive=True) for day in ("2024-08-14", "2024-08-15")]
    found = [[problem.code for problem in intervention_problems(one, CHILD, TODAY)] for one in asked]
    assert found == [[], ["recall_not_for_age"]]


def test_two_vaccines_of_one_day_do_not_exclude_each_other_and_one_is_given_once_a_day() -> None:
    first = stored(part("immunisation", vaccine="opv1", given_on="2024-03-15"))
    assert rival(part("immunisation", vaccine="bcg", given_on="2024-03-15"), [first]) is None
    assert rival(part("immunisation", vaccine="opv1", given_on="2024-03-15"), [first]) is first


def test_what_began_after_death_or_departure_is_refused_and_what_began_before_is_not() -> None:
    gone = CHILD.model_copy(update={"died_on": date(2025, 10, 1)})
    assert intervention_problems(part("supplementary_feeding"), gone, TODAY) == []
    late = part("supplementary_feeding", started_on="2025-10-02")
    assert [problem.code for problem in intervention_problems(late, gone, TODAY)] == ["intervention_after_death"]
    left = CHILD.model_copy(update={"departed_on": date(2025, 10, 1)})
    assert [problem.code for problem in intervention_problems(late, left, TODAY)] == ["intervention_after_departure"]


def test_of_one_child_no_second_course_begins_while_one_goes_on() -> None:
    first = stored(part("supplementary_feeding"))
    later = part("supplementary_feeding", started_on="2025-11-20")
    earlier = part("supplementary_feeding", started_on="2025-08-01")
    ended = part("supplementary_feeding", started_on="2025-08-01", ended_on="2025-10-01", end_reason="completed")
    assert rival(later, [first]) is first
    assert rival(earlier, [first]) is first
    assert rival(ended, [first]) is None
    assert rival(part("supplementary_feeding"), [stored(ended)]) is None, (
        "the last day of one may be the first of the next"
    )
    assert rival(part("supplementary_feeding", started_on="2025-09-30"), [stored(ended)]) is not None
    assert rival(later, [stored(part("supplementary_feeding"), voided=True)]) is None


def test_two_facilities_and_two_sponsors_do_not_exclude_each_other() -> None:
    referral = stored(part("referral"))
    assert rival(part("referral", referred_on="2025-11-05"), [referral]) is referral
    assert rival(part("referral", facility_code="PKM-12.19.01-1"), [referral]) is None


def test_a_reply_is_not_for_the_sender_to_say() -> None:
    answered = part("referral", reply={"received_on": "2025-11-03", "outcome": "admitted", "answered_by": "x"})
    assert says_the_same(part("referral"), answered)
    assert not says_the_same(part("referral", urgency="routine"), answered)


days = st.integers(0, 40).map(lambda n: date(2025, 9, 1) + timedelta(days=n))


@settings(max_examples=50)
@given(st.lists(st.tuples(days, st.none() | st.integers(0, 20)), max_size=12))
def test_courses_taken_one_by_one_never_overlap_whatever_their_order(spans: list[tuple[date, int | None]]) -> None:
    taken: list[InterventionV1] = []
    for start, length in spans:
        end = None if length is None else start + timedelta(days=length)
        one = part("supplementary_feeding", started_on=start, ended_on=end, end_reason=end and "completed")
        if rival(one, taken) is None:
            taken.append(stored(one))
    in_order = sorted(taken, key=lambda fact: (fact.part.first_day, fact.part.last_day or date.max))
    for one_fact, next_fact in pairwise(in_order):
        assert one_fact.part.last_day is not None
        assert one_fact.part.last_day <= next_fact.part.first_day
    assert sum(fact.part.last_day is None for fact in taken) <= 1


def test_exactly_the_part_of_the_type_is_there() -> None:
    fact = stored(part("supplementary_feeding"))
    with pytest.raises(ValueError, match="exactly the part"):
        KINDS["intervention"].model_validate({**fact.model_dump(), "type": "referral"})


def test_every_problem_has_both_languages_and_is_raised_somewhere() -> None:
    folder = Path(__file__).parents[3] / "services/measurement"
    sources = "".join(
        path.read_text(encoding="utf-8")
        for room in ("domain", "formats", "http", "use_cases")
        for path in (folder / room).glob("*.py")
        if path.name != "intervention_texts.py"
    )
    for code, texts in INTERVENTION_TEXTS.items():
        assert len(set(texts)) == 4
        assert all(len(text) > 5 and not text.endswith(".") for text in texts)
        assert f'"{code}"' in sources, code
