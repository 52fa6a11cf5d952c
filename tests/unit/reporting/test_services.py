"""The fold of what was done for children: by what was known when, whatever the order in which facts came."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain.facts import ChildRevision
from services.reporting.domain.services import Act, ActRevision, ActVersion, fold_acts
from services.reporting.store.fact_tables import INTERVENTION
from shared.contracts.fact import Fact
from shared.contracts.intervention import InterventionV1
from tests.unit.reporting.history import BORN, act, at, child, child_id, feeding, random_history, vitamin_a
from tests.unit.reporting.revisions import revision_of

pytestmark = pytest.mark.bare
FEB = date(2026, 2, 3)


def folded(*facts: Fact) -> list[ActVersion]:
    children, acts = [], []
    for fact in facts:
        if isinstance(fact, InterventionV1):
            columns = {column.name: column.read(fact) for column in INTERVENTION.columns}
            key = (fact.child_id, fact.fact_id, fact.epoch, fact.revision, fact.known_at)
            acts.append(ActRevision(*key, *(columns[name] for name in ActRevision._fields[5:])))
        elif fact.kind == "child":
            row = revision_of(fact)
            assert isinstance(row, ChildRevision)
            children.append(row)
    return sorted(fold_acts(children, acts), key=repr)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**9), steps=st.integers(5, 60))
def test_any_order_of_facts_ends_in_the_same_acts(seed: int, steps: int) -> None:
    facts = random_history(seed, steps)
    shuffled = facts + random.Random(seed).sample(facts, len(facts) // 3)
    random.Random(seed + 1).shuffle(shuffled)
    assert folded(*shuffled) == folded(*facts)


def test_an_act_is_known_with_the_later_of_child_and_act() -> None:
    (early,) = folded(child(known=9), act("a", vitamin_a(FEB), known=2))
    (late,) = folded(child(known=1), act("a", vitamin_a(FEB), known=2))
    assert (early.known_from, late.known_from) == (at(9), at(2))
    assert early.content == Act("supplementation", "vitamin_a", "red_200000_iu", FEB, FEB, 22)
    assert folded(act("a", vitamin_a(FEB))) == []


def test_a_voided_act_ends_and_a_corrected_one_begins_anew() -> None:
    first = act("a", feeding(FEB))
    ended = act("a", feeding(FEB, date(2026, 3, 1)), revision=2, known=5)
    voided = act("a", feeding(FEB, date(2026, 3, 1)), revision=3, known=7, voided=True)
    versions = folded(child(), voided, first, ended)
    assert {(one.content.ended_on, one.known_to) for one in versions} == {(date(2026, 3, 1), at(7)), (None, at(5))}


def test_the_acts_of_a_merged_child_are_its_survivors_until_they_are_parted() -> None:
    merged = child(2, revision=2, known=5, merged_into=child_id(1), change="merged")
    parted = child(2, revision=3, known=8, change="unmerged")
    versions = folded(child(1), child(2), act("a", vitamin_a(FEB), of=2), merged, parted)
    roots = sorted((one.known_from, one.key[0]) for one in versions)
    assert roots == [(at(2), child_id(2)), (at(5), child_id(1)), (at(8), child_id(2))]


def test_a_corrected_birth_date_tells_another_age_on_the_day_of_the_dose() -> None:
    younger = child(revision=2, known=5, birth_date=date(2025, 3, 10), homes=[(BORN, "12.19.01.2003", None)])
    versions = folded(child(), younger, act("a", vitamin_a(FEB)))
    assert sorted((one.known_from, one.content.age_months) for one in versions) == [(at(2), 22), (at(5), 10)]
