"""A laboratory's own critical limits, entered with the day they hold from."""

from __future__ import annotations

from services.lab.domain.catalogue_rows import Analyte, limit_problems
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.routing import area_of
from services.lab.store.catalogue import read_catalogue
from services.lab.store.critical_limits import CriticalLimit, insert_limit, read_limits
from services.lab.store.laboratories import read_laboratories
from services.lab.use_cases.entry import Entry, RefusedError
from shared.calendar import JAKARTA
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError


async def save_critical_limit(connection: Connection, limit: CriticalLimit, entry: Entry) -> None:
    """Store it. UnknownFactError where there is no such laboratory; RefusedError says what is wrong.

    Nothing that has happened is judged otherwise afterwards: limits begin today or later, and after those before them.
    """
    if limit.laboratory_code not in {each.code for each in await read_laboratories(connection)}:
        raise UnknownFactError
    catalogue = await read_catalogue(connection)
    problems = _problems(limit, catalogue.analyte(limit.test_code, limit.valid_from), entry)
    before = [row for row in await read_limits(connection, [limit.laboratory_code]) if row.test_code == limit.test_code]
    if before and before[0].valid_from >= limit.valid_from:
        since = {"day": before[0].valid_from.isoformat()}
        problems.append(ResultProblem("limit_not_later", "valid_from", limit.valid_from.isoformat(), since))
    if problems:
        raise RefusedError(*problems)
    if not await insert_limit(connection, limit):
        since = {"day": limit.valid_from.isoformat()}
        raise RefusedError(ResultProblem("limit_not_later", "valid_from", limit.valid_from.isoformat(), since))


def _problems(limit: CriticalLimit, analyte: Analyte | None, entry: Entry) -> list[ResultProblem]:
    found: list[ResultProblem] = []
    today = entry.now.astimezone(JAKARTA).date()
    if not entry.grant.covers_area(area_of(limit.laboratory_code)):
        found.append(ResultProblem("outside_area", "laboratory_code", limit.laboratory_code))
    if limit.valid_from < today:
        found.append(
            ResultProblem("limit_in_the_past", "valid_from", limit.valid_from.isoformat(), {"day": today.isoformat()})
        )
    if analyte is None:
        return [*found, ResultProblem("unknown_test", "test_code", limit.test_code)]
    if analyte.canonical is None:
        allowed = ", ".join(finding.code for finding in analyte.findings)
        return [*found, ResultProblem("value_unexpected", "test_code", limit.test_code, {"findings": allowed})]
    low, high = limit.critical_below, limit.critical_above
    if low is None and high is None:
        found.append(ResultProblem("limit_missing", "critical_below"))
    return [*found, *limit_problems(analyte, low, high)]
