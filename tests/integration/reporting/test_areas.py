"""What callers get: figures that add up, of the right place and time, and only what they may see."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.contracts.fact import Fact
from tests.integration.reporting.ground import Office, deliver, release_all
from tests.unit.reporting.history import (
    BORN,
    DESA,
    EMPTY_DESA,
    POSYANDU,
    START,
    assessment,
    at,
    child,
    child_id,
    entry,
    measurement,
    random_history,
    register,
    risk_status,
)

MINUTES_A_DAY = 24 * 60
ADDED = ("target_children", "measured_children", "haz_measured", "stunted", "suspected", "urgent", "pending")
OF_CASES = ("remeasured", "lab_ordered", "lab_complete", "referred", "in_care", "recovered", "anaemia_known", "anaemic")


def visit(number: int, on: date, *, known: float = 1, name: str = "", **scores: Any) -> list[Fact]:
    """A measurement of child `number` and its assessment."""
    taken = measurement(name or f"{on}", on, of=number, known=known)
    return [taken, assessment(taken, **scores)]


def living_in(number: int, desa: str, post: str | None = None, **fields: Any) -> Fact:
    return child(number, homes=[(BORN, desa, post)], **fields)


async def rows_of(office: Office, code: str, period: str, **query: Any) -> dict[str, dict[str, Any]]:
    body = await office.figures(f"/v1/areas/{code}/comparison", period=period, **query)
    assert (body["area"], body["period"]) == (code, period)
    return {row["code"]: row for row in body["rows"]}


async def summary_of(office: Office, code: str, period: str, **query: Any) -> dict[str, Any]:
    return await office.figures(f"/v1/areas/{code}/summary", period=period, **query)


async def test_a_child_measured_four_times_counts_once_at_every_level(office: Office) -> None:
    """B092: the sum of the posyandu is the desa, of the desa the kecamatan, of those the kabupaten."""
    facts = [*register(), living_in(1, DESA[0], POSYANDU[DESA[0]][0])]
    for day in (2, 9, 16, 23):
        facts += visit(1, date(2025, 11, day), haz=-2.4, tier="suspected")
    await deliver(office.worker, facts)
    for code in ("12.19", "12.19.01", DESA[0], POSYANDU[DESA[0]][0]):
        told = await summary_of(office, code, "2025-11")
        assert [told[name] for name in ADDED] == [1, 1, 1, 1, 1, 0, 0], code
    for code in ("12.19", "12.19.01", DESA[0]):
        rows = await rows_of(office, code, "2025-11")
        assert sum(row["stunted"] for row in rows.values()) == 1


async def test_the_rows_below_an_area_add_up_to_it_whatever_happened(office: Office) -> None:
    facts = [*register(), *random_history(11, 120)]
    await deliver(office.worker, facts, 17)
    for code in ("12.19", "12.19.01", *DESA):
        body = await office.figures(f"/v1/areas/{code}/comparison", period="2025-12")
        for name in (*ADDED, *OF_CASES):
            assert sum(row[name] for row in body["rows"]) == body["total"][name], (code, name)
        for row in body["rows"]:
            assert row["measured_children"] <= row["target_children"]
            assert max(row[name] for name in OF_CASES) <= row["suspected"]
            assert min(row[name] for name in ADDED) >= 0, "B090: never negative"
    by_puskesmas = await rows_of(office, "12.19", "2025-12", by="puskesmas")
    total = await summary_of(office, "12.19", "2025-12")
    assert sum(row["stunted"] for row in by_puskesmas.values()) == total["stunted"]


async def test_a_child_who_moves_counts_each_month_where_it_lived_when_measured(office: Office) -> None:
    """B102: the place on the measurement's day for history, the present place for the list; both sums agree."""
    moved = child(1, homes=[(BORN, DESA[0], None), (date(2025, 6, 15), DESA[2], None)])
    facts = [*register(), moved, *visit(1, date(2025, 6, 3)), *visit(1, date(2025, 7, 3))]
    await deliver(office.worker, facts)
    for period, at_home in (("2025-06", DESA[0]), ("2025-07", DESA[2])):
        kecamatan = await rows_of(office, "12.19", period)
        assert {code: row["measured_children"] for code, row in kecamatan.items()} == {
            "12.19.01": int(at_home == DESA[0]),
            "12.19.02": int(at_home == DESA[2]),
        }
        assert sum(row["target_children"] for row in kecamatan.values()) == 1
    listed = [(await office.figures(f"/v1/areas/{desa}/children"))["items"] for desa in (DESA[0], DESA[2])]
    assert [len(items) for items in listed] == [0, 1]


