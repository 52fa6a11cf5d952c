"""Critical values: raised once a result, withdrawn by a correction, acknowledged by a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.lab.domain.catalogue import Catalogue
from services.lab.domain.criticals import Crossing, Drawn, alerts
from services.lab.store.catalogue import read_catalogue
from services.lab.store.critical_limits import CriticalLimit, read_limits
from services.lab.store.criticals import CRITICALS, alert_id, alerts_of
from services.lab.store.results import draw_key, results_of_draws
from services.lab.use_cases.entry import Entry, StateError
from shared.calendar import JAKARTA
from shared.contracts.fact import revised
from shared.contracts.lab import CriticalValueV1, LabResultV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError


async def refresh_alerts(connection: Connection, touched: Sequence[LabResultV1], entry: Entry) -> list[CriticalValueV1]:
    """Alerts of the draws of `touched` (states before and after a change) that have to change, stored."""
    draws = {(result.order_id or result.child_id, draw_key(result)) for result in touched}
    valid = {result.fact_id: result for result in await results_of_draws(connection, draws)}
    catalogue = await read_catalogue(connection)
    own = await read_limits(connection, {result.laboratory_code for result in valid.values()})
    looked_at = [drawn for result in valid.values() if (drawn := _drawn(result, catalogue, own)) is not None]
    wanted = alerts(looked_at, catalogue.alert_at_most_days)
    gone = {result.fact_id for result in touched} - valid.keys()
    stored = await alerts_of(connection, {*valid, *gone})
    changed: list[CriticalValueV1] = []
    for result_id, result in sorted(valid.items()):
        if result_id in wanted:
            changed += _raised(result, wanted[result_id], stored.get(result_id), entry)
    changed += [
        revised(alert, "voided", entry.now, state="withdrawn")
        for result_id, alert in sorted(stored.items())
        if result_id not in wanted and alert.state != "withdrawn"
    ]
    beside = {alert_id(result.fact_id): (result.laboratory_code, None) for result in valid.values()}
    await CRITICALS.write(connection, changed, beside)
    return changed


async def acknowledge(
    connection: Connection, fact_id: UUID, entry: Entry, *, read_back: bool, note: str | None
) -> CriticalValueV1:
    """Say that a person knows of it; a second time changes nothing. UnknownFactError; StateError when withdrawn."""
    found = await CRITICALS.locked(connection, "fact_id", [fact_id])
    if not found:
        raise UnknownFactError
    alert = found[0]
    if alert.state == "withdrawn":
        raise StateError(alert.state)
    if alert.state == "acknowledged":
        return alert
    done = revised(
        alert,
        "closed",
        entry.now,
        state="acknowledged",
        acknowledged_at=entry.known_at,
        acknowledged_by=entry.account,
        read_back=read_back,
    )
    await CRITICALS.write(connection, [done], {fact_id: (None, note)})
    await publish(connection, [done])
    return done


def _drawn(result: LabResultV1, catalogue: Catalogue, own: Sequence[CriticalLimit]) -> Drawn[UUID] | None:
    """A result with the limits that held on its day: its laboratory's (`own`, the newest first), if it has any."""
    analyte = catalogue.analyte(result.test_code, result.drawn_on)
    if analyte is None or result.value is None:
        return None
    whose = (result.laboratory_code, result.test_code)
    held = [row for row in own if (row.laboratory_code, row.test_code) == whose and row.valid_from <= result.drawn_on]
    if held:  # else the catalogue's row of that day, the district's version or the shipped one
        analyte = replace(analyte, critical_below=held[0].critical_below, critical_above=held[0].critical_above)
    reported_on = result.reported_at.astimezone(JAKARTA).date()
    draw = (result.order_id or result.child_id, draw_key(result))
    return Drawn(result.fact_id, draw, analyte, result.value, result.comparator, (reported_on - result.drawn_on).days)


def _raised(
    result: LabResultV1, crossed: Crossing, stored: CriticalValueV1 | None, entry: Entry
) -> list[CriticalValueV1]:
    values: dict[str, Any] = {
        "drawn_on": result.drawn_on,
        "value": result.value,
        "comparator": result.comparator,
        "limit": crossed.limit,
        "side": crossed.side,
    }
    if stored is None:
        return [
            CriticalValueV1(
                fact_id=alert_id(result.fact_id),
                child_id=result.child_id,
                epoch=1,
                revision=1,
                change="opened",
                known_at=entry.known_at,
                result_id=result.fact_id,
                test_code=result.test_code,
                canonical_unit=result.canonical_unit or "",
                state="raised",
                raised_at=entry.known_at,
                **values,
            )
        ]
    if stored.state == "withdrawn":  # a correction brought it back: somebody has to be told again
        values |= {"state": "raised", "raised_at": entry.known_at}
        values |= dict.fromkeys(("acknowledged_at", "acknowledged_by", "read_back"))
    elif all(getattr(stored, name) == value for name, value in values.items()):
        return []
    return [revised(stored, "corrected", entry.now, **values)]
