"""The demo at a small size: everything it sends is accounted for, and the dirt that was put in is found."""

from __future__ import annotations

import asyncio

from deploy.demo.driver import Doors, Outcome, run_demo
from deploy.demo.world import make_world
from deploy.local.commands import ledger
from deploy.local.trial import Trial
from shared.calendar import today_jakarta

CHILDREN, MONTHS, SEED = 900, 2, 7


def run(system: Trial) -> Outcome:
    system.start()
    doors = Doors.of(system.url, system.token, lambda: ledger.collect(system.stack))
    world = make_world(children=CHILDREN, months=MONTHS, seed=SEED, today=today_jakarta())
    return asyncio.run(run_demo(doors, world, [], lambda _: None))


def test_a_small_demo_settles_and_every_row_and_every_kind_of_dirt_is_accounted_for(system: Trial) -> None:
    outcome = run(system)
    assert outcome.settled, outcome.ledger
    intake = outcome.ledger["intake"]
    assert intake["received"] == outcome.tally.rows + sum(outcome.services.values())
    assert intake["pending"] == 0
    found = outcome.tally.found_kinds()
    for kind in ("weight_in_grams", "weight_height_swapped", "sex_missing", "columns_sorted_apart", "corrected_value"):
        assert found.get(kind, 0) >= (outcome.tally.injected[kind] > 0), kind
    assert len(outcome.kecamatan) == 12
    assert sum(area["measured_children"] for area in outcome.kecamatan) > CHILDREN / 2
