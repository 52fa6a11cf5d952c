"""Facts by hand, the database they arrive in, and what is published of them."""

import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from services.scoring.consumers.evidence_handler import EvidenceHandler
from services.scoring.domain.ruleset import RuleSet, load
from services.scoring.use_cases.judge_measurements import Clock
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.contracts.child import ChildV1, MeasurementV1, Residence
from shared.contracts.fact import Fact, derived_fact_id
from shared.contracts.kinds import KINDS
from shared.contracts.lab import CriticalValueV1, LabOrderV1, LabResultV1
from shared.contracts.register import RegisterEntryV1, register_fact_id
from shared.postgres.pool import Address, Connection, Pool, open_pool

TODAY = date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)
DESA = "12.19.01.2003"
TABLES = (
    "child", "measurement", "assessment", "risk_status", "child_case", "follow_up", "lab_order", "lab_result",
    "critical_value", "intervention", "desa_elevation", "follow_up_note", "session_mark", "hint", "outbox",
    "case_audit", "case_audit_revision",
    "replay_mark", "replay_child", "replay", "rule_set_activation", "rule_set",
)  # fmt: skip


def child(child_id: uuid.UUID, revision: int = 1, **changes: Any) -> ChildV1:
    document = {
        "fact_id": child_id,
        "child_id": child_id,
        "epoch": 1,
        "revision": revision,
        "change": "recorded",
        "known_at": NOW - timedelta(days=400) + timedelta(minutes=revision),
        "sex": "male",
        "birth_date": date(2024, 9, 3),
        "residences": (Residence(valid_from=date(2024, 9, 3), desa_code=DESA),),
    }
    return ChildV1.model_validate({**document, **changes})


def visit(child_id: uuid.UUID, on: date, weight: float | None, length: float | None, **changes: Any) -> MeasurementV1:
    fact_id = changes.pop("fact_id", uuid.uuid5(child_id, f"{on}{changes.get('is_remeasurement', '')}"))
    instant = datetime.combine(on, datetime.min.time(), UTC) + timedelta(hours=3)
    document = {
        "fact_id": fact_id,
        "child_id": child_id,
        "epoch": 1,
        "revision": 1,
        "change": "recorded",
        "known_at": instant,
        "recorded_at": instant,
        "measured_on": on,
        "channel": "api",
        "source": "test",
        "weight_kg": weight,
        "length_height_cm": length,
        "measurement_position": "lying",
    }
    return MeasurementV1.model_validate({**document, **changes})


async def arrive(pool: Pool, *facts: Fact, today: date = TODAY, rules: RuleSet | None = None) -> list[Fact]:
    """One batch in one transaction; returns what would be published."""
    async with pool.acquire() as connection, connection.transaction():
        return await apply(connection, *facts, today=today, rules=rules)


async def apply(connection: Connection, *facts: Fact, today: date = TODAY, rules: RuleSet | None = None) -> list[Fact]:
    """One batch in the open transaction."""
    effect = await EvidenceHandler(RulesInForce(rules or load()), lambda: Clock(today, NOW)).apply(connection, facts)
    return [
        KINDS[dict(message.headers)["ce_type"].removeprefix("tumbuh.")].read(message.body)
        for message in effect.messages
    ]


def of(facts: Sequence[Fact], kind: str) -> list[Any]:
    return [fact for fact in facts if fact.kind == kind]


