"""`POST /v1/zscores`: equal to the WHO's own software, one row, many, or a sheet; nothing else moves."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from services.scoring.domain.ruleset import load
from services.scoring.http import zscore_examples as examples
from services.scoring.http import zscore_sheets, zscores
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.auth.roles import ROLES
from shared.http.app import create_app
from shared.http.health import Health
from tests.integration.shared import small_service
from tests.integration.shared.callers import ask
from tests.unit.scoring.test_golden import DELIBERATELY_BLANK, INDICES, golden_rows, number

SEXES = {"": None, "1": "male", "m": "male", "M": "male", "2": "female", "f": "female", "F": "female"}
POSITIONS = {"": None, "l": "lying", "h": "standing"}
INPUTS = (
    "sex",
    "age",
    "is_age_in_month",
    "weight",
    "lenhei",
    "measure",
    "headc",
    "armc",
    "triskin",
    "subskin",
    "oedema",
)


class NothingActivated:
    """A database in which no rule set was ever activated."""

    async def fetchrow(self, _query: str) -> None:
        """No row."""


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The application without a database: the door asks it for the rule set only."""
    app = create_app(
        small_service.settings_of("scoring"),
        routers=[zscores.router],
        health=Health(),
        verifier=small_service.verifier(),
        state={"rules": RulesInForce(load()), "pool": NothingActivated()},
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scoring") as client:
        yield client


async def post(client: httpx.AsyncClient, body: Any, **who: Any) -> httpx.Response:
    return await ask(client, "POST", "/v1/zscores", body, **({"role": "partner", "areas": ["12.19"]} | who))


async def one(client: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    """The document of one row; an age in days unless dates are given."""
    answer = await post(client, values)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def z(client: httpx.AsyncClient, index: str, **values: Any) -> float | None:
    score: float | None = (await one(client, **values))["scores"][index]["z"]
    return score


def values_of(row: dict[str, str]) -> dict[str, Any]:
    """A golden row as another system would send it."""
    age = "age_months" if row["is_age_in_month"] == "1" else "age_days"
    return {
        "row_id": row["row_id"],
        "sex": SEXES[row["sex"]],
        age: number(row["age"]),
        "weight_kg": number(row["weight"]),
        "length_height_cm": number(row["lenhei"]),
        "measurement_position": POSITIONS[row["measure"].lower()],
        "oedema": {"": None, "y": True, "1": True}.get(row["oedema"].lower(), False),
        "head_circumference_cm": number(row["headc"]),
        "muac_cm": number(row["armc"]),
        "triceps_skinfold_mm": number(row["triskin"]),
        "subscapular_skinfold_mm": number(row["subskin"]),
    }


def cells(document: dict[str, Any]) -> dict[str, str]:
    """The cells of a golden row that an answer stands for, and its reasons."""

    def printed(value: float | None) -> str:
        return "" if value is None else f"{value:.15g}"

    found = {
        "clenhei": printed(document["adjusted_length_height_cm"]),
        "cmeasure": (document["measurement_position"] or "").replace("lying", "l").replace("standing", "h"),
        "c9mo_flag": str(int(document["position_implausible"])),
        "cbmi": printed(document["bmi_kg_m2"]),
    }
    for name, ours in INDICES.items():
        score = document["scores"][ours]
        found[f"z{name}"] = printed(score["z"])
        found[f"f{name}"] = "" if score["z"] is None else str(int(score["flagged"]))
        assert (score["z"] is None) is (score["reason"] is not None), "a score or a reason"
    return found


def differences(ours: Iterable[dict[str, str]]) -> dict[str, int]:
    """Cells that differ from the golden file, by column; all of them blank with us and of values of zero or less."""
    found: dict[str, int] = {}
    for row, golden in zip(ours, golden_rows(), strict=True):
        for name, cell in row.items():
            if name in golden and cell != golden[name] and not (name == "cbmi" and golden[name] == "Inf"):
                assert (cell, golden["grp"]) == ("", "nonpositive"), (name, golden)
                found[name] = found.get(name, 0) + 1
    return found


THE_34 = {f"{part}{name}": count for name, count in DELIBERATELY_BLANK.items() for part in "zf"}


async def test_every_golden_row_sent_as_json_has_the_golden_scores_but_the_34_cells(client: httpx.AsyncClient) -> None:
    rows = [values_of(row) for row in golden_rows()]
    answered: list[dict[str, Any]] = []
    for start in range(0, len(rows), 5_000):
        answer = await post(client, {"rows": rows[start : start + 5_000]})
        assert answer.status_code == 200, answer.text
        report = answer.json()
        assert report["rejected"] == 0
        answered += report["rows"]
    assert [row["row_id"] for row in answered] == [row["row_id"] for row in golden_rows()]
    assert differences(map(cells, answered)) == THE_34


async def test_the_golden_sheet_sent_as_csv_comes_back_as_the_golden_file_but_the_34_cells(
    client: httpx.AsyncClient,
) -> None:
    sheet = io.StringIO(newline="")
    writer = csv.DictWriter(sheet, ("row_id", *INPUTS), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(golden_rows())
    answer = await post(client, sheet.getvalue().encode(), media_type="text/csv")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    scored = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert differences(scored) == THE_34
    assert all(row["reasons"] for row in scored if not row["zlen"])


def said(document: Any) -> Any:
    """Without what is null, as the document of the API shows it."""
    if isinstance(document, dict):
        return {name: said(value) for name, value in document.items() if value is not None}
    return document


async def test_the_examples_of_the_document_are_what_the_door_answers(client: httpx.AsyncClient) -> None:
    assert await one(client, **examples.VALUES) == examples.SCORED
    sheet = await post(client, examples.SHEET.encode(), media_type="text/csv")
    assert sheet.text == examples.SCORED_SHEET
    operation = (await client.get("/openapi.json")).json()["paths"]["/v1/zscores"]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/json", "text/csv"}
    assert operation["responses"]["200"]["content"]["application/json"]["example"] == said(examples.SCORED)
    assert operation["x-required-scope"] == "zscores:compute"


async def test_a_bad_row_fails_alone_and_says_why(client: httpx.AsyncClient) -> None:
    good = {"sex": "male", "age_days": 400, "weight_kg": 9.0, "length_height_cm": 75.0}
    rows = [good, good | {"weight_kg": "9,0"}, good | {"sex": "boy"}, good | {"age_months": 13}, good]
    report = (await post(client, {"rows": rows})).json()
    assert (report["received"], report["scored"], report["rejected"]) == (5, 2, 3)
    assert [row["outcome"] for row in report["rows"]] == ["scored", "rejected", "rejected", "rejected", "scored"]
    problems = [row["problems"][0] for row in report["rows"] if row["outcome"] == "rejected"]
    assert [problem["code"] for problem in problems] == ["decimal_comma", "not_allowed_value", "age_not_clear"]
    assert problems[0]["field"] == "rows.1.weight_kg"
    assert all(problem["remedy_id"] and problem["remedy_en"] for problem in problems)


async def test_one_bad_object_is_a_problem(client: httpx.AsyncClient) -> None:
    for body in ({"sex": "male", "wieght_kg": 9.0}, {"sex": "male", "birth_date": "2025-01-01"}, [1], 7, None, "x"):
        answer = await post(client, {"rows": None} if body is None else body)
        assert answer.status_code == 422, body
        assert answer.json()["code"] == "validation_failed"
    assert (await post(client, b"{not json", media_type="application/json")).json()["code"] == "not_json"


async def test_too_many_rows_are_refused_with_the_limit(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await post(client, {"rows": [{}] * 5_001})
    assert (answer.status_code, answer.json()["limit_rows"]) == (413, 5_000)
    monkeypatch.setattr(zscore_sheets, "MAX_SHEET_ROWS", 1)
    long = examples.SHEET + examples.SHEET.splitlines()[1]
    answer = await post(client, long.encode(), media_type="text/csv")
    assert (answer.status_code, answer.json()["limit_rows"]) == (413, 1)


@pytest.mark.parametrize(
    ("sheet", "code", "told"),
    [
        (b"sex,age\n1,400\n", "not_a_sheet", "weight"),
        (b"PK\x03\x04\xff\xfe", "not_a_sheet", ""),
        (examples.SHEET.replace(",8.4,", ",Siti Aminah,").encode(), "validation_failed", "line 2.weight"),
        (examples.SHEET.replace(",l,", ",lying,").encode(), "validation_failed", "line 2.measure"),
        (examples.SHEET.replace(",n\n", ",n,1\n").encode(), "validation_failed", "line 2"),
    ],
)
async def test_a_sheet_that_cannot_be_read_is_refused_with_the_place_and_without_what_may_be_a_name(
    client: httpx.AsyncClient, sheet: bytes, code: str, told: str
) -> None:
    answer = await post(client, sheet, media_type="text/csv")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert told in answer.text
    assert "Siti" not in answer.text


async def test_a_sheet_with_semicolons_and_decimal_commas_is_answered_in_kind(client: httpx.AsyncClient) -> None:
    sheet = examples.SHEET.replace(",", ";").replace("8.4", "8,4")
    answer = await post(client, sheet.encode(), media_type="text/csv")
    assert "8,4" in answer.text
    (row,) = csv.DictReader(io.StringIO(answer.text), delimiter=";")
    assert row["zlen"] == "-2.17"


async def test_every_health_role_and_partners_may_ask_and_the_offices_may_not(client: httpx.AsyncClient) -> None:
    allowed = {role for role in ROLES if (await post(client, {}, role=role)).status_code == 200}
    assert allowed == {"kader", "puskesmas", "clinician", "laboratory", "district", "partner"}


async def test_a_key_is_asked_for_as_everywhere_and_any_answers_alike(client: httpx.AsyncClient) -> None:
    answers = [await post(client, examples.VALUES, key=key) for key in ("the-same-key", "the-same-key", "another-key")]
    assert len({answer.content for answer in answers}) == 1
    token = {"authorization": f"Bearer {small_service.token('partner', ('12.19',))}"}
    without = await client.post("/v1/zscores", json=examples.VALUES, headers=token)
    assert (without.status_code, without.json()["code"]) == (400, "idempotency_key_missing")


async def test_a_height_outside_the_table_blanks_weight_for_height_only(client: httpx.AsyncClient) -> None:
    """B002: a reason, and the other indices still given."""
    low = {"sex": "male", "age_days": 800, "length_height_cm": 64.5, "measurement_position": "standing", "weight_kg": 6}
    scores = (await one(client, **low))["scores"]
    assert (scores["whz"]["z"], scores["whz"]["reason"]["code"]) == (None, "height_below_65")
    assert None not in (scores["haz"]["z"], scores["waz"]["z"])
    assert await z(client, "whz", **(low | {"length_height_cm": 65.0})) == -2.71
    for days, cm, code in (
        (800, 120.1, "height_above_120"),
        (400, 110.1, "length_above_110"),
        (40, 44.9, "length_below_45"),
    ):
        document = await one(client, **(low | {"age_days": days, "length_height_cm": cm, "measurement_position": None}))
        assert document["scores"]["whz"]["reason"]["code"] == code


async def test_height_is_never_restricted_and_an_implausible_one_is_flagged(client: httpx.AsyncClient) -> None:
    """B004."""
    document = await one(client, sex="female", age_days=365, length_height_cm=58.0, measurement_position="lying")
    haz = document["scores"]["haz"]
    assert (haz["z"], haz["flagged"], haz["class"]["code"]) == (-6.22, True, "outlier")


async def test_two_dates_and_the_age_in_days_give_the_same_score_everywhere(client: httpx.AsyncClient) -> None:
    """B006: by days (14), never by completed months."""
    by_dates = {"birth_date": "2015-02-01", "measured_on": "2015-02-15", "sex": "male", "weight_kg": 3.5}
    assert await z(client, "waz", **by_dates) == -0.49
    assert await z(client, "waz", age_days=14, sex="male", weight_kg=3.5) == -0.49


async def test_very_low_scores_are_not_capped_so_recovery_shows(client: httpx.AsyncClient) -> None:
    """B008."""
    girl = {"sex": "female", "age_days": 365, "measurement_position": "lying"}
    scores = [await z(client, "haz", **girl, length_height_cm=cm) for cm in (60.0, 62.0)]
    assert scores == [-5.44, -4.66]


async def test_only_the_standard_of_2006_is_used_and_only_below_60_months(client: httpx.AsyncClient) -> None:
    """B010."""
    last = await one(client, sex="male", age_days=1826, length_height_cm=105.0)
    assert last["scores"]["haz"]["z"] is not None
    after = await one(client, sex="male", age_days=1827, length_height_cm=105.0)
    assert after["scores"]["haz"]["reason"]["code"] == "age_60_months_or_more"


async def test_weight_for_length_is_interpolated(client: httpx.AsyncClient) -> None:
    """B012."""
    lying = {"sex": "male", "age_days": 400, "weight_kg": 7.0, "measurement_position": "lying"}
    assert await z(client, "whz", **lying, length_height_cm=72.35) == -3.10


@pytest.mark.parametrize(
    ("days", "position", "haz"),
    [(730, "standing", -1.77), (730, "lying", -1.98), (731, "standing", -1.78), (731, "lying", -1.99)],
)
async def test_the_unexpected_position_is_corrected(
    client: httpx.AsyncClient, days: int, position: str, haz: float
) -> None:
    """B014."""
    girl = {"sex": "female", "length_height_cm": 80.0}
    assert await z(client, "haz", **girl, age_days=days, measurement_position=position) == haz
    assert await z(client, "haz", **girl, age_months=24, measurement_position="lying") == -1.99, (
        "24 months are 731 days"
    )


async def test_a_very_low_weight_has_a_score_or_a_reason(client: httpx.AsyncClient) -> None:
    """B016."""
    boy = {"sex": "male", "age_days": 400, "length_height_cm": 72.0, "measurement_position": "lying"}
    for kg in (5.0, 0.9, 0.0, -1.0):
        whz = (await one(client, **boy, weight_kg=kg))["scores"]["whz"]
        assert (whz["z"] is None) is (whz["reason"] is not None)


async def test_birth_and_visit_are_two_rows_with_two_dates(client: httpx.AsyncClient) -> None:
    """B018."""
    boy = {"sex": "male", "birth_date": "2025-01-01"}
    rows = [
        boy | {"measured_on": "2025-01-01", "weight_kg": 3.1},
        boy | {"measured_on": "2025-04-01", "weight_kg": 6.0},
    ]
    report = (await post(client, {"rows": rows})).json()
    assert [row["age_days"] for row in report["rows"]] == [0, 90]


async def test_a_visit_before_birth_is_told_with_no_stale_age(client: httpx.AsyncClient) -> None:
    """B020."""
    early = await one(client, sex="male", birth_date="2025-01-05", measured_on="2025-01-01", weight_kg=3.4)
    assert early["scores"]["waz"]["reason"]["code"] == "visit_before_birth"


async def test_swapped_weight_and_height_are_both_flagged(client: httpx.AsyncClient) -> None:
    """B028."""
    scores = (await one(client, sex="male", age_days=540, weight_kg=80.5, length_height_cm=10.2))["scores"]
    assert [(scores[name]["z"], scores[name]["flagged"]) for name in ("waz", "haz")] == [(44.2, True), (-26.77, True)]


async def test_what_is_rounded_to_minus_two_is_not_stunted(client: httpx.AsyncClient) -> None:
    """B030."""
    document = await one(client, sex="male", age_days=156, length_height_cm=61.9, measurement_position="lying")
    assert (document["scores"]["haz"]["z"], document["scores"]["haz"]["class"]["code"]) == (-2.0, "normal")


async def test_oedema_leaves_height_and_is_severe_without_a_score(client: httpx.AsyncClient) -> None:
    """B032."""
    boy = {"sex": "male", "age_days": 400, "weight_kg": 9.0, "length_height_cm": 75.0}
    swollen, well = await one(client, **boy, oedema=True), await one(client, **boy)
    assert swollen["scores"]["haz"] == well["scores"]["haz"]
    for name, lowest in (("waz", "severely_underweight"), ("whz", "severely_wasted"), ("baz", "severely_wasted")):
        score = swollen["scores"][name]
        assert (score["z"], score["reason"]["code"], score["class"]["code"]) == (None, "oedema", lowest)


async def test_four_classes_of_height_stay_four(client: httpx.AsyncClient) -> None:
    """B034."""
    sizes = {"sangat pendek": 66.0, "pendek": 70.5, "normal": 75.0, "tinggi": 85.0}
    for name, cm in sizes.items():
        document = await one(client, sex="male", age_days=400, length_height_cm=cm, measurement_position="lying")
        assert document["scores"]["haz"]["class"]["name_id"] == name


async def test_where_an_unknown_position_would_change_a_class_both_scores_are_shown(client: httpx.AsyncClient) -> None:
    boy = {"sex": "male", "age_days": 400, "weight_kg": 9.0}
    unsure = await one(client, **boy, length_height_cm=71.9)
    assert unsure["scores"]["haz"]["class"]["code"] == "stunted"
    assert unsure["if_other_position"]["haz"] > -2.0
    assert (await one(client, **boy, length_height_cm=75.0))["if_other_position"] is None
    assert (await one(client, **boy, length_height_cm=71.9, measurement_position="lying"))["if_other_position"] is None


@pytest.mark.parametrize(
    ("days", "cm", "code"),
    [(182, 11.4, None), (183, 11.4, "severely_wasted"), (183, 11.5, "wasted"), (400, 12.4, "wasted"),
     (1826, 12.5, "normal"), (400, 130.0, "outlier")],
)  # fmt: skip
async def test_the_arm_is_classed_by_centimetres_from_six_months(
    client: httpx.AsyncClient, days: int, cm: float, code: str | None
) -> None:
    told = (await one(client, sex="male", age_days=days, muac_cm=cm))["muac_class"]
    assert (told and told["code"]) == code


async def test_dates_are_days_in_the_calendar(client: httpx.AsyncClient) -> None:
    born = date(2024, 2, 28)
    for days in (0, 1, 2, 366, 731, 1826):
        on = (born + timedelta(days=days)).isoformat()
        document = await one(client, birth_date=born.isoformat(), measured_on=on)
        assert document["age_days"] == days
