"""Lines of an explanation about what was done: the latest feeding beside the growth since, and referrals that wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from services.scoring.domain.observed_change import Seen
from services.scoring.domain.texts_numbers import day, quantity
from services.scoring.use_cases.explanation_lines import Line, Writer
from services.scoring.use_cases.show_interventions import FEEDING, Beside

TOLD: Final = ("whz", "waz")  # the first that was measured before and since


def intervention_lines(writer: Writer, found: Iterable[Beside]) -> Iterator[Line]:
    """`found`: the earliest first."""
    known = list(found)
    courses = [one for one in known if one.act.type == FEEDING]
    if courses:
        yield from _feeding(writer, courses[-1])
    for one in known:
        if one.act.type == "referral" and one.act.ended_on is None:
            yield _line(writer, "referral_waits", one, one.act.began_on, facility=one.act.part["facility_code"])


def _feeding(writer: Writer, one: Beside) -> Iterator[Line]:
    """What is told of a change is what was seen last since the beginning, whichever day that was."""
    act, language = one.act, writer.words.language
    changed, last = "", None
    for name in TOLD:
        change = one.changes[name]
        last = change.after or change.during
        if change.before is not None and last is not None:
            parts = {"before": _seen(writer, change.before), "after": _seen(writer, last)}
            changed = writer.words.say("observed_change", name, **parts)
            break
    code = "feeding_running" if act.ended_on is None else "feeding_ended"
    until = "" if act.ended_on is None else day(act.ended_on, language)
    yield _line(writer, code, one, act.began_on, since=day(act.began_on, language), until=until, changed=changed)
    course = one.course
    if course is not None and course.weighing_overdue and course.next_weighing_due_on is not None:
        yield _line(writer, "weighing_overdue", one, course.next_weighing_due_on)
    if course is not None and course.end_overdue:
        yield _line(writer, "end_overdue", one, course.planned_end_on)


def _line(writer: Writer, code: str, one: Beside, on: date, **parts: str) -> Line:
    text = writer.words.say("intervention", code, on=day(on, writer.words.language), **parts)
    return Line(text=text, code=code, fact_id=one.act.fact_id, on=on)


def _seen(writer: Writer, seen: Seen) -> str:
    language = writer.words.language
    return f"{quantity(seen.value, 'SD', language)} ({day(seen.on, language)})"
