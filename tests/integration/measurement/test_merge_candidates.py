"""Who may be the same child: found by a worker, shown with evidence, decided by a person, never by machine."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.measurement.domain.file_row import JudgedRow, Outcome
from services.measurement.domain.places import PlaceBook
from services.measurement.jobs.matching import Matching
from services.measurement.store import mappings
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.take_file_rows import FileChunk, take_file_rows
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc
from shared.contracts.fact import new_fact_id
from tests.integration.measurement.desk import DESA_B, KABUPATEN, POSYANDU_A, POSYANDU_A2, POSYANDU_B, Desk
from tests.integration.measurement.test_file_properties import Line, file_row

NIK = "1219014507230003"
CITRA = {"identity": {"name": "Citra Lestari"}}
AWAY = {"desa_code": DESA_B, "posyandu_code": POSYANDU_B}


async def matched(desk: Desk, query: str = "", **who: Any) -> list[dict[str, Any]]:
    """What a person sees after the worker has looked."""
    await Matching(desk.worker, desk.vault).once()
    answer = await desk.send("GET", f"/v1/merge-candidates{query}", **who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def told(item: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in item["reasons"]]


def pair(item: dict[str, Any]) -> set[str]:
    return {child["child_id"] for child in item["children"]}


async def answer(desk: Desk, item: dict[str, Any], verb: str, **who: Any) -> Any:
    path = f"/v1/merge-candidates/{item['candidate_id']}:{verb}"
    return await desk.send("POST", path, {"reason_text": "Sudah ditanya"}, etag=item["etag"], **who)


async def test_a_pair_found_at_registration_shows_what_agrees_and_no_value(desk: Desk) -> None:
    first = await desk.register_child()
    second = await desk.register_child(**CITRA, posyandu_code=POSYANDU_A2)
    items = await matched(desk)
    assert [pair(item) for item in items] == [{first, second}]
    item = items[0]
    assert told(item) == ["same_name_and_birth_date"]
    assert {each["field"]: each.get("result") for each in item["evidence"]} == {
        "nik": None,
        "name": "same",
        "birth_date": "same",
        "sex": "same",
        "parent_name": None,
        "home": "same_desa",
    }
    assert 0.5 < item["score"] < 1
    assert {"nik": "************0003", "name": None} in [child["identity"] for child in item["children"]]
    assert "Citra" not in str(item)
    assert NIK not in str(item)


async def test_two_who_claim_one_nik_are_a_pair_and_no_error(desk: Desk) -> None:
    """And the doubts about the number are told without it."""
    await desk.register_child()
    other = await desk.register_child(identity={"name": "Dewi"}, birth_date="2023-11-02", sex="male", **AWAY)
    assert await matched(desk) == []
    body = {"identity": {"nik": NIK}}
    changed = await desk.send("PATCH", f"/v1/children/{other}", body, etag='"1.1"')
    assert changed.status_code == 200
    items = await matched(desk)
    assert [told(item) for item in items] == [["same_nik", "siblings?"]]
    flags = {child["child_id"]: [f["code"] for f in child["identity_flags"]] for child in items[0]["children"]}
    assert flags[other] == ["nik_birth_date_differs", "nik_sex_differs"]
    shown = (await desk.send("GET", f"/v1/children/{other}")).json()
    assert [flag["code"] for flag in shown["identity_flags"]] == flags[other]
    assert NIK not in str(items) + str(shown)


async def test_a_pair_that_nothing_speaks_for_any_more_is_withdrawn(desk: Desk) -> None:
    await desk.register_child()
    other = await desk.register_child(**CITRA)
    assert len(await matched(desk)) == 1
    await desk.send("PATCH", f"/v1/children/{other}", {"identity": {"name": "Dewi Anggraini"}}, etag='"1.1"')
    assert await matched(desk) == []
    await desk.send("PATCH", f"/v1/children/{other}", {"identity": {"name": "Citra Lestary"}}, etag='"1.2"')
    assert [told(item) for item in await matched(desk)] == [["near_name_and_birth_date"]]


async def test_a_child_that_moves_is_compared_with_its_new_neighbours(desk: Desk) -> None:
    await desk.register_child(**CITRA)
    mover = await desk.register_child(identity={"name": "Citra Lestary"}, **AWAY)
    assert await matched(desk) == [], "a like name in another desa is no evidence"
    move = {"valid_from": "2025-01-01", "desa_code": "12.19.01.2003"}
    await desk.send("POST", f"/v1/children/{mover}/relocations", move, etag='"1.1"')
    assert len(await matched(desk)) == 1


async def test_a_file_is_matched_too(desk: Desk) -> None:
    """Another number, so the file registers a child; the same name and birth date, so a person looks."""
    known = await desk.register_child(identity={"name": "Anak a"})
    row = file_row(2, Line(0, 1, 0, 80))
    async with desk.worker.acquire() as connection, connection.transaction():
        book = PlaceBook(await mappings.named_entries(connection, [KABUPATEN]), {})
        entry = Entry(now_utc(), date(2026, 1, 1), "file", "eppgbm", AreaGrant((KABUPATEN,)), "person-1")
        changed = row._replace(sex="male")
        chunk = FileChunk(new_fact_id(), [JudgedRow(2, Outcome.TAKEN, changed)], {})
        await take_file_rows(connection, chunk, book, entry, desk.vault)
    items = await matched(desk)
    assert [told(item) for item in items] == [["same_name_and_birth_date"]]
    assert known in pair(items[0])


async def test_b080_twins_are_never_merged_and_come_last(desk: Desk) -> None:
    """Two boys without NIK, same mother, same day, names one letter apart; a double entry beside them."""
    twins = [
        await desk.register_child(identity={"name": name, "parent_name": "Siti"}, sex="male")
        for name in ("Hasan", "Hasin")
    ]
    twice = await desk.register_child(identity={"name": "Hasan", "parent_name": "Siti"}, sex="male")
    items = await matched(desk)
    assert pair(items[0]) == {twins[0], twice}
    assert {frozenset(pair(item)) for item in items[1:]} == {frozenset(twins), frozenset((twins[1], twice))}
    for item in items[1:]:
        assert "twins?" in told(item)
        assert item["score"] <= 0.2
    assert await desk.worker.fetchval("SELECT count(*) FROM child WHERE merged_into IS NOT NULL") == 0


async def test_who_was_said_to_be_two_is_not_shown_again_until_the_evidence_changes(desk: Desk) -> None:
    await desk.register_child(**CITRA)
    other = await desk.register_child(**CITRA)
    item = (await matched(desk))[0]
    assert (await answer(desk, item, "different")).json()["state"] == "different"
    again = await desk.send("POST", "/v1/merge-candidates:rescan")
    assert again.json() == {"children": 2}
    assert await matched(desk) == []
    settled = (await matched(desk, "?state=different"))[0]
    assert (settled["decided_by"], settled["reason_text"]) == ("person-1", "Sudah ditanya")
    move = {"valid_from": "2025-01-01", **AWAY}
    await desk.send("POST", f"/v1/children/{other}/relocations", move, etag='"1.1"')
    assert await matched(desk) == [], "a move says nothing about who they are"
    await desk.send("PATCH", f"/v1/children/{other}", {"identity": {"parent_name": "Siti"}}, etag='"1.2"')
    assert await matched(desk) == []
    first = next(iter(pair(item) - {other}))
    await desk.send("PATCH", f"/v1/children/{first}", {"identity": {"parent_name": "Siti"}}, etag='"1.1"')
    assert len(await matched(desk)) == 1, "one mother: that is new"


async def test_an_answer_says_what_it_saw_and_may_be_taken_back(desk: Desk) -> None:
    await desk.register_child(**CITRA)
    other = await desk.register_child(**CITRA)
    item = (await matched(desk))[0]
    path = f"/v1/merge-candidates/{item['candidate_id']}:different"
    assert (await desk.send("POST", path, {})).status_code == 428
    await desk.send("PATCH", f"/v1/children/{other}", {"identity": {"nik": NIK}}, etag='"1.1"')
    await desk.send("PATCH", f"/v1/children/{other}", {"sex": "male"}, etag='"1.2"')
    await matched(desk)
    stale = await answer(desk, item, "different")
    assert (stale.status_code, stale.json()["code"]) == (412, "revision_stale")
    fresh = (await matched(desk))[0]
    decided = (await answer(desk, fresh, "different")).json()
    assert (await answer(desk, decided, "reopen")).json()["state"] == "open"
    assert len(await matched(desk)) == 1


async def test_a_merged_pair_is_shown_as_merged_and_a_parted_one_as_different(desk: Desk) -> None:
    first, second = await desk.register_child(**CITRA), await desk.register_child(**CITRA)
    await matched(desk)
    await desk.send("POST", "/v1/merges", {"child_id": second, "survivor_id": first}, etag='"1.1"')
    assert await matched(desk) == []
    merged = await matched(desk, "?state=merged")
    assert [pair(item) for item in merged] == [{first, second}]
    refused = await answer(desk, merged[0], "different")
    assert [error["code"] for error in refused.json()["errors"]] == ["candidate_merged"]
    await desk.send("POST", "/v1/merges:undo", {"child_id": second, "reason_text": "Ternyata kembar"}, etag='"1.2"')
    assert await matched(desk) == []
    parted = await matched(desk, "?state=different")
    assert [(pair(item), item["reason_text"]) for item in parted] == [({first, second}, "Ternyata kembar")]


async def test_a_pair_across_two_areas_is_seen_from_both_and_decided_by_who_sees_both(desk: Desk) -> None:
    here, there = await desk.register_child(**CITRA), await desk.register_child(**CITRA, **AWAY)
    for area, own, foreign in ((POSYANDU_A, here, there), (POSYANDU_B, there, here)):
        items = await matched(desk, areas=[area])
        assert len(items) == 1
        shown = {child["child_id"]: child for child in items[0]["children"]}
        assert (shown[own]["visible"], shown[foreign]) == (True, {"child_id": foreign, "visible": False})
        refused = await answer(desk, items[0], "different", areas=[area])
        assert (refused.status_code, refused.json()["code"]) == (403, "outside_area")
    assert await matched(desk, areas=[POSYANDU_A2]) == []
    district: dict[str, Any] = {"role": "district", "areas": [KABUPATEN]}
    item = (await matched(desk, **district))[0]
    merged = await desk.send("POST", "/v1/merges", {"child_id": there, "survivor_id": here}, etag='"1.1"', **district)
    assert merged.status_code == 200, "only the district sees both, so it may merge"
    assert (await answer(desk, item, "different", **district)).status_code == 422
    kader = {"role": "kader", "areas": [POSYANDU_A]}
    assert (await desk.send("GET", "/v1/merge-candidates", **kader)).status_code == 403


async def test_candidates_are_read_page_by_page_the_likeliest_first(desk: Desk) -> None:
    for number in range(4):
        await desk.register_child(identity={"name": "Citra Lestari", **({"nik": NIK} if number < 2 else {})})
    whole = await matched(desk)
    assert len(whole) == 6
    assert [item["score"] for item in whole] == sorted((item["score"] for item in whole), reverse=True)
    paged: list[Any] = []
    cursor = ""
    while True:
        page = (await desk.send("GET", f"/v1/merge-candidates?limit=4{cursor}")).json()
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == whole
    one = next(iter(pair(whole[0])))
    assert len(await matched(desk, f"?child_id={one}")) == 3


async def test_an_interrupted_look_is_taken_up_again_and_finding_a_pair_twice_changes_nothing(desk: Desk) -> None:
    await desk.register_child(**CITRA)
    await desk.register_child(**CITRA)
    before = await matched(desk)
    await desk.superuser("UPDATE child_identity SET match_pending = true, nik_key = NULL, name_key = NULL")
    assert await matched(desk) == before
    keys = await desk.worker.fetch("SELECT name_key, match_pending FROM child_identity")
    assert all(row["name_key"] is not None and not row["match_pending"] for row in keys), "old rows learn their keys"


async def test_a_spoilt_identity_stops_nobody_else(desk: Desk) -> None:
    broken = await desk.register_child(**CITRA)
    for _ in range(2):
        await desk.register_child(**CITRA)
    await desk.superuser(f"UPDATE child_identity SET sealed = '\\x00' WHERE child_id = '{broken}'")
    assert len(await matched(desk)) == 1
