"""The trend line: shares by month with their interval as a band; months without data are gaps, not zeros."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

WIDTH: Final = 640.0
HEIGHT: Final = 230.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 12.0, 14.0, 28.0
FEWEST_GRID_LINES: Final = 3


class Month(NamedTuple):
    """One point: a share with its interval, or None three times. `solid` = measured well enough to compare."""

    label: str
    share: float | None
    low: float | None
    high: float | None
    solid: bool
    title: str


class Dot(NamedTuple):
    """A month on the picture."""

    x: float
    y: float
    solid: bool
    title: str


@dataclass(frozen=True, slots=True)
class TrendPicture:
    """Everything in pixels, ready to be written down."""

    bands: tuple[str, ...]
    lines: tuple[str, ...]
    dots: tuple[Dot, ...]
    grid: tuple[tuple[float, float], ...]  # y, share
    ticks: tuple[tuple[float, str], ...]  # x, label
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    floor: float = HEIGHT - BOTTOM


def draw_trend(months: Sequence[Month]) -> TrendPicture:
    """The picture of `months`, oldest first."""
    top_share, step = _scale(max((month.high or 0.0 for month in months), default=0.0))

    def x(index: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / max(len(months), 1), 1)

    def y(share: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share / top_share), 1)

    bands, lines, dots = [], [], []
    for run in _runs(months):
        upper = [f"{x(index)},{y(months[index].high or 0.0)}" for index in run]
        lower = [f"{x(index)},{y(months[index].low or 0.0)}" for index in reversed(run)]
        bands.append(" ".join(upper + lower))
        lines.append(" ".join(f"{x(index)},{y(months[index].share or 0.0)}" for index in run))
        dots += [Dot(x(i), y(months[i].share or 0.0), months[i].solid, months[i].title) for i in run]
    every = max(1, math.ceil(len(months) / 8))
    ticks = [(x(index), month.label) for index, month in enumerate(months) if (len(months) - 1 - index) % every == 0]
    grid = [(y(line * step), line * step) for line in range(round(top_share / step) + 1)]
    return TrendPicture(tuple(bands), tuple(lines), tuple(dots), tuple(grid), tuple(ticks))


def _scale(highest: float) -> tuple[float, float]:
    """Upper end of the axis and distance of its lines: round numbers above the highest value."""
    for step in (0.02, 0.05, 0.10, 0.20):
        lines = max(FEWEST_GRID_LINES, math.ceil(highest / step - 1e-9))
        if lines <= 6:
            return lines * step, step
    return 1.0, 0.25


def _runs(months: Sequence[Month]) -> list[list[int]]:
    """Neighbouring months that have a share."""
    runs: list[list[int]] = []
    for index, month in enumerate(months):
        if month.share is None:
            continue
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs
