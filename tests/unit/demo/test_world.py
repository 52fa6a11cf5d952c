"""The simulated district looks like a real one, and is the same for the same seed."""

from __future__ import annotations

import csv
import io
from datetime import date
from functools import cache

import numpy as np
import pytest

from deploy.demo.children import day_number
from deploy.demo.growth import LAST_DAY, official_scores
from deploy.demo.register import build_district, register_csv
from deploy.demo.visits import Visits
from deploy.demo.world import World, make_world, newest_month
from services.scoring.domain.fold import fold
from services.scoring.domain.fold_columns import ChildColumns, MeasurementColumns
from services.scoring.domain.risk_codes import Tier
from services.scoring.domain.ruleset import load
from services.scoring.domain.tier_shares import tier_shares
from shared.growth.codes import Position, Sex

TODAY = date(2026, 11, 25)


@cache
def the_world() -> World:
    return make_world(children=12_000, months=2, seed=11, today=TODAY)


def newest() -> Visits:
    return the_world().rounds[-1].visits


def age_days(visits: Visits) -> np.ndarray:
    return visits.measured_day - the_world().children.birth_day[visits.child]


def test_the_shipped_rules_find_as_many_children_of_each_tier_as_they_expect() -> None:
    world, visits = the_world(), newest()
    count, size = world.children.birth_day.size, visits.count
    nothing = np.full(size, np.nan)
    children = ChildColumns(
        child_id=np.zeros((count, 2), np.uint64),
        root=np.arange(count),
        is_root=np.ones(count, np.bool_),
        sex=(world.children.sex + Sex.MALE).astype(np.int8),
        birth_date=world.children.birth_day.astype("M8[D]"),
        birth_weight_kg=np.full(count, np.nan),
        gestation_weeks=np.full(count, np.nan),
    )
    measurements = MeasurementColumns(
        fact_id=np.zeros((size, 2), np.uint64),
        child=visits.child.astype(np.int64),
        measured_on=visits.measured_day.astype("M8[D]"),
        recorded_at=np.arange(size),
        channel=np.zeros(size, np.int8),
        is_remeasurement=np.zeros(size, np.bool_),
        voided=np.zeros(size, np.bool_),
        weight_kg=visits.weight_kg,
        length_height_cm=visits.length_height_cm,
        position=np.where(visits.standing, Position.STANDING, Position.LYING).astype(np.int8),
        oedema=np.zeros(size, np.int8),
        muac_cm=visits.muac_cm,
        head_circumference_cm=nothing,
        danger_signs=np.zeros(size, np.int32),
        temperature_c=nothing,
    )
    rules = load()
    tiers = fold(children, measurements, rules).risk.tier
    shares = tier_shares({tier: int((tiers == tier).sum()) for tier in Tier}, rules.tier_shares)
    assert {each.tier: each.state for each in shares.shares if each.band} == {
        Tier.URGENT: "as_expected",
        Tier.SUSPECTED: "as_expected",
    }


def test_the_register_is_batu_bara_with_about_450_posyandu_of_unique_codes_and_names() -> None:
    district = build_district()
    assert len([area for area in district.areas if area.level == "kecamatan"]) == 12
    assert len(district.desa) == 151
    assert 420 <= len(district.posyandu) <= 480
    assert len({post.code for post in district.posyandu}) == len(district.posyandu)
    assert len({(post.desa_code, post.name) for post in district.posyandu}) == len(district.posyandu)
    assert sum(post.share for post in district.posyandu) == pytest.approx(1)


def test_every_desa_belongs_to_exactly_one_puskesmas() -> None:
    district = build_district()
    served = [code for centre in district.puskesmas for code in centre.desa_codes]
    assert sorted(served) == sorted(area.code for area in district.desa)


def test_the_register_file_names_every_parent_before_its_children() -> None:
    seen = {""}
    for row in csv.DictReader(io.StringIO(register_csv(build_district()).decode())):
        assert row["parent_code"] in seen
        assert all(code in seen for code in row["desa_codes"].split("|"))
        seen.add(row["code"])
    assert len(seen) > 600


def test_the_register_file_says_how_high_each_desa_lies_and_nothing_else_has_a_height() -> None:
    for row in csv.DictReader(io.StringIO(register_csv(build_district()).decode())):
        if row["level"] in {"desa", "kelurahan"}:
            assert 0 <= int(row["elevation_m"]) <= 60
        else:
            assert not row["elevation_m"]


def test_the_same_seed_makes_the_same_world_and_another_seed_another() -> None:
    first, again, other = (make_world(children=300, months=1, seed=seed, today=TODAY) for seed in (5, 5, 6))
    assert first.children.nik == again.children.nik
    assert np.array_equal(first.rounds[0].visits.weight_kg, again.rounds[0].visits.weight_kg)
    assert first.children.nik != other.children.nik


def test_the_newest_round_is_the_month_before_today() -> None:
    assert newest_month(date(2026, 1, 31)) == date(2025, 12, 1)
    world = the_world()
    assert [entry.month for entry in world.rounds] == [date(2026, 9, 1), date(2026, 10, 1)]
    for entry in world.rounds:
        days = entry.visits.measured_day
        assert day_number(entry.month) <= days.min()
        assert days.max() <= day_number(entry.month) + 30


