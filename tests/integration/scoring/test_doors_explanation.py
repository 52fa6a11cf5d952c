"""One child explained, and what children lack: through the API, on real PostgreSQL."""
# ruff: noqa: RUF001 - a minus is a minus

import re
import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from services.scoring.domain.texts_numbers import day
from services.scoring.use_cases.explain_child import Known, explanation
from shared.contracts.risk import Reading, Reason, RiskStatusV1, Unknown
from tests.integration.scoring.doors_desk import (
    DESA_B,
    Desk,
    child,
    days_ago,
    require_tests,
    result,
)
from tests.integration.scoring.evidence import visit

TODAY = days_ago(0)


def lines(document: dict[str, Any], section: str) -> list[dict[str, Any]]:
    (found,) = [part["lines"] for part in document["sections"] if part["section"] == section]
    return list(found)


async def test_a_suspected_child_is_explained_in_plain_bahasa_indonesia(desk: Desk) -> None:
    child_id, case = await desk.suspected()
    await require_tests(desk, case, ["blood_count", "ferritin", "crp"], {"blood_count": "resulted", "crp": "ordered"})
    document = await desk.get(f"/v1/children/{child_id}/explanation", role="kader")
    assert (document["lang"], document["tier"]) == ("id", "suspected")
    assert document["headline"].startswith("Anak ini diduga stunting")
    assert [part["section"] for part in document["sections"]] == [
        "growth",
        "hints",
        "laboratory",
        "unknown",
        "required",
        "next",
        "household",
    ]
    (severe,) = [line for line in lines(document, "growth") if line["rule_id"] == "haz_severe"]
    score = f"{severe['value']:.2f}".replace("-", "−").replace(".", ",")
    assert f"{score} SD ({day(days_ago(10), 'id')}), di bawah −3,00 SD" in severe["text"]
    assert (severe["unit"], severe["threshold"]) == ("SD", -3.0)
    assert severe["source"].startswith("Permenkes 2/2020")
    assert severe["fact_id"] == str(uuid.uuid5(child_id, f"{days_ago(10)}"))
    assert severe["on"] == days_ago(10).isoformat()
    assert [line["text"] for line in lines(document, "laboratory")] == ["Belum ada hasil laboratorium."]
    required = {line["code"]: line["text"] for line in lines(document, "required")}
    assert required["blood_count"].endswith(": hasil sudah ada.")
    assert required["crp"] == "CRP (tanda peradangan): sudah dipesan, belum diambil."
    assert required["ferritin"] == "Feritin (cadangan besi tubuh): belum dipesan ke laboratorium."
    assert "remeasure" in required
    tasks = [line for line in lines(document, "next") if line["due_on"] is not None]
    assert [line["due_on"] for line in tasks] == sorted(line["due_on"] for line in tasks)
    (again,) = [line for line in tasks if line["code"] == "remeasure_severe"]
    due = TODAY + timedelta(days=7)
    assert f"paling lambat {day(due, 'id')}, oleh petugas gizi puskesmas." in again["text"]
    assert (again["owner_role"], again["overdue"]) == ("puskesmas", False)
    assert lines(document, "next")[-1]["text"].startswith(f"Kasus terbuka sejak {day(days_ago(10), 'id')}")
    assert "Yang memutuskan adalah petugas kesehatan dan dokter" in document["notes"][0]
    assert {"SD", "CRP", "stunting"} <= {entry["word"] for entry in document["glossary"]}


async def test_the_explanation_is_there_in_english(desk: Desk) -> None:
    child_id, _ = await desk.suspected()
    document = await desk.get(f"/v1/children/{child_id}/explanation?lang=en")
    assert document["headline"].startswith("This child is suspected of stunting")
    assert "Height for age −" in lines(document, "growth")[0]["text"]
    answer = await desk.send("GET", f"/v1/children/{child_id}/explanation?lang=fr")
    assert answer.status_code == 422


async def test_a_child_outside_the_area_or_without_a_status_is_not_explained(desk: Desk) -> None:
    child_id, _ = await desk.suspected()
    for path, areas in ((child_id, [DESA_B]), (uuid.uuid4(), ["12.19"])):
        answer = await desk.send("GET", f"/v1/children/{path}/explanation", areas=areas)
        assert answer.status_code == 404


