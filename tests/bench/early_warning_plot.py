"""Draw the calibration plot of the model card: `python -m tests.bench.early_warning_plot REPORT.json PLOT.svg`.

The report is what `tests.bench.early_warning` wrote: ten bins of equal count, cross-validated, of each model.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

SIDE: Final = 420
EDGE: Final = 56
LARGEST: Final = 0.6  # of risk: beyond it no bin lies
COLOURS: Final = {"early warning": "#0b6e4f", "logistic": "#c05a00", "boosting": "#5b5bd6"}


def plot(figures: dict[str, Any]) -> str:
    """The picture as SVG: mean risk against the share that became stunted, a line a model."""
    inner = SIDE - 2 * EDGE

    def x(share: float) -> float:
        return round(EDGE + inner * share / LARGEST, 1)

    def y(share: float) -> float:
        return round(SIDE - EDGE - inner * share / LARGEST, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" font-family="sans-serif" font-size="12">',
        f'<rect width="{SIDE}" height="{SIDE}" fill="white"/>',
        f'<path d="M{x(0)} {y(0)}L{x(LARGEST)} {y(LARGEST)}" stroke="#999" stroke-dasharray="4 4"/>',
        f'<path d="M{x(0)} {y(LARGEST)}V{y(0)}H{x(LARGEST)}" fill="none" stroke="#333"/>',
        f'<text x="{SIDE / 2}" y="{SIDE - 14}" text-anchor="middle">mean risk of the bin, %</text>',
        f'<text transform="translate(16 {SIDE / 2}) rotate(-90)" text-anchor="middle">stunted 3-6 months on, %</text>',
    ]
    for tick in range(0, round(LARGEST * 100) + 1, 10):
        share = tick / 100
        parts.append(f'<text x="{x(share)}" y="{y(0) + 18}" text-anchor="middle">{tick}</text>')
        parts.append(f'<text x="{x(0) - 8}" y="{y(share) + 4}" text-anchor="end">{tick}</text>')
    for number, (name, colour) in enumerate(COLOURS.items()):
        bins = figures[name]["bins"]["all"]
        line = "L".join(f"{x(expected)} {y(seen)}" for _, expected, seen in bins)
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x(expected)}" cy="{y(seen)}" r="3.5" fill="{colour}"/>' for _, expected, seen in bins]
        top = EDGE + 18 * number
        parts.append(f'<circle cx="{EDGE + 18}" cy="{top}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{EDGE + 28}" y="{top + 4}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Read the report, write the picture."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.bench.early_warning_plot REPORT.json PLOT.svg")
    figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(plot(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
