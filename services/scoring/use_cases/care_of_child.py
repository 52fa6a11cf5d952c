"""The place of care of one child, from what is stored: status, newest measurements, the last clinical assessment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from services.scoring.domain.assessment_codes import AssessmentFlag, Oedema
from services.scoring.domain.place_of_care import PlaceOfCare, Seen, place_of_care
from services.scoring.domain.risk_codes import GIZI_BURUK, RULE_IDS
from services.scoring.domain.ruleset import RuleSet
from services.scoring.store import doors, lists
from services.scoring.store.growth import Measured, growth_series
from shared.calendar import completed_months
from shared.contracts.risk import CaseV1, RiskStatusV1
from shared.postgres.pool import Connection

RULES_OF_GIZI_BURUK: Final = frozenset(RULE_IDS[rule] for rule in GIZI_BURUK)
SIGN: Final = "danger_sign"


async def care_of_child(connection: Connection, case: CaseV1, rules: RuleSet) -> PlaceOfCare | None:
    """Where the child of a live case is cared for; None where it has no gizi buruk now.

    Its age is that on the day of the last assessment, before there is one that on the day of the newest measurement.
    """
    found = await lists.status_of(connection, case.child_id)
    if case.state == "closed" or found is None:
        return None
    status = RiskStatusV1.model_validate(found, extra="ignore")
    if not any(reason.rule_id in RULES_OF_GIZI_BURUK for reason in status.reasons):
        return None
    root_id = UUID(str(status.child_id))
    series = await growth_series(connection, root_id)
    judged = [] if series is None else list(series.judged())
    assessed = case.clinical_assessments[-1] if case.clinical_assessments else None
    on = status.measured_on if assessed is None else assessed.on
    birth_date = await doors.birth_date_of(connection, root_id)
    return place_of_care(
        Seen(
            age_months=None if on is None or birth_date is None else completed_months(birth_date, on),
            weight_kg=_newest_weight(judged),
            oedema=_newest_oedema(measured for measured, _ in judged),
            danger_signs=[sign for reason in status.reasons if reason.rule_id == SIGN for sign in reason.signs],
            appetite=None if assessed is None else assessed.appetite,
            complications=None if assessed is None else assessed.complications,
            oedema_grade=None if assessed is None else assessed.oedema_grade,
        ),
        rules.place_of_care,
    )


def _newest_weight(judged: Iterable[tuple[Measured, Mapping[str, int]]]) -> float | None:
    """The newest that is no outlier."""
    weights = [
        each.weight_kg
        for each, code in judged
        if each.weight_kg is not None and not code["flags"] & AssessmentFlag.WAZ_FLAGGED
    ]
    return weights[-1] if weights else None


def _newest_oedema(measured: Iterable[Measured]) -> bool | None:
    stated = [each.oedema for each in measured if each.oedema != Oedema.UNKNOWN]
    return stated[-1] == Oedema.YES if stated else None
