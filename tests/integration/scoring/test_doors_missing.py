"""The list of what children lack, through the API, on real PostgreSQL."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from services.scoring.use_cases import list_missing_tests
from shared.auth.areas import AreaGrant
from tests.integration.scoring.doors_desk import (
    DESA_A,
    DESA_B,
    Desk,
    child,
    days_ago,
    require_tests,
)
from tests.integration.scoring.evidence import visit


async def missing(desk: Desk, **who: Any) -> dict[str, dict[str, Any]]:
    """The rows of one page by what is missing (for one child)."""
    rows = (await desk.get("/v1/missing-tests", **who))["items"]
    return {row["missing"]: row for row in rows}


async def test_a_required_test_is_missing_until_its_result_is_there(desk: Desk) -> None:
    child_id, case = await desk.suspected()
    await require_tests(desk, case, ["blood_count", "ferritin", "crp"], {"blood_count": "resulted", "crp": "collected"})
    rows = await missing(desk)
    assert {"ferritin", "crp"} <= set(rows)
    assert "blood_count" not in rows
    crp, ferritin = rows["crp"], rows["ferritin"]
    assert crp["child_id"] == str(child_id)
    assert (crp["because"], crp["since"], crp["owner_role"]) == ("collected", days_ago(20).isoformat(), "laboratory")
    assert (crp["due_on"], crp["overdue"]) == (days_ago(6).isoformat(), True)
    assert (ferritin["because"], ferritin["since"]) == ("not_ordered", days_ago(10).isoformat())
    assert not ferritin["overdue"]
    assert crp["text_id"] == "Periksa CRP (tanda peradangan)"
    assert crp["text_en"] == "Test CRP (a sign of inflammation)"


@pytest.mark.parametrize(("days", "overdue"), [(14, False), (15, True)])
async def test_a_test_is_overdue_the_day_after_it_was_due(desk: Desk, days: int, overdue: bool) -> None:  # noqa: FBT001
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(days), 8.4, 74.0))
    await require_tests(desk, await desk.case_of(child_id), ["crp"], {})
    assert (await missing(desk))["crp"]["overdue"] is overdue


async def test_a_closed_case_lacks_nothing(desk: Desk) -> None:
    _, case = await desk.suspected()
    await require_tests(desk, case, ["zinc"], {})
    assert "zinc" in await missing(desk)
    await desk.move(case, "close", days_ago(0), reason="declined")
    assert "zinc" not in await missing(desk)


async def test_what_would_settle_the_unknown_is_on_the_list_with_who_does_it(desk: Desk) -> None:
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(5), 11.0, None))
    rows = await missing(desk)
    assert set(rows) == {"measure_length", "measure_weight_and_length"}
    row = rows["measure_length"]
    assert (row["because"], row["since"], row["owner_role"]) == (
        "length_height_missing",
        days_ago(5).isoformat(),
        "kader",
    )
    assert (row["due_on"], row["overdue"]) == (None, False)
    flagged = uuid.uuid4()
    await desk.arrive(child(flagged), visit(flagged, days_ago(4), 11.0, 60.0))
    items = (await desk.get("/v1/missing-tests"))["items"]
    row = next(row for row in items if (row["child_id"], row["missing"]) == (str(flagged), "remeasure_length"))
    assert (row["because"], row["owner_role"], row["overdue"]) == ("flagged", "puskesmas", True)


async def test_the_totals_say_which_single_test_would_settle_how_many_verdicts(desk: Desk) -> None:
    _, case = await desk.suspected()
    await require_tests(desk, case, ["blood_count", "crp"], {"blood_count": "resulted"})
    for desa, posyandu in ((DESA_A, None), (DESA_A, f"{DESA_A}.P009"), (DESA_B, None)):
        child_id = uuid.uuid4()
        home = ({"valid_from": days_ago(600), "desa_code": desa, "posyandu_code": posyandu},)
        await desk.arrive(child(child_id, residences=home), visit(child_id, days_ago(5), 11.0, None))
    gone = uuid.uuid4()
    await desk.arrive(child(gone, died_on=days_ago(1)), visit(gone, days_ago(5), 11.0, None))

    rows = (await desk.get("/v1/missing-tests/totals"))["items"]
    totals = {row["missing"]: (row["children"], row["verdicts"], row["cases"]) for row in rows}
    listed = (await desk.get("/v1/missing-tests"))["items"]
    assert {name: len([row for row in listed if row["missing"] == name]) for name in totals} == {
        name: children for name, (children, _, _) in totals.items()
    }
    assert totals["crp"][2] == 1
    assert "blood_count" not in totals
    assert totals["measure_length"][:2] == (3, 3)
    assert [row["verdicts"] for row in rows] == sorted((row["verdicts"] for row in rows), reverse=True)
    first = next(row for row in rows if row["missing"] == "measure_length")
    assert (first["owner_role"], bool(first["text_id"]), bool(first["text_en"])) == ("kader", True, True)
    for area in (DESA_B, f"{DESA_A}.P009"):  # a desa, and the posyandu of one child
        seen = (await desk.get("/v1/missing-tests/totals", role="kader", areas=[area]))["items"]
        one = {"measure_length": 1, "measure_weight_and_length": 1}
        assert {row["missing"]: row["children"] for row in seen} == one, area
    nobody = await desk.get("/v1/missing-tests/totals", role="laboratory", areas=["LAB.12.19.RSUD"])
    assert nobody["items"] == []


async def test_who_has_left_is_too_old_or_was_merged_away_lacks_nothing(desk: Desk) -> None:
    gone: list[dict[str, Any]] = [
        {"died_on": days_ago(1)},
        {"departed_on": days_ago(1)},
        {"birth_date": days_ago(1827)},
    ]
    for changes in gone:
        child_id = uuid.uuid4()
        await desk.arrive(child(child_id, **changes), visit(child_id, days_ago(5), 11.0, None))
    survivor, twice = uuid.uuid4(), uuid.uuid4()
    await desk.arrive(child(survivor), child(twice, merged_into=survivor), visit(twice, days_ago(5), 11.0, None))
    assert {row["child_id"] for row in (await missing(desk)).values()} == {str(survivor)}


async def test_a_caller_sees_the_children_of_its_areas_and_a_laboratory_none(desk: Desk) -> None:
    other = uuid.uuid4()
    home = ({"valid_from": days_ago(600), "desa_code": DESA_B},)
    await desk.suspected()
    await desk.arrive(child(other, residences=home), visit(other, days_ago(5), 11.0, None))
    seen = {row["child_id"] for row in (await missing(desk, role="kader", areas=[DESA_B])).values()}
    assert seen == {str(other)}
    assert await missing(desk, role="laboratory", areas=["LAB.12.19.RSUD"]) == {}
    assert (await desk.send("GET", "/v1/missing-tests", role="province", areas=["12"])).status_code == 403


async def test_pages_show_every_row_once_in_order(desk: Desk) -> None:
    ids = [uuid.uuid4() for _ in range(5)]
    for number, child_id in enumerate(ids):
        home = ({"valid_from": days_ago(600), "desa_code": (DESA_A, DESA_B)[number % 2]},)
        await desk.arrive(child(child_id, residences=home), visit(child_id, days_ago(5), 11.0, None))
    whole = (await desk.get("/v1/missing-tests"))["items"]
    assert len(whole) == 10
    keys = [(row["child_id"], row["missing"]) for row in whole]
    assert len(keys) == len(set(keys))
    rows, cursor = [], ""
    while True:
        page = await desk.get(f"/v1/missing-tests?limit=3{cursor}")
        rows += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert rows == whole
    assert whole[0]["since"] == (days_ago(0) - timedelta(days=5)).isoformat()


async def test_a_page_that_looked_at_enough_children_is_short_and_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_missing_tests, "STEP", 2)
    monkeypatch.setattr(list_missing_tests, "MOST_CHILDREN", 2)
    for number in range(7):
        child_id = uuid.uuid4()
        length = None if number % 3 == 0 else 84.0
        await desk.arrive(child(child_id), visit(child_id, days_ago(5), 11.0, length))
    rows, pages, cursor = [], 0, ""
    while cursor is not None:
        page = await desk.get(f"/v1/missing-tests?limit=5{cursor}")
        rows += page["items"]
        pages += 1
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert len(rows) == len({(row["child_id"], row["missing"]) for row in rows}) == 6
    assert pages >= 3


@pytest.mark.parametrize(
    ("codes", "ranges"),
    [
        (["12.19"], [("12.19", "12.19/")]),
        (["12.19", "12.19.01", "12.19.01.2003"], [("12.19", "12.19/")]),
        (["12.19.01.2003.P001", "12.19.01.2003.P002"], [("12.19.01.2003", "12.19.01.2003/")]),
        ([DESA_A, DESA_B], [(DESA_A, f"{DESA_A}/"), (DESA_B, f"{DESA_B}/")]),
        ([], []),
    ],
)
def test_areas_are_ranges_of_desa_that_do_not_overlap(codes: list[str], ranges: list[tuple[str, str]]) -> None:
    assert list_missing_tests.area_ranges(AreaGrant(tuple(codes))) == ranges


async def test_a_kader_sees_what_the_children_of_its_posyandu_lack(desk: Desk) -> None:
    own, other = uuid.uuid4(), uuid.uuid4()
    for child_id, posyandu in ((own, "P001"), (other, "P002")):
        home = ({"valid_from": days_ago(600), "desa_code": DESA_A, "posyandu_code": f"{DESA_A}.{posyandu}"},)
        await desk.arrive(child(child_id, residences=home), visit(child_id, days_ago(5), 11.0, None))
    rows = (await desk.get("/v1/missing-tests", role="kader", areas=[f"{DESA_A}.P001"]))["items"]
    assert {row["child_id"] for row in rows} == {str(own)}
