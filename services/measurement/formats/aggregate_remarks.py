"""What a table of aggregates says, and whether its sums hold."""

from __future__ import annotations

from collections.abc import Iterator

from services.measurement.domain.aggregates import add_up
from services.measurement.domain.problems import Message, file_message, listed
from services.measurement.formats.aggregate_table import AggregateTable


def aggregate_remarks(table: AggregateTable) -> Iterator[Message]:
    """Sums that do not hold first, then the totals of every index."""
    broken = [line for line in table.lines if line.unreadable]
    if broken:
        count = sum(line.unreadable for line in broken)
        yield file_message("aggregate_unreadable", count=count, lines=listed([line.line for line in broken]))
    sums = add_up(table.lines, table.totals)
    for found in sums:
        if found.differing:
            yield file_message("aggregate_sums_differ", index=found.index, lines=listed(found.differing))
        if found.total_line_differs:
            yield file_message("aggregate_total_line_differs", index=found.index)
    for found in sums:
        buckets = ", ".join(f"{bucket.replace('_', ' ')} {count}" for bucket, count in found.buckets.items())
        facts = {"buckets": buckets, "children": found.children, "checked": found.checked}
        yield file_message("aggregate_totals", index=found.index, **facts)
