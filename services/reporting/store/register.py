"""The register as valid on a day: of a province's 27,000 entries those that one page needs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from services.reporting.domain.areas import Entry, Tree
from shared.postgres.page import read_once
from shared.postgres.pool import Connection

# All revisions of the entries that an answer may need: of the areas in $1 and all directly below each. The register is
# read as it is known now, also for an `as_of`: names and borders are not figures. Entries are found by any revision,
# then looked at as they are: one that has moved elsewhere is known by where it was, too. Few of them are asked, however
# many the planner expects: each is looked up by its key.
_REVISIONS: Final = """
WITH asked AS (
    SELECT fact_id FROM register_fact WHERE code = ANY($1::text[]) OR parent_code = ANY($2::text[])
    UNION SELECT fact_id FROM register_fact
          WHERE entry = 'target'
            AND code IN (SELECT code FROM register_fact WHERE parent_code = ANY($2::text[]) AND entry = 'area')
    UNION SELECT fact_id FROM register_fact WHERE code >= $3 AND code < $3 || '/' AND entry = 'area'
          AND parent_code <> left(code, length(code) - strpos(reverse(code), '.'))
    UNION SELECT fact_id FROM register_fact
          WHERE $4 AND entry = 'puskesmas' AND parent_code >= $3 AND parent_code < $3 || '/'
)
SELECT known.fact_id, valid_from, valid_to, voided, entry, code, name, level, parent_code, desa_codes, target_children
FROM asked CROSS JOIN LATERAL (SELECT * FROM register_fact AS own WHERE own.fact_id = asked.fact_id OFFSET 0) AS known
ORDER BY known.fact_id, epoch DESC, revision DESC
"""


class _Revision(NamedTuple):
    fact_id: object
    valid_from: date
    valid_to: date | None
    voided: bool
    entry: Entry


async def trees_on_days(connection: Connection, days: Sequence[date], areas: Sequence[str]) -> dict[date, Tree]:
    """For each day the areas and official targets of `areas` (the highest first) and of all directly below each.

    Days between which nothing changed share one tree. One page asks for an area, then for those above it: what was
    read for more areas serves for the first of them, too.
    """
    asked = tuple(areas)
    known = await read_once(("register", tuple(days)), _nothing_yet)
    for read, trees in known.items():
        if read[: len(asked)] == asked:
            return trees
    known[asked] = await _trees(connection, days, asked, asked, asked[0], puskesmas=False)
    return known[asked]


async def _nothing_yet() -> dict[tuple[str, ...], dict[date, Tree]]:
    return {}


async def tree_on(connection: Connection, day: date, area: str, *, puskesmas: bool = False) -> Tree:
    """The entries on `day` of `area`, of those above it and directly below each; with `puskesmas` all of these below.

    And all areas below that belong elsewhere than their code says.
    """
    parts = area.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    if puskesmas:
        return (await _trees(connection, [day], above, [area], area, puskesmas=True))[day]
    return (await trees_on_days(connection, [day], above))[day]


async def _trees(
    connection: Connection,
    days: Sequence[date],
    codes: Sequence[str],
    parents: Sequence[str],
    top: str,
    *,
    puskesmas: bool,
) -> dict[date, Tree]:
    rows = await connection.fetch(_REVISIONS, list(codes), list(parents), top, puskesmas)
    revisions = [_Revision(row[0], row[1], row[2], row[3], _entry(row[4:])) for row in rows]
    changes = sorted({day for each in revisions for day in (each.valid_from, each.valid_to) if day is not None})
    between: dict[int, Tree] = {}
    trees: dict[date, Tree] = {}
    for day in days:
        since = bisect_right(changes, day)
        if since not in between:
            between[since] = Tree(_valid_on(revisions, day))
        trees[day] = between[since]
    return trees


def _entry(row: Sequence[Any]) -> Entry:
    return Entry(row[0], row[1], row[2], row[3], row[4], tuple(filter(None, row[5].split("|"))), row[6])


def _valid_on(revisions: Sequence[_Revision], day: date) -> list[Entry]:
    """Of each entry the newest revision that had begun: a later rename or split leaves earlier periods alone (B106)."""
    found = []
    for _, of_entry in groupby(revisions, attrgetter("fact_id")):
        newest = next((each for each in of_entry if each.valid_from <= day), None)
        if newest is not None and not newest.voided and (newest.valid_to is None or newest.valid_to > day):
            found.append(newest.entry)
    return found
