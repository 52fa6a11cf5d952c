"""The review list of probably wrong values, on real PostgreSQL: who sees what, and what a person's word does."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from services.scoring.jobs.sessions import SessionJudge
from shared.contracts.child import MeasurementV1, Residence
from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, child, days_ago
from tests.integration.scoring.evidence import visit


async def doubted(desk: Desk, weight: float = 58.0, **changes: Any) -> MeasurementV1:
    """A child of the district with a weight that no child has, judged."""
    child_id = uuid.uuid4()
    wrong = visit(child_id, days_ago(10), weight, 80.0)
    await desk.arrive(child(child_id, **changes), wrong)
    await judge(desk)
    return wrong


async def judge(desk: Desk) -> None:
    worker = SessionJudge(desk.worker, lambda: None, settled_seconds=0.0)
    while await worker.once():
        pass


async def listed(desk: Desk, query: str = "", **who: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await desk.get(f"/v1/hints{query}", role="puskesmas", **who))["items"]
    return items


async def accept(desk: Desk, hint: dict[str, Any], **rest: Any) -> Any:
    rest = {"role": "puskesmas", "etag": hint["etag"]} | rest
    return await desk.send("POST", f"/v1/hints/{hint['hint_id']}:accept", **rest)


async def test_an_item_says_what_is_wrong_in_words_and_what_to_send(desk: Desk) -> None:
    wrong = await doubted(desk)
    (item,) = await listed(desk)
    assert (item["measurement_id"], item["param"], item["state"]) == (str(wrong.fact_id), "weight_kg", "open")
    assert item["text_id"].startswith("Berat 58 kg (")
    assert item["text_en"].startswith("Weight 58 kg, measured on ")
    assert item["remedy_id"] != item["remedy_en"]
    assert item["settled_by"]["correct"]["path"] == f"/v1/measurements/{wrong.fact_id}"
    assert item["settled_by"]["void"]["path"] == f"/v1/measurements/{wrong.fact_id}:void"
    one = await desk.send("GET", f"/v1/hints/{item['hint_id']}", role="puskesmas")
    assert (one.json(), one.headers["etag"]) == (item, item["etag"])


async def test_a_person_says_that_a_value_is_right_and_it_stays_so(desk: Desk) -> None:
    wrong = await doubted(desk)
    (item,) = await listed(desk)
    answer = await accept(desk, item)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["state"], told["accepted_by"], told["accepted_on"]) == ("accepted", "person-1", str(days_ago(0)))
    assert "settled_by" not in told
    assert [fact["state"] for fact in await desk.published("hint")] == ["open", "accepted"]
    assert await listed(desk) == []
    await desk.arrive(wrong.model_copy(update={"revision": 2, "muac_cm": 14.0}))
    await judge(desk)
    assert [hint["hint_id"] for hint in await listed(desk, "?state=accepted")] == [item["hint_id"]]
    await desk.arrive(wrong.model_copy(update={"revision": 3, "weight_kg": 57.0}))
    await judge(desk)
    (again,) = await listed(desk)
    assert (again["hint_id"], again["evidence"]["value"], again["accepted_by"]) == (item["hint_id"], 57.0, None)


async def test_accepting_needs_the_state_that_was_seen(desk: Desk) -> None:
    wrong = await doubted(desk)
    (item,) = await listed(desk)
    assert (await accept(desk, item, etag=None)).status_code == 428
    await desk.arrive(wrong.model_copy(update={"revision": 2, "weight_kg": 57.0}))
    await judge(desk)
    stale = await accept(desk, item)
    assert (stale.status_code, stale.json()["code"]) == (412, "revision_stale")
    await desk.arrive(wrong.model_copy(update={"revision": 3, "weight_kg": 10.5}))
    await judge(desk)
    (gone,) = await listed(desk, "?state=withdrawn")
    late = await accept(desk, gone)
    assert (late.status_code, late.json()["code"]) == (409, "hint_withdrawn")


async def test_who_lives_elsewhere_is_not_shown_and_not_accepted(desk: Desk) -> None:
    await doubted(desk)
    born = days_ago(610)
    theirs = await doubted(desk, residences=(Residence(valid_from=born, desa_code=DESA_B),))
    assert {item["measurement_id"] for item in await listed(desk, areas=(DESA_B,))} == {str(theirs.fact_id)}
    (hint,) = await listed(desk, areas=(DESA_B,))
    assert (await accept(desk, hint, areas=(DESA_A,))).status_code == 404
    assert (
        await desk.send("GET", f"/v1/hints/{hint['hint_id']}", role="puskesmas", areas=(DESA_A,))
    ).status_code == 404
    assert len(await listed(desk)) == 2
    assert {item["measurement_id"] for item in await listed(desk, f"?area={DESA_B}")} == {str(theirs.fact_id)}
    assert len(await listed(desk, "?area=12.19.01")) == 2
    assert await listed(desk, "?area=12.19.02") == []


async def test_a_hint_goes_with_the_child_that_moves(desk: Desk) -> None:
    wrong = await doubted(desk)
    home = Residence(valid_from=days_ago(1), desa_code=DESA_B)
    await desk.arrive(child(wrong.child_id, 2, residences=(home,)))
    assert await listed(desk, areas=(DESA_A,)) == []
    assert len(await listed(desk, areas=(DESA_B,))) == 1


async def test_a_kader_reads_no_review_list_and_a_district_may_answer_it(desk: Desk) -> None:
    await doubted(desk)
    assert (await desk.send("GET", "/v1/hints", role="kader")).status_code == 403
    (item,) = await listed(desk)
    assert (await accept(desk, item, role="kader")).status_code == 403
    assert (await accept(desk, item, role="district", areas=("12.19",))).status_code == 200


async def test_pages_go_on_where_the_last_one_ended(desk: Desk) -> None:
    for weight in (55.0, 56.0, 57.0):
        await doubted(desk, weight)
    seen: list[float] = []
    path = "/v1/hints?limit=1"
    while True:
        page = await desk.get(path, role="puskesmas")
        seen += [item["evidence"]["value"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        path = f"/v1/hints?limit=1&cursor={page['next_cursor']}"
    assert sorted(seen) == [55.0, 56.0, 57.0]


async def test_kinds_and_states_are_asked_for_by_name(desk: Desk) -> None:
    await doubted(desk)
    (item,) = await listed(desk)
    assert len(await listed(desk, f"?kind={item['kind']}")) == 1
    assert await listed(desk, "?kind=heaping") == []
    assert await listed(desk, "?state=withdrawn") == []
    assert (await desk.send("GET", "/v1/hints?kind=unheard_of", role="puskesmas")).status_code == 422


async def test_the_explanation_of_a_child_tells_what_is_doubted(desk: Desk) -> None:
    wrong = await doubted(desk)
    document = await desk.get(f"/v1/children/{wrong.child_id}/explanation", role="kader")
    (section,) = [part for part in document["sections"] if part["section"] == "hints"]
    (line,) = section["lines"]
    assert (line["fact_id"], line["value"], line["unit"]) == (str(wrong.fact_id), 58.0, "kg")
    assert line["text"].startswith("Berat 58 kg (")
    await desk.arrive(wrong.model_copy(update={"revision": 2, "weight_kg": 10.5}))
    await judge(desk)
    document = await desk.get(f"/v1/children/{wrong.child_id}/explanation", role="kader")
    assert [part["lines"] for part in document["sections"] if part["section"] == "hints"] == [[]]


async def test_a_session_that_waits_leaves_the_ledger_unsettled(desk: Desk) -> None:
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(10), 10.4, 80.0))
    who = {"role": "ops", "areas": ()}
    assert (await desk.get("/v1/ledger", **who))["sessions_waiting"] == 1
    await judge(desk)
    ledger = await desk.get("/v1/ledger", **who)
    assert ledger["sessions_waiting"] == 0
    assert "hint" in ledger["facts"]["owns"]


async def test_a_duplicate_measurement_of_a_wrong_value_is_a_hint_of_its_own(desk: Desk) -> None:
    wrong = await doubted(desk)
    again = wrong.model_copy(update={"fact_id": uuid.uuid4(), "measured_on": wrong.measured_on + timedelta(days=1)})
    await desk.arrive(again)
    await judge(desk)
    assert {item["measurement_id"] for item in await listed(desk)} == {str(wrong.fact_id), str(again.fact_id)}
