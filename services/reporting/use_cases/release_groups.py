"""Groups of sex and age of a release: counted, added up the tree, and hidden family by family."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from services.reporting.domain.hidden_counts import Counts
from services.reporting.domain.release import Batch
from services.reporting.domain.released_groups import kept_by_family
from services.reporting.domain.tallies import area_above
from services.reporting.store.group_sums import cells_of, no_cells
from services.reporting.store.sums import SUM_COLUMNS
from services.reporting.use_cases.fresh_tallies import fresh_tallies
from services.reporting.use_cases.tally_kinds import GROUPS_KIND
from shared.postgres.pool import Connection


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
    for kabupaten in sorted({area_above(area_above(desa)) for desa in batch.belongs}):
        for tally in await fresh_tallies(connection, GROUPS_KIND, kabupaten, batch.period):
            for desa, cells in cells_of(tally):
                for code in batch.belongs.get(desa, ()):
                    added[code] += cells
    return added
