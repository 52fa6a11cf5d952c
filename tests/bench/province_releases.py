"""What is told outside of the bench's province: some periods released by the live code, other months copies of one."""

from __future__ import annotations

from typing import Any, Final

from services.reporting.domain.periods import QUARTER, YEAR, Period, period_of
from services.reporting.use_cases.release_period import release_period
from shared.calendar import add_months, month_of, today_jakarta
from tests.bench.province_load import KABUPATEN
from tests.integration.reporting.ground import Office

PROVINSI: Final = "12"
TREND_MONTHS: Final = 24
_COPY: Final = (
    """
    INSERT INTO release (provinsi_code, months, month, released_on, known_at, columns)
    SELECT provinsi_code, $3, $2, released_on, known_at, columns FROM release WHERE release_id = $1
    RETURNING release_id
    """,
    """
    INSERT INTO released_kabupaten (kabupaten_code, months, month, release_id)
    SELECT kabupaten_code, $3, $2, $4 FROM released_kabupaten WHERE release_id = $1
    """,
    """
    INSERT INTO released_area
        (area_code, months, month, release_id, parent_code, sums, hidden, groups, counted, changes, growth, days)
    SELECT area_code, $3, $2, $4, parent_code, sums, hidden, groups, counted, changes, growth, days
    FROM released_area WHERE release_id = $1
    """,
)


def newest_month() -> Period:
    """The last month whose findings may be told."""
    today = today_jakarta()
    last = period_of(month_of(today)).shifted(-1)
    return last if today.day > 10 else last.shifted(-1)


def finished(months: int) -> Period:
    """The last quarter, semester or year that has ended by the newest month."""
    period = period_of(newest_month().first, months)
    return period if period.last_month <= newest_month().first else period.shifted(-1)


async def release_province(office: Office, admin: Any) -> str:
    """The newest month, the last quarter and its months; copies of them are 24 months or more, and the last year.

    Of the last year no tallies are loaded, and reading does not depend on what a row says.
    """
    newest, quarter, year = newest_month(), finished(QUARTER), finished(YEAR)
    live = {newest, *map(Period, quarter.months_of), quarter}
    codes = [f"{PROVINSI}.{number:02}" for number in range(1, KABUPATEN + 1)]
    for period in sorted(live, key=lambda period: (period.months, period.first)):
        await _release(office, period, codes)
    first = min(add_months(newest.first, 1 - TREND_MONTHS), year.first)
    months = [first]
    while months[-1] < newest.first:
        months.append(add_months(months[-1], 1))
    copied = [Period(month) for month in months if Period(month) not in live]
    for month in copied:
        await _copy(admin, newest, month)
    await _copy(admin, quarter, year)
    await admin.execute("VACUUM ANALYZE release, released_kabupaten, released_area")
    return f"released: {', '.join(map(str, sorted(live)))}; copies of them: {len(copied)} months and {year}"


async def _release(office: Office, period: Period, kabupaten: list[str]) -> None:
    async with office.worker.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        if await release_period(connection, PROVINSI, period, kabupaten, today_jakarta()) is None:
            raise AssertionError(f"{period} was not released")


async def _copy(admin: Any, of: Period, to: Period) -> None:
    number = await admin.fetchval(
        "SELECT release_id FROM release WHERE provinsi_code = $1 AND months = $2 AND month = $3",
        PROVINSI, of.months, of.first,
    )  # fmt: skip
    head, *rows = _COPY
    copy = await admin.fetchval(head, number, to.first, to.months)
    for statement in rows:
        await admin.execute(statement, number, to.first, to.months, copy)
