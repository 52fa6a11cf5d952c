"""How long a release tells that steps of the cascade took: median days, of areas whose suspected are shown."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.reporting.domain.release import Batch
from services.reporting.domain.tallies import Tally, area_above
from services.reporting.store.courses import days_to_steps
from services.reporting.use_cases.fresh_tallies import fresh_tallies
from services.reporting.use_cases.tally_kinds import COURSES_KIND
from shared.postgres.pool import Connection

SUSPECTED: Final = "suspected"


async def days_of(connection: Connection, batch: Batch, today: date) -> dict[str, Any]:
    """By area and step; null where half have not come so far. Who waits is censored on the day of the release."""
    rows: defaultdict[str, list[NDArray[np.int32]]] = defaultdict(list)
    for kabupaten in sorted({area_above(area_above(desa)) for desa in batch.belongs}):
        for tally in await fresh_tallies(connection, COURSES_KIND, kabupaten, batch.period):
            for desa, own in _by_desa(tally).items():
                for code in batch.belongs.get(desa, ()):
                    if SUSPECTED not in batch.hidden[code]:
                        rows[code].append(own)
        await asyncio.sleep(0)
    days: dict[str, Any] = {}
    for code, found in rows.items():
        days[code] = {
            step: median for step, median in days_to_steps(np.concatenate(found), today).items() if median is not None
        }
        await asyncio.sleep(0)  # milliseconds each: the heartbeat shares the loop
    return days


def _by_desa(tally: Tally) -> dict[str, NDArray[np.int32]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, desa in enumerate(tally.parts):
        places[desa].append(number)
    return {desa: tally.counts[own] for desa, own in places.items()}