def test_a_world_without_children_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        make_world(children=0, months=1, seed=1, today=TODAY)


def test_stunting_and_wasting_are_at_the_level_expected_here() -> None:
    visits = newest()
    haz = visits.haz[np.abs(visits.haz) <= 6]
    whz = visits.whz[np.abs(visits.whz) <= 5]
    assert -1.35 < haz.mean() < -1.05
    assert 1.0 < haz.std() < 1.3
    assert 0.20 < (haz < -2).mean() < 0.28  # domain.md §5: suspected 20-28 %
    assert 0.004 < (whz < -3).mean() < 0.02  # urgent 1-2 %


def test_height_for_age_falls_over_the_first_two_years() -> None:
    visits, age = newest(), age_days(newest())
    young = visits.haz[age < 120]
    two_years = visits.haz[(age > 700) & (age < 900)]
    assert np.nanmean(young) - np.nanmean(two_years) > 0.4


def test_a_child_keeps_its_own_growth_from_month_to_month() -> None:
    before, after = (entry.visits for entry in the_world().rounds)
    _, at_before, at_after = np.intersect1d(before.child, after.child, return_indices=True)
    scored = ~np.isnan(before.haz[at_before]) & ~np.isnan(after.haz[at_after])
    pairs = np.corrcoef(before.haz[at_before][scored], after.haz[at_after][scored])
    assert pairs[0, 1] > 0.9
    assert not np.array_equal(before.haz[at_before], after.haz[at_after])


def test_three_of_four_children_or_more_are_weighed() -> None:
    under_five = (age_days(newest()) <= 1826).sum()
    assert 0.75 < under_five / 12_000 < 0.90


def test_heights_heap_on_whole_centimetres_and_few_positions_are_wrong() -> None:
    visits, age = newest(), age_days(newest())
    assert 0.62 < (visits.length_height_cm % 1 == 0).mean() < 0.83
    wrong = visits.standing != (age >= 731)
    assert 0.02 < wrong.mean() < 0.04
    assert wrong[age < 274].mean() < 0.015


def test_every_letter_of_the_card_occurs_and_gains_follow_the_weights() -> None:
    before, after = (entry.visits for entry in the_world().rounds)
    assert set(after.letter.tolist()) == {"N", "T", "O", "B"}
    common, at_before, at_after = np.intersect1d(before.child, after.child, return_indices=True)
    assert common.size > 1000
    lost = after.weight_kg[at_after] < before.weight_kg[at_before]
    assert set(after.letter[at_after][lost].tolist()) == {"T"}


def test_identity_numbers_are_wrong_at_the_rates_of_real_files() -> None:
    states, counts = np.unique(the_world().children.nik_state, return_counts=True)
    share = dict(zip(states.tolist(), (counts / counts.sum()).tolist(), strict=True))
    assert 0.08 < share["other_birth_date"] < 0.11
    assert 0.03 < share["other_sex"] < 0.04
    assert 0.03 < share["serial_zero"] + share["short"] + share["missing"] < 0.07


def test_twins_share_all_but_their_name() -> None:
    people = the_world().children
    same = [
        child
        for child in range(1, people.count)
        if people.birth_day[child] == people.birth_day[child - 1]
        and people.posyandu[child] == people.posyandu[child - 1]
        and people.mother[child] == people.mother[child - 1]
    ]
    assert len(same) > 20
    assert all(people.sex[child] == people.sex[child - 1] for child in same)
    assert all(people.name[child] != people.name[child - 1] for child in same)


def test_some_children_move_to_another_posyandu() -> None:
    before, after = (entry.visits for entry in the_world().rounds)
    _, at_before, at_after = np.intersect1d(before.child, after.child, return_indices=True)
    moved = before.posyandu[at_before] != after.posyandu[at_after]
    assert 0 < moved.mean() < 0.01


def test_two_posyandu_are_spoilt_where_they_are_large_enough() -> None:
    """A scale half a kilogram heavy, and a kader who copies; the official scores follow from what was written."""
    assert make_world(children=300, months=1, seed=5, today=TODAY).planted == {}
    large = the_world()
    assert set(large.planted) == {"biased_scale", "copied_values"}
    before, last_round = (entry.visits for entry in large.rounds)
    copying = last_round.take(last_round.posyandu == large.planted["copied_values"])
    last = dict(zip(before.child.tolist(), zip(before.weight_kg, before.length_height_cm, strict=True), strict=True))
    again = [
        last[child] == (weight_kg, length_height_cm)
        for child, weight_kg, length_height_cm in zip(
            copying.child.tolist(), copying.weight_kg, copying.length_height_cm, strict=True
        )
        if child in last
    ]
    assert np.mean(again) > 0.7
    heavy = last_round.take(last_round.posyandu == large.planted["biased_scale"])
    age = np.clip(heavy.measured_day - large.children.birth_day[heavy.child], 0, LAST_DAY + 1)
    scores = official_scores(
        large.children.sex[heavy.child], age, heavy.weight_kg, heavy.length_height_cm, heavy.standing
    )
    assert np.array_equal(scores.waz, heavy.waz, equal_nan=True)
