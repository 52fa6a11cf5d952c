"""An input taken away leaves a verdict as it was or open, with what would settle it; given back, all is as before.

Asked of every visit are weight, length or height, how it was measured, and of the child its sex and birth date. The
arm, oedema and danger signs are not: most posyandu never state them, and a list of all children would be nobody's work.
Of those only what was once seen is missed where later visits are silent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.explain import RiskStatus
from services.scoring.domain.risk_codes import Tier
from services.scoring.use_cases.list_missing_tests import OWNERS
from tests.unit.scoring.fold_examples import Child, Story, Visit, day

ON: Final = ("2025-04-10", "2025-05-12", "2025-07-10")
ASKED: Final = ("weight", "length", "position", "sex", "born")
OF_CHILD: Final[dict[str, Any]] = {"sex": "", "born": None}
BLANK: Final[dict[str, Any]] = {"position": "", "weight": None, "length": None}
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
            length=draw(st.sampled_from([70.0, 72.4, 75.3, 76.0, 79.0])),
            position="l",
            oedema=draw(st.sampled_from([False, False, True])),
            muac=draw(st.sampled_from([11.4, 11.5, 14.0])),
            signs=draw(st.sampled_from([(), (), ("convulsions",)])),
        )
        for number, on in enumerate(draw(st.sampled_from([ON, ON[1:], ON[2:]])), start=1)
    ]
    return Child(1, "M", day("2024-01-15")), visits


def status(child: Child, visits: list[Visit]) -> RiskStatus:
    return Story([child], visits).status()


def verdict(found: RiskStatus) -> tuple[str, list[str]]:
    return found.tier, sorted(reason.rule_id for reason in found.reasons)


def without(child: Child, visits: list[Visit], taken: set[str]) -> tuple[Child, list[Visit]]:
    """The same, what is taken away at every visit."""
    of_child = {name: OF_CHILD[name] for name in taken & OF_CHILD.keys()}
    of_visit: dict[str, Any] = {name: BLANK.get(name) for name in taken - OF_CHILD.keys()}
    return replace(child, **of_child), [replace(each, **of_visit) for each in visits]


@settings(max_examples=100, deadline=None)
@given(histories(), st.sets(st.sampled_from(ASKED), min_size=1), st.randoms(use_true_random=False))
def test_an_asked_input_taken_away_leaves_the_verdict_as_it_was_or_open_and_on_somebodys_list(
    history: tuple[Child, list[Visit]], taken: set[str], random: Any
) -> None:
    child, visits = history
    whole, poorer = status(child, visits), status(*without(child, visits, taken))
    if verdict(poorer) != verdict(whole):
        assert poorer.unknowns
    if taken & {"length", "sex", "born"}:
        assert poorer.unknowns
        assert poorer.tier != Tier.LOW.name.lower()  # nobody is well whose growth is not known
    assert all(unknown.settle_with in OWNERS for unknown in poorer.unknowns)
    given_back = random.sample(visits, len(visits))
    assert status(child, given_back) == whole


@settings(max_examples=60, deadline=None)
@given(histories(), st.sets(st.sampled_from(sorted(UNASKED)), min_size=1))
def test_an_input_nobody_is_asked_for_takes_only_its_own_reasons_with_it(
    history: tuple[Child, list[Visit]], taken: set[str]
) -> None:
    child, visits = history
    whole, poorer = status(child, visits), status(*without(child, visits, taken))
    own = set().union(*(UNASKED[name] for name in taken))
    assert verdict(poorer)[1] == [rule for rule in verdict(whole)[1] if rule not in own]
    assert status(child, visits) == whole


def test_what_was_once_seen_is_missed_where_later_visits_are_silent() -> None:
    child, first = Child(1, "M", day("2024-01-15")), Visit(1, 1, day(ON[0]), 10.4, 79.0, "l")
    silent = Visit(2, 1, day(ON[2]), 10.6, 80.0, "l")
    for seen, thing in (({"oedema": True}, "check_oedema"), ({"signs": ("lethargic",)}, "check_danger_signs")):
        found = status(child, [replace(first, **seen), silent])
        assert found.tier == "urgent"
        assert thing in {unknown.settle_with for unknown in found.unknowns}
