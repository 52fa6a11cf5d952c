"""Count what is due anew: a kecamatan from its children, what lies above from the tallies below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import COUNTED_LEVEL, Tally, first_kept
from services.reporting.store.due_tallies import Due
from services.reporting.store.sums import area_where
from services.reporting.store.tallies import areas_below, read_below, write_tally
from services.reporting.use_cases.tally_kinds import KINDS, TallyKind
from shared.auth.areas import AreaGrant, apply
from shared.postgres.pool import Connection


async def count_due(connection: Connection, due: Due, this_month: date, now: datetime) -> None:
    """Count what was claimed: one area, and the periods that its due months are in.

    Takes the claiming transaction, which sees one state from its first statement (REPEATABLE READ): what is settled is
    what was counted. `settle_due` is for the next one: in this one it would fail where more has changed meanwhile.
    """
    if max(due.changed) < first_kept(this_month):
        return  # to be dropped
    for kind in KINDS:
        first = kind.kind.first_month(first_kept(this_month))
        periods = [
            one for one in kind.kind.periods_of(due.changed) if first <= one.last_month and one.first <= this_month
        ]
        if due.area_code.count(".") + 1 >= COUNTED_LEVEL:
            await _count(connection, kind, due.area_code, periods, now)
        else:
            await _bring_together(connection, kind, due.area_code, periods, now)


async def count_now(connection: Connection, kind: TallyKind, area_code: str, periods: Sequence[Period]) -> list[Tally]:
    """Tallies of a kecamatan, from its children as this transaction sees them, which then sees nobody else's."""
    await apply(connection, AreaGrant((area_code,)))  # what counts children by their areas asks whose they may be
    where = area_where(area_code)
    if kind.count_all is not None:
        return await kind.count_all(connection, where, periods)
    return [await kind.count(connection, where, period) for period in periods]


async def _count(connection: Connection, kind: TallyKind, area_code: str, periods: list[Period], now: datetime) -> None:
    for period, tally in zip(periods, await count_now(connection, kind, area_code, periods), strict=True):
        await write_tally(connection, kind.kind, area_code, period, tally, now)


async def _bring_together(
    connection: Connection, kind: TallyKind, area_code: str, periods: list[Period], now: datetime
) -> None:
    """Nothing is kept while one of the areas below has no tally: it will be due again when that one has."""
    wanted = await areas_below(connection, area_code)
    for period in periods:
        below = await read_below(connection, kind.kind, area_code, period)
        if below and below.keys() >= wanted:
            await write_tally(connection, kind.kind, area_code, period, kind.bring_together(below), now)
