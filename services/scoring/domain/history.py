"""A measurement against the child's own past: HAZ gained or lost, length that shrank."""

from __future__ import annotations

import numpy as np

from services.scoring.domain.assessment_codes import NO_SCORE, to_centi
from services.scoring.domain.fold_columns import Bools, Floats, Int8s, Int32s, Int64s
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.tier_rules import TierRule
from services.scoring.domain.timeline import Rows, Timeline
from shared.growth.anthro_columns import HEIGHT_FROM_DAY, POSITION_CORRECTION_CM
from shared.growth.codes import Position


def haz_changes(line: Timeline, haz: Floats, usable: Bools, rule: TierRule) -> tuple[Int32s, ...]:
    """By window of the rule: hundredths of HAZ gained (negative: lost), `NO_SCORE` where nothing is comparable.

    A `usable` row (valid score, known position) is compared with the latest usable one in the window of days before it.
    """
    changes = tuple(np.full(haz.size, NO_SCORE, np.int32) for _ in rule.windows_days)
    rows = np.flatnonzero(usable)
    if not rows.size:
        return changes
    # Days of different roots are set apart by more than any window, so that one search serves all roots.
    key = _keys(line, rows, 1 + max(last for _, last in rule.windows_days))
    centi = to_centi(haz[rows])
    for change, (nearest, farthest) in zip(changes, rule.windows_days, strict=True):
        first = np.searchsorted(key, key - farthest, "left")
        after = np.searchsorted(key, key - nearest, "right")
        there = after > first
        change[rows[there]] = centi[there] - centi[after[there] - 1]
    return changes


def haz_drop(
    line: Timeline, changes: tuple[Int32s, ...], usable: Bools, remeasured: Bools, rule: TierRule
) -> tuple[Int32s, Bools]:
    """Hundredths of HAZ lost (0 where less than the rule's amount), and whether a second measurement saw it too.

    The larger loss of the windows counts. It is confirmed by the usable row before it that shows a drop as well, on
    another day or, for a re-measurement, on the same day, at most `confirmed_within_days` earlier.
    """
    lost, confirmed = np.zeros(usable.size, np.int32), np.zeros(usable.size, np.bool_)
    rows = np.flatnonzero(usable)
    if not rows.size:
        return lost, confirmed
    drop = np.zeros(rows.size, np.int32)
    for change in changes:
        np.maximum(drop, np.where(change[rows] == NO_SCORE, 0, -change[rows]), out=drop)
    drop[drop < round(rule.at_least * 100)] = 0
    lost[rows] = drop

    key = _keys(line, rows, rule.confirmed_within_days + 1)
    previous, here = slice(None, -1), slice(1, None)
    apart = key[here] - key[previous]
    second = (apart > 0) | remeasured[rows[here]]
    near = apart <= rule.confirmed_within_days
    confirmed[rows[here]] = (drop[here] > 0) & (drop[previous] > 0) & near & second
    return lost, confirmed


def _keys(line: Timeline, rows: Rows, farther_apart: int) -> Int64s:
    """Days of rows as one rising column; those of different roots are at least `farther_apart` from each other."""
    day = line.on[rows].astype(np.int64)
    day -= day.min()
    return line.root[rows] * (int(day.max()) + farther_apart) + day


def length_decrease(
    line: Timeline, adjusted_cm: Floats, age_days: Int32s, position: Int8s, trusted: Bools, rules: RuleSet
) -> Bools:
    """Rows whose length is below that of the last earlier day by more than the tolerance.

    Compared as lying lengths, since the corrected value changes its meaning at 731 days; an unknown position on either
    side widens the tolerance. Only a `trusted` earlier length (not flagged) is compared with.
    """
    lying_cm = adjusted_cm + POSITION_CORRECTION_CM * (age_days >= HEIGHT_FROM_DAY)
    before = line.latest_before_day(trusted)
    fell = np.where(before >= 0, lying_cm[before] - lying_cm, np.nan) if before.size else np.zeros(0)
    unknown = (position == Position.UNKNOWN) | (position[before] == Position.UNKNOWN)
    tolerance = rules.length_decrease_cm + rules.unknown_position_cm * unknown
    shrunk: Bools = np.rint(fell * 100.0) > np.rint(tolerance * 100.0)
    return shrunk
