"""Groups of sex and age of a release: counted, added up the tree, and hidden family by family."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any, Final

from services.reporting.domain.hidden_counts import Counts
from services.reporting.domain.periods import Period
from services.reporting.domain.release import Batch
from services.reporting.domain.released_groups import kept_by_family
from services.reporting.domain.tallies import Tally
from services.reporting.store.group_sums import GROUPS, cells_of, count_groups, no_cells
from services.reporting.store.sums import SUM_COLUMNS, area_where
from services.reporting.store.tallies import areas_below, read_below, uncounted_below
from shared.auth.areas import AreaGrant, apply
from shared.postgres.pool import Connection

KABUPATEN_PARTS: Final = 2


async def groups_of(connection: Connection, batch: Batch) -> dict[str, Any]:
    """By area what its release keeps of groups; areas of which none are told are left out."""
    kept: dict[str, Any] = {}
    for of_family in kept_by_family(batch, await _cells(connection, batch), SUM_COLUMNS):
        kept |= of_family
        await asyncio.sleep(0)  # milliseconds each: the heartbeat shares the loop
    return kept


async def _cells(connection: Connection, batch: Batch) -> dict[str, Counts]:
    """By area, sexes x ages x SUM_COLUMNS."""
    added: defaultdict[str, Counts] = defaultdict(no_cells)
    for kabupaten in sorted({".".join(desa.split(".")[:KABUPATEN_PARTS]) for desa in batch.belongs}):
        for tally in await _tallies_below(connection, kabupaten, batch.period):
            for desa, cells in cells_of(tally):
                for code in batch.belongs.get(desa, ()):
                    added[code] += cells
    return added


async def _tallies_below(connection: Connection, kabupaten: str, period: Period) -> list[Tally]:
    """Of each kecamatan by code: its tally where nothing has changed since, else counted now.

    What counts children by their areas asks whose they may be: from then on this transaction sees the kabupaten's.
    """
    await apply(connection, AreaGrant((kabupaten,)))
    kept = await read_below(connection, GROUPS, kabupaten, period)
    changed = await uncounted_below(connection, GROUPS, kabupaten, period)
    changed |= await areas_below(connection, kabupaten) - kept.keys()
    for kecamatan in sorted(changed):
        kept[kecamatan] = await count_groups(connection, area_where(kecamatan), period)
    return list(kept.values())
