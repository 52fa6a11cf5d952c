"""Where partitions ended when a day was over, and whether the consumer is past that."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from shared.postgres.pool import Connection

KEPT_DAYS: Final = 62
# Ends were stored a moment ago, after the day was over: `consumer_position` has them.
_NOTE: Final = """
INSERT INTO cut_off (day, topic, partition, end_offset)
SELECT $1, topic, partition, end_offset
FROM consumer_position JOIN unnest($2::text[], $3::integer[]) AS assigned(topic, partition) USING (topic, partition)
ON CONFLICT DO NOTHING
"""
# An end noted later than on that day is not before it: past the first one known, everything of the day is applied.
_STANDING: Final = """
SELECT p.topic, p.partition, p.next_offset, first.end_offset
FROM consumer_position AS p LEFT JOIN LATERAL (
    SELECT end_offset FROM cut_off AS c
    WHERE (c.topic, c.partition) = (p.topic, p.partition) AND c.day >= $1 ORDER BY c.day LIMIT 1
) AS first ON true
"""


class Standing(NamedTuple):
    """How far the partitions are: `unknown` ends were never noted, `behind` are those not yet past theirs."""

    partitions: int
    unknown: int
    behind: int
    records: int
    open_dead_letters: int


async def note_cut_off(connection: Connection, day: date, places: Collection[tuple[str, int]]) -> None:
    """Remember the stored ends of `places` as those of `day`, unless they are known already."""
    topics, partitions = [topic for topic, _ in places], [number for _, number in places]
    await connection.execute(_NOTE, day, topics, partitions)
    await connection.execute("DELETE FROM cut_off WHERE day < $1::date - $2::integer", day, KEPT_DAYS)


async def standing_at(connection: Connection, day: date) -> Standing:
    """How far the consumer is with what was sent until `day` was over."""
    rows = await connection.fetch(_STANDING, day)
    letters = await connection.fetchval("SELECT count(*) FROM dead_letter WHERE state = 'open'")
    ends = [(row["next_offset"], row["end_offset"]) for row in rows]
    return Standing(
        partitions=len(ends),
        unknown=sum(end is None for _, end in ends),
        behind=sum(end is not None and position < end for position, end in ends),
        records=sum(end or 0 for _, end in ends),
        open_dead_letters=letters,
    )
