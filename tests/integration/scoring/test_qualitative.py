"""Findings in scoring, on real PostgreSQL: read, corrected, retracted, asking for more; confidential ones hidden."""

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.scoring.domain.ruleset import load
from shared.contracts.lab import LabResultV1
from shared.postgres.pool import Pool
from tests.integration.scoring import doors_desk
from tests.integration.scoring.doors_desk import Desk, days_ago
from tests.integration.scoring.evidence import arrive, child, desa, of, result, visit

APRIL = date(2026, 4, 20)
READ = datetime(2026, 4, 22, 3, tzinfo=UTC)


def finds(child_id: uuid.UUID, test_code: str, *codes: str, revision: int = 1, **changes: Any) -> LabResultV1:
    """What a qualitative test found on 22 April."""
    found = {"canonical_unit": None, "loinc": None, "original_value": ", ".join(codes)}
    drawn_on = changes.pop("drawn_on", date(2026, 4, 22))
    return result(child_id, test_code, None, drawn_on, revision=revision, findings=codes, **found, **changes)


def read(published: Any, rule_id: str) -> list[tuple[str, str]]:
    """The reading by a rule of each status."""
    return [
        (reading.abnormal, reading.grade)
        for status in of(published, "risk-status")
        for reading in status.readings
        if reading.rule_id == rule_id
    ]


async def test_findings_are_read_and_a_correction_or_retraction_moves_the_reading(pool: Pool) -> None:
    """B048."""
    c = uuid.uuid4()
    await arrive(pool, desa(10), child(c), visit(c, APRIL, 10.9, 82.0))
    worms = finds(c, "stool_parasites", "ascaris", "hookworm")
    published = await arrive(pool, worms)
    assert read(published, "stool_parasites") == [("yes", "parasites_found")]
    (status,) = of(published, "risk-status")
    assert (status.readings[0].findings, status.readings[0].value, status.tier) == (
        ("ascaris", "hookworm"),
        None,
        "low",
    )
    other = finds(c, "stool_parasites", "giardia", revision=2)
    assert [status.readings[0].findings for status in of(await arrive(pool, other), "risk-status")] == [("giardia",)]
    clean = finds(c, "stool_parasites", "none_seen", revision=3)
    assert read(await arrive(pool, clean), "stool_parasites") == [("no", "none_found")]
    assert await arrive(pool, worms, clean) == [], "an older revision changes nothing"
    gone = clean.model_copy(update={"revision": 4, "voided": True})
    (status,) = of(await arrive(pool, gone), "risk-status")
    assert status.readings == ()


async def test_a_positive_urine_asks_for_a_culture_once_and_it_stays_asked_for(pool: Pool) -> None:
    c = uuid.uuid4()
    (case,) = of(await arrive(pool, desa(10), child(c), visit(c, APRIL, 9.6, 76.4)), "case")
    core = case.required_tests
    assert core == load().laboratory.core_panel
    nitrite = finds(c, "urine_nitrite", "positive", drawn_on=APRIL)
    told = [await arrive(pool, nitrite) for _ in range(3)]
    asked = [[set(fact.required_tests) - set(core) for fact in of(facts, "case")] for facts in told]
    assert asked == [[{"urine_culture"}], [], []]
    corrected = finds(c, "urine_nitrite", "negative", revision=2, drawn_on=APRIL)
    assert of(await arrive(pool, corrected), "case") == [], "it only grows"


async def test_a_mantoux_test_waits_for_what_would_decide_it_whatever_comes_first(pool: Pool) -> None:
    """Six millimetres: positive in gizi buruk, which a late visit tells; else HIV has to be known."""
    c = uuid.uuid4()
    skin = result(c, "zinc", 6, READ.date()).model_copy(
        update={
            "test_code": "mantoux",
            "canonical_unit": "mm",
            "specimen": "skin",
            "drawn_at": READ,
            "administered_at": READ - timedelta(hours=50),
        }
    )
    first = await arrive(pool, desa(10), child(c), visit(c, APRIL, 10.9, 82.0), skin)
    assert read(first, "mantoux") == [("indeterminate", "depends_on_immunity")]
    negative = finds(c, "hiv", "non_reactive")
    assert read(await arrive(pool, negative), "mantoux") == [("no", "negative")]
    thin = visit(c, APRIL + timedelta(days=1), 8.3, 82.0)
    published = await arrive(pool, thin)
    assert read(published, "mantoux") == [("yes", "positive")]
    (status,) = of(published, "risk-status")
    assert "referral" in status.tracks
    facts = [desa(10), child(c), visit(c, APRIL, 10.9, 82.0), skin, negative, thin]
    other = uuid.uuid4()
    moved = [fact if not hasattr(fact, "child_id") else fact.model_copy(update={"child_id": other}) for fact in facts]
    moved = [fact.model_copy(update={"fact_id": other}) if fact.kind == "child" else fact for fact in moved]
    random.Random(7).shuffle(moved)
    last = [read(await arrive(pool, fact), "mantoux") for fact in moved]
    assert [found for found in last if found][-1] == [("yes", "positive")]


async def test_what_is_known_of_hiv_is_told_to_those_who_treat_the_child_alone(desk: Desk) -> None:
    child_id, _ = await desk.suspected()
    blood = {"value": None, "canonical_unit": None, "loinc": None}
    early = doors_desk.result(child_id, "crp", 1).model_copy(
        update={
            **blood,
            "test_code": "hiv",
            "findings": ("reactive",),
            "drawn_on": days_ago(200),
            "fact_id": uuid.uuid4(),
        }
    )
    worms = doors_desk.result(child_id, "crp", 2).model_copy(
        update={**blood, "test_code": "stool_parasites", "findings": ("ascaris",)}
    )
    await desk.arrive(early, worms)
    path = f"/v1/children/{child_id}"
    seen: dict[str, tuple[set[str], bool, set[str]]] = {}
    for role in ("clinician", "puskesmas", "kader"):
        status = await desk.get(f"{path}/status", role=role)
        told = str(await desk.get(f"{path}/explanation", role=role))
        lacks = (await desk.get("/v1/missing-tests?limit=200", role=role))["items"]
        seen[role] = (
            {reading["test_code"] for reading in status["readings"]},
            "HIV" in told,
            {row["missing"] for row in lacks if row["child_id"] == str(child_id)} & {"hiv", "hiv_pcr"},
        )
        assert "cacing gelang" in told
    assert seen == {
        "clinician": ({"hiv", "stool_parasites"}, True, {"hiv_pcr"}),
        "puskesmas": ({"stool_parasites"}, False, set()),
        "kader": ({"stool_parasites"}, False, set()),
    }
