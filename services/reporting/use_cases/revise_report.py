"""What a revision of a report says: each indicator as published and as known now, and the terms between."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.reporting.domain.periods import Period
from services.reporting.domain.why_changed import INDEX_OF
from services.reporting.use_cases.area_figures import Question
from services.reporting.use_cases.why_changed import Comparison, why_changed
from shared.postgres.pool import Connection


async def what_changed(
    connection: Connection, area: str, period: Period, published_as_of: date, as_of: date
) -> list[dict[str, Any]]:
    """For each indicator the figure as of both days and the terms that lead from one to the other exactly."""
    told: list[dict[str, Any]] = []
    for indicator in INDEX_OF:
        asked = Question(area, period, as_of, patient=True)
        found = await why_changed(connection, Comparison(asked, period, indicator, published_as_of))
        terms = [term for term in found["terms"] if term["stage"] == "since_then" and term["children"]]
        told.append({"indicator": indicator, "published": found["then"], "now": found["before"], "terms": terms})
    return told
