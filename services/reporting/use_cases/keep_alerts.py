"""Raise, keep and close the alerts of a kecamatan by what is judged of its posyandu now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.reporting.domain.quality_alerts import OPEN, Alert, PosyanduReasons, follow, raises
from services.reporting.domain.quality_ruleset import QualityRules
from services.reporting.store.quality_alerts import (
    insert_alert,
    last_alerts,
    reasons_by_posyandu,
    store_judged,
    write_step,
)
from shared.calendar import add_months, month_of
from shared.postgres.pool import Connection

MONTHS_SHOWN: Final = 3  # beyond them nothing is young enough to raise an alert


@dataclass(frozen=True, slots=True)
class Clock:
    """The edge's word on time, and new ids."""

    today: date
    now: datetime
    new_id: Callable[[], UUID]


async def keep_alerts(connection: Connection, rules: QualityRules, kecamatan: str, clock: Clock) -> int:
    """Make the alerts follow the stored judgements, under the kecamatan's lock; how many were raised."""
    alerts = await last_alerts(connection, kecamatan)
    first = add_months(month_of(clock.today), -MONTHS_SHOWN)
    first = min([first, *(alert.first_month for alert in alerts.values() if alert.state in OPEN)])
    judged = await reasons_by_posyandu(connection, kecamatan, first)
    by_code = {posyandu_code: months for (_, posyandu_code), months in judged.items()}
    for alert in alerts.values():
        if alert.state in OPEN:
            await _follow(connection, rules, alert, by_code.get(alert.posyandu_code, []), clock)
    raised = 0
    for (desa_code, posyandu_code), months in judged.items():
        for rule in rules.reasons.values():
            former = alerts.get((posyandu_code, rule.code))
            if former is not None and former.state in OPEN:
                continue
            found = raises(rules, rule, months, former, clock.today)
            if found is not None:
                await insert_alert(connection, _new(rules, rule.code, (desa_code, posyandu_code), found, former, clock))
                raised += 1
    return raised


async def _follow(
    connection: Connection, rules: QualityRules, alert: Alert, months: list[PosyanduReasons], clock: Clock
) -> None:
    verdict = follow(rules.reasons[alert.kind], alert, months)
    kept = replace(alert, last_month=verdict.last_month, reason=verdict.reason)
    if verdict.close_reason is not None:
        kept = replace(
            kept, state="closed", revision=alert.revision + 1, closed_at=clock.now, close_reason=verdict.close_reason
        )
    if kept != alert:
        await store_judged(connection, kept)
    if kept.state != alert.state:
        await write_step(connection, kept, "closed", clock.now, code=verdict.close_reason)


def _new(
    rules: QualityRules, kind: str, place: tuple[str, str], found: PosyanduReasons, former: Alert | None, clock: Clock
) -> Alert:
    desa_code, posyandu_code = place
    return Alert(
        posyandu_code=posyandu_code,
        alert_id=clock.new_id(),
        desa_code=desa_code,
        kind=kind,
        state="raised",
        revision=1,
        first_month=found.month,
        last_month=found.month,
        reason=found.reason(kind) or {},
        rules_version=rules.version,
        raised_at=clock.now,
        raised_again_from=former.alert_id if former is not None else None,
    )
