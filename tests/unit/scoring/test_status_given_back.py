"""An input taken away leaves a verdict as it was or open, with what would settle it; given back, all is as before.

Asked of every visit are weight, length or height, how it was measured, and of the child its sex and birth date. The
arm, oedema and danger signs are not: most posyandu never state them, and a list of all children would be nobody's work.
Of those only what was once seen is missed where later visits are silent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.explain import RiskStatus, explain
from services.scoring.domain.risk_codes import Tier
from services.scoring.use_cases.list_missing_tests import OWNERS
from tests.unit.scoring.fold_examples import Child, Story, Visit, day, fact

ON: Final = ("2025-04-10", "2025-05-12", "2025-07-10")
ASKED: Final = ("weight", "length", "position", "sex", "born")
OF_CHILD: Final[dict[str, Any]] = {"sex": "", "born": None}
BLANK: Final[dict[str, Any]] = {"position": "", "weight": None, "length": None}
# The early warning is a model's estimate from the inputs that are there: 0.7 cm of an unknown position can carry it
# over its cut without anything being missing to compute it.
ESTIMATE: Final = {"stunting_risk"}
# Rules that rest on inputs nobody is asked for.
UNASKED: Final = {"muac": {"muac_severe"}, "signs": {"danger_sign"}}


@st.composite
def histories(draw: st.DrawFn) -> tuple[Child, list[Visit]]:
    """Up to three complete visits of a boy of 15 to 18 months, about the limits of every class."""
    visits = [
        Visit(
            number,
            1,
            day(on),
            weight=draw(st.sampled_from([6.6, 7.6, 8.4, 9.2, 10.4])),
            length=draw(st.sampled_from([70.0, 73.9, 74.5, 75.3, 76.5, 79.0])),
            position=draw(st.sampled_from(["l", "h"])),
            oedema=draw(st.sampled_from([False, False, True])),
            muac=draw(st.sampled_from([11.4, 11.5, 14.0])),
            signs=draw(st.sampled_from([(), (), ("convulsions",)])),
        )
        for number, on in enumerate(draw(st.sampled_from([ON, ON[1:], ON[2:]])), start=1)
    ]
    return Child(1, "M", day("2024-01-15")), visits


def statuses(histories: Sequence[tuple[Child, list[Visit]]]) -> list[RiskStatus]:
    """Of each history as a child of its own, all folded at once."""
    children = [replace(child, number=number) for number, (child, _) in enumerate(histories)]
    visits = [
        replace(each, number=100 * number + each.number, child=number)
        for number, (_, visits) in enumerate(histories)
        for each in visits
    ]
    return explain(Story(children, visits).folded(), range(len(children)))


def status(child: Child, visits: list[Visit]) -> RiskStatus:
    return Story([child], visits).status()


def said(found: RiskStatus) -> tuple[str, list[str], list[tuple[str, str, str]]]:
    """All but whose fact says it."""
    return *verdict(found), sorted((each.what, each.because, each.settle_with) for each in found.unknowns)


def verdict(found: RiskStatus) -> tuple[str, list[str]]:
    return found.tier, sorted(reason.rule_id for reason in found.reasons)


def without(child: Child, visits: list[Visit], taken: Collection[str]) -> tuple[Child, list[Visit]]:
    """The same, what is taken away at every visit."""
    of_child = {name: OF_CHILD[name] for name in taken if name in OF_CHILD}
    of_visit: dict[str, Any] = {name: BLANK.get(name) for name in taken if name not in OF_CHILD}
    return replace(child, **of_child), [replace(each, **of_visit) for each in visits]


def subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [taken for size in range(1, len(names) + 1) for taken in combinations(names, size)]


@settings(max_examples=20, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_asked_inputs_taken_away_leave_the_verdict_as_it_was_or_open_and_on_somebodys_list(
    history: tuple[Child, list[Visit]], random: Any
) -> None:
    child, visits = history
    given_back = (child, random.sample(visits, len(visits)))
    cases = [without(child, visits, taken) for taken in subsets(ASKED)]
    whole, again, *poorer = statuses([history, given_back, *cases])
    assert said(again) == said(whole)
    for taken, found in zip(subsets(ASKED), poorer, strict=True):
        differ = {*verdict(found)[1]} ^ {*verdict(whole)[1]}
        estimated = "position" in taken and differ == ESTIMATE
        if verdict(found) != verdict(whole) and not estimated:
            assert found.unknowns, taken
        if {*taken} & {"length", "sex", "born"}:
            assert found.unknowns, taken
            assert found.tier != Tier.LOW.name.lower(), taken  # nobody is well whose growth is not known
        assert all(unknown.settle_with in OWNERS for unknown in found.unknowns)


@settings(max_examples=20, deadline=None)
@given(histories())
def test_inputs_nobody_is_asked_for_take_only_their_own_reasons_with_them(history: tuple[Child, list[Visit]]) -> None:
    child, visits = history
    whole, *poorer = statuses([history, *(without(child, visits, taken) for taken in subsets(sorted(UNASKED)))])
    for taken, found in zip(subsets(sorted(UNASKED)), poorer, strict=True):
        own = set().union(*(UNASKED[name] for name in taken))
        assert verdict(found)[1] == [rule for rule in verdict(whole)[1] if rule not in own]


def test_what_was_once_seen_is_missed_where_later_visits_are_silent() -> None:
    child, first = Child(1, "M", day("2024-01-15")), Visit(1, 1, day(ON[0]), 10.4, 79.0, "l")
    silent = Visit(2, 1, day(ON[2]), 10.6, 80.0, "l")
    for seen, thing in (({"oedema": True}, "check_oedema"), ({"signs": ("lethargic",)}, "check_danger_signs")):
        found = status(child, [replace(first, **seen), silent])
        assert found.tier == "urgent"
        assert thing in {unknown.settle_with for unknown in found.unknowns}


def test_how_the_length_was_measured_is_asked_of_the_visit_that_wasting_is_judged_by() -> None:
    """Weight with oedema says nothing, so the visit before speaks: severely wasted by 76.0 cm, not so by 75.3."""
    child = Child(1, "M", day("2024-01-15"))
    before = Visit(1, 1, day("2025-05-12"), 7.6, 75.3, "h")
    newest = Visit(2, 1, day("2025-07-10"), 6.6, 74.5, "l", oedema=True)
    whole = status(child, [before, newest])
    poorer = status(*without(child, [before, newest], ("position",)))
    assert ("whz_severe" in verdict(whole)[1], "whz_severe" in verdict(poorer)[1]) == (True, False)
    (unknown,) = poorer.unknowns
    assert (unknown.settle_with, unknown.fact_id) == ("record_position", fact(1))
    assert unknown.values[-2:] == (-2.88, -3.07)
