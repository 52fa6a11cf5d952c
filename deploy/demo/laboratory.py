"""The laboratories of the simulated district: a process of its own that knows the laboratory service by its API alone.

`python -m deploy.demo.laboratory` reads one line of JSON from standard input (where the service answers, a token for
each laboratory, the seed), then works the lists until standard input is closed and nothing is left to do. It ends with
one line of JSON: what it did.

Not everybody comes: some orders stay undrawn, some specimens are refused and drawn again.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np

from deploy.demo.blood import BLOOD, RESULTED_BY, results_of
from deploy.demo.client import Api, connection_pool
from deploy.local.errors import CommandError
from shared.calendar import now_utc

ABSENT_SHARE: Final = 0.12  # families who have not come to the draw
SENT_IN_SHARE: Final = 0.08  # drawn at a puskesmas and sent in as a specimen; the others are drawn in the laboratory
REFUSED_SHARE: Final = 0.3  # of the specimens sent in
PAGE: Final = 200  # orders of one look at the list
PAUSE_S: Final = 1.0
DRAWN_BEFORE: Final = timedelta(minutes=40)
DRAWN_AGAIN_BEFORE: Final = timedelta(minutes=10)


class Laboratory:
    """One laboratory at its list."""

    def __init__(self, api: Api, code: str, seed: int) -> None:
        self._api, self._code, self._seed = api, code, seed
        self._absent: set[str] = set()
        self.done: Counter[str] = Counter()

    async def work(self) -> int:
        """Go through the list once; how many orders could be worked on."""
        worked, query = 0, {"laboratory": self._code, "state": "open", "limit": str(PAGE)}
        while True:
            page = await self._api.get("/v1/worklists", **query)
            orders = [order for order in page["items"] if self._comes(order["order_id"])]
            worked += await self._draw(orders)
            if page["next_cursor"] is None:
                return worked
            query["cursor"] = page["next_cursor"]

    def _comes(self, order_id: str) -> bool:
        """Whether the family of this order comes; the answer is the same at every look."""
        if order_id not in self._absent and self._chance(order_id, "absent") < ABSENT_SHARE:
            self._absent.add(order_id)
            self.done["absent"] += 1
        return order_id not in self._absent

    async def _draw(self, orders: Sequence[dict[str, Any]]) -> int:
        """Results of these orders in one report; specimens that are sent in go their own way first."""
        if not orders:
            return 0
        now = now_utc()
        rows: list[dict[str, Any]] = []
        for order in orders:
            waiting = [test["orderable"] for test in order["tests"] if test["state"] in {"ordered", "collected"}]
            again = any(test["rejections"] for test in order["tests"])
            drawn_at = now - (DRAWN_AGAIN_BEFORE if again else DRAWN_BEFORE)
            specimen_id = None
            if not BLOOD.isdisjoint(waiting) and self._chance(order["order_id"], "sent_in") < SENT_IN_SHARE:
                specimen_id = await self._receive(order, waiting, drawn_at, again=again)
                if specimen_id is None:
                    continue  # refused: the child is drawn again at the next look
            rows += self._rows(order["order_id"], waiting, drawn_at, specimen_id)
        if rows:
            report = (await self._api.post("/v1/results:batch", {"rows": rows})).json()
            if report["rejected"]:
                refused = next(row for row in report["rows"] if row["outcome"] == "rejected")
                raise CommandError(f"{self._code}: {report['rejected']} results refused: {refused}")
            self.done["results"] += report["accepted"]
        self.done["orders"] += len(orders)
        return len(orders)

    async def _receive(
        self, order: dict[str, Any], waiting: Sequence[str], drawn_at: datetime, *, again: bool
    ) -> str | None:
        """A specimen from outside: None if it had to be refused, which happens once an order."""
        order_id = order["order_id"]
        body = {
            "specimen": "venous",
            "drawn_at": drawn_at.isoformat(),
            "orderables": [code for code in waiting if code in BLOOD],
        }
        specimen = (await self._api.post(f"/v1/orders/{order_id}/specimens", body)).json()
        self.done["specimens"] += 1
        if not again and self._chance(order_id, "refused") < REFUSED_SHARE:
            await self._api.post(f"/v1/specimens/{specimen['specimen_id']}:reject", {"reason": "haemolysed"})
            self.done["refused"] += 1
            return None
        specimen_id: str = specimen["specimen_id"]
        return specimen_id

    def _rows(
        self, order_id: str, waiting: Iterable[str], drawn_at: datetime, specimen_id: str | None
    ) -> list[dict[str, Any]]:
        results = results_of(self._rng(order_id, "blood"))
        about: dict[str, Any] = {"order_id": order_id, "drawn_at": drawn_at.isoformat()}
        rows = []
        for orderable in waiting:
            of_tube = {} if specimen_id is None or orderable not in BLOOD else {"specimen_id": specimen_id}
            rows += [about | of_tube | results[code].as_row() for code in RESULTED_BY.get(orderable, ())]
        return rows

    def _chance(self, order_id: str, what: str) -> float:
        return float(self._rng(order_id, what).random())

    def _rng(self, order_id: str, what: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, UUID(order_id).int, *what.encode()])


async def work_until_closed(told: dict[str, Any], closed: asyncio.Event) -> dict[str, int]:
    """Work all lists again and again; after `closed` until one look finds nothing."""
    done: Counter[str] = Counter()
    async with connection_pool() as pool:
        laboratories = [
            Laboratory(Api(pool, told["url"], each["token"]), each["code"], told["seed"])
            for each in told["laboratories"]
        ]
        while True:
            last = closed.is_set()
            worked = sum([await laboratory.work() for laboratory in laboratories])
            if worked == 0 and last:
                break
            if worked == 0:
                await _either(closed, PAUSE_S)
        for laboratory in laboratories:
            done.update(laboratory.done)
    return dict(sorted(done.items()))


async def _either(closed: asyncio.Event, within_s: float) -> None:
    """Until told to finish, at most so long."""
    try:
        await asyncio.wait_for(closed.wait(), within_s)
    except TimeoutError:
        return


async def main() -> None:
    """Standard input to standard output."""
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    told = json.loads(await reader.readline())
    closed = asyncio.Event()

    async def wait_for_end() -> None:
        await reader.read()
        closed.set()

    waiting = asyncio.create_task(wait_for_end())
    print(json.dumps(await work_until_closed(told, closed)), flush=True)
    await waiting


if __name__ == "__main__":
    asyncio.run(main())