async def test_an_area_without_children_is_there_with_nulls_for_what_cannot_be_known(office: Office) -> None:
    """B108: no data, not 0 % and not a crash."""
    await deliver(office.worker, [*register(), living_in(1, DESA[2])])
    rows = await rows_of(office, "12.19.02", "2025-11")
    assert set(rows) == {DESA[2], EMPTY_DESA}
    empty = rows[EMPTY_DESA]
    assert (empty["name"], empty["target_children"], empty["measured_children"]) == ("Desa 2009", 0, 0)
    for name in ("coverage", "stunted_share", "stunted_low", "stunted_high", "quality_grade", "lab_complete_share"):
        assert empty[name] is None
    assert rows[DESA[2]]["coverage"] == 0
    assert rows[DESA[2]]["stunted_share"] is None


async def test_three_normal_children_are_zero_stunted_of_three(office: Office) -> None:
    """B110, B112: numerator, denominator, coverage and interval come together."""
    facts = register()
    for number in range(4):
        facts.append(living_in(number, DESA[0]))
        if number:
            facts += visit(number, date(2025, 11, 4))
    await deliver(office.worker, facts)
    told = await summary_of(office, "12.19.01", "2025-11")
    assert (told["stunted"], told["haz_measured"], told["stunted_share"]) == (0, 3, 0)
    assert told["stunted_high"] == pytest.approx(0.5615, abs=0.0001)
    assert (told["coverage"], told["label"]["code"]) == (0.75, "among_measured")


async def test_names_and_parents_are_those_of_the_periods_last_day(office: Office) -> None:
    """B106: a desa that was split or renamed changes later periods only."""
    facts = [
        *register(),
        entry("area", DESA[0], "Desa Baru", revision=2, known=5, valid_from=date(2026, 1, 1), level="desa",
              parent_code="12.19.01"),
        entry("area", "12.19.01.2099", "Desa Pecahan", level="desa", parent_code="12.19.01",
              valid_from=date(2026, 1, 1)),
        child(1, homes=[(BORN, DESA[0], None), (date(2026, 1, 1), "12.19.01.2099", None)]),
        *visit(1, date(2025, 12, 9)), *visit(1, date(2026, 1, 9)),
    ]  # fmt: skip
    await deliver(office.worker, facts)
    before, after = await rows_of(office, "12.19.01", "2025-12"), await rows_of(office, "12.19.01", "2026-01")
    assert "12.19.01.2099" not in before
    assert (before[DESA[0]]["name"], before[DESA[0]]["measured_children"]) == ("Desa 2003", 1)
    assert (after[DESA[0]]["name"], after[DESA[0]]["measured_children"]) == ("Desa Baru", 0)
    assert after["12.19.01.2099"]["measured_children"] == 1
    assert (await office.get("/v1/areas/12.19.01.2099/summary", period="2025-12")).status_code == 404


async def test_late_data_counts_in_its_month_from_the_day_it_was_known(office: Office) -> None:
    """B088: accepted, and the figures of earlier days stay what they were."""
    late = 45 * MINUTES_A_DAY
    facts = [*register(), living_in(1, DESA[0]), *visit(1, date(2025, 12, 5), known=late, haz=-2.2)]
    await deliver(office.worker, facts)
    assert (await summary_of(office, "12.19", "2025-12"))["stunted"] == 1
    for days, stunted in ((1, 0), (44, 0), (45, 1), (60, 1)):
        day = at(days * MINUTES_A_DAY).date()
        told = await summary_of(office, "12.19", "2025-12", as_of=day.isoformat())
        assert (told["stunted"], told["target_children"], told["pending"]) == (stunted, 1, None), days
        rows = await rows_of(office, "12.19", "2025-12", as_of=day.isoformat())
        assert sum(row["stunted"] for row in rows.values()) == stunted
    before = await summary_of(office, "12.19", "2025-12", as_of="2026-01-04")
    assert before["target_children"] == 0, "the child itself was not known yet"


