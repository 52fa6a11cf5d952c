"""The early warning as part of a child's judgement: tier `watch`, its reason, what the assessment says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.assessment_codes import NO_SCORE
from services.scoring.domain.assessment_matrix import CODE_COLUMNS, code_matrix, read_matrix
from services.scoring.domain.early_warning.coefficients import VERSIONS
from services.scoring.domain.fingerprint import risk_fingerprints
from services.scoring.domain.risk_codes import RiskRule, Tier
from services.scoring.domain.ruleset import FOLDER, RuleSet, RuleSetError, load
from services.scoring.domain.ruleset import read as read_rules
from services.scoring.domain.stunting_risk import early_warning
from services.scoring.domain.texts import Words
from services.scoring.use_cases.explanation_lines import RULE_UNITS, Measured, Writer
from shared.contracts.risk import EarlyWarning, Reason
from tests.unit.scoring.fold_examples import Child, Story, Visit, visit

BOY = Child(1, "M", date(2024, 1, 15))
RULES = load()


def on(age_days: int) -> date:
    return date(2024, 1, 15) + timedelta(days=age_days)


def seen(*visits: tuple[int, float | None, float | None], child: Child = BOY) -> Story:
    """Visits of one child: age in days, HAZ, WAZ."""
    return Story([child], [visit(place, child, on(age), haz, waz) for place, (age, haz, waz) in enumerate(visits, 1)])


def warnings(story: Story) -> list[dict[str, object] | None]:
    """What the contract tells of each visit."""
    codes = code_matrix(story.folded().assessments).tolist()
    return [early_warning(dict(zip(CODE_COLUMNS, row, strict=True))) for row in codes]


def silent() -> RuleSet:
    """The rule set with an early warning that never fires."""
    rule = replace(RULES.tier[RiskRule.STUNTING_RISK], at_least=2.0)
    return replace(RULES, tier={**RULES.tier, RiskRule.STUNTING_RISK: rule})


def test_a_child_near_the_limit_is_watched_with_the_risk_as_reason() -> None:
    status = seen((260, -1.7, -1.6), (300, -1.8, -1.8)).status()
    assert status.tier == "watch"
    (reason,) = (each for each in status.reasons if each.rule_id == "stunting_risk")
    assert reason.threshold == 0.30
    assert reason.provisional
    assert reason.value is not None
    assert reason.value >= 0.30
    assert reason.early_warning is not None
    assert reason.early_warning["risk"] == reason.value
    assert reason.early_warning["model_version"] == VERSIONS[-1]
    assert {"near_limit", "age_loss", "low_weight"} <= set(reason.early_warning["reasons"])


def test_a_child_far_from_the_limit_is_not_watched_but_has_its_risk() -> None:
    story = seen((260, 0.2, 0.1), (300, 0.1, 0.1))
    assert "stunting_risk" not in [reason.rule_id for reason in story.status().reasons]
    found = warnings(story)[1]
    assert found is not None
    assert EarlyWarning.model_validate(found).risk < 0.05


def test_the_parts_told_give_the_haz_expected() -> None:
    found = warnings(seen((300, -1.8, -1.8)))[0]
    assert found is not None
    told = EarlyWarning.model_validate(found)
    assert told.expected_haz == pytest.approx(
        sum(told.reasons[code] for code in ("near_limit", "age_loss", "low_weight"))
    )


@pytest.mark.parametrize("age", [182, 609])
def test_outside_the_ages_of_the_model_an_assessment_has_no_early_warning(age: int) -> None:
    assert warnings(seen((age, -1.9, -1.9))) == [None]


def test_a_stunted_child_has_none() -> None:
    story = seen((300, -2.01, -1.9))
    assert warnings(story) == [None]
    assert story.status().tier == "suspected"


def test_a_flagged_height_has_none_and_changes_no_other() -> None:
    found = warnings(seen((260, -1.7, -1.6), (280, 6.5, -1.6), (300, -1.8, -1.7)))
    assert found[1] is None
    assert found[2] == warnings(seen((260, -1.7, -1.6), (280, None, -1.6), (300, -1.8, -1.7)))[2]


def test_a_length_below_an_earlier_one_has_none_and_is_not_used() -> None:
    shrunk = Story([BOY], [visit(1, BOY, on(260), -1.0, -1.0), Visit(2, 1, on(300), weight=8.0, length=66.0)])
    assert warnings(shrunk)[1] is None
    assert "stunting_risk" not in [reason.rule_id for reason in shrunk.status().reasons]


def test_a_preterm_child_is_judged_by_its_corrected_scores() -> None:
    early = Child(1, "M", date(2024, 1, 15), gestation=33)
    term, preterm = warnings(seen((300, -1.8, -1.6)))[0], warnings(seen((300, -1.8, -1.6), child=early))[0]
    assert term is not None
    assert preterm is not None
    assert EarlyWarning.model_validate(preterm).risk < EarlyWarning.model_validate(term).risk


def test_a_later_visit_replaces_the_reason_and_never_the_earlier_risk() -> None:
    first, both = seen((300, -1.8, -1.8)), seen((300, -1.8, -1.8), (340, -0.2, -0.2))
    assert warnings(first)[0] == warnings(both)[0]
    assert "stunting_risk" not in [reason.rule_id for reason in both.status().reasons]


def test_a_changed_risk_changes_the_print_of_the_status_and_an_untold_one_does_not() -> None:
    def print_of(*visits: tuple[int, float | None, float | None]) -> int:
        return int(risk_fingerprints(seen(*visits).folded())[0])

    last = (300, -1.8, -1.8)
    assert print_of((200, -1.0, -1.0), last) != print_of((200, -1.9, -1.9), last)
    quiet = (300, 0.5, 0.5)
    assert print_of((200, 0.2, 0.2), quiet) == print_of((200, 0.4, 0.4), quiet)


def test_a_row_stored_before_there_was_an_early_warning_says_nothing_of_it() -> None:
    older = code_matrix(seen((300, -1.8, -1.8)).folded().assessments)[:, : CODE_COLUMNS.index("stunting_risk")]
    row = dict(zip(CODE_COLUMNS, read_matrix([older[0].tobytes()])[0].tolist(), strict=True))
    assert row["stunting_risk"] == NO_SCORE
    assert early_warning(row) is None


scores = st.one_of(st.none(), st.integers(-450, 300).map(lambda centi: centi / 100))
histories = st.lists(st.tuples(st.integers(0, 900), scores, scores), min_size=1, max_size=8)


@settings(max_examples=30, deadline=None)
@given(histories)
def test_the_early_warning_makes_low_into_watch_and_changes_nothing_else(
    visits: list[tuple[int, float | None, float | None]],
) -> None:
    story = seen(*visits)
    with_it, without = story.folded(), story.folded(silent())
    moved = with_it.assessments.tier != without.assessments.tier
    assert set(without.assessments.tier[moved].tolist()) <= {Tier.LOW, Tier.UNKNOWN}
    assert set(with_it.assessments.tier[moved].tolist()) <= {Tier.WATCH}


@pytest.mark.parametrize(("language", "words"), [("id", "dekat dengan batas pendek"), ("en", "near the limit")])
def test_the_reason_is_told_with_its_numbers_in_both_languages(language: str, words: str) -> None:
    (told,) = (each for each in seen((300, -1.8, -1.8)).status().reasons if each.rule_id == "stunting_risk")
    reason = Reason.model_validate(
        {name: getattr(told, name) for name in Reason.model_fields if name != "early_warning"}
        | {"early_warning": told.early_warning}
    )
    writer = Writer(Words("id" if language == "id" else "en"), on(310))
    line = writer.reason(reason, Measured(RULE_UNITS["stunting_risk"]))
    assert words in line.text
    assert " %" in line.text
    assert "30 %" in line.text
    assert line.text.count("SD") >= 3


def changed(old: str, new: str) -> str:
    text = (FOLDER / f"{RULES.version}.toml").read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


def test_a_rule_set_with_an_unknown_model_is_refused() -> None:
    with pytest.raises(RuleSetError, match=r"early_warning: model"):
        read_rules(changed('model = "2026-11"', 'model = "2031-01"').encode())


def test_a_recalibration_without_a_version_must_change_nothing() -> None:
    with pytest.raises(RuleSetError, match=r"early_warning.recalibration"):
        read_rules(changed("intercept = 0.0, slope = 1.0", "intercept = -0.4, slope = 1.0").encode())


def test_a_recalibration_of_a_rule_set_lowers_the_risks_it_says_are_too_high() -> None:
    local = read_rules(changed('"none", intercept = 0.0', '"batu-bara-1", intercept = -0.8').encode())
    story = seen((300, -1.8, -1.8))
    assert story.folded(local).assessments.stunting_risk[0] < story.folded().assessments.stunting_risk[0]
