"""A generation beside what is stored: digests that know no order, and what counts as another verdict."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from services.scoring.domain.assessment_matrix import CODE_COLUMNS, code_matrix
from services.scoring.domain.fingerprint import risk_fingerprints
from services.scoring.domain.fold_columns import Fold
from services.scoring.domain.generation import Generation, StoredVerdicts, generation
from services.scoring.domain.risk_codes import Tier
from services.scoring.domain.ruleset import ACTIVE, FOLDER, RuleSet, load, read
from tests.unit.scoring.fold_examples import Child, Story, Visit

RULES = load()


def by_other(old: str, new: str) -> RuleSet:
    text = (FOLDER / f"{ACTIVE}.toml").read_text("utf-8")
    assert old in text
    return read(text.replace(f'version = "{ACTIVE}"', 'version = "other"').replace(old, new).encode())


def generated(folded: Fold, stored: Fold | None = None, against: RuleSet = RULES) -> Generation:
    """Of a fold, beside the verdicts of another; of no other: nothing is stored."""
    rows, roots = folded.measurements.voided.size, folded.risk.tier.size
    kept = StoredVerdicts(
        matrix=np.zeros((rows, len(CODE_COLUMNS)), "<i4") if stored is None else code_matrix(stored.assessments),
        comparable=np.full(rows, stored is not None),
        speaks=np.full(roots, stored is not None),
        fingerprint=np.zeros(roots, np.int64) if stored is None else risk_fingerprints(stored),
    )
    everyone = np.ones(folded.children.root.size, np.bool_)
    return generation(folded, {}, everyone, ~everyone, kept, against)


def visits(of: int, *lengths: float, first: int = 100) -> list[Visit]:
    """Monthly from January 2025."""
    return [
        Visit(first + of * 20 + n, of, date(2025, 1 + n, 10), weight=9.8 + n / 5, length=length, position="l")
        for n, length in enumerate(lengths)
    ]


CHILDREN = [Child(n, "M", date(2023, 11, 5)) for n in (1, 2, 3)]
STORY = Story(CHILDREN, [*visits(1, 80, 81, 82), *visits(2, 72, 73, 74), *visits(3, 75, 75.5, 76)])


def digests(made: Generation, folded: Fold) -> dict[int, int]:
    ids = folded.children.child_id[folded.roots.child, 1].tolist()
    return dict(zip(ids, made.digest.tolist(), strict=True))


def test_the_digest_of_a_family_knows_neither_the_order_of_rows_nor_who_is_judged_with_it() -> None:
    folded = STORY.folded()
    whole = digests(generated(folded), folded)
    shuffled = [*STORY.visits]
    random.Random(4).shuffle(shuffled)
    again = Story(CHILDREN[::-1], shuffled).folded()
    assert digests(generated(again), again) == whole
    alone = Story(CHILDREN[1:2], [visit for visit in STORY.visits if visit.child == 2]).folded()
    assert digests(generated(alone), alone).items() < whole.items()
    assert len(set(whole.values())) == 3


def test_the_same_rules_change_nothing() -> None:
    folded = STORY.folded()
    made = generated(folded, folded)
    assert (made.visits_changed.sum(), made.status_changed.sum(), made.visits.tolist()) == (0, 0, [3, 3, 3])
    assert made.opened == made.opens


def test_other_numbers_change_those_they_speak_of_and_the_digest_of_those_alone() -> None:
    stricter = by_other("below = -2.0", "below = -1.2")
    before, after = STORY.folded(), STORY.folded(rules=stricter)
    made = generated(after, before)
    tiers = list(zip(before.risk.tier.tolist(), made.tier.tolist(), strict=True))
    assert tiers[1] == (Tier.SUSPECTED, Tier.SUSPECTED)
    assert tiers[2][0] < Tier.SUSPECTED == tiers[2][1]
    assert made.status_changed.tolist() == [False, True, True], "the second is short by another number now"
    old, new = digests(generated(before), before), digests(made, after)
    assert [old[key] == new[key] for key in sorted(old)] == [True, False, False]


def test_a_rule_that_only_reads_differently_changes_statuses_and_no_assessment() -> None:
    reworded = by_other("below = -2.0", "below = -2.00001")
    made = generated(STORY.folded(rules=reworded), STORY.folded())
    assert (made.visits_changed.sum(), made.status_changed.tolist()) == (0, [False, True, False])


def test_another_track_is_news_for_the_children_of_its_tier() -> None:
    told = replace(RULES, tracks={**RULES.tracks, Tier.SUSPECTED: ("another_way",)})
    made = generated(STORY.folded(rules=told), STORY.folded())
    assert made.status_changed.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("lengths", "months"),
    [
        ((72, 73, 74), ["2025-01"]),
        ((82, 73, 83, 74), ["2025-02", "2025-04"]),
        ((82, 83, 84), []),
    ],
    ids=["once while it lasts", "anew after a tier below", "never"],
)
def test_a_case_opens_in_the_month_in_which_the_tier_rises_to_suspected(lengths: Any, months: list[str]) -> None:
    folded = Story(CHILDREN[:1], visits(1, *lengths)).folded()
    opens = generated(folded).opens.get(0, [])
    assert [str(np.datetime64(month, "M")) for month in opens] == months


def test_children_past_the_age_of_a_case_open_none() -> None:
    grown = Story([Child(1, "M", date(2019, 11, 5))], visits(1, 90, 91))
    assert generated(grown.folded()).opens == {}
