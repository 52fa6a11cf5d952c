"""Whatever happens to children, in whatever order it is told: the loop ends, and nobody drops out of sight.

A hypothesis state machine acts as the measuring, the laboratory and the clinic of a few children, and as a bus that
delivers late, twice and in any order. When it stops acting, three rounds later nothing is said any more, and the rules
of `check` hold.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from deploy.local.stack import Stack
from shared.calendar import now_utc, today_jakarta
from shared.contracts.child import ChildV1, MeasurementV1, Residence
from shared.contracts.intervention import InterventionV1
from tests.integration.loop.bus import SERVICES, Bus, content, open_bus
from tests.integration.loop.rules import check
from tests.integration.scoring.interventions import feeding, referral

DESA: Final = ("12.19.01.2003", "12.19.02.2001")
#: (weight kg, length cm) of a boy of two years.
SIZES: Final = {"normal": (12.1, 87.0), "stunted": (10.4, 80.0), "severe": (9.4, 77.0), "wasted": (8.6, 87.0)}
ROUNDS: Final = 3  # architecture §2: silent within three rounds
NUMBERS: Final = st.integers(0, 11)
Make = Callable[..., InterventionV1]


class Children:
    """The facts of measurement, with the revisions their owner gives."""

    def __init__(self) -> None:
        self.children: dict[uuid.UUID, ChildV1] = {}
        self.visits: dict[uuid.UUID, MeasurementV1] = {}
        self.acts: dict[uuid.UUID, InterventionV1] = {}
        self._ids = (
            uuid.uuid5(uuid.NAMESPACE_OID, str(number)) for number in itertools.count()
        )  # the same in a replay

    def register(self, desa: str) -> ChildV1:
        child_id, born = next(self._ids), today_jakarta() - timedelta(days=740)
        child = ChildV1(
            fact_id=child_id,
            child_id=child_id,
            epoch=1,
            revision=1,
            change="recorded",
            known_at=now_utc(),
            sex="male",
            birth_date=born,
            residences=(Residence(valid_from=born, desa_code=desa),),
        )
        self.children[child_id] = child
        return child

    def change(self, child: ChildV1, **values: Any) -> ChildV1:
        new = child.model_copy(update={**values, "revision": child.revision + 1, "known_at": now_utc()})
        self.children[new.child_id] = new
        return new

    def measure(self, child: ChildV1, size: str, days_ago: int, *, again: bool) -> MeasurementV1:
        on, (weight, length) = today_jakarta() - timedelta(days=days_ago), SIZES[size]
        visit = MeasurementV1(
            fact_id=next(self._ids),
            child_id=child.child_id,
            epoch=1,
            revision=1,
            change="recorded",
            known_at=now_utc(),
            recorded_at=now_utc(),
            measured_on=on,
            channel="api",
            source="test",
            weight_kg=weight,
            length_height_cm=length,
            measurement_position="standing",
            is_remeasurement=again,
        )
        self.visits[visit.fact_id] = visit
        return visit

    def revise(self, visit: MeasurementV1, **values: Any) -> MeasurementV1:
        new = visit.model_copy(update={**values, "revision": visit.revision + 1, "known_at": now_utc()})
        self.visits[new.fact_id] = new
        return new

    def care_for(self, child: ChildV1, kind: str, days_ago: int) -> InterventionV1:
        """A course that begins, or a referral."""
        make: Make = feeding if kind == "supplementary_feeding" else referral
        begun = make(child.child_id, _ago(days_ago))
        act = begun.model_copy(update={"fact_id": next(self._ids)})
        self.acts[act.fact_id] = act
        return act

    def end(self, act: InterventionV1, days_ago: int, *, voided: bool) -> InterventionV1:
        """The course with its last day, the referral with its reply; or what never was."""
        make: Make = feeding if act.type == "supplementary_feeding" else referral
        last = max(_ago(days_ago), act.part.first_day)
        ended = make(act.child_id, act.part.first_day, last, act.revision + 1, fact_id=act.fact_id, voided=voided)
        self.acts[act.fact_id] = ended
        return ended


def _ago(days: int) -> date:
    return today_jakarta() - timedelta(days=days)


class Loop(RuleBasedStateMachine):
    """The outside world and the bus."""

    bus: Bus  # one for all runs
    run: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.world = Children()

    @initialize(sizes=st.lists(st.sampled_from(tuple(SIZES)), min_size=1, max_size=3), rounds=st.integers(0, ROUNDS))
    def begin(self, sizes: list[str], rounds: int) -> None:
        """Some children, whose story has begun or not."""
        self.run.run(self.bus.empty())
        for size in sizes:
            child = self.world.register(DESA[0])
            self.bus.send([child, self.world.measure(child, size, 3, again=False)])
        for _ in range(rounds):
            self.run.run(self.bus.round())

    # --- what happens to children ---------------------------------------------------------------------------------

    @rule(desa=st.sampled_from(DESA), size=st.sampled_from(tuple(SIZES)), days_ago=st.sampled_from((0, 3, 30, 60, 61)))
    def a_child_is_registered_and_measured(self, desa: str, size: str, days_ago: int) -> None:
        child = self.world.register(desa)
        self.bus.send([self.world.measure(child, size, days_ago, again=False), child])

    @rule(
        number=NUMBERS,
        size=st.sampled_from(tuple(SIZES)),
        days_ago=st.sampled_from((0, 1, 20, 90)),
        again=st.booleans(),
    )
    def a_child_is_measured_again(self, number: int, size: str, days_ago: int, *, again: bool) -> None:
        child = self._pick(self.world.children, number)
        if child is not None and child.merged_into is None:
            self.bus.send([self.world.measure(child, size, days_ago, again=again)])

    @rule(number=NUMBERS, size=st.sampled_from(tuple(SIZES)))
    def a_measurement_is_corrected(self, number: int, size: str) -> None:
        visit = self._pick(self.world.visits, number)
        if visit is not None and not visit.voided:
            weight, length = SIZES[size]
            self.bus.send([self.world.revise(visit, change="corrected", weight_kg=weight, length_height_cm=length)])

    @rule(number=NUMBERS)
    def a_measurement_is_voided(self, number: int) -> None:
        visit = self._pick(self.world.visits, number)
        if visit is not None and not visit.voided:
            self.bus.send([self.world.revise(visit, change="voided", voided=True)])

    @rule(number=NUMBERS, desa=st.sampled_from(DESA))
    def a_child_moves_house(self, number: int, desa: str) -> None:
        child = self._pick(self.world.children, number)
        if child is not None and child.residences[-1].desa_code != desa:
            home = Residence(valid_from=today_jakarta(), desa_code=desa)
            kept = tuple(each for each in child.residences if each.valid_from != home.valid_from)
            self.bus.send([self.world.change(child, change="relocated", residences=(*kept, home))])

    @rule(number=NUMBERS)
    def a_child_leaves_or_comes_back(self, number: int) -> None:
        child = self._pick(self.world.children, number)
        if child is not None:
            departed = None if child.departed_on else today_jakarta()
            self.bus.send([self.world.change(child, change="corrected", departed_on=departed)])

    @rule(number=NUMBERS, into=NUMBERS)
    def two_records_are_merged_or_parted(self, number: int, into: int) -> None:
        child, survivor = (self._pick(self.world.children, place) for place in (number, into))
        if child is None or survivor is None:
            return
        if child.merged_into is not None:
            self.bus.send([self.world.change(child, change="unmerged", merged_into=None)])
        elif child.child_id != survivor.child_id and survivor.merged_into is None and not self._is_survivor(child):
            self.bus.send([self.world.change(child, change="merged", merged_into=survivor.child_id)])

    def _is_survivor(self, child: ChildV1) -> bool:
        return any(other.merged_into == child.child_id for other in self.world.children.values())

    @rule(
        number=NUMBERS,
        kind=st.sampled_from(("supplementary_feeding", "referral")),
        days_ago=st.sampled_from((0, 2, 30, 61)),
    )
    def a_child_is_cared_for(self, number: int, kind: str, days_ago: int) -> None:
        child = self._pick(self.world.children, number)
        if child is not None:
            self.bus.send([self.world.care_for(child, kind, days_ago)])

    @rule(number=NUMBERS, days_ago=st.sampled_from((0, 1, 20)), voided=st.booleans())
    def care_ends_or_never_was(self, number: int, days_ago: int, *, voided: bool) -> None:
        act = self._pick(self.world.acts, number)
        if act is not None:
            self.bus.send([self.world.end(act, days_ago, voided=voided)])

    # --- what the laboratory and the clinic do ---------------------------------------------------------------------

    @rule(number=NUMBERS, haemoglobin=st.sampled_from((6.5, 9.4, 10.8, 12.0)), partly=st.booleans())
    def a_laboratory_reports(self, number: int, haemoglobin: float, *, partly: bool) -> None:
        self.run.run(self._report(number, haemoglobin, partly=partly))

    async def _report(self, number: int, haemoglobin: float, *, partly: bool) -> None:
        orders = await self._orders("open")
        if not orders:
            return
        order = orders[number % len(orders)]
        waiting = [test["orderable"] for test in order["tests"] if test["state"] in {"ordered", "collected"}]
        values = {"blood_count": ("haemoglobin", haemoglobin, "g/dL"), "ferritin": ("ferritin", 20.0, "ng/mL")}
        found = {
            "urinalysis": ("urine_leukocyte_esterase", "positive" if haemoglobin < 10 else "negative"),
            "stool": ("stool_parasites", "none_seen"),
            "urine_culture": ("urine_culture", "no_growth"),
        }
        about = {"order_id": order["order_id"], "drawn_on": today_jakarta().isoformat()}
        rows = []
        for orderable in waiting[:1] if partly else waiting:
            code, value, unit = values.get(orderable, ("crp", 2.0, "mg/L"))
            row = {"test_code": code, "value": value, "unit": unit}
            if orderable in found:
                row = {"test_code": found[orderable][0], "findings": [found[orderable][1]]}
            rows.append({**about, **row})
        answer = await self.bus.ask("POST", "lab", "/v1/results:batch", {"rows": rows})
        assert answer.status_code == 200, answer.text
        assert {row["outcome"] for row in answer.json()["rows"]} <= {"accepted", "unchanged"}, answer.text
        await self.bus.take_outboxes()

    @rule(number=NUMBERS)
    def a_result_is_retracted(self, number: int) -> None:
        self.run.run(self._retract(number))

    async def _retract(self, number: int) -> None:
        rows = await self.bus.pools["lab"].fetch(
            "SELECT fact_id, epoch, revision FROM lab_result WHERE NOT voided ORDER BY fact_id"
        )
        if rows:
            row = rows[number % len(rows)]
            path, etag = f"/v1/results/{row['fact_id']}:void", f'"{row["epoch"]}.{row["revision"]}"'
            answer = await self.bus.ask("POST", "lab", path, {"reason": "specimen_unfit"}, etag=etag)
            assert answer.status_code == 200, answer.text
            await self.bus.take_outboxes()

    @rule(number=NUMBERS, refuse=st.booleans())
    def a_specimen_is_taken_and_perhaps_refused(self, number: int, *, refuse: bool) -> None:
        self.run.run(self._specimen(number, refuse=refuse))

    async def _specimen(self, number: int, *, refuse: bool) -> None:
        orders = await self._orders("open")
        if not orders:
            return
        order = orders[number % len(orders)]
        waiting = [test["orderable"] for test in order["tests"] if test["state"] == "ordered"]
        if not waiting:
            return
        body = {"specimen": "venous", "drawn_on": today_jakarta().isoformat(), "orderables": waiting}
        answer = await self.bus.ask("POST", "lab", f"/v1/orders/{order['order_id']}/specimens", body)
        assert answer.status_code in {200, 201}, answer.text
        if refuse:
            path = f"/v1/specimens/{answer.json()['specimen_id']}:reject"
            refused = await self.bus.ask("POST", "lab", path, {"reason": "haemolysed"})
            assert refused.status_code == 200, refused.text
        await self.bus.take_outboxes()

    async def _orders(self, state: str) -> list[dict[str, Any]]:
        answer = await self.bus.ask("GET", "lab", f"/v1/orders?state={state}&limit=100")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    # --- what the bus does -----------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(SERVICES), order=st.randoms(use_true_random=False), size=st.integers(1, 6))
    def some_facts_arrive_in_any_order(self, name: str, order: Any, size: int) -> None:
        queue = self.bus.queues[name]
        order.shuffle(queue)
        batch, self.bus.queues[name] = queue[:size], queue[size:]
        self.run.run(self.bus.deliver(name, batch))

    @rule(rounds=st.integers(1, ROUNDS))
    def the_bus_catches_up(self, rounds: int) -> None:
        """As on most days. Without it nearly everything would arrive in one batch at the end."""
        for _ in range(rounds):
            self.run.run(self.bus.round())

    @rule(name=st.sampled_from(SERVICES), order=st.randoms(use_true_random=False), size=st.integers(1, 6))
    def old_facts_arrive_again(self, name: str, order: Any, size: int) -> None:
        """As after a crash before the offset was committed, or a republish."""
        told = self.bus.told[name]
        if told:
            again = [order.choice(told) for _ in range(size)]
            published = self.run.run(self.bus.deliver(name, again))
            del told[-len(again) :]
            assert published == []

    def _pick(self, things: dict[uuid.UUID, Any], number: int) -> Any:
        values = list(things.values())
        return values[number % len(values)] if values else None

    # --- what must hold --------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        self.run.run(self._settle_and_check())

    async def _settle_and_check(self) -> None:
        await self.bus.take_outboxes()
        said = [await self.bus.round() for _ in range(ROUNDS + 1)]
        assert said[-1] == 0, f"still talking after {ROUNDS} rounds: {said}"
        assert not any(self.bus.queues.values())
        await check(self.bus, self.world.children.values(), self.world.visits.values(), self.world.acts.values())


@pytest.fixture(scope="module")
def machine(database: Stack) -> Iterator[type[Loop]]:
    with asyncio.Runner() as run:
        opening = open_bus(database)
        Loop.run, Loop.bus = run, run.run(opening.__aenter__())
        yield Loop
        run.run(opening.__aexit__(None, None, None))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("examples", [30, pytest.param(120, marks=pytest.mark.slow)])
def test_no_lost_case_no_second_order_no_silent_end(machine: type[Loop], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(60)
def test_a_clearing_measurement_that_was_a_mistake_brings_the_case_and_its_order_back(machine: type[Loop]) -> None:
    machine.run.run(_a_mistake_clears_a_child(machine.bus))


async def _a_mistake_clears_a_child(bus: Bus) -> None:
    await bus.empty()
    world = Children()
    child = world.register(DESA[0])
    bus.send([child, world.measure(child, "stunted", 3, again=False)])
    while await bus.round():
        pass
    mistake = world.measure(child, "normal", 0, again=True)
    bus.send([mistake])
    while await bus.round():
        pass
    (case,) = await content(bus.pools["scoring"], "child_case")
    (order,) = await content(bus.pools["lab"], "lab_order")
    assert (case["state"], case["close_reason"], order["state"]) == ("closed", "cleared", "cancelled")
    bus.send([world.revise(mistake, change="voided", voided=True)])
    while await bus.round():
        pass
    await check(bus, world.children.values(), world.visits.values())
    (order,) = await content(bus.pools["lab"], "lab_order")
    assert order["state"] == "open"
