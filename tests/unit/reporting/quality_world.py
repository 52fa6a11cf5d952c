"""Posyandu-months of the simulated district, clean or with a fault planted, as columns for judging their quality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from deploy.demo import growth
from deploy.demo.children import date_parts, day_number, make_children
from deploy.demo.register import build_district
from deploy.demo.visits import Growing, Places
from deploy.demo.visits import Visits as Weighed
from services.reporting.domain.quality_counts import Counts, Visits, counts_of
from services.reporting.domain.quality_month import Month
from services.reporting.domain.quality_ruleset import load
from shared.calendar import add_months

FIRST = date(2025, 1, 1)
Spoil = Callable[[Weighed, int, Weighed | None], Weighed]  # the weighings, number of the month, those before


def clean_rounds(seed: int, children: int, months: int) -> tuple[Any, Any, list[Weighed]]:
    """A district whose kader read to 0.1 kg and 0.1 cm; its people, posyandu codes and rounds."""
    rng = np.random.default_rng(seed)
    district = build_district()
    desa_index = {area.code: index for index, area in enumerate(district.desa)}
    shares = np.array([post.share for post in district.posyandu])
    people = make_children(
        rng,
        count=children,
        born_from=add_months(FIRST, -60),
        born_to=add_months(FIRST, months),
        shares=shares / shares.sum(),
        kecamatan=np.array([int(post.desa_code.split(".")[2]) for post in district.posyandu], dtype=np.int64),
    )
    places = Places.make(rng, np.array([desa_index[post.desa_code] for post in district.posyandu], dtype=np.int64))
    size = places.desa.size
    places = replace(places, height_step_cm=np.full(size, 0.1), weight_step_kg=np.full(size, 0.1))
    growing = Growing(rng, people, places)
    return people, district.posyandu, [growing.month(add_months(FIRST, number)) for number in range(months)]


def rescored(people: Any, weighed: Weighed) -> Weighed:
    """The weighings with scores that follow from their values."""
    age = np.clip(weighed.measured_day - people.birth_day[weighed.child], 0, growth.LAST_DAY)
    scores = growth.official_scores(
        people.sex[weighed.child], age, weighed.weight_kg, weighed.length_height_cm, weighed.standing
    )
    return replace(weighed, haz=scores.haz, waz=scores.waz, whz=scores.whz)


def visits_of(people: Any, months: list[Weighed], number: int) -> Visits:
    """The judged visits of month `number` by posyandu, with those of the month before."""
    parts = [(False, months[number])] + ([(True, months[number - 1])] if number else [])
    columns: dict[str, list[Any]] = {}
    for before, weighed in parts:
        _, birth_month, birth_day = date_parts(people.birth_day[weighed.child])
        none = np.full(weighed.count, -1, dtype=np.int64)
        age = weighed.measured_day - people.birth_day[weighed.child]
        flags = {
            "haz_flagged": np.abs(weighed.haz) > 6,
            "waz_flagged": (weighed.waz < -6) | (weighed.waz > 5),
            "whz_flagged": np.abs(weighed.whz) > 5,
        }
        told = {
            "group": weighed.posyandu, "before": np.full(weighed.count, before), "child": weighed.child,
            "day": weighed.measured_day, "age_days": age, "weight_kg": weighed.weight_kg,
            "length_height_cm": weighed.length_height_cm, "position": weighed.standing.astype(np.int64),
            "haz": weighed.haz, "waz": weighed.waz, "whz": weighed.whz, **flags, "letter": none,
            "reported_letter": none, "late_days": np.zeros(weighed.count, dtype=np.int64), "birth_day": birth_day,
            "birth_month": birth_month, "is_remeasurement": np.zeros(weighed.count, dtype=bool), "device": none,
            "has_muac": np.isfinite(weighed.muac_cm),
        }  # fmt: skip
        inside = (age >= 0) & (age < 1826)
        for name, column in told.items():
            columns.setdefault(name, []).append(column[inside])
    every = Visits(**{name: np.concatenate(column) for name, column in columns.items()})
    return every.take(np.lexsort((every.day, every.child, every.before, every.group)))


def counted(people: Any, months: list[Weighed], posyandu: int) -> list[list[Counts]]:
    """The counts of each month, by posyandu."""
    rules = load()
    return [
        counts_of(visits_of(people, months, number), posyandu, (), pair_days=rules.pair_days, late_days=rules.late_days)
        for number in range(len(months))
    ]


def kecamatan_months(counts: list[list[Counts]], posts: Any, until: int) -> list[tuple[list[int], list[Month]]]:
    """By kecamatan: the numbers of its posyandu, and their months up to `until`."""
    by_kecamatan: dict[str, list[int]] = {}
    for number, post in enumerate(posts):
        by_kecamatan.setdefault(post.desa_code[:8], []).append(number)
    back = load().months_back
    first = max(0, until - back)
    return [
        (members, [Month([counts[month][member] for member in members]) for month in range(first, until + 1)])
        for members in by_kecamatan.values()
    ]


EPOCH_DAY = day_number(FIRST)
