"""Why a figure changed, on a real database: the terms lead from one figure to the other in every area, and open."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.contracts.fact import Fact
from tests.integration.reporting.ground import Office, deliver, release_all
from tests.unit.reporting.history import (
    BORN,
    DESA,
    POSYANDU,
    START,
    assessment,
    at,
    child,
    child_id,
    measurement,
    random_history,
    register,
)

PATH = "/v1/areas/{}/why-changed"
MINUTES_A_DAY = 24 * 60
KNOWN_THEN = "2026-01-31"
MEASURED = {"stunted": "haz_measured", "wasted": "whz_measured", "underweight": "waz_measured"}


def visit(number: int, on: date, haz: float | None, *, known: float = 1) -> list[Fact]:
    taken = measurement(f"{on}", on, of=number, known=known)
    return [taken, assessment(taken, haz=haz, haz_flagged=haz == -6.5)]


def seen_twice(number: int, before: float | None, after: float | None, **fields: Any) -> list[Fact]:
    """A child of the first desa, measured in November and December where there is a score."""
    facts: list[Fact] = [child(number, homes=fields.pop("homes", [(BORN, DESA[0], None)]), **fields)]
    for on, haz in ((date(2025, 11, 5), before), (date(2025, 12, 5), after)):
        facts += visit(number, on, haz) if haz is not None else []
    return facts


def reached(body: dict[str, Any], side: str) -> tuple[int, ...]:
    """Where the terms lead from the beginning of a stage."""
    terms = [term for term in body["terms"] if term["stage"] == ("since_then" if side == "then" else "between")]
    return tuple(body[side][name] + sum(term[name] for term in terms) for name in ("numerator", "denominator"))


def fraction(body: dict[str, Any]) -> tuple[int, int]:
    return body["numerator"], body["denominator"]


async def test_each_child_that_counts_differently_is_in_one_term_that_opens(office: Office) -> None:
    """B102: who moved is `moved_out` here and `moved_in` there, and nothing for the kabupaten."""
    moved = [(BORN, DESA[0], None), (date(2025, 11, 20), DESA[2], None)]
    facts = [
        *register(),
        *seen_twice(1, -2.4, -1.9), *seen_twice(2, -1.9, -2.4), *seen_twice(3, -2.4, None),
        *seen_twice(4, None, -2.4, birth_date=date(2025, 12, 1), homes=[(date(2025, 12, 1), DESA[0], None)]),
        *seen_twice(5, -2.4, None, died_on=date(2025, 12, 2)), *seen_twice(6, -2.4, -6.5),
        *seen_twice(7, -2.2, -2.2, homes=moved), *seen_twice(8, -1.0, -1.0),
    ]  # fmt: skip
    await deliver(office.worker, facts)
    body = await office.figures(PATH.format(DESA[0]), period="2025-12")
    assert (body["against"], body["known_then"], body["then"]) == ("2025-11", None, None)
    terms = {term["code"]: (term["numerator"], term["denominator"]) for term in body["terms"] if term["children"]}
    assert terms == {
        "recovered": (-1, 0), "newly_found": (1, 0), "not_measured": (-1, -1), "born": (1, 1), "died": (-1, -1),
        "flagged_now": (-1, -1), "moved_out": (-1, -1),
    }  # fmt: skip
    assert (fraction(body["before"]), fraction(body["after"])) == ((5, 7), (2, 4))
    change = sum(term["share_change"] for term in body["terms"])
    assert change == pytest.approx(body["after"]["share"] - body["before"]["share"])
    there = await office.figures(PATH.format(DESA[2]), period="2025-12")
    assert [term["code"] for term in there["terms"] if term["children"]] == ["moved_in"]
    district = await office.figures(PATH.format("12.19"), period="2025-12")
    assert {term["code"] for term in district["terms"] if term["children"]} == terms.keys() - {"moved_out"}
    opened = await office.figures(f"{PATH.format(DESA[0])}/children", period="2025-12", term="recovered")
    assert opened["items"] == [
        {"child_id": str(child_id(1)), "then": "with_finding", "before": "with_finding", "after": "without_finding",
         "score_before": -2.4, "score_after": -1.9}
    ]  # fmt: skip


async def test_the_terms_add_up_in_every_area_and_by_two_instants(office: Office) -> None:
    await deliver(office.worker, [*register(), *random_history(23, 160)], 40)
    asked = [("2026-01", "2025-12", name) for name in MEASURED] + [("2026-Q1", "2025-Q4", "wasted")]
    for code in ("12.19", "12.19.01", "PKM-12.19.01-1", *DESA, POSYANDU[DESA[0]][0]):
        who: Any = {"role": "puskesmas", "areas": (code,)} if code in DESA else {}
        for period, against, indicator in asked:
            query = {"period": period, "against": against, "indicator": indicator, "known_then": "2026-01-12"}
            body = await office.figures(PATH.format(code), **query, **who)
            assert reached(body, "then") == fraction(body["before"]), (code, indicator)
            assert reached(body, "before") == fraction(body["after"]), (code, indicator)
            told = await office.figures(f"/v1/areas/{code}/summary", period=period)
            assert fraction(body["after"]) == (told[indicator], told[MEASURED[indicator]])
            for term in body["terms"]:  # told by kinds of change; opened, each child by its own fact
                if term["children"] and code != POSYANDU[DESA[0]][0]:
                    page: Any = {**query, "term": term["code"], "limit": 200}
                    opened = await office.figures(f"{PATH.format(code)}/children", **page, **who)
                    assert len(opened["items"]) == term["children"], (code, term["code"])


async def test_what_was_recorded_or_merged_later_is_told_apart(office: Office) -> None:
    late = 40 * MINUTES_A_DAY
    facts = [
        *register(), *seen_twice(1, -2.4, None), *seen_twice(2, -2.4, None), *seen_twice(3, None, None),
        *visit(3, date(2025, 11, 7), -2.5, known=late),
        child(2, revision=2, known=late, change="merged", merged_into=child_id(1)),
    ]  # fmt: skip
    await deliver(office.worker, facts)
    body = await office.figures(PATH.format("12.19"), period="2025-12", known_then=KNOWN_THEN)
    since = {term["code"]: term["denominator"] for term in body["terms"] if term["stage"] == "since_then"}
    assert {code: count for code, count in since.items() if count} == {"merged": -1, "late": 1}
    assert (fraction(body["then"]), fraction(body["before"])) == ((2, 2), (2, 2))
    assert at(late) > START


async def test_who_left_the_callers_sight_after_it_died_there_or_moved_is_told_apart(office: Office) -> None:
    """The fact of a child that counted here tells why, also where the caller no longer sees the child."""
    away = [(BORN, DESA[0], None), (date(2025, 12, 1), DESA[2], None)]
    facts = [
        *register(), *seen_twice(1, -2.4, None, homes=away), *seen_twice(2, -2.4, None, died_on=date(2025, 12, 2)),
        *seen_twice(3, -2.4, None, homes=away, died_on=date(2025, 12, 9)),
        *seen_twice(4, None, -2.4, homes=[(date(2025, 12, 1), DESA[0], None), (date(2026, 1, 4), DESA[2], None)]),
    ]  # fmt: skip
    await deliver(office.worker, facts)
    here: Any = {"role": "puskesmas", "areas": (DESA[0],)}
    body = await office.figures(PATH.format(DESA[0]), period="2025-12", **here)
    terms = {term["code"]: term["children"] for term in body["terms"] if term["children"]}
    assert terms == {"moved_out": 2, "died": 1, "registered": 1}


async def test_outside_the_district_only_a_whole_kabupaten_is_told_and_nobody_opens_a_term(office: Office) -> None:
    facts = register()
    for number in range(45):
        facts += seen_twice(number, -2.4 if number < 12 else -1.0, -2.4 if 3 <= number < 30 else -1.0)
    await deliver(office.worker, facts)
    await release_all(office.worker, date(2026, 1, 11), ["2025-11", "2025-12"])
    province: Any = {"role": "province", "areas": ("12",)}
    told = await office.figures(PATH.format("12.19"), period="2025-12", **province)
    codes = {term["code"]: term["children"] for term in told["terms"] if term["children"]}
    assert codes == {"other": 21}, "three recovered would be told by the difference, so both terms are one"
    assert (await office.get(PATH.format("12.19.01"), period="2025-12", **province)).status_code == 403
    opened = f"{PATH.format('12.19')}/children"
    assert (await office.get(opened, period="2025-12", term="recovered", **province)).status_code == 403
    wrong = await office.get(PATH.format("12.19"), period="2025-12", against="2026-01")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "against")
