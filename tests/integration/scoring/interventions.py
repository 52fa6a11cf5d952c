"""Facts of measurement about what was done, by hand."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts.intervention import InterventionV1


def intervention(
    child_id: uuid.UUID, kind: str, part: dict[str, Any], revision: int = 1, **changes: Any
) -> InterventionV1:
    """Its id follows from child and type unless one is given."""
    known_at = datetime(2026, 4, 1, 3, tzinfo=UTC) + timedelta(minutes=revision)
    document = {
        "fact_id": uuid.uuid5(child_id, kind),
        "child_id": child_id,
        "epoch": 1,
        "revision": revision,
        "change": "recorded",
        "known_at": known_at,
        "type": kind,
        "recorded_at": known_at,
        "source": "test",
        kind: part,
    }
    return InterventionV1.model_validate({**document, **changes})


def feeding(
    child_id: uuid.UUID, started_on: date, ended_on: date | None = None, revision: int = 1, **changes: Any
) -> InterventionV1:
    part = {
        "feeding_class": "wasted",
        "product": "local",
        "started_on": started_on,
        "ended_on": ended_on,
        "end_reason": None if ended_on is None else "completed",
    }
    return intervention(child_id, "supplementary_feeding", part, revision, **changes)


def referral(
    child_id: uuid.UUID, referred_on: date, replied_on: date | None = None, revision: int = 1, **changes: Any
) -> InterventionV1:
    reply = {"received_on": replied_on, "outcome": "treated_and_returned", "answered_by": "person-1"}
    part = {
        "facility_code": "RS.12.19.RSUD",
        "reason": "severe_stunting",
        "urgency": "urgent",
        "referred_on": referred_on,
        "reply": None if replied_on is None else reply,
    }
    return intervention(child_id, "referral", part, revision, **changes)
