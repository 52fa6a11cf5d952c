"""K of SKDN: whether a child has a card, by JSON and by files."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from tests.integration.measurement.desk import Desk
from tests.integration.measurement.file_desk import counts, take, void, working
from tests.integration.measurement.files import row


async def said(desk: Desk) -> list[bool | None]:
    """What the events of the child say one after the other (an earlier visit is a new first day at its home)."""
    return [word for word, _ in groupby(event["has_growth_card"] for event in await desk.events() if "sex" in event)]


def stated(day: str, word: str) -> list[dict[str, Any]]:
    return [{**row(day=day), "KIA": word}]


async def test_the_card_of_a_child_is_yes_no_or_not_known(desk: Desk) -> None:
    child_id = await desk.register_child(has_growth_card=True)
    for revision, value in ((1, False), (2, None)):
        sent = await desk.send("PATCH", f"/v1/children/{child_id}", {"has_growth_card": value}, etag=f'"1.{revision}"')
        assert sent.status_code == 200, sent.text
    assert await said(desk) == [True, False, None]
    assert (await desk.send("GET", f"/v1/children/{child_id}")).json()["has_growth_card"] is None
    wrong = await desk.send("PATCH", f"/v1/children/{child_id}", {"has_growth_card": "ya"}, etag='"1.3"')
    assert wrong.status_code == 422


async def test_the_row_of_a_later_visit_tells_the_card_anew_and_taking_its_file_back_undoes_that(desk: Desk) -> None:
    async with working(desk):
        first = [*stated("2025-06-05", "-"), *stated("2025-07-05", "Ya"), *stated("2025-05-05", "Tidak")]
        await take(desk, first)
        last = await take(desk, stated("2025-07-28", "Belum"))
        assert await said(desk) == [True, False], "an earlier visit does not unsay what a later one said"
        event = next(event for event in reversed(await desk.events()) if "sex" in event)
        await void(desk, last["id"])
        assert await said(desk) == [True, False, True]
        path, etag = f"/v1/children/{event['child_id']}", f'"1.{event["revision"] + 1}"'
        assert (await desk.send("PATCH", path, {"has_growth_card": False}, etag=etag)).status_code == 200
        assert counts(await take(desk, stated("2025-07-05", "Ya"))) == {"received": 1, "unchanged": 1}
        assert await said(desk) == [True, False, True, False], "a file taken again does not unsay what a person said"