async def test_the_list_shows_the_latest_visit_though_an_earlier_one_arrives_last(office: Office) -> None:
    """B094: June's visit arrives after July's."""
    facts = [*register(), living_in(1, DESA[0]), risk_status(1, tier="suspected")]
    await deliver(office.worker, [*facts, *visit(1, date(2025, 7, 1), known=5, haz=-2.6)])
    await deliver(office.worker, visit(1, date(2025, 6, 1), known=9, haz=-1.0))
    (item,) = (await office.figures(f"/v1/areas/{DESA[0]}/children", tier="suspected"))["items"]
    assert (item["haz"], item["measured_on"], item["tier"]) == (-2.6, "2025-07-01", "suspected")
    assert (await summary_of(office, "12.19", "2025-06"))["measured_children"] == 1


async def test_a_measurement_without_assessment_is_pending_and_changes_no_figure(office: Office) -> None:
    taken = measurement("a", date(2025, 11, 3), known=1)
    judged = assessment(taken, haz=-2.5)
    await deliver(office.worker, [*register(), living_in(1, DESA[0]), taken])
    told = await summary_of(office, "12.19", "2025-11")
    assert (told["pending"], told["measured_children"]) == (1, 0)
    await deliver(office.worker, [judged])
    corrected = taken.model_copy(update={"revision": 2, "known_at": at(9), "weight_kg": 9.9})
    await deliver(office.worker, [corrected])
    told = await summary_of(office, "12.19", "2025-11")
    assert (told["pending"], told["measured_children"], told["stunted"]) == (1, 1, 1), "the judged value still counts"
    await deliver(office.worker, [assessment(corrected, haz=-1.0)])
    told = await summary_of(office, "12.19", "2025-11")
    assert (told["pending"], told["measured_children"], told["stunted"]) == (0, 1, 0)


async def test_an_unmapped_posyandu_is_a_row_of_its_own_and_never_dropped(office: Office) -> None:
    facts = [*register(), living_in(1, DESA[0], POSYANDU[DESA[0]][0]), living_in(2, DESA[0])]
    await deliver(office.worker, facts)
    rows = await rows_of(office, DESA[0], "2025-11")
    assert {code: row["target_children"] for code, row in rows.items()} == {
        POSYANDU[DESA[0]][0]: 1,
        POSYANDU[DESA[0]][1]: 0,
        "unmapped": 1,
    }


