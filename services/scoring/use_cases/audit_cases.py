"""Hold an audit of a case, change its sheet: each change a revision with who made it and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.scoring.domain.case_audit import Sheet, sheet_problems
from services.scoring.store import case_audits, doors
from services.scoring.store.case_audits import CaseAudit
from services.scoring.use_cases.judge_measurements import Clock
from shared.contracts.fact import new_fact_id
from shared.postgres.pool import Connection
from shared.refusals import StaleError, UnknownFactError


class SheetRefusedError(Exception):
    """The sheet cannot be kept: (field, code) of what is wrong."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(", ".join(code for _, code in problems))
        self.problems = problems


async def hold_audit(connection: Connection, case_id: UUID, sheet: Sheet, account: str, clock: Clock) -> CaseAudit:
    """A new sheet. UnknownFactError for a case that the caller does not see, SheetRefusedError."""
    kept = await doors.find_case(connection, case_id)
    if kept is None:
        raise UnknownFactError
    case = kept[0]
    _check(sheet, case.opened_on, clock)
    audit = CaseAudit(case.child_id, new_fact_id(), case_id, 1, sheet, account, clock.now)
    await case_audits.write(connection, audit)
    return audit


async def change_audit(
    connection: Connection, stored: CaseAudit, seen: int, sheet: Sheet, account: str, clock: Clock
) -> CaseAudit:
    """The locked sheet after the change; one that changes nothing makes no revision. StaleError, SheetRefusedError."""
    if stored.revision != seen:
        raise StaleError((1, stored.revision))
    if sheet == stored.sheet:
        return stored
    kept = await doors.find_case(connection, stored.case_id)
    if kept is None:
        raise UnknownFactError
    _check(sheet, kept[0].opened_on, clock)
    changed = replace(
        stored,
        revision=stored.revision + 1,
        sheet=sheet,
        changed_by=account,
        changed_at=max(clock.now, stored.changed_at),
    )
    await case_audits.write(connection, changed)
    return changed


def _check(sheet: Sheet, opened_on: date, clock: Clock) -> None:
    problems = sheet_problems(sheet, opened_on, clock.today)
    if problems:
        raise SheetRefusedError(problems)