async def any_order_ends_alike(
    address: Address, facts: Sequence[Fact], order: random.Random, cut: int, look: Callable[[Pool], Awaitable[Any]]
) -> Any:
    """What `look` sees after `facts` in one batch, which is what it sees after them in any order, some twice."""
    shuffled = [*facts, *order.sample(list(facts), len(facts) // 2)]
    order.shuffle(shuffled)
    async with open_pool(address) as pool:
        seen = []
        for arrival in ([facts], [shuffled[i : i + cut] for i in range(0, len(shuffled), cut)]):
            await empty(pool)
            for batch in arrival:
                await arrive(pool, *batch)
            seen.append(await look(pool))
    assert seen[0] == seen[1]
    return seen[0]


async def empty(pool: Pool) -> None:
    """Nothing is known of anybody."""
    await pool.execute("; ".join(f"DELETE FROM {table}" for table in TABLES))


LABORATORY: Final = "LAB.12.19.RSUD"
UNITS: Final = {"haemoglobin": "g/L", "ferritin": "ug/L", "crp": "mg/L", "zinc": "ug/dL", "platelets": "10*9/L"}


def result(child_id: uuid.UUID, test_code: str, value: float | None, drawn_on: date, **changes: Any) -> LabResultV1:
    """A result reported on the day after the draw; its id follows from the test and the day."""
    reported = datetime.combine(drawn_on, datetime.min.time(), UTC) + timedelta(days=1, hours=3)
    document = {
        "fact_id": uuid.uuid5(child_id, f"{test_code}{drawn_on}"),
        "child_id": child_id,
        "epoch": 1,
        "revision": 1,
        "change": "recorded",
        "known_at": reported,
        "laboratory_code": LABORATORY,
        "test_code": test_code,
        "loinc": "718-7",
        "drawn_on": drawn_on,
        "reported_at": reported,
        "specimen": "venous",
        "value": value,
        "canonical_unit": UNITS.get(test_code),
        "original_value": str(value),
    }
    return LabResultV1.model_validate({**document, **changes})


def critical(of_result: LabResultV1, revision: int = 1, **changes: Any) -> CriticalValueV1:
    """The alert on a result."""
    document = {
        "fact_id": derived_fact_id(of_result.fact_id, "critical-value"),
        "child_id": of_result.child_id,
        "epoch": 1,
        "revision": revision,
        "change": "recorded",
        "known_at": of_result.known_at + timedelta(minutes=revision),
        "result_id": of_result.fact_id,
        "test_code": of_result.test_code,
        "drawn_on": of_result.drawn_on,
        "value": of_result.value,
        "canonical_unit": of_result.canonical_unit,
        "limit": 53.0,
        "side": "low",
        "state": "raised",
        "raised_at": of_result.reported_at,
    }
    return CriticalValueV1.model_validate({**document, **changes})


def order(child_id: uuid.UUID, case_id: uuid.UUID, revision: int, state: str, **changes: Any) -> LabOrderV1:
    """An order of a core panel, ordered on 21 April."""
    test_state = {"open": "ordered", "complete": "resulted", "cancelled": "cancelled"}[state]
    document = {
        "fact_id": derived_fact_id(case_id, "lab-order"),
        "child_id": child_id,
        "epoch": 1,
        "revision": revision,
        "change": "recorded",
        "known_at": NOW - timedelta(days=10) + timedelta(minutes=revision),
        "case_id": case_id,
        "laboratory_code": LABORATORY,
        "priority": "routine",
        "state": state,
        "ordered_on": date(2026, 4, 21),
        "tests": [
            {"orderable": name, "state": test_state, "added_on": date(2026, 4, 21)}
            for name in ("blood_count", "ferritin", "crp")
        ],
    }
    return LabOrderV1.model_validate({**document, **changes})


def desa(elevation_m: float | None, revision: int = 1, code: str = DESA, **changes: Any) -> RegisterEntryV1:
    """The register's entry of a desa."""
    document = {
        "fact_id": register_fact_id("area", code),
        "epoch": 1,
        "revision": revision,
        "change": "recorded",
        "known_at": NOW - timedelta(days=500) + timedelta(minutes=revision),
        "entry": "area",
        "code": code,
        "name": "Lalang",
        "level": "desa",
        "parent_code": code.rpartition(".")[0],
        "valid_from": date(2020, 1, 1),
        "elevation_m": elevation_m,
    }
    return RegisterEntryV1.model_validate({**document, **changes})
