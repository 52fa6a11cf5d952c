"""A person takes an alert further: knows of it, has done something, closes it with what shows that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.reporting.domain.quality_alerts import STEPS, Alert
from services.reporting.store.quality_alerts import store_moved, write_step
from shared.postgres.pool import Connection


class AlertStepError(Exception):
    """The alert does not stand where this step begins; `state` is where it stands."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True, slots=True)
class Step:
    """What a person did: `acknowledged`, `acted` or `closed`, with a code and words, by which account and when."""

    step: str
    account: str
    now: datetime
    code: str | None = None
    note: str | None = None


async def move_alert(connection: Connection, alert: Alert, step: Step) -> Alert:
    """The locked alert one step further, stored with the step. AlertStepError."""
    if alert.state not in STEPS[step.step]:
        raise AlertStepError(alert.state)
    moved = replace(alert, state=step.step, revision=alert.revision + 1)
    if step.step == "acknowledged":
        moved = replace(moved, acknowledged_at=step.now)
    elif step.step == "acted":
        moved = replace(moved, acted_at=step.now)
    else:
        moved = replace(moved, closed_at=step.now, close_reason=step.code)
    await store_moved(connection, moved)
    await write_step(connection, moved, step.step, step.now, account=step.account, code=step.code, note=step.note)
    return moved
