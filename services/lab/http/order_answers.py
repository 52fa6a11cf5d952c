"""Orders, their specimens and what persons changed in them, as clients read them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from services.lab.domain.catalogue import load
from services.lab.domain.order_rules import order_rules
from services.lab.domain.orders import waiting_since
from services.lab.domain.specimens import too_old
from services.lab.store.order_additions import Addition
from services.lab.store.order_cancellations import Cancellation
from services.lab.store.orders import Load
from services.lab.store.specimens import Specimen
from shared.contracts.lab import LabOrderV1
from shared.http.etag import etag


def order_json(fact: LabOrderV1, today: date) -> dict[str, Any]:
    """An order as clients read it; what time alone changes is computed here."""
    fields = fact.model_dump(mode="json", exclude={"fact_id", "epoch"})
    return {"order_id": str(fact.fact_id), "etag": etag(*fact.order), **fields, **due_json(fact, today)}


def due_json(fact: LabOrderV1, today: date) -> dict[str, Any]:
    """Until when the longest waiting test is due, and whether it is late; null and false where none waits."""
    since = waiting_since(fact.tests)
    due_on = None if since is None else since + timedelta(days=load().due_days[fact.priority])
    return {"due_on": due_on, "overdue": due_on is not None and due_on < today}


def specimen_json(specimen: Specimen) -> dict[str, Any]:
    """A specimen as work lists show it; `too_old`: received later than it keeps, null = not received or not known."""
    keeps_hours = order_rules().keeps_hours(specimen.orderables)
    return {
        "specimen_id": specimen.specimen_id,
        "specimen": specimen.specimen,
        "drawn_on": specimen.drawn_on,
        "drawn_at": specimen.drawn_at,
        "orderables": list(specimen.orderables),
        "step": "rejected" if specimen.rejected_at else specimen.way.step,
        "recorded_at": specimen.recorded_at,
        "recorded_by": specimen.recorded_by,
        "sent_at": specimen.sent_at,
        "sent_by": specimen.sent_by,
        "received_at": specimen.received_at,
        "received_by": specimen.received_by,
        "keeps_hours": keeps_hours,
        "too_old": too_old(specimen.way, keeps_hours),
    }


def load_json(load: Load, tests_per_day: int | None) -> dict[str, Any]:
    """What waits beside what a day brings; `days` it takes, null where nothing is known of the capacity."""
    return {
        "waiting": load.waiting_tests,
        "orders": load.open_orders,
        "urgent_orders": load.urgent_orders,
        "waiting_since": load.waiting_since,
        "tests_per_day": tests_per_day,
        "days": round(load.waiting_tests / tests_per_day, 1) if tests_per_day else None,
    }


def addition_json(addition: Addition) -> dict[str, Any]:
    """A test that a person added to an order, and why."""
    return {
        "orderable": addition.orderable,
        "sign": addition.sign,
        "reason_text": addition.reason_text,
        "added_by": addition.added_by,
        "added_at": addition.added_at,
    }


def cancellation_json(cancellation: Cancellation) -> dict[str, Any]:
    """A test that a person called off, and why; ended where it was asked for again."""
    shown = asdict(cancellation)
    return {name: value for name, value in shown.items() if name not in {"child_id", "order_id"}}
