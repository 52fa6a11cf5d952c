"""Whether to answer from a tally or to count now.

What is counted now is always of this moment. A tally that nothing has changed since says the same; of a large area an
older one is shown with its `counted_at`, since counting would take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.reporting.domain.areas import Entry
from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import COUNTED_LEVEL, LEVELS, Tally, area_above
from services.reporting.store.sums import sums_by_place, where_of
from services.reporting.store.tallies import Counted, Kind, read_tally
from services.reporting.use_cases.area_figures import Question
from shared.postgres.pool import Connection

QUICKLY_COUNTED: Final = 5_000  # children: a fifth of a second
MOST_COUNTED: Final = 60_000  # children: three seconds; more is not counted while somebody waits

MOST_OF_KABUPATEN: Final = 500_000  # children: no kabupaten has more, and a large one takes some seconds


class TooLargeError(ValueError):
    """More children than are counted while somebody waits, and no tally of what is asked."""


async def find_tally(
    connection: Connection,
    kind: Kind,
    entry: Entry,
    asked: Question,
    *,
    together: Sequence[Period] = (),
) -> Counted | None:
    """The tally to answer from; None = count now. Raises TooLargeError.

    `together`: as `read_tally` has it.
    """
    counted = None
    if asked.as_of is None and entry.entry == "area" and entry.code.count(".") + 1 in LEVELS:
        counted = await read_tally(connection, kind, entry.code, asked.period, together)
    elif asked.as_of is None and kind.by_desa and _is_desa(entry):
        counted = await _of_desa(connection, kind, entry.code, asked.period, together)
    if counted is not None and counted.is_fresh:
        return counted
    if asked.patient:
        return None
    children = await _children(connection, entry, asked)
    if counted is not None and children > QUICKLY_COUNTED:
        return counted
    if children > MOST_COUNTED:
        raise TooLargeError(entry.code)
    return None


async def demand_countable(connection: Connection, entry: Entry, asked: Question) -> None:
    """For what children are counted for while somebody waits: any kabupaten. Raises TooLargeError of a provinsi."""
    if not asked.patient and await _children(connection, entry, asked) > MOST_OF_KABUPATEN:
        raise TooLargeError(entry.code)


def _is_desa(entry: Entry) -> bool:
    return entry.entry == "area" and entry.code.count(".") == COUNTED_LEVEL


async def _of_desa(
    connection: Connection, kind: Kind, code: str, period: Period, together: Sequence[Period]
) -> Counted | None:
    """Its row of the tally of its kecamatan, by code."""
    found = await read_tally(connection, kind, area_above(code), period, together)
    if found is None or not found.is_fresh:
        return None
    rows = [number for number, part in enumerate(found.tally.parts) if part == code]
    return found._replace(tally=Tally((code,) * len(rows), found.tally.counts[rows]))


async def _children(connection: Connection, entry: Entry, asked: Question) -> int:
    """Targets of the period as known now: an as-of day does not change how long counting takes."""
    places = await sums_by_place(connection, where_of(entry), asked.period, None, "own")
    return sum(place.counts["target_children"] for place in places)
