"""What the visits of posyandu-months add up to: counts and sums of powers, from which every reason is judged.

All of them can be summed over months and areas; a share is made of sums, never of shares. Pure, over columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import chain
from operator import itemgetter
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from services.reporting.domain.quality_metrics.digits import DIGITS, last_digits

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Counts = dict[str, Any]  # name → number, list of ten numbers by digit, or {device: [n, sum, sum of squares]}

LYING: Final = 0
STANDING: Final = 1
NOT_STATED: Final = -1
STANDING_FROM_DAY: Final = 731  # domain: position
Z: Final = ("haz", "waz", "whz")
POWERS: Final = 4
HEAPED_DAYS: Final = (1, 15)
FEWEST_OF_STEP: Final = 0.9  # this share of values on a coarser grid means that it is the one in use


@dataclass(frozen=True, slots=True)
class Visits:
    """n judged visits of several groups (posyandu-months), by group, child, day and precedence, the last one greatest.

    A group's visits of the month before (`before`) are there for pairs only: of children who count in both.
    NaN = not measured; codes are -1 where not stated. z-scores are NaN where blank.
    """

    group: Ints
    before: Bools
    child: Ints
    day: Ints
    age_days: Ints
    weight_kg: Floats
    length_height_cm: Floats
    position: Ints
    haz: Floats
    waz: Floats
    whz: Floats
    haz_flagged: Bools
    waz_flagged: Bools
    whz_flagged: Bools
    letter: Ints
    reported_letter: Ints
    late_days: Ints
    birth_day: Ints  # of the month
    birth_month: Ints
    is_remeasurement: Bools
    device: Ints  # index into the devices; -1 = not stated
    has_muac: Bools

    def take(self, which: Bools | Ints) -> Self:
        """Some of the visits."""
        return type(self)(**{field.name: getattr(self, field.name)[which] for field in fields(self)})


def counts_of(visits: Visits, groups: int, devices: tuple[str, ...], *, pair_days: int, late_days: int) -> list[Counts]:
    """The counts of each of `groups` posyandu-months."""
    own = visits.take(~visits.before)
    columns: dict[str, npt.NDArray[Any]] = {}
    columns |= _of_visits(own, groups, late_days)
    speaking = own.take(_last_of(own.group, own.child))
    columns |= _of_children(own, speaking, groups)
    columns |= _of_days(own, groups)
    earlier = visits.take(visits.before)
    pairs = _pairs(speaking, earlier.take(_last_of(earlier.group, earlier.child)), pair_days)
    columns |= _of_pairs(*pairs, groups)
    by_device = _by_device(*pairs, groups, devices)
    told = {name: column.tolist() for name, column in columns.items()}
    return [{**{name: column[at] for name, column in told.items()}, "devices": by_device[at]} for at in range(groups)]


def _sum(group: Ints, what: Bools | Floats, groups: int) -> npt.NDArray[Any]:
    summed = np.bincount(group, np.asarray(what, dtype=np.float64), groups)
    return summed.astype(np.int64) if what.dtype == np.bool_ else np.round(summed, 4)


def _digits(group: Ints, value: Floats, groups: int) -> Ints:
    """How often each last digit (tenths) of `value` comes, (groups, 10)."""
    digit = last_digits(value, 1)
    known = digit >= 0
    return np.bincount(group[known] * DIGITS + digit[known], minlength=groups * DIGITS).reshape(groups, DIGITS)


def _last_of(*keys: Ints) -> Bools:
    """Which rows are the last of their run of equal keys."""
    if keys[0].size == 0:
        return np.zeros(0, dtype=bool)
    changes = np.zeros(keys[0].size - 1, dtype=bool)
    for key in keys:
        changes |= key[1:] != key[:-1]
    return np.append(changes, True)


def _of_visits(own: Visits, groups: int, late_days: int) -> dict[str, npt.NDArray[Any]]:
    stated = own.position != NOT_STATED
    compared = (own.letter >= 0) & (own.reported_letter >= 0)
    wrong = stated & ((own.position == STANDING) != (own.age_days >= STANDING_FROM_DAY))
    whole = last_digits(own.length_height_cm, 1) == 0
    return {
        "visits": np.bincount(own.group, minlength=groups),
        "weight_digits": _digits(own.group, own.weight_kg, groups),
        "height_digits": _digits(own.group, own.length_height_cm, groups),
        "weights": _sum(own.group, np.isfinite(own.weight_kg), groups),
        "heights": _sum(own.group, np.isfinite(own.length_height_cm), groups),
        "heights_whole": _sum(own.group, whole, groups),
        "muac": _sum(own.group, own.has_muac, groups),
        "position_stated": _sum(own.group, stated, groups),
        "position_wrong": _sum(own.group, wrong, groups),
        "late": _sum(own.group, own.late_days > late_days, groups),
        "letters_compared": _sum(own.group, compared, groups),
        "letters_differ": _sum(own.group, compared & (own.letter != own.reported_letter), groups),
    }


def _of_children(own: Visits, speaking: Visits, groups: int) -> dict[str, npt.NDArray[Any]]:
    """Each child once: by its last visit of the month, but for what any of its visits has."""
    group = speaking.group
    run = np.cumsum(np.append(0, _last_of(own.group, own.child)[:-1])) if own.group.size else own.child
    has_weight = np.bincount(run, np.isfinite(own.weight_kg), group.size) > 0
    has_height = np.bincount(run, np.isfinite(own.length_height_cm), group.size) > 0
    flagged = speaking.haz_flagged | speaking.waz_flagged | speaking.whz_flagged
    scored = np.isfinite(speaking.haz) | np.isfinite(speaking.waz) | np.isfinite(speaking.whz)
    columns: dict[str, npt.NDArray[Any]] = {
        "children": np.bincount(group, minlength=groups),
        "incomplete": _sum(group, ~(has_weight & has_height), groups),
        "scored": _sum(group, scored, groups),
        "flagged": _sum(group, flagged & scored, groups),
        "births_heaped": _sum(group, np.isin(speaking.birth_day, HEAPED_DAYS), groups),
        "births_january": _sum(group, speaking.birth_month == 1, groups),
    }
    for name in Z:
        z = np.where(getattr(speaking, f"{name}_flagged"), np.nan, getattr(speaking, name))
        known = np.isfinite(z)
        columns[f"{name}_n"] = _sum(group, known, groups)
        for power in range(1, POWERS + 1):
            columns[f"{name}_p{power}"] = _sum(group, np.where(known, z, 0.0) ** power, groups)
        if name == "haz":
            columns["stunted"] = _sum(group, known & (z < -2), groups)
    return columns


def _of_days(own: Visits, groups: int) -> dict[str, npt.NDArray[Any]]:
    """Values that one child has twice on a day, and that children of one day have in common."""
    first = own.take(~own.is_remeasurement)  # a second reading is asked for: no doubt falls on it
    last = _last_of(first.group, first.child, first.day)
    run = np.cumsum(np.append(0, last[:-1])) if first.group.size else first.child
    values = np.stack([_tenths(first.weight_kg), _tenths(first.length_height_cm)], axis=1)
    high = np.full((int(last.sum()), 2), -1, dtype=np.int64)
    low = np.full_like(high, np.iinfo(np.int64).max)
    np.maximum.at(high, run, values)
    np.minimum.at(low, run, np.where(values < 0, np.iinfo(np.int64).max, values))
    each = first.take(last)
    twice = (high > low).any(axis=1)
    children = np.unique(np.stack([each.group[twice], each.child[twice]]), axis=1)[0]
    both = each.take(np.isfinite(each.weight_kg) & np.isfinite(each.length_height_cm))
    day, of_day = np.unique(np.stack([both.group, both.day]), axis=1, return_inverse=True)
    size = np.bincount(of_day.ravel(), minlength=day.shape[1])
    keys = np.stack([both.group, both.day, _tenths(both.weight_kg), _tenths(both.length_height_cm)])
    alike, shared = np.unique(keys, axis=1, return_counts=True)
    return {
        "same_day_twice": np.bincount(children, minlength=groups),
        "pairs_possible": _sum(day[0], size * (size - 1) / 2.0, groups),
        "pairs_identical": _sum(alike[0], shared * (shared - 1) / 2.0, groups),
        "identical_children": _sum(alike[0], np.where(shared > 1, shared, 0).astype(np.float64), groups),
        "both_measured": np.bincount(both.group, minlength=groups),
    }


def _tenths(value: Floats) -> Ints:
    return np.round(np.nan_to_num(value, nan=-1.0) * 10).astype(np.int64)


def _pairs(now: Visits, before: Visits, pair_days: int) -> tuple[Visits, Visits]:
    """Visits of the same children in both months, far enough apart."""
    scale = int(max(now.child.max(initial=0), before.child.max(initial=0))) + 1
    _, at, there = np.intersect1d(
        now.group * scale + now.child, before.group * scale + before.child, assume_unique=True, return_indices=True
    )
    apart = now.day[at] - before.day[there] >= pair_days
    return now.take(at[apart]), before.take(there[apart])


def _change(name: str, now: Visits, before: Visits) -> Floats:
    """Change of a z-score; NaN where either is missing or flagged."""
    doubtful = getattr(now, f"{name}_flagged") | getattr(before, f"{name}_flagged")
    return np.where(doubtful, np.nan, getattr(now, name) - getattr(before, name))


def _of_pairs(now: Visits, before: Visits, groups: int) -> dict[str, npt.NDArray[Any]]:
    full = np.isfinite(now.weight_kg + before.weight_kg + now.length_height_cm + before.length_height_cm)
    same = (_tenths(now.weight_kg) == _tenths(before.weight_kg)) & (
        _tenths(now.length_height_cm) == _tenths(before.length_height_cm)
    )
    columns: dict[str, npt.NDArray[Any]] = {
        "repeats": _sum(now.group, full, groups),
        "repeats_same": _sum(now.group, full & same, groups),
    }
    for name in ("waz", "haz"):
        change = _change(name, now, before)
        known = np.isfinite(change)
        change = np.where(known, change, 0.0)
        columns[f"d{name}_n"] = _sum(now.group, known, groups)
        columns[f"d{name}_p1"] = _sum(now.group, change, groups)
        columns[f"d{name}_p2"] = _sum(now.group, change**2, groups)
    return columns


def _by_device(now: Visits, before: Visits, groups: int, devices: tuple[str, ...]) -> list[dict[str, list[float]]]:
    """Changes of WAZ of the children that a device weighed now, by group and device."""
    change = _change("waz", now, before)
    known = np.isfinite(change) & (now.device >= 0)
    found: list[dict[str, list[float]]] = [{} for _ in range(groups)]
    key = now.group[known] * max(len(devices), 1) + now.device[known]
    for one in np.unique(key):
        some = change[known][key == one]
        group, device = divmod(int(one), max(len(devices), 1))
        sums = [float(some.size), round(float(some.sum()), 4), round(float((some**2).sum()), 4)]
        found[group][devices[device]] = sums
    return found


def summed(parts: Sequence[Counts]) -> Counts:
    """The counts of several posyandu-months together; devices are told of none. All have the names of the first."""
    if not parts:
        return {}
    first = {name: value for name, value in parts[0].items() if name != "devices"}
    lists = {name: len(value) for name, value in first.items() if isinstance(value, list)}
    single = [name for name in first if name not in lists]
    one_by_one = itemgetter(*single, *single[:1])  # one more, so that it gives a tuple of one name, too
    flat = [list(chain(one_by_one(part)[: len(single)], *(part[name] for name in lists))) for part in parts]
    added = np.array(flat, dtype=np.float64).sum(axis=0).tolist()
    # Read back, a sum of changes that happens to be zero is an int: the first month says nothing of the others.
    whole = (isinstance(one, int) and total.is_integer() for one, total in zip(flat[0], added, strict=True))
    numbers = iter([int(total) if is_whole else total for is_whole, total in zip(whole, added, strict=True)])
    told: Counts = {name: next(numbers) for name in single}
    told |= {name: [next(numbers) for _ in range(size)] for name, size in lists.items()}
    return {name: told[name] for name in first}
