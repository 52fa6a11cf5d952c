"""The fold by measurement date: what decides a child's tier, and why."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.scoring.domain.assessment_codes import NO_SCORE, AssessmentFlag, Letter, State, class_name
from services.scoring.domain.fold_columns import Fold
from services.scoring.domain.risk_codes import TIER_NAMES
from shared.growth.codes import BLANK_REASON_NAMES
from tests.unit.scoring.fold_examples import (
    Child,
    Story,
    Visit,
    day,
    fact,
    length_at,
    rule_ids,
    unknown_things,
    visit,
    weight_at,
)

BOY = Child(1, "M", date(2024, 1, 15))


def has(fold: Fold, row: int, flag: AssessmentFlag) -> bool:
    return bool(fold.assessments.flags[row] & flag)


def test_a_child_without_a_measurement_is_unknown_and_told_what_to_do() -> None:
    status = Story([BOY]).status()
    assert status.tier == "unknown"
    assert status.measured_on is None
    assert [(u.what, u.because, u.settle_with) for u in status.unknowns] == [
        ("measurement", "no_measurement", "measure_weight_and_length")
    ]
    assert status.tracks == ("measure",)


@pytest.mark.parametrize(
    ("haz", "waz", "tier", "priority", "rules"),
    [
        (-1.0, -1.0, "low", False, []),
        (-2.0, -1.0, "watch", False, ["stunting_risk"]),
        (-2.01, -1.0, "suspected", False, ["haz_low"]),
        (-3.0, -1.5, "suspected", False, ["haz_low"]),
        (-3.01, -1.5, "suspected", True, ["haz_severe"]),
        (-1.0, -2.01, "nutrition", False, ["waz_low", "whz_low"]),
        (-2.5, -2.5, "suspected", False, ["haz_low", "waz_low"]),
        (-2.9, -3.01, "suspected", True, ["haz_low", "waz_severe", "whz_low"]),
    ],
)
def test_the_tier_follows_height_and_weight(
    haz: float, waz: float, tier: str, *, priority: bool, rules: list[str]
) -> None:
    status = Story([BOY], [visit(1, BOY, day("2025-07-10"), haz, waz)]).status()
    assert (status.tier, status.priority) == (tier, priority)
    assert rule_ids(status) == rules


def test_a_reason_names_the_fact_the_value_the_threshold_and_the_source() -> None:
    status = Story([BOY], [visit(7, BOY, day("2025-07-10"), -2.61, -1.5)]).status()
    reason = status.reasons[0]
    assert (reason.rule_id, reason.fact_id, reason.measured_on) == ("haz_low", fact(7), day("2025-07-10"))
    assert (reason.value, reason.threshold) == (-2.61, -2.0)
    assert "Permenkes 2/2020" in reason.source
    assert not reason.provisional


@pytest.mark.parametrize(
    ("visits", "rule"),
    [
        ([Visit(1, 1, day("2025-07-10"), weight=8.0, length=82.0, position="l")], "whz_severe"),
        ([visit(1, BOY, day("2025-07-10"), -1.0, -1.0, muac=11.4)], "muac_severe"),
        ([visit(1, BOY, day("2025-07-10"), -1.0, -1.0, oedema=True)], "oedema"),
        ([Visit(1, 1, day("2024-02-10"), weight=2.4, length=44.9, position="l")], "infant_severe"),
    ],
)
def test_every_sign_of_gizi_buruk_is_urgent(visits: list[Visit], rule: str) -> None:
    """B032: among them bilateral pitting oedema."""
    status = Story([BOY], visits).status()
    assert status.tier == "urgent"
    assert rule in rule_ids(status)
    assert status.tracks[0] == "assessment_within_24_hours"


@pytest.mark.parametrize(
    ("on", "muac", "urgent"),
    [
        ("2024-07-14", 11.0, False),
        ("2024-07-15", 11.0, True),
        ("2024-07-15", 11.5, False),
        ("2025-07-10", 110.0, False),
    ],
)
def test_muac_counts_from_six_months_and_within_entry_limits(on: str, muac: float, *, urgent: bool) -> None:
    status = Story([BOY], [visit(1, BOY, day(on), -1.0, -1.0, muac=muac)]).status()
    assert (status.tier == "urgent") is urgent


@pytest.mark.parametrize(
    ("on", "length", "waz", "fired"),
    [
        ("2024-02-10", 44.9, -3.01, True),
        ("2024-02-10", 44.9, -3.0, False),
        ("2024-02-10", 45.0, -3.01, False),
        ("2024-07-14", 44.9, -3.01, True),
        ("2024-07-15", 44.9, -3.01, False),
    ],
)
def test_an_infant_under_six_months_too_short_for_the_table_is_judged_by_its_weight(
    on: str, length: float, waz: float, *, fired: bool
) -> None:
    infant = visit(1, BOY, day(on), waz=waz)
    infant.length = length
    assert ("infant_severe" in rule_ids(Story([BOY], [infant]).status())) is fired


def test_supplementary_feeding_is_not_for_gizi_buruk() -> None:
    thin = Story([BOY], [visit(1, BOY, day("2025-07-10"), -1.0, -2.3)]).status()
    oedema = Story([BOY], [visit(1, BOY, day("2025-07-10"), -1.0, -2.3), visit(2, BOY, day("2025-07-11"), oedema=True)])
    assert "supplementary_feeding" in thin.tracks
    assert "waz_low" in rule_ids(oedema.status())
    assert "supplementary_feeding" not in oedema.status().tracks


def test_a_stunted_child_in_gizi_buruk_keeps_the_tracks_of_suspicion() -> None:
    status = Story([BOY], [visit(1, BOY, day("2025-07-10"), -2.5, -1.0, muac=11.0)]).status()
    assert status.tier == "urgent"
    assert "laboratory_panel" in status.tracks


def test_a_weight_alone_does_not_lift_the_suspicion_a_height_raised() -> None:
    story = Story([BOY], [visit(1, BOY, day("2025-06-10"), -2.5, -1.0), visit(2, BOY, day("2025-07-10"), waz=-0.8)])
    status = story.status()
    assert status.tier == "suspected"
    assert status.reasons[0].fact_id == fact(1)
    assert status.measured_on == day("2025-07-10")


def test_a_newer_valid_height_replaces_the_older_whenever_it_arrives() -> None:
    """B094: visits 1 June and 1 July; June arrives last and is history only (which the early warning remembers)."""
    july, june = visit(1, BOY, day("2025-07-01"), -1.0, -0.8), visit(2, BOY, day("2025-06-01"), -2.5, -1.0)
    fold = Story([BOY], [july, june]).folded()
    assert [TIER_NAMES[tier] for tier in fold.assessments.tier] == ["watch", "suspected"]
    assert rule_ids(Story([BOY], [july, june]).status()) == ["stunting_risk"]
    assert Story([BOY], [july]).status().tier == "low"


def test_a_flagged_value_never_replaces_a_valid_one() -> None:
    story = Story([BOY], [visit(1, BOY, day("2025-06-10"), -2.5, -1.0), visit(2, BOY, day("2025-07-10"), -6.5, -1.0)])
    status = story.status()
    assert status.tier == "suspected"
    assert status.reasons[0].value == -2.5
    assert unknown_things(status)["height_for_age_flagged"] == "flagged"
    settle_with = {unknown.what: unknown.settle_with for unknown in status.unknowns}
    assert settle_with["height_for_age_flagged"] == "remeasure_length"
    assert class_name("height_for_age", int(story.folded().assessments.height_for_age[1])) == "outlier"


def test_a_child_known_by_flagged_values_only_is_not_called_low() -> None:
    status = Story([BOY], [visit(1, BOY, day("2025-07-10"), -6.5, -1.0)]).status()
    assert status.tier != "low"
    assert unknown_things(status)["height_for_age"] == "flagged"
    settle_with = {unknown.what: unknown.settle_with for unknown in status.unknowns}
    assert settle_with["height_for_age"] == settle_with["height_for_age_flagged"] == "remeasure_length"


def test_taking_an_input_away_makes_the_verdict_unknown_and_giving_it_back_restores_it() -> None:
    whole = visit(1, BOY, day("2025-07-10"), -1.0, -1.0)
    status = Story([BOY], [whole]).status()
    for missing, thing in (("length", "height_for_age"), ("weight", "weight_for_age")):
        less = Visit(**{**vars(whole), missing: None})
        poorer = Story([BOY], [less]).status()
        assert poorer.tier == "unknown"
        assert thing in unknown_things(poorer)
        assert all(unknown.settle_with for unknown in poorer.unknowns)
    assert Story([BOY], [whole]).status() == status


def test_a_missing_sex_or_birth_date_is_never_assumed() -> None:
    on = day("2025-07-10")
    nameless = Story([Child(1, "", BOY.born)], [Visit(1, 1, on, weight=9.5, length=75.0)])
    unborn = Story([Child(1, "M", None)], [Visit(1, 1, on, weight=9.5, length=75.0)])
    assert unknown_things(nameless.status())["sex"] == "sex_missing"
    assert unknown_things(unborn.status())["child"] == "birth_date_missing"
    assert nameless.status().tier == unborn.status().tier == "unknown"
    assert nameless.folded().assessments.haz[0] == NO_SCORE
    assert BLANK_REASON_NAMES[nameless.folded().assessments.haz_reason[0]] == "sex_missing"


@pytest.mark.parametrize(
    ("letters", "rules"),
    [([9.0, 9.0], ["not_gained"]), ([9.0, 9.0, 9.0], ["twice_not_gained"]), ([9.0, 9.0, 9.6], [])],
)
def test_weight_not_gained_is_watched(letters: list[float], rules: list[str]) -> None:
    visits = [visit(1, BOY, day("2025-04-09"), -0.5, -0.5)]
    visits += [Visit(2 + i, 1, date(2025, 4 + i, 10), weight=kg) for i, kg in enumerate(letters)]
    status = Story([BOY], visits).status()
    assert rule_ids(status) == rules
    assert status.tier == ("watch" if rules else "low")


def test_low_birth_weight_and_preterm_are_watched_until_24_months() -> None:
    small = Child(1, "M", date(2023, 8, 1), birth_weight=2.49, gestation=36)
    before, after = visit(1, small, day("2025-06-30"), -0.5, -0.5), visit(2, small, day("2025-08-01"), -0.5, -0.5)
    watched = Story([small], [before]).status()
    assert (watched.tier, rule_ids(watched)) == ("watch", ["low_birth_weight", "preterm"])
    assert [(r.fact_id, r.value, r.threshold) for r in watched.reasons] == [(fact(1), 2.49, 2.5), (fact(1), 36.0, 37.0)]
    assert Story([small], [before, after]).status().tier == "low"


def test_a_preterm_child_is_judged_by_the_corrected_age_and_both_scores_are_shown() -> None:
    early = Child(1, "M", date(2025, 1, 1), gestation=32)
    on = day("2025-07-01")
    days = (on - date(2025, 1, 1)).days
    story = Story([early], [Visit(1, 1, on, weight=7.0, length=length_at(-2.4, days), position="l")])
    assessments = story.folded().assessments
    assert assessments.haz[0] == -240
    assert assessments.corrected_haz[0] > -200
    assert "haz_low" not in rule_ids(story.status())
    assert has(story.folded(), 0, AssessmentFlag.CORRECTED_AGE)


@pytest.mark.parametrize(
    ("weeks", "on", "corrected"),
    [
        (36, "2026-12-31", True), (36, "2027-01-01", False), (37, "2026-12-31", False), (20, "2026-12-31", True),
        (36, "2025-01-01", True),
    ],
)  # fmt: skip
def test_the_corrected_age_is_used_below_37_weeks_until_24_completed_months(
    weeks: int, on: str, *, corrected: bool
) -> None:
    early = Child(1, "M", date(2025, 1, 1), gestation=weeks)
    story = Story([early], [Visit(1, 1, day(on), weight=11.0, length=82.0, position="l")])
    assessments = story.folded().assessments
    assert has(story.folded(), 0, AssessmentFlag.CORRECTED_AGE) is corrected
    assert ("preterm" in rule_ids(story.status())) is corrected
    assert assessments.corrected_haz[0] == NO_SCORE if not corrected else True


def test_before_term_a_preterm_child_has_an_official_score_and_the_tier_waits() -> None:
    early = Child(1, "M", date(2025, 1, 1), gestation=32)
    status = Story([early], [visit(1, early, day("2025-01-20"), -3.5, -3.5)]).status()
    assert status.tier == "watch"
    assert unknown_things(status)["height_for_age"] == "before_term"


def test_an_unknown_position_is_told_where_it_would_change_the_class() -> None:
    on = day("2025-07-10")
    near = Story([BOY], [Visit(1, 1, on, weight=9.5, length=length_at(-2.1, (on - day("2024-01-15")).days))])
    fold, status = near.folded(), near.status()
    assert has(fold, 0, AssessmentFlag.POSITION_MATTERS)
    unknown = next(each for each in status.unknowns if each.what == "position")
    assert unknown.settle_with == "record_position"
    assert unknown.values[0] == -2.1
    assert unknown.values[1] > -2.0
    assert status.tier == "suspected"
    far = Story([BOY], [visit(1, BOY, on, -1.0, -0.5, position="")])
    assert "position" not in unknown_things(far.status())
    assert far.folded().assessments.alternative_haz[0] == NO_SCORE


def drops(*haz: tuple[str, float], **more: object) -> Story:
    return Story([BOY], [visit(i, BOY, day(on), z, -0.5, **more) for i, (on, z) in enumerate(haz, 1)])


def test_a_haz_drop_is_a_reason_only_when_a_second_measurement_sees_it() -> None:
    once = drops(("2025-03-01", -0.3), ("2025-06-01", -1.0))
    twice = drops(("2025-03-01", -0.3), ("2025-06-01", -1.0), ("2025-06-12", -1.02))
    assert unknown_things(once.status())["haz_drop"] == "seen_once"
    assert once.status().tier == "low"
    confirmed = twice.status()
    assert (confirmed.tier, rule_ids(confirmed)) == ("watch", ["haz_drop"])
    assert (confirmed.reasons[0].value, confirmed.reasons[0].threshold) == (0.72, 0.67)
    assert confirmed.reasons[0].provisional


@pytest.mark.parametrize(
    "story",
    [
        drops(("2025-03-01", -0.3), ("2025-06-01", -0.96)),  # 0.66
        drops(("2025-03-01", -0.3), ("2025-07-01", -1.2)),  # 122 days: in neither window
        drops(("2025-03-01", -0.3), ("2025-06-01", -1.0), position=""),
    ],
)
def test_a_small_loss_another_interval_or_an_unknown_position_is_no_drop(story: Story) -> None:
    assert "haz_drop" not in unknown_things(story.status())


@pytest.mark.parametrize(
    ("days", "short", "long"),
    [(74, None, None), (75, -20, None), (107, -20, None), (108, None, None), (149, None, None), (150, None, -20),
     (213, None, -20), (214, None, None)],
)  # fmt: skip
def test_a_change_of_haz_is_measured_over_three_and_six_months(days: int, short: int | None, long: int | None) -> None:
    on = day("2024-09-01")
    visits = [visit(1, BOY, on, -0.5), visit(2, BOY, on + timedelta(days=days), -0.7)]
    assessed = Story([BOY], visits).folded().assessments
    assert [int(column[1]) for column in (assessed.haz_change_short, assessed.haz_change_long)] == [
        NO_SCORE if change is None else change for change in (short, long)
    ]


def test_a_gain_of_haz_is_shown_as_well_and_an_unknown_position_shows_nothing() -> None:
    on, later = day("2024-09-01"), day("2024-12-01")
    visits = [visit(1, BOY, on, -0.9), visit(2, BOY, later, -0.5)]
    assert int(Story([BOY], visits).folded().assessments.haz_change_short[1]) == 40
    visits[0].position = ""
    assert int(Story([BOY], visits).folded().assessments.haz_change_short[1]) == NO_SCORE


def test_a_drop_of_just_the_configured_amount_is_one() -> None:
    assert unknown_things(drops(("2025-03-01", -0.3), ("2025-06-01", -0.97)).status())["haz_drop"] == "seen_once"


@pytest.mark.parametrize(("second", "rules"), [("2025-07-31", ["haz_drop"]), ("2025-08-01", [])])
def test_a_drop_is_confirmed_within_sixty_days_only(second: str, rules: list[str]) -> None:
    assert rule_ids(drops(("2025-01-01", -0.3), ("2025-06-01", -1.0), (second, -1.0)).status()) == rules


def test_a_drop_is_never_measured_against_another_child() -> None:
    other, start = Child(2, "M", BOY.born), day("2025-01-01")
    tall = [visit(1 + i, BOY, start + timedelta(days=days), 1.0, -0.5) for i, days in enumerate((0, 200))]
    story = Story([BOY, other], [*tall, visit(3, other, start + timedelta(days=90), -1.0, -0.5)])
    assert "haz_drop" not in unknown_things(story.status(1))


def test_a_same_day_copy_does_not_confirm_a_drop_but_a_remeasurement_does() -> None:
    start = [("2025-03-01", -0.3), ("2025-06-01", -1.0)]
    copied = drops(*start)
    copied.visits.append(visit(9, BOY, day("2025-06-01"), -1.0, -0.5))
    again = drops(*start)
    again.visits.append(visit(9, BOY, day("2025-06-01"), -1.0, -0.5, remeasured=True))
    assert rule_ids(copied.status()) == []
    assert rule_ids(again.status()) == ["haz_drop"]


@pytest.mark.parametrize(
    ("later", "position", "flagged"),
    [(79.0, "l", False), (78.9, "l", True), (78.5, "l", True), (78.5, "", False), (78.2, "", True)],
)
def test_a_length_that_falls_by_more_than_the_tolerance_is_flagged_and_both_are_kept(
    later: float, position: str, *, flagged: bool
) -> None:
    """B022: 80.0 cm, 30 days later 78.5 cm."""
    first = Visit(1, 1, day("2025-07-10"), length=80.0, position="l")
    second = Visit(2, 1, day("2025-08-09"), length=later, position=position)
    fold = Story([BOY], [first, second]).folded()
    assert has(fold, 1, AssessmentFlag.IMPLAUSIBLE_DECREASE) is flagged
    assert (fold.assessments.haz != NO_SCORE).all()
    assert ("length_decrease" in unknown_things(Story([BOY], [first, second]).status())) is flagged


def test_a_length_after_an_impossible_one_is_no_decrease() -> None:
    lengths = (("2025-06-10", 79.5), ("2025-07-10", 110.0), ("2025-08-10", 80.5))
    story = Story([BOY], [Visit(i, 1, day(on), length=cm, position="l") for i, (on, cm) in enumerate(lengths, 1)])
    assert not has(story.folded(), 2, AssessmentFlag.IMPLAUSIBLE_DECREASE)


def test_the_change_from_lying_to_standing_is_no_decrease() -> None:
    child = Child(1, "M", date(2023, 7, 15))
    lying = Visit(1, 1, day("2025-07-14"), length=85.0, position="l")  # day 730
    standing = Visit(2, 1, day("2025-07-15"), length=83.4, position="h")  # day 731: 84.1 lying
    assert not has(Story([child], [lying, standing]).folded(), 1, AssessmentFlag.IMPLAUSIBLE_DECREASE)


def test_of_three_weights_on_one_day_one_is_primary_and_none_is_deleted() -> None:
    """B024."""
    on = day("2025-07-10")
    fold = Story([BOY], [Visit(i, 1, on, weight=kg) for i, kg in ((1, 9.1), (2, 9.1), (3, 9.2))]).folded()
    assert [has(fold, row, AssessmentFlag.PRIMARY) for row in range(3)] == [False, False, True]
    assert (fold.assessments.waz != NO_SCORE).all()
    assert (fold.assessments.state == State.JUDGED).all()


@pytest.mark.parametrize(
    ("loser", "winner"),
    [
        ({"api": True, "recorded": 9}, {"remeasured": True}),
        ({"recorded": 9}, {"api": True}),
        ({"recorded": 1}, {"recorded": 2}),
        ({"number": 8, "recorded": 1}, {"number": 7, "recorded": 1}),
    ],
)
def test_of_one_day_remeasurement_beats_api_beats_file_then_latest_then_smallest_id(
    loser: dict[str, object], winner: dict[str, object]
) -> None:
    on = day("2025-07-10")
    first = visit(**{"number": 1, "child": BOY, "on": on, "haz": -2.5, "waz": -1.0, **loser})  # type: ignore[arg-type]
    second = visit(**{"number": 2, "child": BOY, "on": on, "haz": -1.0, "waz": -1.0, **winner})  # type: ignore[arg-type]
    for visits in ([first, second], [second, first]):
        fold = Story([BOY], visits).folded()
        assert has(fold, visits.index(second), AssessmentFlag.PRIMARY)
        assert not has(fold, visits.index(first), AssessmentFlag.PRIMARY)
        assert Story([BOY], visits).status().tier == "low"


def test_an_index_the_days_best_measurement_lacks_is_taken_from_the_next_of_that_day() -> None:
    on = day("2025-07-10")
    story = Story([BOY], [visit(1, BOY, on, -2.5, -1.0), visit(2, BOY, on, waz=-1.0, remeasured=True)])
    assert story.status().tier == "suspected"


def test_a_remeasurement_clears_or_confirms_by_date_order() -> None:
    trigger = visit(1, BOY, day("2025-07-10"), -2.5, -1.0)
    clears = visit(2, BOY, day("2025-07-20"), -1.8, -1.0, remeasured=True)
    assert rule_ids(Story([BOY], [clears, trigger]).status()) == ["stunting_risk"]


def test_stated_oedema_stands_until_a_visit_says_otherwise() -> None:
    swollen = visit(1, BOY, day("2025-06-10"), -1.0, -1.0, oedema=True)
    silent, gone = (
        visit(2, BOY, day("2025-07-10"), -1.0, -1.0),
        visit(3, BOY, day("2025-08-10"), -1.0, -1.0, oedema=False),
    )
    status = Story([BOY], [swollen, silent]).status()
    assert status.tier == "urgent"
    assert unknown_things(status)["oedema_outdated"] == "not_stated_since"
    assert Story([BOY], [swollen, silent, gone]).status().tier != "urgent"


def test_old_evidence_still_stands_but_is_called_outdated() -> None:
    first = visit(1, BOY, day("2025-01-10"), -2.5, -1.0)
    story = Story([BOY], [first, visit(2, BOY, day("2025-01-10") + timedelta(days=184), waz=-1.0)])
    assert story.status().tier == "suspected"
    assert unknown_things(story.status())["height_outdated"] == "outdated"


def test_a_visit_after_sixty_months_is_kept_unscored_and_changes_no_verdict() -> None:
    old = Child(1, "M", date(2020, 1, 15))
    before, after = (
        visit(1, old, day("2024-12-10"), -2.5, -1.0),
        Visit(2, 1, day("2025-02-10"), weight=16.0, length=102.0),
    )
    fold = Story([old], [before, after]).folded()
    assert BLANK_REASON_NAMES[fold.assessments.haz_reason[1]] == "age_60_months_or_more"
    assert Story([old], [before, after]).status().tier == "suspected"


def test_merged_children_fold_together_and_the_survivor_says_who_they_are() -> None:
    """B078: all facts end under the survivor."""
    survivor, lost = Child(1, "", BOY.born), Child(2, "M", date(2023, 12, 1), birth_weight=2.0, root=1)
    visits = [Visit(1, 1, day("2025-05-10"), weight=9.0), visit(2, BOY, day("2025-06-10"), -2.5, waz=-1.0)]
    visits[1].child = 2
    fold = Story([survivor, lost], visits).folded()
    assert fold.risk.tier.size == 1
    assert fold.assessments.age_days[1] == (day("2025-06-10") - day("2024-01-15")).days
    assert fold.assessments.letter[1] != Letter.B
    assert rule_ids(Story([survivor, lost], visits).status())[:1] == ["haz_low"]
    unmerged = Story([survivor, Child(2, "M", BOY.born)], visits)
    assert unmerged.folded().risk.tier.size == 2


def test_below_the_red_line_and_above_the_orange_one_are_marked() -> None:
    fold = Story(
        [BOY], [visit(1, BOY, day("2025-06-10"), waz=-3.01), visit(2, BOY, day("2025-07-10"), waz=1.01)]
    ).folded()
    assert [has(fold, row, AssessmentFlag.BELOW_RED_LINE) for row in (0, 1)] == [True, False]
    assert [has(fold, row, AssessmentFlag.ABOVE_ORANGE_LINE) for row in (0, 1)] == [False, True]


def test_a_voided_row_says_so_and_nothing_else() -> None:
    fold = Story([BOY], [visit(1, BOY, day("2025-07-10"), -2.5, -1.0, voided=True)]).folded()
    assert fold.assessments.state[0] == State.VOIDED
    assert fold.assessments.haz[0] == NO_SCORE
    assert BLANK_REASON_NAMES[fold.assessments.haz_reason[0]] == "voided"
    assert fold.risk.tier[0] == 0


def test_birth_weight_and_a_visit_are_two_points_at_two_dates() -> None:
    """B018: the birth weight is a reason dated at birth, the visit keeps its own weight."""
    small = Child(1, "M", date(2025, 1, 1), birth_weight=2.4)
    on = day("2025-05-01")
    story = Story([small], [Visit(1, 1, on, weight=weight_at(-1.0, 120), length=length_at(-1.0, 120), position="l")])
    assert story.folded().assessments.waz[0] == -100
    assert [(r.measured_on, r.value) for r in story.status().reasons] == [(date(2025, 1, 1), 2.4)]
