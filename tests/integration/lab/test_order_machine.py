"""Whatever is done for an order, in whatever order it is told: the order is what its case and its work say.

A state machine is clinic, puskesmas, laboratory and bus at once. Every published revision of every order is looked at
in the end, so the rules hold at each step and not only after the last.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar, Final, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from deploy.local.stack import Stack
from services.lab.domain.catalogue import load
from services.lab.store.results import RESULTS
from services.lab.use_cases.add_tests import Wish, add_tests
from services.lab.use_cases.cancel_test import Calling, cancel_test
from services.lab.use_cases.correct_results import correct_result, void_result
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.new_result import NewResult
from services.lab.use_cases.record_results import record_results
from services.lab.use_cases.specimens import NewSpecimen, enter_specimen, pass_on, reject_specimen
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc
from shared.contracts.fact import Fact
from shared.contracts.lab import LabOrderV1, LabResultV1
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError
from tests.integration.lab.desk import (
    CORE,
    DESA_A,
    DESA_B,
    HOSPITAL,
    Desk,
    case_fact,
    child_fact,
    open_desk,
    yesterday,
)

Done = TypeVar("Done")
CHILDREN: Final = 2
FIRST: Final = ("blood_count",)  # what a case requires when it opens
NUMBERS: Final = st.integers(0, 7)
CHILD: Final = st.integers(0, CHILDREN - 1)
VALUES: Final = {"blood_count": ("haemoglobin", "g/dL"), "ferritin": ("ferritin", "ng/mL"), "crp": ("crp", "mg/L")}
CLEARED: Final[dict[str, Any]] = {"state": "closed", "close_reason": "cleared"}


class Orders(RuleBasedStateMachine):
    """Two children with a case each, and everybody who works for them."""

    desk: ClassVar[Desk]  # one for all runs
    run: ClassVar[asyncio.Runner]

    @initialize(arrived=st.integers(0, 2 * CHILDREN))
    def begin(self, arrived: int) -> None:
        """Some of what is known has arrived."""
        self.children = [uuid.uuid4() for _ in range(CHILDREN)]
        self.required: list[set[str]] = [set(FIRST) for _ in self.children]
        self.revisions = [1] * CHILDREN
        self.told: list[Fact] = []
        self.queue: list[Fact] = [
            fact for child in self.children for fact in (child_fact(child), case_fact(child, tests=FIRST))
        ]
        self.run.run(self.desk.forget())
        self.run.run(self.desk.enter_laboratory())
        self.told, self.queue = self.queue[:arrived], self.queue[arrived:]
        self.run.run(self.desk.consume(*self.told))

    # --- what the case and the bus do -------------------------------------------------------------------------------

    @rule(child=CHILD, more=st.sampled_from(CORE), cleared=st.booleans())
    def the_case_asks_for_more_or_is_cleared_by_a_measurement(self, child: int, more: str, *, cleared: bool) -> None:
        self.revisions[child] += 1
        self.required[child].add(more)
        tests = sorted(self.required[child])
        self.queue.append(case_fact(self.children[child], self.revisions[child], tests, **(CLEARED if cleared else {})))

    @rule(child=CHILD, desa=st.sampled_from((DESA_A, DESA_B)))
    def the_child_moves(self, child: int, desa: str) -> None:
        self.revisions[child] += 1
        self.queue.append(child_fact(self.children[child], self.revisions[child], desa))

    @rule(seed=st.integers(0, 99), size=st.integers(1, 6), again=st.integers(0, 2))
    def facts_arrive_late_twice_and_in_any_order(self, seed: int, size: int, again: int) -> None:
        rng = random.Random(seed)
        rng.shuffle(self.queue)
        batch, self.queue = self.queue[:size], self.queue[size:]
        self.told += batch
        self.run.run(self.desk.consume(*batch, *(rng.sample(self.told, min(again, len(self.told))))))

    # --- what people do ---------------------------------------------------------------------------------------------

    @rule(child=CHILD, sign=st.sampled_from(("pallor", "goitre")))
    def a_doctor_adds_tests(self, child: int, sign: str) -> None:
        self._do(lambda connection, order: add_tests(connection, order.fact_id, Wish(sign, (), None), entry()), child)

    @rule(child=CHILD, test=st.sampled_from(CORE))
    def a_doctor_calls_a_test_off(self, child: int, test: str) -> None:
        calling = Calling(test, "declined", None)
        self._do(lambda connection, order: cancel_test(connection, order.fact_id, calling, entry()), child)

    @rule(child=CHILD, hours=st.integers(0, 2), number=NUMBERS)
    def blood_is_drawn(self, child: int, hours: int, number: int) -> None:
        def draw(connection: Connection, order: LabOrderV1) -> Awaitable[Any]:
            tests = [test.orderable for test in order.tests]
            drawn = yesterday() - timedelta(hours=hours)
            new = NewSpecimen("venous", tests[: number % len(tests) + 1], drawn, None)
            return enter_specimen(connection, order.fact_id, new, entry())

        self._do(draw, child)

    @rule(number=NUMBERS, step=st.sampled_from(("sent", "received", "rejected")))
    def a_specimen_is_sent_received_or_refused(self, number: int, step: Any) -> None:
        async def pass_tube(connection: Connection) -> None:
            rows = await connection.fetch("SELECT specimen_id FROM specimen ORDER BY recorded_at, specimen_id")
            if not rows:
                return
            specimen_id = rows[number % len(rows)]["specimen_id"]
            if step == "rejected":
                await reject_specimen(connection, specimen_id, "clotted", entry())
            else:
                await pass_on(connection, specimen_id, step, None, entry())

        self._run(pass_tube)

    @rule(child=CHILD, test=st.sampled_from(CORE), value=st.sampled_from((6.5, 9.0, 12.0)), hours=st.integers(0, 1))
    def one_test_is_reported(self, child: int, test: str, value: float, hours: int) -> None:
        def report(connection: Connection, order: LabOrderV1) -> Awaitable[Any]:
            code, unit = VALUES[test]
            drawn_at = yesterday() - timedelta(hours=hours)
            row = NewResult(order_id=order.fact_id, test_code=code, value=value, unit=unit, drawn_at=drawn_at)
            return record_results(connection, [row], entry())

        self._do(report, child)

    @rule(number=NUMBERS, value=st.sampled_from((6.4, 10.1)), retracted=st.booleans())
    def a_result_is_corrected_or_retracted(self, number: int, value: float, *, retracted: bool) -> None:
        async def change(connection: Connection) -> None:
            results = await RESULTS.find(connection, "NOT voided ORDER BY reported_at, fact_id")
            if not results:
                return
            result = results[number % len(results)]
            if retracted:
                await void_result(connection, result.fact_id, result.order, "duplicate", entry())
            else:
                changes = {"value": value, "unit": result.original_unit}
                await correct_result(connection, result.fact_id, result.order, changes, entry())

        self._run(change)

    def _do(self, what: Callable[[Connection, LabOrderV1], Awaitable[Any]], child: int) -> None:
        async def with_order(connection: Connection) -> None:
            order = await order_of(connection, self.children[child])
            if order is not None:
                await what(connection, order)

        self._run(with_order)

    def _run(self, what: Callable[[Connection], Awaitable[Done]]) -> None:
        async def in_transaction() -> None:
            async with self.desk.worker.acquire() as connection:
                try:
                    async with connection.transaction():
                        await what(connection)
                except (RefusedError, UnknownFactError):
                    pass  # a closed case, a test that does not wait, a refused tube: nothing is left behind

        self.run.run(in_transaction())

    # --- what must hold ---------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        self.run.run(self._check())

    async def _check(self) -> None:
        await self.desk.consume(*self.queue)
        self.told += self.queue
        events = await self.desk.events()
        for child, required in zip(self.children, self.required, strict=True):
            revisions = [fact for fact in events if isinstance(fact, LabOrderV1) and fact.child_id == child]
            self._history(revisions)
            async with self.desk.worker.acquire() as connection:
                await agree(connection, child, required)
        await self.desk.consume(*random.Random(0).sample(self.told, len(self.told)))
        assert await self.desk.events() == events, "silent without anything new"

    def _history(self, revisions: list[LabOrderV1]) -> None:
        """Each revision once; tests only grow; complete where and only where none waits; no revision without news."""
        assert [order.revision for order in revisions] == list(range(1, len(revisions) + 1))
        assert len({order.fact_id for order in revisions}) <= 1
        for order in revisions:
            found = {test.state for test in order.tests}
            waits = bool(found & {"ordered", "collected"})
            assert order.state == ("open" if waits else "complete" if "resulted" in found else "cancelled")
            assert (order.completed_on is not None) is (order.state == "complete")
        for old, new in pairwise(revisions):
            assert {test.orderable for test in old.tests} <= {test.orderable for test in new.tests}
            beside = {"revision", "known_at", "change"}
            assert old.model_dump(exclude=beside) != new.model_dump(exclude=beside)


async def agree(connection: Connection, child: uuid.UUID, required: set[str]) -> None:
    """The stored order is what the stored case, results and specimens say."""
    rows = await connection.fetch("SELECT fact_id FROM lab_order WHERE child_id = $1", child)
    order = await order_of(connection, child)
    live = await connection.fetchval("SELECT state <> 'closed' FROM child_case WHERE child_id = $1", child)
    if order is None:
        assert not live
        return
    assert len(rows) == 1
    results: list[LabResultV1] = await RESULTS.find(connection, "NOT voided AND order_id = $1", order.fact_id)
    resulted = {load().leads.get(result.test_code) for result in results}
    tubes = await connection.fetch(
        "SELECT unnest(orderables) AS code FROM specimen WHERE rejected_at IS NULL AND order_id = $1", order.fact_id
    )
    added = await connection.fetch("SELECT orderable FROM order_addition WHERE order_id = $1", order.fact_id)
    asked = {test.orderable for test in order.tests}
    wanted = {row["orderable"] for row in added}
    assert wanted <= asked
    assert asked <= required | wanted
    assert not live or required <= asked
    in_hand = {row["code"] for row in tubes}
    off = await connection.fetch(
        "SELECT orderable FROM order_cancellation WHERE ended_at IS NULL AND order_id = $1", order.fact_id
    )
    called_off = {row["orderable"] for row in off}
    for test in order.tests:
        code = test.orderable
        waits = "ordered" if live and code not in called_off else "cancelled"
        assert test.state == ("resulted" if code in resulted else "collected" if code in in_hand else waits)


async def order_of(connection: Connection, child: uuid.UUID) -> LabOrderV1 | None:
    content = await connection.fetchval("SELECT content::text FROM lab_order WHERE child_id = $1", child)
    return None if content is None else LabOrderV1.read(content)


def entry() -> Entry:
    return Entry(now_utc(), "analyst-1", AreaGrant((HOSPITAL,)))


@pytest.fixture(scope="module")
def machine(database: Stack) -> Iterator[type[Orders]]:
    with asyncio.Runner() as run:
        opening = open_desk(database)
        Orders.run, Orders.desk = run, run.run(opening.__aenter__())
        yield Orders
        run.run(opening.__aexit__(None, None, None))


@pytest.mark.timeout(120)
def test_an_order_is_what_its_case_and_its_work_say_after_any_history(machine: type[Orders]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
