"""The order of a case as a function of what the case requires and what has been drawn and resulted.

Tests are only added; one that a person calls off stays in sight. Nothing here looks at an earlier state but for what
must be kept: when a test was added, and where it stood when the case closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

TestState = Literal["ordered", "collected", "resulted", "cancelled"]
OrderState = Literal["open", "complete", "cancelled"]
Priority = Literal["routine", "urgent"]
# Why a person calls a test off.
CancelReason = Literal["declined", "contraindicated", "done_elsewhere", "not_available", "entered_in_error", "other"]
WAITING: frozenset[str] = frozenset({"ordered", "collected"})


@dataclass(frozen=True, slots=True)
class Test:
    """One orderable and where it stands."""

    orderable: str
    state: TestState
    added_on: date
    resulted_on: date | None = None
    rejections: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """The order of one case."""

    laboratory_code: str | None
    priority: Priority
    state: OrderState
    ordered_on: date
    completed_on: date | None
    tests: tuple[Test, ...]
    cancel_reason: str | None


@dataclass(frozen=True, slots=True)
class Need:
    """What the case says. `live` = not closed; `day` is when that became known."""

    required: tuple[str, ...]
    live: bool
    urgent: bool
    close_reason: str | None
    day: date


@dataclass(frozen=True, slots=True)
class Work:
    """What has been done for the order: valid results, specimens in hand, specimens refused, tests called off."""

    resulted: Mapping[str, date] = field(default_factory=dict)
    collected: Collection[str] = ()
    rejections: Mapping[str, int] = field(default_factory=dict)
    cancelled: Mapping[str, CancelReason] = field(default_factory=dict)


def keep_order(old: Order | None, need: Need, work: Work, laboratory_code: str | None) -> Order | None:
    """The order as it should be now; None where there is none and none is to be opened.

    `laboratory_code` is where the child's residence routes to: what is not drawn yet goes there.
    """
    if old is None and not (need.live and need.required):
        return None
    before = {test.orderable: test for test in old.tests} if old else {}
    asked = [*before, *(code for code in need.required if need.live and code not in before)]
    tests = tuple(_test(code, before.get(code), need, work) for code in dict.fromkeys(asked))
    states = {test.state for test in tests}
    state: OrderState = "open" if states & WAITING else "complete" if "resulted" in states else "cancelled"
    days = [test.resulted_on for test in tests if test.resulted_on is not None]
    undrawn = old is None or "ordered" in states
    return Order(
        laboratory_code=laboratory_code if undrawn or old is None else old.laboratory_code,
        priority=old.priority if old and not need.live else "urgent" if need.urgent else "routine",
        state=state,
        ordered_on=old.ordered_on if old else need.day,
        completed_on=max(days) if state == "complete" else None,
        tests=tests,
        cancel_reason=_cancel_reason(tests, need, work) if "cancelled" in states else None,
    )


def _cancel_reason(tests: Iterable[Test], need: Need, work: Work) -> str:
    """Of a live case why the first cancelled test was called off; else why the case closed."""
    if not need.live:
        return f"case_{need.close_reason or 'closed'}"
    return next(f"test_{work.cancelled[test.orderable]}" for test in tests if test.state == "cancelled")


class Waits(Protocol):
    """A test, ours or as it is published."""

    @property
    def state(self) -> TestState:
        """Where it stands."""
        ...

    @property
    def added_on(self) -> date:
        """Since when it is asked for."""
        ...


def waiting_since(tests: Iterable[Waits]) -> date | None:
    """Since when the longest waiting of `tests` waits; None where none does."""
    return min((test.added_on for test in tests if test.state in WAITING), default=None)


def _test(code: str, old: Test | None, need: Need, work: Work) -> Test:
    resulted_on = work.resulted.get(code)
    state: TestState
    if resulted_on is not None:
        state = "resulted"
    elif code in work.collected:
        state = "collected"
    else:
        state = "ordered" if need.live and code not in work.cancelled else "cancelled"
    again = old is None or (old.state == "cancelled" and state == "ordered")
    return Test(
        orderable=code,
        state=state,
        added_on=need.day if old is None or again else old.added_on,
        resulted_on=resulted_on,
        rejections=work.rejections.get(code, 0),
    )