async def test_a_merged_child_is_explained_by_its_survivor(desk: Desk) -> None:
    child_id, _ = await desk.suspected()
    twice = uuid.uuid4()
    await desk.arrive(child(twice, merged_into=child_id))
    document = await desk.get(f"/v1/children/{twice}/explanation")
    assert (document["child_id"], document["tier"]) == (str(child_id), "suspected")


async def test_what_is_unknown_is_said_with_what_would_settle_it(desk: Desk) -> None:
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(5), 11.0, None))
    document = await desk.get(f"/v1/children/{child_id}/explanation")
    assert document["headline"].startswith("Pertumbuhan anak ini belum dapat dinilai")
    texts = {line["code"]: line["text"] for line in lines(document, "unknown")}
    assert texts["measure_length"] == (
        "Tinggi menurut umur: panjang atau tinggi tidak diukur. Yang akan memastikannya: ukur panjang atau tinggi."
    )


async def test_results_are_explained_with_what_would_settle_them(desk: Desk) -> None:
    child_id, _ = await desk.suspected()
    await desk.arrive(result(child_id, "haemoglobin", 98.0), result(child_id, "ferritin", 20.0))
    document = await desk.get(f"/v1/children/{child_id}/explanation")
    texts = [line["text"] for line in lines(document, "laboratory")]
    assert any(text.startswith("Hemoglobin (Hb, zat merah pembawa oksigen) 98 g/L (9,8 g/dL)") for text in texts)
    assert any("anemia ringan, menurut batas WHO 2024" in text for text in texts)
    assert any(
        "Feritin (cadangan besi tubuh) 20 µg/L" in text and "periksa CRP (tanda peradangan)" in text for text in texts
    )
    assert texts[-1].startswith("Hasil darah menjelaskan penyebab")
    unknown = {line["code"]: line["text"] for line in lines(document, "unknown")}
    assert "crp" in unknown
    assert not re.search(r"\b[a-z]+_[a-z_]+\b", " ".join([*texts, *unknown.values()])), "no raw code"
    assert {"crp", "ferritin"} <= {line["code"] for line in lines(document, "required")}
    missing = {row["missing"]: row for row in (await desk.get("/v1/missing-tests"))["items"]}
    assert missing["crp"]["because"] == "not_ordered"


async def test_a_dangerous_haemoglobin_leads_the_laboratory_section(desk: Desk) -> None:
    child_id, _ = await desk.suspected()
    await desk.arrive(result(child_id, "haemoglobin", 64.0))
    document = await desk.get(f"/v1/children/{child_id}/explanation")
    assert document["tier"] == "urgent"
    first = lines(document, "laboratory")[0]
    assert first["rule_id"] == "critical_haemoglobin"
    assert "64 g/L (6,4 g/dL)" in first["text"]
    assert "urgent_assessment" in {line["code"] for line in lines(document, "next")}
    assert all(line["rule_id"] != "critical_haemoglobin" for line in lines(document, "growth"))


async def test_an_overdue_task_says_so_as_of_today(desk: Desk) -> None:
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(30), 8.4, 74.0), today=days_ago(30))
    document = await desk.get(f"/v1/children/{child_id}/explanation")
    (again,) = [line for line in lines(document, "next") if line["code"] == "remeasure_severe"]
    assert again["overdue"]
    assert again["text"].endswith("Sudah terlambat 23 hari.")


def status(**values: Any) -> RiskStatusV1:
    child_id = uuid.uuid4()
    plain = {
        "fact_id": child_id,
        "child_id": child_id,
        "epoch": 1,
        "revision": 1,
        "change": "recorded",
        "known_at": "2026-05-04T02:00:00Z",
        "ruleset_version": "2026-01",
        "tier": "suspected",
    }
    return RiskStatusV1.model_validate({**plain, **values})


def reading(**values: Any) -> Reading:
    plain = {
        "rule_id": "haemoglobin_who_2024",
        "test_code": "haemoglobin",
        "result_id": uuid.uuid4(),
        "drawn_on": "2026-05-03",
        "abnormal": "yes",
        "grade": "moderate_anaemia",
        "value": 95.0,
        "canonical_unit": "g/L",
        "threshold": 100.0,
        "source": "programme",
    }
    return Reading.model_validate({**plain, **values})


