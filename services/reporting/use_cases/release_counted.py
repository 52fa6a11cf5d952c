"""What indicators count child by child in a release: counted, added up the tree, and hidden family by family."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import numpy as np

from services.reporting.domain.periods import YEAR, Period, period_of
from services.reporting.domain.read_indicators import load
from services.reporting.domain.release import Batch
from services.reporting.domain.released_counts import Kept, Pairs, kept_by_family, released_counts, told_last
from services.reporting.domain.tallies import area_above
from services.reporting.store.releases import hidden_since_january, read_released
from services.reporting.use_cases.fresh_tallies import fresh_tallies
from services.reporting.use_cases.tally_kinds import SERVICES_KIND
from services.reporting.use_cases.tally_services import pairs_of
from shared.postgres.pool import Connection


async def counted_of(connection: Connection, batch: Batch) -> dict[str, Any]:
    """By area what its release keeps of children counted one by one; empty where no rule looks at the very period."""
    counts = released_counts(load(), batch.period)
    if not counts:
        return {}
    counted: defaultdict[str, Pairs] = defaultdict(lambda: np.zeros((len(counts), 2), np.int64))
    for kabupaten in sorted({area_above(area_above(desa)) for desa in batch.belongs}):
        for tally in await fresh_tallies(connection, SERVICES_KIND, kabupaten, batch.period):
            for desa, pairs in pairs_of(tally, counts):
                for code in batch.belongs.get(desa, ()):
                    counted[code] += pairs
    kept: dict[str, Any] = {}
    above_kecamatan = [batch.provinsi, *batch.kabupaten]
    hidden_before = await hidden_since_january(connection, above_kecamatan, batch.period)
    told_before = {code: await _told_last(connection, code, batch.period) for code in above_kecamatan}
    for of_family in kept_by_family(batch, counts, counted, hidden_before, told_before):
        kept |= of_family
        await asyncio.sleep(0)  # milliseconds each: the heartbeat shares the loop
    return kept


async def _told_last(connection: Connection, code: str, period: Period) -> Kept:
    """What earlier releases of the year have told of an area, by key the last of it."""
    earlier = [Period(month) for month in period_of(period.first, YEAR).months_of if month < period.first]
    if not earlier:
        return {}
    found = await read_released(connection, code, earlier, None, ["counted"])
    return told_last([[one.area.counted or {} for one in found.get(month, ())] for month in earlier])
