"""Tallies of every kecamatan as of this moment, for who does not mind waiting."""

from __future__ import annotations

from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import Tally, area_above
from services.reporting.store.sums import area_where
from services.reporting.store.tallies import areas_below, read_below, uncounted_below
from services.reporting.use_cases.tally_kinds import TallyKind
from shared.auth.areas import AreaGrant, apply
from shared.postgres.pool import Connection


async def fresh_tallies(connection: Connection, kind: TallyKind, kabupaten: str, period: Period) -> list[Tally]:
    """Of each kecamatan of a kabupaten by code: its tally where nothing has changed since, else counted now.

    From then on the transaction sees the provinsi: what counts children asks whose they may be.
    """
    kept = await read_below(connection, kind.kind, kabupaten, period)
    every = await areas_below(connection, kabupaten)
    stale = await uncounted_below(connection, kind.kind, kabupaten, period) | (every - kept.keys())
    if not stale:
        return list(kept.values())
    await apply(connection, AreaGrant((area_above(kabupaten),)))
    if stale >= every:
        return [await kind.count(connection, area_where(kabupaten), period)]
    return [
        *(tally for code, tally in kept.items() if code not in stale),
        *[await kind.count(connection, area_where(code), period) for code in sorted(stale)],
    ]
