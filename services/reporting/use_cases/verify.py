"""Verify: count the figures again from the facts, by other means, and say every difference."""

from __future__ import annotations

from typing import Any

from services.reporting.store.generations import asks_for_rebuild, live_generation
from services.reporting.store.level_sums import compare_levels
from services.reporting.store.quality_recount import compare_quality_sums
from services.reporting.store.recount import months_held, recount
from services.reporting.store.recount_cards import recount_cards
from services.reporting.store.recount_services import recount_services
from services.reporting.store.release_sums import compare_releases
from services.reporting.store.tally import compare_tally
from services.reporting.use_cases.verify_tallies import verify_tallies
from shared.calendar import add_months
from shared.postgres.pool import Connection


async def verify(
    connection: Connection, *, last_months: int | None = None, generation: int | None = None
) -> dict[str, Any]:
    """`{checked, differences, tallies, asks_for_rebuild}` of the live generation, or another; all months, or the last.

    Eight checks: cells against a recount from the facts (`kind` = cell), what was done for children likewise (`kind` =
    service) and who has a growth card (`kind` = card), sums by kabupaten and kecamatan against the cells (`kind` =
    level), those of quality against the judged posyandu-months (`kind` = quality; of the live generation, they have
    none of their own), tallies that claim to be of this moment against counting now (`kind` = tally; some of them:
    `tallies` tells how many, and how old all are), areas of releases against those above them (`kind` = release), and
    the facts against the tally that was written as they were stored (`kind` = facts), since a lost fact takes its
    figures with it. Runs in one snapshot: give it a connection without a transaction.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL work_mem = '128MB'")  # a recount sorts everything there is
        # The planner knows no row counts of the recount's parts; a loop of it over another would take hours.
        await connection.execute("SET LOCAL enable_nestloop = off")
        number = await live_generation(connection) if generation is None else generation
        lacks = await asks_for_rebuild(connection) if generation is None else []
        lost = await compare_tally(connection)
        summed_wrong = await compare_levels(connection, number)
        quality = await compare_quality_sums(connection) if generation is None else []
        served = await recount_services(connection, number)
        cards = await recount_cards(connection, number)
        held = await months_held(connection, number)
        checked, since = 0, None
        cells: list[dict[str, Any]] = []
        if held is not None:
            first, last = held
            if last_months is not None:
                first = since = max(first, add_months(last, 1 - last_months))
            checked, cells = await recount(connection, number, first, last)
        released = await compare_releases(connection, since) if generation is None else []
        tallies: tuple[dict[str, Any], list[dict[str, Any]]] = ({}, [])
        if held is not None and generation is None:  # what is only being filled has none
            await connection.execute("SET LOCAL enable_nestloop = on")
            tallies = await verify_tallies(connection, first)
    differences: list[dict[str, Any]] = [{"kind": "facts", **row, "day": row["day"].isoformat()} for row in lost]
    differences += [{"kind": "service", **row} for row in served]
    differences += [{"kind": "card", **row} for row in cards]
    differences += [{"kind": "cell", **row} for row in cells]
    differences += [{"kind": "level", **row} for row in summed_wrong]
    differences += [{"kind": "quality", **row} for row in quality]
    differences += [{"kind": "tally", **row} for row in tallies[1]]
    differences += [{"kind": "release", **row} for row in released]
    return {"checked": checked, "differences": differences, "tallies": tallies[0], "asks_for_rebuild": lacks}
