"""What goes wrong with one file is told as itself, and no file is sent for nothing."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from deploy.demo.phone_posyandu import busiest_posyandu
from deploy.demo.together import task_group
from deploy.demo.world import make_world
from deploy.local.errors import CommandError

TODAY = date(2026, 11, 25)


async def test_the_first_refusal_ends_the_round_and_is_told_as_it_is() -> None:
    ended: list[str] = []

    async def refuse() -> None:
        raise CommandError("berkas came out wrong")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("the other file was let go")

    async def send_round() -> None:
        async with task_group() as group:
            group.create_task(wait())
            await asyncio.sleep(0)
            group.create_task(refuse())

    with pytest.raises(CommandError, match="berkas came out wrong"):
        await send_round()
    assert ended


def test_the_posyandu_that_uses_the_api_is_the_busiest_one() -> None:
    world = make_world(children=900, months=1, seed=4, today=TODAY)
    visits = world.rounds[-1].visits
    chosen = busiest_posyandu(world)
    counts = [(visits.posyandu == post).sum() for post in range(len(world.district.posyandu))]
    assert counts[chosen] == max(counts) > 0


def test_a_district_in_which_nobody_came_has_a_posyandu_all_the_same() -> None:
    world = make_world(children=1, months=1, seed=4, today=TODAY)
    assert 0 <= busiest_posyandu(world) < len(world.district.posyandu)
