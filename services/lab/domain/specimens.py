"""The way of a specimen: drawn, sent, received at the laboratory, each with its time; and whether it kept that long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from services.lab.domain.result_problems import ResultProblem
from shared.calendar import JAKARTA

Step = Literal["collected", "sent", "received"]


@dataclass(frozen=True, slots=True)
class Way:
    """When a specimen was drawn, sent and received, as far as it is known; a step may be entered late or never."""

    drawn_on: date
    drawn_at: datetime | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None

    @property
    def drawn_between(self) -> tuple[datetime, datetime]:
        """The earliest and the latest instant of the draw: without a time of day, the whole day of the place."""
        if self.drawn_at is not None:
            return self.drawn_at, self.drawn_at
        start = datetime.combine(self.drawn_on, time.min, tzinfo=JAKARTA)
        return start, start + timedelta(days=1)

    @property
    def step(self) -> Step:
        """The last step known. What was received was sent, whether or not anybody wrote it down."""
        return "received" if self.received_at else "sent" if self.sent_at else "collected"


def way_problem(way: Way, field: str, now: datetime) -> ResultProblem | None:
    """Steps come in their order and not in the future; only what is known is compared. `field`: what is entered."""
    times = [way.drawn_between[0], *(at for at in (way.sent_at, way.received_at) if at is not None)]
    if times == sorted(times) and times[-1] <= now:
        return None
    known = {"sent": way.sent_at, "received": way.received_at}
    facts = {name: at.astimezone(JAKARTA).isoformat() if at else "?" for name, at in known.items()}
    return ResultProblem("step_time_impossible", field, facts=facts)


def too_old(way: Way, stable_hours: int) -> bool | None:
    """Whether it lay longer than it keeps when the laboratory received it.

    None while nobody received it, and where only the day of the draw is known and decides. Nobody refuses a specimen
    for it but a person.
    """
    if way.received_at is None:
        return None
    earliest, latest = way.drawn_between
    keeps = timedelta(hours=stable_hours)
    if way.received_at - latest > keeps:
        return True
    return False if way.received_at - earliest <= keeps else None
