"""Critical values: both edges of every limit, bounds, one alert a draw, nothing for history."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.lab.domain.catalogue import Step, load
from services.lab.domain.catalogue_rows import Analyte
from services.lab.domain.criticals import Crossing, Drawn, alerts, crossing, escalation

LOW, HIGH = "low", "high"


def drawn(
    key: str, code: str, value: float, *, draw: str = "d", age_days: int = 0, comparator: str | None = None
) -> Drawn[str]:
    return Drawn(key, draw, load().rows[code][0], value, comparator, age_days)


@pytest.mark.parametrize(
    ("code", "value", "side"),
    [
        ("haemoglobin", 69.4, LOW),
        ("haemoglobin", 69.5, None),  # shown as 70, which is not below 70
        ("haemoglobin", 70, None),
        ("haemoglobin", 240, None),
        ("haematocrit", 0.194, LOW),
        ("haematocrit", 0.195, None),
        ("haematocrit", 0.62, None),
        ("haematocrit", 0.624, None),
        ("haematocrit", 0.625, HIGH),
        ("platelets", 52, LOW),
        ("platelets", 53, None),
        ("platelets", 916, None),
        ("platelets", 917, HIGH),
        ("wbc", 2.04, LOW),
        ("wbc", 2.05, None),
        ("wbc", 42.9, None),
        ("wbc", 42.95, HIGH),
        ("glucose", 2.54, LOW),
        ("glucose", 2.55, None),
        ("glucose", 24.74, None),
        ("glucose", 24.75, HIGH),
        ("potassium", 2.7, LOW),
        ("potassium", 2.8, None),
        ("potassium", 6.4, None),
        ("potassium", 6.5, HIGH),
        ("sodium", 120, LOW),
        ("sodium", 121, None),
        ("sodium", 156, None),
        ("sodium", 157, HIGH),
        ("calcium", 1.61, LOW),
        ("calcium", 1.62, None),
        ("calcium", 3.17, None),
        ("calcium", 3.18, HIGH),
        ("ferritin", 0.6, None),
        ("crp", 590, None),
    ],
)
def test_a_limit_is_crossed_beyond_it_at_its_own_decimals(code: str, value: float, side: str | None) -> None:
    crossed = crossing(load().rows[code][0], value, None)
    assert (crossed.side if crossed else None) == side


LIMITS = [
    (row, limit, side)
    for rows in load().rows.values()
    for row in rows
    for limit, side in ((row.critical_below, LOW), (row.critical_above, HIGH))
    if limit is not None
]


@pytest.mark.parametrize(("row", "limit", "side"), LIMITS, ids=[f"{row.code}-{side}" for row, _, side in LIMITS])
def test_every_limit_of_the_catalogue_is_crossed_half_a_step_beyond_it_and_not_at_it(
    row: Analyte, limit: Decimal, side: str
) -> None:
    step = limit.as_tuple().exponent
    assert isinstance(step, int)
    half = Decimal(5).scaleb(step - 1)
    nearly, beyond = (
        (limit - half, limit - half - half / 100) if side == LOW else (limit + half - half / 100, limit + half)
    )
    assert crossing(row, float(limit), None) is None
    assert crossing(row, float(nearly), None) is None  # shown as the limit itself
    assert crossing(row, float(beyond), None) == Crossing(float(limit), "low" if side == LOW else "high")


@pytest.mark.parametrize(
    ("value", "comparator", "critical"),
    [
        (70, "<", True),  # everything below 70 is below 70
        (70, "<=", False),
        (69, "<=", True),
        (80, "<", False),  # could be either
        (60, ">", False),  # says nothing about below
        (60, ">=", False),
    ],
)
def test_a_bound_calls_only_where_all_it_leaves_open_is_critical(
    value: float,
    comparator: str,
    critical: bool,  # noqa: FBT001
) -> None:
    """B046."""
    assert (crossing(load().rows["haemoglobin"][0], value, comparator) is not None) is critical


def test_an_upper_bound_of_leukocytes_calls_in_the_same_way() -> None:
    wbc = load().rows["wbc"][0]
    assert crossing(wbc, 42.9, ">") == Crossing(42.9, "high")
    assert crossing(wbc, 42.9, ">=") is None
    assert crossing(wbc, 50, "<") is None


def test_haemoglobin_and_haematocrit_of_one_draw_are_one_alert() -> None:
    both = [drawn("hct", "haematocrit", 0.15), drawn("hb", "haemoglobin", 52)]
    assert list(alerts(both, 60)) == ["hb"]
    assert list(alerts(both[:1], 60)) == ["hct"]
    assert list(alerts([both[0], drawn("hb", "haemoglobin", 72)], 60)) == ["hct"]  # the leader is silent, it speaks
    assert sorted(alerts([both[0], drawn("hb", "haemoglobin", 52, draw="other")], 60)) == ["hb", "hct"]
    assert sorted(alerts([*both, drawn("plt", "platelets", 20)], 60)) == ["hb", "plt"]


@pytest.mark.parametrize(("age_days", "called"), [(0, True), (60, True), (61, False)])
def test_history_calls_nobody(age_days: int, called: bool) -> None:  # noqa: FBT001
    assert bool(alerts([drawn("hb", "haemoglobin", 52, age_days=age_days)], 60)) is called


STEPS = (Step(0, "laboratory"), Step(30, "clinician"), Step(120, "district"))
RAISED = datetime(2026, 5, 4, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "step", "role", "following"),
    [
        (0, 0, "laboratory", "clinician"),
        (29.99, 0, "laboratory", "clinician"),
        (30, 1, "clinician", "district"),
        (119.99, 1, "clinician", "district"),
        (120, 2, "district", None),
        (9_000, 2, "district", None),
        (-5, 0, "laboratory", "clinician"),  # a clock that runs behind
    ],
)
def test_an_alert_that_nobody_acknowledges_goes_to_the_next_role_when_its_time_has_come(
    minutes: float, step: int, role: str, following: str | None
) -> None:
    found = escalation(STEPS, RAISED, RAISED + timedelta(minutes=minutes))
    assert (found.step, found.role, found.next_role) == (step, role, following)
    assert found.since == RAISED + timedelta(minutes=STEPS[step].after_minutes)
    assert found.next_at == (None if following is None else RAISED + timedelta(minutes=STEPS[step + 1].after_minutes))