async def test_the_trend_is_the_summaries_of_its_months(office: Office) -> None:
    await deliver(office.worker, [*register(), *random_history(23, 150)], 31)
    points = (await office.figures("/v1/areas/12.19.01/trend", until="2026-03", months=6))["points"]
    assert [point["period"] for point in points] == ["2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]
    for point in points:
        told = await summary_of(office, "12.19.01", point["period"])
        assert {name: told[name] for name in point} == point


async def test_figures_as_of_today_are_the_current_ones(office: Office) -> None:
    """The versions and the cells are two ways to one number."""
    await deliver(office.worker, [*register(), *random_history(31, 200)], 29)
    for code in ("12.19", "12.19.01", DESA[1]):
        for period in ("2025-12", "2026-02"):
            now, then = (
                await summary_of(office, code, period),
                await summary_of(office, code, period, as_of="2026-11-20"),
            )
            for name in (*ADDED[:-1], "wasted", "gained", *OF_CASES):
                assert now[name] == then[name], (code, period, name)


async def test_children_are_listed_in_pages_without_identity(office: Office) -> None:
    facts = register()
    for number in range(5):
        facts += [living_in(number, DESA[0]), *visit(number, date(2025, 11, 4), haz=-2.1, tier="suspected")]
    gone = [living_in(9, DESA[0], died_on=date(2025, 10, 1)), living_in(8, DESA[0], birth_date=date(2019, 1, 1))]
    await deliver(office.worker, [*facts, *gone])
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        body = await office.figures(f"/v1/areas/{DESA[0]}/children", limit=2, **cursor)
        seen += [item["child_id"] for item in body["items"]]
        if body["next_cursor"] is None:
            break
        cursor = {"cursor": body["next_cursor"]}
    assert seen == sorted(str(child_id(number)) for number in range(5))
    assert set(body["items"][0]) == {
        "child_id", "sex", "age_months", "desa_code", "posyandu_code", "tier", "priority", "reasons", "measured_on",
        "haz", "waz", "whz", "baz",
    }  # fmt: skip
    of_month = await office.figures("/v1/areas/12.19/children", period="2025-11", tier="suspected")
    assert len(of_month["items"]) == 5


async def test_callers_see_their_area_and_nothing_else(office: Office) -> None:
    facts = [*register(), living_in(1, DESA[0], POSYANDU[DESA[0]][0]), living_in(2, DESA[2])]
    await deliver(office.worker, [*facts, *visit(1, date(2025, 11, 4)), *visit(2, date(2025, 11, 4))])
    kader: dict[str, Any] = {"role": "kader", "areas": (POSYANDU[DESA[0]][0],)}
    told = await summary_of(office, POSYANDU[DESA[0]][0], "2025-11", **kader)
    assert told["measured_children"] == 1
    for code in (DESA[0], DESA[2], "12.19"):
        refused = await office.get(f"/v1/areas/{code}/summary", period="2025-11", **kader)
        assert (refused.status_code, refused.json()["code"]) == (403, "outside_area")
    refused = await office.get("/v1/areas/12.19/children", role="province", areas=("12",))
    assert refused.json()["code"] == "scope_missing"
    rows = await office.api.fetchval("SELECT count(*) FROM cell")
    assert rows == 0, "without areas the API role sees nothing"
    refused = await office.get("/v1/areas/PKM-12.19.01-1/summary", role="puskesmas", areas=(DESA[0],))
    assert refused.json()["code"] == "outside_area", "a puskesmas is all the desa it serves"
    assert (await summary_of(office, "PKM-12.19.01-1", "2025-11", role="puskesmas", areas=DESA[:2]))[
        "measured_children"
    ] == 1


async def test_the_province_sees_no_small_count_however_it_asks(office: Office) -> None:
    facts = register()
    for number in range(50):
        desa = DESA[0] if number < 20 else DESA[2]
        low: dict[str, Any] = {"haz": -2.5} if number in {0, 1, 2, *range(20, 32)} else {}
        facts += [living_in(number, desa), *visit(number, date(2026, 1, 5), **low)]
    await deliver(office.worker, facts)
    asked: dict[str, Any] = {"role": "province", "areas": ("12",)}
    assert await release_all(office.worker, date(2026, 2, 10)) == 0
    assert await release_all(office.worker, date(2026, 2, 11)) == 1
    rows = await rows_of(office, "12.19", "2026-01", **asked)
    assert [rows[code]["stunted"] for code in ("12.19.01", "12.19.02")] == [None, None]
    assert rows["12.19.01"]["haz_measured"] == 20
    assert (await rows_of(office, "12.19", "2026-01"))["12.19.01"]["stunted"] == 3
    for role in ({}, asked):  # two desa with children tell no spread, and what is hidden is not told by its neighbours
        told = (await rows_of(office, "12.19.01", "2026-01", **role))[DESA[0]]
        assert {*told["shrunk"].values(), *told["standing"].values()} == {None}
    alone = await summary_of(office, "12.19.02", "2026-01", **asked)
    assert (alone["stunted"], alone["stunted_share"], alone["haz_measured"]) == (None, None, 30)
    narrow = await summary_of(office, "12.19.02", "2026-01", role="partner", areas=("12.19.02",))
    assert narrow["suppressed"] == alone["suppressed"], "who may not look at the siblings is told no more"
    point = (await office.figures("/v1/areas/12.19.02/trend", until="2026-01", months=1, **asked))["points"][0]
    assert point["stunted"] is None
    assert (await summary_of(office, "12.19", "2026-01", **asked))["stunted"] == 15
    for as_of, stunted in (("2026-01-31", None), ("2026-02-10", None), ("2026-02-11", 15), ("2026-02-28", 15)):
        then = await summary_of(office, "12.19", "2026-01", as_of=as_of, **asked)
        assert (then["stunted"], then["haz_measured"]) == (stunted, 50), "what grows by the day is told when it is over"
        assert then["as_of"] == (as_of if stunted else "2026-01-31")
        assert then.get("released_on" if stunted else "findings_told_from") == "2026-02-11"
    refused = await office.get(f"/v1/areas/{POSYANDU[DESA[0]][0]}/summary", **asked)
    assert refused.json()["code"] == "scope_missing"


@pytest.mark.parametrize(
    ("path", "query", "status", "code", "field"),
    [
        ("12.19/summary", {"period": "2025-13"}, 422, "validation_failed", "period"),
        ("12.19/summary", {"period": "2025-Q5"}, 422, "validation_failed", "period"),
        ("12.19/summary", {"period": "0000"}, 422, "validation_failed", "period"),
        ("12.19/why-changed", {"against": "1889-01", "period": "2025-11"}, 422, "validation_failed", "against"),
        ("12.19/target-path", {"until": "2029"}, 422, "validation_failed", "until"),
        (f"{'1' * 41}/summary", {}, 422, "validation_failed", "code"),
        ("12.19/summary", {"period": "2099-01"}, 422, "not_yet", "period"),
        ("12.19/trend", {"until": "2099-S1"}, 422, "not_yet", "period"),
        ("12.19/summary", {"as_of": "2099-01-01"}, 422, "not_yet", "as_of"),
        ("12.19/summary", {"perod": "2025-11"}, 422, "validation_failed", "perod"),
        ("12.19.77/summary", {}, 404, "unknown_area", "code"),
        ("12.19/indicators", {"period": "2025-11", "codes": "stunted,none"}, 422, "unknown_indicator", "codes"),
        ("12.19/missing", {"period": "2025-11", "service": "none"}, 422, "unknown_indicator", "service"),
    ],
)
async def test_what_cannot_be_answered_is_said_with_the_field_and_the_remedy(
    office: Office, path: str, query: dict[str, str], status: int, code: str, field: str
) -> None:
    await deliver(office.worker, register())
    answer = await office.get(f"/v1/areas/{path}", **query)
    told = answer.json()
    assert (answer.status_code, told["code"], [one["field"] for one in told["errors"]]) == (status, code, [field])
    assert all(one[name] for one in told["errors"] for name in ("problem_id", "problem_en", "remedy_id", "remedy_en"))


def test_the_clock_of_these_tests_lies_in_the_past() -> None:
    """Their periods and days must have come, or every answer would be `not_yet`."""
    assert START.year == 2026


async def test_the_api_role_sees_the_rows_that_the_shared_rule_of_areas_covers(office: Office) -> None:
    """The policies are written out for speed; they must never differ from `area_visible`."""
    post = POSYANDU[DESA[0]][0]
    for desa, home in ((DESA[0], post), (DESA[0], ""), (DESA[2], post), (DESA[2], "")):
        await office.worker.execute(
            "INSERT INTO cell (generation, desa_code, posyandu_code, month) VALUES (32000, $1, $2, '2025-11-01')",
            desa,
            home,
        )
    for granted in ("12", "12.1", "12.19", "12.19.01", "12.19.0", DESA[0], DESA[0][:-1], post, f"{DESA[2]},{post}", ""):
        seen = []
        for role, rule in ((office.api, "true"), (office.worker, "area_visible(desa_code, posyandu_code)")):
            async with role.acquire() as connection, connection.transaction():
                await connection.execute("SELECT set_config('tumbuh.areas', $1, true)", granted)
                rows = await connection.fetch(f"SELECT desa_code, posyandu_code FROM cell WHERE {rule} ORDER BY 1, 2")
                seen.append([tuple(row) for row in rows])
        assert seen[0] == seen[1], granted
        assert bool(seen[0]) == (granted not in {"", "12.1", "12.19.0", DESA[0][:-1]})