def explained(status: RiskStatusV1) -> dict[str, Any]:
    return explanation(Known(status, None, {}, ()), "id", date(2026, 5, 4))


def text_of(found: Reading) -> str:
    document = explained(status(readings=(found,)))
    (part,) = [part for part in document["sections"] if part["section"] == "laboratory"]
    text: str = part["lines"][0]["text"]
    return text


def test_a_haemoglobin_is_read_with_both_units_and_its_limit() -> None:
    assert text_of(reading()) == (
        "Hemoglobin (Hb, zat merah pembawa oksigen) 95 g/L (9,5 g/dL) (3 Mei 2026): anemia sedang, "
        "menurut batas WHO 2024. Batasnya 100 g/L (10,0 g/dL)."
    )


def test_an_adjusted_value_its_notes_and_what_settles_it_are_said() -> None:
    text = text_of(reading(value=115.0, adjusted_value=107.0, grade="mild_anaemia", notes=("capillary",)))
    assert "Setelah disesuaikan: 107 g/L (10,7 g/dL)." in text
    assert "Darah dari ujung jari" in text
    ferritin = reading(
        rule_id="ferritin",
        test_code="ferritin",
        abnormal="indeterminate",
        grade="depends_on_inflammation",
        value=15.0,
        comparator="<",
        canonical_unit="ug/L",
        threshold=30.0,
        settle_with="crp",
    )
    assert "kurang dari 15 µg/L" in text_of(ferritin)
    assert text_of(ferritin).endswith("Yang akan memastikannya: periksa CRP (tanda peradangan).")


def test_codes_nobody_has_put_into_words_are_shown_and_nothing_breaks() -> None:
    unknown = Unknown(what="new_thing", because="new_cause", settle_with="new_test")
    reason = Reason(
        rule_id="new_rule", fact_id=uuid.uuid4(), measured_on=date(2026, 5, 3), value=3.5, threshold=4.0, source="new"
    )
    new = reading(rule_id="new_reading", test_code="new_test", grade="new_grade", notes=("new_note",), source="new")
    document = explained(status(reasons=(reason,), unknowns=(unknown,), readings=(new,), tracks=("new_track",)))
    spoken = str(document["sections"])
    for code in ("new_rule", "new_thing", "new_cause", "new_test", "new_grade", "new_note", "new_reading", "new_track"):
        assert code in spoken
    assert "nilai 3,5 (3 Mei 2026), batas 4." in spoken


@pytest.mark.parametrize(
    ("rule_id", "test_code", "unit", "value", "limit", "said"),
    [
        ("critical_haemoglobin", "haemoglobin", "g/L", 64.0, 70.0, "64 g/L (6,4 g/dL) (3 Mei 2026), di bawah 70 g/L"),
        (
            "critical_result",
            "platelets",
            "10*9/L",
            31.0,
            53.0,
            "31 ×10⁹/L (3 Mei 2026), melewati batas bahaya 53 ×10⁹/L",
        ),
    ],
)
def test_a_dangerous_result_is_told_with_the_results_not_with_growth(
    rule_id: str, test_code: str, unit: str, value: float, limit: float, said: str
) -> None:
    reason = Reason(
        rule_id=rule_id, fact_id=uuid.uuid4(), measured_on=date(2026, 5, 3), value=value, threshold=limit, source="new"
    )
    known = Known(status(tier="urgent", reasons=(reason,)), None, {}, (), {reason.fact_id: (test_code, unit)})
    document = explanation(known, "id", date(2026, 5, 4))
    text = lines(document, "laboratory")[0]["text"]
    assert said in text
    assert text.endswith("anak perlu dokter sekarang.")
    assert [line["rule_id"] for line in lines(document, "growth")] == [None]


def test_a_provisional_limit_is_said_to_be_one() -> None:
    assert len(explained(status())["notes"]) == 1
    assert "usulan" in explained(status(readings=(reading(provisional=True),)))["notes"][1]


@pytest.mark.parametrize("tier", ["unknown", "low", "watch", "nutrition", "suspected", "urgent"])
def test_every_tier_has_a_headline_of_its_own_and_says_who_decides(tier: str) -> None:
    document = explained(status(tier=tier, priority=False))
    assert document["headline"] not in {tier, ""}
    assert document["notes"]
    assert explained(status(tier="suspected", priority=True))["headline"] != explained(status())["headline"]
