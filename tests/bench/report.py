"""One line of the bench report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One line of the bench report; `floor` is the same work without our code."""

    id: str
    name: str
    value: float
    unit: str
    floor: float
    ratio: float
