"""Judge the quality of marked posyandu-months, and keep the alerts at them.

A judgement is a function of facts: of the visits of a posyandu in two months, and of what its neighbours add up to in
the months before. So any order of arrival ends in the same rows. What makes that true here: the kecamatan is locked
before anything is read; a fact that changes after that leaves a mark of its own, and whoever takes that mark waits for
the lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from services.reporting.domain.quality_counts import Counts, counts_of
from services.reporting.domain.quality_month import Month
from services.reporting.domain.quality_reasons import Reason, grade_of, judge
from services.reporting.domain.quality_ruleset import GRADES, QualityRules
from services.reporting.store import posyandu_quality, quality_history, quality_marks, quality_sums
from services.reporting.store.group_facts import read_by_key
from services.reporting.store.posyandu_quality import Judged
from services.reporting.store.quality_marks import PosyanduMonth
from services.reporting.store.quality_visits import as_visits, read_visits
from services.reporting.use_cases.keep_alerts import Clock, keep_alerts
from shared.calendar import add_months
from shared.postgres.pool import Connection

KEYS_A_TURN: Final = 60  # marked posyandu-months in one transaction

Place = tuple[str, str]  # desa, posyandu
Rows = dict[PosyanduMonth, Judged]


async def judge_anew(connection: Connection, rules: QualityRules) -> bool:
    """Mark everything that other rules have judged; whether there was anything."""
    if not await posyandu_quality.judged_by_other_rules(connection, rules.version):
        return False
    await quality_marks.mark_everything(connection)
    return True


async def sum_kecamatan(connection: Connection, kecamatan: str, months: Collection[date]) -> None:
    """Sum what is judged of a kecamatan anew."""
    await quality_marks.lock_kecamatan(connection, {kecamatan})
    await quality_sums.sum_months(connection, kecamatan, months)


async def judge_claimed(
    connection: Connection,
    rules: QualityRules,
    claimed: tuple[Collection[int], Collection[PosyanduMonth]],
    clock: Clock,
) -> None:
    """Judge what claimed marks name, some of it in the open transaction; the rest is marked again."""
    marks, named = claimed
    marked = sorted(named, key=_by_kecamatan)
    now, left = marked[:KEYS_A_TURN], marked[KEYS_A_TURN:]
    # The next month's pairs begin with this month's visits.
    taken = sorted({*now, *(key._replace(month=add_months(key.month, 1)) for key in now)}, key=_by_kecamatan)
    kecamatan = {key.kecamatan for key in taken}
    await quality_marks.lock_kecamatan(connection, kecamatan)
    await read_by_key(connection)
    rows = await read_visits(connection, taken)
    known_on = min(clock.today, await quality_marks.newest_day(connection) or clock.today)  # marks of all that was read
    counted = await asyncio.to_thread(_count, rules, rows, len(taken))  # away from the loop: the heartbeat shares it
    counts = dict(zip(taken, counted, strict=True))
    for code in sorted(kecamatan):
        judged, gone = await _judge(
            connection, rules, code, {key: counts[key] for key in taken if key.kecamatan == code}
        )
        await quality_history.write(connection, judged, gone, known_on, clock.now)
        await keep_alerts(connection, rules, code, clock)
    await quality_marks.settle(connection, marks, left)


def _count(rules: QualityRules, rows: Sequence[Any], groups: int) -> list[Counts]:
    read = as_visits(rows)
    return counts_of(read.visits, groups, read.devices, pair_days=rules.pair_days, late_days=rules.late_days)


def _by_kecamatan(key: PosyanduMonth) -> tuple[str, date, PosyanduMonth]:
    return key.kecamatan, key.month, key


async def _judge(
    connection: Connection, rules: QualityRules, kecamatan: str, counts: Mapping[PosyanduMonth, Counts]
) -> tuple[list[Judged], list[PosyanduMonth]]:
    """Store the counts and judge every month of the kecamatan that they may change; what differs, and what is gone."""
    back = rules.months_back
    changed = {key.month for key in counts}
    first, last = add_months(min(changed), -back), add_months(max(changed), back)
    stored = await posyandu_quality.read_kecamatan(connection, kecamatan, first, last)
    held: dict[PosyanduMonth, Counts] = {key: row.counts for key, row in stored.items()}
    held |= counts
    held = {key: each for key, each in held.items() if each["visits"]}
    affected = {add_months(month, step) for month in changed for step in range(back + 1)}
    judged = await asyncio.to_thread(_judge_months, rules, held, affected)
    differ = [row for key, row in judged.items() if stored.get(key) != row]
    gone = [key for key in stored if key in counts and key not in held]
    await posyandu_quality.write(connection, differ, gone)
    moved = {row.key.month for row in differ} | {key.month for key in gone}
    if moved:
        await quality_sums.sum_months(connection, kecamatan, sorted(moved))
    return differ, gone


def _judge_months(rules: QualityRules, held: Mapping[PosyanduMonth, Counts], affected: set[date]) -> Rows:
    judged: Rows = {}
    for month in sorted(affected & {key.month for key in held}):
        places = sorted({(key.desa_code, key.posyandu_code) for key in held if key.month == month})
        judged |= _judge_month(rules, held, places, month)
    return judged


def _judge_month(
    rules: QualityRules, held: Mapping[PosyanduMonth, Counts], places: Sequence[Place], month: date
) -> Rows:
    """The posyandu that measured in `month`, beside each other; only months from which anything is held count."""
    window = [add_months(month, -step) for step in range(rules.months_back, -1, -1)]
    there = {key.month for key in held}
    months = [Month([held.get(PosyanduMonth(*place, each)) for place in places]) for each in window if each in there]
    rows: Rows = {}
    for place, judgement in zip(places, judge(rules, months), strict=True):
        key = PosyanduMonth(*place, month)
        rows[key] = Judged(
            key=key,
            children=held[key]["children"],
            grade=_grade(rules, held[key]["children"], judgement.reasons),
            reasons=[reason._asdict() for reason in judgement.reasons],
            seen=sorted(judgement.seen),
            counts=held[key],
            rules_version=rules.version,
        )
    return rows


def _grade(rules: QualityRules, children: int, reasons: Sequence[Reason]) -> int | None:
    """None: so few children that nothing can be said; a reason that stands all the same is said."""
    if not reasons and children < rules.judged_from:
        return None
    return GRADES.index(grade_of(reasons))
