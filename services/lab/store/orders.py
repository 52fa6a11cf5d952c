"""Rows of `lab_order`, and the lists made of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.lab.domain.orders import waiting_since
from services.lab.store.kept import Kept
from shared.contracts.lab import LabOrderV1
from shared.postgres.merge import Column, plain
from shared.postgres.pool import Connection


def _count(state: str) -> Column[LabOrderV1]:
    return Column(f"{state}_tests", "integer", lambda order: sum(test.state == state for test in order.tests))


ORDERS: Final[Kept[LabOrderV1]] = Kept(
    "lab_order",
    LabOrderV1,
    (
        plain("case_id", "uuid"),
        plain("laboratory_code", "text"),
        plain("state", "text"),
        Column("urgency", "smallint", lambda order: 0 if order.priority == "urgent" else 1),
        Column("waiting_since", "date", lambda order: waiting_since(order.tests)),
        _count("ordered"),
        _count("collected"),
    ),
    beside=(plain("laboratory_codes", "text"),),
)

# In the order of the list: urgent first, then the longest waiting.
_WORKLIST: Final = """
SELECT o.fact_id, o.child_id, o.urgency, o.waiting_since, o.content::text
FROM lab_order o
WHERE o.state = 'open'
  AND CASE WHEN $1::text IS NOT NULL THEN $1 = ANY(string_to_array(o.laboratory_codes, ' '))
           ELSE $7 OR o.laboratory_code IS NULL END
  AND (NOT $7 OR o.fact_id IN (SELECT order_id FROM open_orders_at($8::text[], $9::text[], $10::text)))
  AND CASE $2 WHEN 'open' THEN true WHEN 'ordered' THEN o.ordered_tests > 0 WHEN 'collected' THEN o.collected_tests > 0
      ELSE o.collected_tests > 0 AND EXISTS (
          SELECT FROM specimen s WHERE s.order_id = o.fact_id AND s.rejected_at IS NULL
          AND CASE $2 WHEN 'received' THEN s.received_at IS NOT NULL
                      ELSE s.sent_at IS NOT NULL AND s.received_at IS NULL END) END
  AND ($3::smallint IS NULL OR (o.urgency, o.waiting_since, o.fact_id) > ($3, $4::date, $5::uuid))
ORDER BY o.urgency, o.waiting_since, o.fact_id LIMIT $6
"""
_ORDERS: Final = """
($1::uuid IS NULL OR child_id = $1) AND ($2::uuid IS NULL OR case_id = $2) AND ($3::text IS NULL OR state = $3)
  AND ($4::uuid IS NULL OR (child_id, fact_id) > ($4, $5::uuid))
ORDER BY child_id, fact_id LIMIT $6
"""


@dataclass(slots=True)
class OrderWork:
    """What was done for one order: tests with a result and since when, specimens, and by whom."""

    resulted: dict[str, date] = field(default_factory=dict)  # by test code
    collected: set[str] = field(default_factory=set)  # by orderable
    rejections: dict[str, int] = field(default_factory=dict)
    laboratories: set[str] = field(default_factory=set)  # that ever held a specimen of it or reported a result


async def work_of(connection: Connection, order_ids: Collection[UUID]) -> dict[UUID, OrderWork]:
    """What was done for each of these orders, by any laboratory."""
    found = {order_id: OrderWork() for order_id in order_ids}
    if not found:
        return found
    for row in await connection.fetch("SELECT * FROM order_work($1::uuid[])", sorted(found)):
        work, code = found[row["order_id"]], row["code"]
        if row["resulted_on"] is not None:
            work.resulted[code] = min(row["resulted_on"], work.resulted.get(code, row["resulted_on"]))
        elif row["in_hand"]:
            work.collected.add(code)
        if row["refused"]:
            work.rejections[code] = work.rejections.get(code, 0) + 1
        if row["laboratory_code"] is not None:
            work.laboratories.add(row["laboratory_code"])
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where children are at home: in any of some areas (codes of kabupaten to desa), in a posyandu, or both."""

    areas: tuple[str, ...] = ()
    posyandu: str | None = None

    @property
    def anywhere(self) -> bool:
        """Whether nothing is asked for."""
        return not self.areas and self.posyandu is None


@dataclass(frozen=True, slots=True)
class Load:
    """What waits at a laboratory."""

    waiting_tests: int = 0
    open_orders: int = 0
    urgent_orders: int = 0
    waiting_since: date | None = None


async def worklist(
    connection: Connection, laboratory: str | None, place: Place, state: str, after: tuple[Any, ...] | None, limit: int
) -> list[Any]:
    """Rows of open orders of a laboratory, of a place, or both; of neither: those that nobody serves."""
    last = after or (None, None, None)
    ranges = list(place.areas), [f"{area}/" for area in place.areas]
    asked = (not place.anywhere, *ranges, place.posyandu)
    return list(await connection.fetch(_WORKLIST, laboratory, state, *last, limit, *asked))


async def read_loads(connection: Connection) -> dict[str, Load]:
    """By laboratory; of one without open orders there is no row."""
    rows = await connection.fetch(
        "SELECT code, waiting_tests, open_orders, urgent_orders, waiting_since FROM laboratory_loads()"
    )
    return {code: Load(*values) for code, *values in rows}


async def unserved_load(connection: Connection) -> Load:
    """What nobody serves, as far as the caller may see it."""
    row = await connection.fetchrow(
        "SELECT coalesce(sum(ordered_tests + collected_tests), 0), count(*), count(*) FILTER (WHERE urgency = 0), "
        "min(waiting_since) FROM lab_order WHERE state = 'open' AND laboratory_code IS NULL"
    )
    return Load() if row is None else Load(*row)


async def list_orders(
    connection: Connection,
    wanted: tuple[UUID | None, UUID | None, str | None],
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[LabOrderV1]:
    """Orders of a child, of a case, or in a state, by child and id."""
    return await ORDERS.find(connection, _ORDERS, *wanted, *(after or (None, None)), limit)


async def unassigned_cases(connection: Connection, limit: int) -> Sequence[UUID]:
    """Cases whose order has no laboratory although one serves the child's residence."""
    rows = await connection.fetch(
        "SELECT o.case_id FROM lab_order o JOIN child c USING (child_id) "
        "WHERE o.state = 'open' AND o.laboratory_code IS NULL AND EXISTS ("
        "  SELECT FROM laboratory l, unnest(l.area_codes) AS area"
        '  WHERE c.desa_code >= area COLLATE "C" AND c.desa_code < (area || \'/\') COLLATE "C") '
        "ORDER BY o.child_id LIMIT $1",
        limit,
    )
    return [row["case_id"] for row in rows]
