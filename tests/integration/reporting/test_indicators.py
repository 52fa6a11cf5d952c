"""Indicators of an area, and who was not reached: counted from the facts by other means, at every level."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.domain.indicator_set import Count
from services.reporting.domain.periods import Period
from services.reporting.domain.read_indicators import load
from services.reporting.store.service_counts import Window, count_children
from services.reporting.store.sums import Where
from services.reporting.use_cases import list_not_reached
from services.reporting.use_cases.area_figures import Question, find_area, own_row, own_rows
from services.reporting.use_cases.rebuild import rebuild
from services.reporting.use_cases.verify import verify
from shared.auth.areas import AreaGrant, apply
from shared.contracts.fact import Fact
from shared.contracts.intervention import (
    Immunisation,
)
from shared.postgres.pool import Pool
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office
from tests.integration.reporting.service_recount import Due, recount
from tests.unit.reporting.history import (
    DESA,
    POSYANDU,
    act,
    assessment,
    child,
    child_id,
    feeding,
    measurement,
    random_history,
    register,
    risk_status,
    vitamin_a,
)

FEB, MARCH = date(2026, 2, 1), date(2026, 3, 1)
COUNTS = {
    "vitamin_a": Count("children", age_from=6, age_before=60, counted=("vitamin_a",)),
    "not_gained_fed": Count("children", among=("letter_t",), counted=("feeding",)),
    "exclusive": Count("children", age_before=60, among=("breastfeeding_asked",), without=("not_exclusive",)),
    "weighed": Count("children", age_before=24, counted=("weighed",)),
    "k_known": Count("children", counted=("growth_card_known",)),
    "k_s": Count("children", counted=("growth_card",)),
    "d_k": Count("children", among=("growth_card",), counted=("weighed",)),
    "wasted_fed": Count("children", window="year_to_date", among=("wasted_moderately",), counted=("feeding",)),
}
LEVELS = ("12", "12.19", "12.19.01", *DESA, *(code for codes in POSYANDU.values() for code in codes))
ALL = {"areas": ("12",)}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(
    seed=st.integers(0, 10**9), steps=st.integers(20, 90), size=st.integers(1, 40), back=st.none() | st.integers(0, 9)
)
async def test_services_at_every_level_are_those_of_a_recount(
    pool: Pool, office: Office, seed: int, steps: int, size: int, back: int | None
) -> None:
    """Any order, duplicates, corrections, moves, merges and voids of acts; as known now, and as known on a day."""
    facts = random_history(seed, steps)
    shuffled = facts + random.Random(seed).sample(facts, len(facts) // 3)
    random.Random(seed + 1).shuffle(shuffled)
    await ground.empty(pool)
    await ground.deliver(pool, shuffled, size)
    known_before = None if back is None else facts[len(facts) * back // 10].known_at
    seen = [fact for fact in facts if known_before is None or fact.known_at < known_before]
    for first, months in ((FEB, 1), (date(2026, 1, 1), 3)):
        period = Period(first, months)
        named = {name: count for name, count in COUNTS.items() if (count.window == "month") == (months == 1)}
        expected = recount(seen, period, named)
        for code in LEVELS:
            entry = Where("", None, area=code) if code not in _posyandu() else Where("", None, posyandu=code)
            async with office.api.acquire() as connection, connection.transaction():
                await connection.execute("SELECT set_config('tumbuh.areas', '12', true)")
                places = await count_children(
                    connection, Window(entry, period, known_before), load().acts, list(named.values())
                )
            told = {
                name: (sum(at.numerators[number] for at in places), sum(at.denominators[number] for at in places))
                for number, name in enumerate(named)
            }
            assert told == {name: _at(expected[name], code) for name in named}, code
    async with pool.acquire() as connection:
        assert (await verify(connection))["differences"] == []


def _posyandu() -> set[str]:
    return {code for codes in POSYANDU.values() for code in codes}


def _at(due: list[Due], code: str) -> tuple[int, int]:
    here = [has for place, has in due if code in place or place.desa_code.startswith(f"{code}.")]
    return sum(here), len(here)


def _ground_facts() -> list[Fact]:
    """Twenty children of 23 months in February in two desa, two of 8 months; half came in February and March."""
    facts: list[Fact] = register()
    for number in range(20):
        desa = DESA[number % 2]
        facts.append(child(number, homes=[(date(2024, 3, 10), desa, POSYANDU[desa][0])]))
        if number < 10:
            for on in (date(2026, 2, 12), date(2026, 3, 12)):
                taken = measurement(str(on), on, of=number, known=3)
                whz = -2.5 if number < 4 else -0.5
                facts += [taken, assessment(taken, letter="T" if number < 6 else "N", whz=whz)]
    for number in (20, 21):
        facts.append(child(number, birth_date=date(2025, 6, 1)))
    facts += [act("a", vitamin_a(date(2026, 2, 12)), of=number) for number in range(8)]
    facts += [act("again", vitamin_a(date(2026, 2, 20)), of=0)]
    facts += [act("b", vitamin_a(date(2026, 2, 12), "blue_100000_iu"), of=20)]
    facts += [act("wrong", vitamin_a(date(2026, 2, 12), "blue_100000_iu"), of=9)]
    facts += [act("pmt", feeding(date(2026, 2, 20), date(2026, 3, 1)), of=number) for number in (0, 1)]
    facts += [act("pmt", feeding(date(2026, 3, 20)), of=number) for number in (2, 5)]
    return facts


async def _values(office: Office, period: str, area: str = "12.19", **query: Any) -> dict[str, dict[str, Any]]:
    told = await office.figures(f"/v1/areas/{area}/indicators", period=period, **query)
    return {one["code"]: one for one in told["indicators"]}


def _parts(one: Mapping[str, Any]) -> tuple[Any, Any]:
    return one["numerator"], one["denominator"]


async def test_a_month_and_its_quarter_tell_each_indicator_by_its_own_rule(office: Office, pool: Pool) -> None:
    await ground.deliver(pool, _ground_facts())
    feb, quarter = await _values(office, "2026-02"), await _values(office, "2026-Q1")
    assert _parts(feb["vitamin_a_6_59"]) == (9, 22), "two capsules are one child, a wrong one is none"
    assert _parts(feb["vitamin_a_6_11"]) == (1, 2)
    assert _parts(feb["vitamin_a_wrong_dose"]) == (1, 10)
    assert _parts(quarter["vitamin_a_6_59"]) == (9, 22), "of the last round"
    assert quarter["vitamin_a_6_59"]["periods"] == ["2026-02"]
    assert _parts(feb["d_s"]) == (10, 22)
    assert _parts(quarter["d_s"]) == (6.67, 22), "the mean of 0, 10 and 10"
    assert quarter["d_s"]["share"] == pytest.approx(20 / 66)
    assert quarter["d_s"]["coverage"] == quarter["d_s"]["share"], "coverage is of the months that the mean is of"
    assert quarter["stunted"]["coverage"] == 10 / 22, "and of the quarter where children are counted in it"
    assert _parts(feb["wasted_fed"]) == (2, 4)
    assert _parts(quarter["wasted_fed"]) == (3, 4), "cumulative: from January to the last month"
    assert _parts((await _values(office, "2026-03"))["not_gained_fed"]) == (4, 6), (
        "a course counts in each month it touches"
    )
    assert _parts(quarter["not_gained_fed"]) == (2, 4), "the mean of 0 of 0, 2 of 6 and 4 of 6"
    assert _parts(quarter["stunted"]) == (0, 10)
    young = (await office.figures("/v1/areas/12.19/breakdown", period="2026-Q1", by="age"))["under_two"][0]
    assert quarter["stunted_baduta"]["periods"] == quarter["stunted"]["periods"] == ["2026-Q1"], "one rule for both"
    assert _parts(quarter["stunted_baduta"]) == (young["stunted"], young["haz_measured"]) == (0, 0)
    assert _parts(feb["stunted_baduta"]) == (0, 10), "23 months in February, 24 at the last visit of the quarter"
    assert feb["stunted"]["label"]["code"] == "among_measured"
    assert feb["k"]["reason"]["code"] == feb["k_s"]["reason"]["code"] == "not_recorded"
    assert feb["s_official"]["reason"]["code"] == "no_target"
    march = await _values(office, "2026-03", codes="vitamin_a_6_59, d_s")
    assert march.keys() == {"vitamin_a_6_59", "d_s"}
    assert march["vitamin_a_6_59"]["reason"]["code"] == "no_round_in_period"
    refused = await office.get("/v1/areas/12.19/indicators", codes="d_s,x", period="2026-02")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_indicator")


async def test_rows_of_months_read_at_once_are_those_of_each_month(office: Office, pool: Pool) -> None:
    await ground.deliver(pool, [*register(), *random_history(11, 60)])
    months = [Period(date(2025, 12, 1)).shifted(number) for number in range(4)]
    today, hidden = date(2026, 5, 20), list[bool]()
    async with office.api.acquire() as connection, connection.transaction():
        await apply(connection, AreaGrant(("12",)))
        for code in ("12.19", DESA[0], POSYANDU[DESA[0]][0]):
            for exact in (True, False):
                asked = Question(code, Period(date(2025, 12, 1)), exact=exact, today=today)
                tree, entry = await find_area(connection, code, asked.period)
                one = {month: await own_row(connection, tree, entry, asked.about(code, month)) for month in months}
                assert await own_rows(connection, tree, entry, asked, months) == one
                hidden.append(any(row.get("suppressed") for row in one.values()))
    assert any(hidden)


async def test_k_is_of_the_registered_whose_card_is_known_and_none_of_it_tells_what_is_hidden_of_another(
    office: Office, pool: Pool
) -> None:
    """Thirty children: twelve with a card, three without, of fifteen it is not known; five with a card were weighed."""
    cards = [True] * 12 + [False] * 3 + [None] * 15
    facts: list[Fact] = [*register(), *(child(n, has_growth_card=card) for n, card in enumerate(cards))]
    for number in (*range(5), 12):
        taken = measurement("a", date(2026, 2, 12), of=number, known=3)
        facts += [taken, assessment(taken)]
    late = 2 * 24 * 60
    facts.append(child(29, revision=2, known=late, change="corrected", has_growth_card=True))
    facts.append(child(0, revision=2, known=late, change="merged", merged_into=child_id(28), has_growth_card=True))
    await ground.deliver(pool, facts)
    then, now = await _values(office, "2026-02", as_of="2026-01-05"), await _values(office, "2026-02")
    assert [_parts(then[code]) for code in ("k", "k_known", "k_s", "d_k")] == [(12, 15), (15, 30), (12, 30), (5, 12)]
    assert [_parts(now[code]) for code in ("k", "k_known", "k_s", "d_k")] == [(13, 16), (16, 29), (13, 29), (5, 13)]
    assert _parts((await _values(office, "2026-Q1"))["k_s"]) == (13, 29)
    assert _parts((await _values(office, "2026-02", codes="d_k"))["d_k"]) == (5, 13)
    await ground.release_all(pool, RELEASED_ON, ["2026-02"])
    for codes in ("k_s", "k_known", "k,k_s"):
        seen = await _values(office, "2026-02", role="province", areas=("12",), codes=codes)
        assert all(one["suppressed"] for one in seen.values()), "three without a card are known less known with one"
    await pool.execute("UPDATE child_span SET has_growth_card = false WHERE root_id = $1", child_id(29))
    async with pool.acquire() as connection:
        found = (await verify(connection))["differences"]
        assert [(one["kind"], one["root_id"]) for one in found] == [("card", str(child_id(29)))]
        assert (await rebuild(connection))["differences"] == []


async def test_immunisation_is_complete_with_every_dose_or_by_the_word_of_the_card(office: Office, pool: Pool) -> None:
    every = next(one for one in load().acts if one.name == "basic_immunisation").subjects
    facts = [*register(), *(child(number) for number in range(4))]
    facts += [act(v, Immunisation.model_validate({"vaccine": v, "given_on": date(2025, 1, 9)}), of=0) for v in every]
    facts += [
        act(v, Immunisation.model_validate({"vaccine": v, "given_on": date(2025, 1, 9)}), of=1) for v in every[1:]
    ]
    facts.append(act("card", Immunisation(vaccine="basic_complete", given_on=date(2025, 3, 1)), of=2))
    await ground.deliver(pool, facts)
    assert _parts((await _values(office, "2026-02"))["immunisation_complete"]) == (2, 4)


async def test_laboratory_values_count_by_test_and_grade_of_whom_they_can_be_read(office: Office, pool: Pool) -> None:
    """Among the suspected of a month, whenever drawn; of two rules for a test the newer; confidential tests never."""
    facts: list[Fact] = register()
    grades = (("yes", "moderate_anaemia"), ("yes", "mild_anaemia"), ("no", "no_anaemia"), ("indeterminate", "open"))
    for number, (abnormal, grade) in enumerate(grades):
        taken = measurement("a", date(2026, 2, 12), of=number, known=3)
        facts += [child(number), taken, assessment(taken, tier="suspected" if number else "urgent")]
        readings = [
            {"rule_id": rule, "test_code": test, "result_id": uuid.uuid4(), "drawn_on": date(2026, 3, 3),
             "abnormal": found, "grade": told, "source": "test"}
            for rule, test, found, told in (
                ("haemoglobin_who_2024", "haemoglobin", abnormal, grade),
                ("haemoglobin_who_2011", "haemoglobin", "yes", "severe_anaemia"),
                ("hiv", "hiv", "yes", "reactive"),
            )
        ]  # fmt: skip
        facts.append(risk_status(number, readings=readings))
    facts.append(risk_status(1, revision=2, known=2 * 24 * 60, readings=[]))
    await ground.deliver(pool, facts)
    now, then = await _values(office, "2026-02"), await _values(office, "2026-02", as_of="2026-01-05")
    assert _parts(then["lab_haemoglobin"]) == (2, 3)
    assert _parts(then["anaemia_moderate"]) == (1, 3)
    assert _parts(then["anaemia_severe"]) == (0, 3)
    assert _parts(now["lab_haemoglobin"]) == (1, 2), "a retracted result reads nothing"
    assert now["lab_ferritin"]["reason"]["code"] == "no_data"
    assert await pool.fetchval("SELECT count(*) FROM risk_status_fact WHERE readings ? 'hiv'") == 0


async def test_a_planted_act_is_named_and_a_rebuild_mends_it(pool: Pool) -> None:
    await ground.deliver(pool, _ground_facts())
    before = await ground.derived(pool)
    await pool.execute("UPDATE child_service SET dose = 'blue_100000_iu' WHERE dose = 'red_200000_iu'")
    await pool.execute("DELETE FROM child_service WHERE type = 'supplementary_feeding' AND ended_on IS NULL")
    async with pool.acquire() as connection:
        found = (await verify(connection))["differences"]
        assert {one["kind"] for one in found} == {"service"}
        assert [one["stored"] for one in found].count(False) == 2
        assert len(found) == 9 + 2
        assert (await rebuild(connection))["differences"] == []
    assert await ground.derived(pool) == before


async def test_what_was_known_on_a_day_stays_and_acts_go_with_a_merge(office: Office, pool: Pool) -> None:
    """A voided capsule, a merge of two records of one child: past figures tell what was known then."""
    facts = _ground_facts()
    late = 2 * 24 * 60
    void = act("a", vitamin_a(date(2026, 2, 12)), of=7, revision=2, known=late, change="voided", voided=True)
    into = child(8, revision=2, known=late, merged_into=child_id(0), change="merged")
    await ground.deliver(pool, [void, into, *facts])
    now = await _values(office, "2026-02")
    then = await _values(office, "2026-02", as_of="2026-01-05")
    assert _parts(now["vitamin_a_6_59"]) == (8, 21)
    assert _parts(then["vitamin_a_6_59"]) == (9, 22)


async def test_who_was_not_reached_is_listed_by_page_and_adds_up(office: Office, pool: Pool) -> None:
    await ground.deliver(pool, [*_ground_facts(), child(19, revision=2, known=9, departed_on=date(2026, 4, 1))])
    path = "/v1/areas/12.19/missing"
    first = await office.figures(path, service="vitamin_a", period="2026-Q1", limit=8)
    rest = await office.figures(path, service="vitamin_a", period="2026-02", limit=8, cursor=first["next_cursor"])
    found = [*first["items"], *rest["items"]]
    assert first["period"] == "2026-02"
    assert rest["next_cursor"] is None
    assert len(found) == 22 - 9 - 1, "who has left since is not looked for"
    assert str(child_id(9)) in {row["child_id"] for row in found}, "a capsule of another age is none"
    by_id = {row["child_id"]: row for row in found}
    assert by_id[str(child_id(8))]["months_since_seen"] == 0
    assert by_id[str(child_id(11))]["months_since_seen"] is None
    assert not {"name", "nik", "birth_date"} & found[0].keys()
    post = POSYANDU[DESA[0]][0]
    asked: dict[str, Any] = {"service": "weighing", "period": "2026-02", "role": "kader", "areas": (post,)}
    at_home = await office.figures(f"/v1/areas/{post}/missing", **asked)
    assert len(at_home["items"]) == 5 + 2, "of the posyandu: five who did not come, and two infants"
    assert {row["posyandu_code"] for row in at_home["items"]} == {post}
    refused = await office.get(path, service="vitamin_a", period="2026-03")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_round_in_period")
    assert (await office.get(path, service="x", period="2026-02")).json()["code"] == "unknown_indicator"
    assert (await office.get(path, service="weighing", role="province", areas=("12",))).status_code == 403


async def test_pages_of_a_list_hold_each_child_once_wherever_their_borders_lie(
    office: Office, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many desa are looked at one by one before their kecamatan and the whole area are."""
    await ground.deliver(pool, _ground_facts())
    await ground.deliver(pool, [child(number, homes=[(date(2024, 3, 10), DESA[2], None)]) for number in range(40, 47)])
    asked: dict[str, Any] = {"service": "weighing", "period": "2026-02"}
    whole = await office.figures("/v1/areas/12.19/missing", limit=500, **asked)
    ids = [row["child_id"] for row in whole["items"]]
    assert len(ids) == len(set(ids)) == 10 + 2 + 7
    assert [row["desa_code"] for row in whole["items"]] == sorted(row["desa_code"] for row in whole["items"])
    for alone, limit in ((0, 4), (1, 3), (1, 500), (2, 5), (8, 4)):
        monkeypatch.setattr(list_not_reached, "DESA_AT_FIRST", alone)
        found, cursor = list[str](), dict[str, str]()
        while True:
            page = await office.figures("/v1/areas/12.19/missing", limit=limit, **asked, **cursor)
            found += [row["child_id"] for row in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert found == ids, (alone, limit)


OUTSIDE: dict[str, Any] = {"role": "province", "areas": ("12",)}
RELEASED_ON = date(2026, 3, 11)


async def test_the_province_sees_no_small_count_and_none_that_tells_one(office: Office, pool: Pool) -> None:
    await ground.deliver(pool, _ground_facts())
    await ground.release_all(pool, RELEASED_ON, ["2026-02"])
    seen = await _values(office, "2026-02", "12.19.01.2003", **OUTSIDE)
    exact = await _values(office, "2026-02", "12.19.01.2003")
    assert _parts(exact["vitamin_a_6_59"]) == (5, 12)
    assert seen["vitamin_a_6_11"]["suppressed"]
    assert seen["vitamin_a_6_11"]["numerator"] is None
    assert seen["vitamin_a_6_11"]["share"] is None
    assert seen["vitamin_a_6_11"]["reason"]["code"] == "suppressed"
    assert (await office.get("/v1/areas/12.19/indicators", period="2026-02", **OUTSIDE)).json()["counted_at"] is None


async def test_outside_indicators_are_as_they_were_released_whatever_comes_in_later(office: Office, pool: Pool) -> None:
    """Eighty children of 23 months, forty of 8: half got vitamin A. Then ten more did, and ten were others."""
    facts: list[Fact] = register()
    for number in range(80, 120):
        taken = measurement("a", date(2026, 2, 12), of=number, known=3)
        facts += [child(number, birth_date=date(2025, 6, 1)), taken]
        facts.append(assessment(taken, haz=-2.4 if number < 100 else -1.0))
        if number < 100:
            facts.append(act("b", vitamin_a(date(2026, 2, 12), "blue_100000_iu"), of=number))
    late: list[Fact] = []
    for number in range(80):
        desa = DESA[number % 2]
        facts.append(child(number, homes=[(date(2024, 3, 10), desa, POSYANDU[desa][0])]))
        taken = measurement("a", date(2026, 2, 12), of=number, known=3)
        facts += [taken, assessment(taken, haz=-2.4 if number < 40 else -1.0)]
        if number >= 40:
            facts.append(act("a", vitamin_a(date(2026, 2, 12)), of=number))
        elif number < 10:
            late.append(act("late", vitamin_a(date(2026, 2, 13)), of=number))
        elif number < 20:
            late.append(
                child(number, revision=2, known=90 * 24 * 60, change="merged", merged_into=child_id(number + 10))
            )
    await ground.deliver(pool, facts)
    asked = [(code, period) for code in ("12", "12.19", DESA[0]) for period in ("2026-02", "2026-Q1")]

    async def told() -> list[str]:
        return [
            (await office.get(f"/v1/areas/{code}/indicators", period=period, **OUTSIDE)).text for code, period in asked
        ]

    before = await _values(office, "2026-02", **OUTSIDE)
    work = {code for code, one in before.items() if one["reason"] is None}
    assert {"s", "d", "d_s"} <= work
    assert "vitamin_a_6_59" not in work
    assert before["stunted"]["reason"]["code"] == before["vitamin_a_6_59"]["reason"]["code"] == "not_told_yet"
    assert before["stunted_baduta"]["reason"]["code"] == "not_told_yet"
    await ground.release_all(pool, date(2026, 4, 11))
    first = await told()
    shown = await _values(office, "2026-02", **OUTSIDE)
    exact = await _values(office, "2026-02")
    for code in ("vitamin_a_6_59", "stunted", "stunted_baduta", "d_s"):
        assert _parts(shown[code]) == _parts(exact[code]), code
    assert _parts(shown["vitamin_a_6_59"]) == (60, 120)
    assert _parts((await _values(office, "2026-Q1", **OUTSIDE))["vitamin_a_6_59"]) == (60, 120), "of the month"
    assert (await _values(office, "2026-Q1", **OUTSIDE))["d_s"]["periods"] == ["2026-02", "2026-03"], "as released"
    await ground.deliver(pool, late)
    assert _parts((await _values(office, "2026-02"))["vitamin_a_6_59"]) == (70, 110)
    assert await told() == first
    then = await _values(office, "2026-02", as_of="2026-04-10", **OUTSIDE)
    assert then["vitamin_a_6_59"]["reason"]["code"] == "not_told_yet", "as of the day before it was released"


async def test_definitions_come_with_an_etag_and_are_not_sent_twice(office: Office) -> None:
    answer = await office.get("/v1/indicators", on="2026-02-01")
    told = answer.json()
    assert {"d_s", "vitamin_a_6_59"} <= {one["code"] for one in told["indicators"]}
    assert "vitamin_a" in {one["service"] for one in told["lists"]}
    again = await office.client.get(
        "/v1/indicators", params={"on": "2026-02-01"},
        headers={"authorization": answer.request.headers["authorization"], "if-none-match": answer.headers["etag"]},
    )  # fmt: skip
    assert (again.status_code, again.content) == (304, b"")
    assert len((await office.figures("/v1/indicators/d_s"))["versions"]) == 1
    assert (await office.get("/v1/indicators/nothing")).status_code == 404
