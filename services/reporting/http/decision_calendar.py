"""Decisions that have not ended as a calendar: an all-day event each, on the day it is due."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.reporting.domain.decisions import DecisionState, offices
from services.reporting.store.decisions import StoredDecision
from shared.calendar_feed import CalendarEvent, calendar

NAME: Final = "Tumbuh: keputusan TPPS"
LONGEST_SUMMARY: Final = 100  # characters; a telephone shows one line, the whole text stands in the description
PRIORITY: Final = 5  # iCalendar's medium: no decision is said to weigh more than another
STATE_TEXTS: Final[dict[DecisionState, tuple[str, str]]] = {
    "open": ("belum dikerjakan", "open"),
    "in_progress": ("sedang dikerjakan", "in progress"),
    "done": ("selesai", "done"),
    "dropped": ("dihentikan", "dropped"),
}


def decision_calendar(stored: Iterable[StoredDecision]) -> bytes:
    """The stream (RFC 5545). What has ended is not in `stored`, and so leaves the calendar."""
    return calendar(NAME, map(_event, stored))


def _event(stored: StoredDecision) -> CalendarEvent:
    one = stored.decision
    owner = offices().get(one.owner, one.owner)
    state_id, state_en = STATE_TEXTS[one.state]
    place = f"Wilayah {one.area_code}"
    return CalendarEvent(
        uid=str(stored.decision_id),
        sequence=stored.revision,
        revised_at=stored.changed_at,
        on=one.due_on,
        summary=_shortened(f"{one.owner}: {' '.join(one.text.split())}"),
        description="\n".join(
            (one.text, f"Oleh {owner}", f"Keadaan: {state_id} ({state_en})", f"Rapat {one.met_on}", place)
        ),
        location=place,
        category=owner,
        priority=PRIORITY,
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SUMMARY else f"{text[: LONGEST_SUMMARY - 1]}…"
