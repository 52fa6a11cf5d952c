"""Open tasks as a calendar in Bahasa Indonesia: the child by its id, the place by its code, nobody's name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.texts import Words
from services.scoring.store.follow_up_lists import ListedTask
from services.scoring.use_cases.snooze_follow_up import first_due_on
from shared.calendar_feed import CalendarEvent, calendar

NAME: Final = "Tindak lanjut Tumbuh"
PRIORITY: Final = {1: 1, 2: 5, 3: 9}  # urgency → iCalendar's high, medium, low


def follow_up_calendar(listed: Iterable[ListedTask], rules: RuleSet) -> bytes:
    """One all-day event a task, on its due date. What has ended is not in `listed`, and so leaves the calendar."""
    words = Words("id")
    return calendar(NAME, (_event(one, rules, words) for one in listed))


def _event(listed: ListedTask, rules: RuleSet, words: Words) -> CalendarEvent:
    task = listed.task
    owner = words.name(task.owner_role, "owner")
    place = f"Desa {listed.desa_code}" if listed.posyandu_code is None else f"Posyandu {listed.posyandu_code}"
    lines = [f"Anak {task.child_id}", place, f"Oleh {owner}"]
    if task.snooze is not None:
        lines.append(f"Ditunda dari {first_due_on(task)}")
    return CalendarEvent(
        uid=str(task.fact_id),
        sequence=task.revision,
        revised_at=task.known_at,
        on=task.due_on,
        summary=f"{words.name(task.task, 'task')} ({place})",
        description="\n".join(lines),
        location=place,
        category=owner,
        priority=PRIORITY[rules.follow_ups[task.task].urgency],
    )
