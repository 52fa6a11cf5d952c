"""Pictures of the page as documents of their own: SVG with its colours in it, for print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from services.reporting.formats.map_labels import LINE_HEIGHT, place_labels
from services.reporting.formats.map_svg import MapPicture
from services.reporting.formats.trend_svg import TrendPicture

# Of the classes in map_classes; readable in grey, too.
CLASS_COLOURS: Final = ("#fdf1d3", "#f9d58f", "#f0a35a", "#b84a20", "#7c2410")
NO_DATA_COLOUR: Final = "#d4d4d0"
FONT: Final = "Libertinus Serif"
LABEL_SIZE: Final = 15.0
INK, LINE, PAPER = "#222222", "#666666", "#ffffff"
TREND_COLOUR: Final = "#1f5f7a"
BAND_COLOUR: Final = "#cfe0e6"


def map_document(
    picture: MapPicture,
    classes: Mapping[str, int | None],
    labels: Mapping[str, Sequence[str]],
    over: MapPicture | None = None,
) -> str:
    """The map. `classes` by code, None = no data; outlines of `over` are laid upon it.

    `labels` by code: texts that would do, the best first; an area without room for any of them has none.
    """
    parts = [_opened(picture.width, picture.height)]
    thin = 0.5 if over is not None else 0.9
    for shape in picture.shapes:
        number = classes.get(shape.code)
        fill = NO_DATA_COLOUR if number is None else CLASS_COLOURS[number]
        parts.append(f'<path d={quoteattr(shape.path)} fill="{fill}" stroke="{PAPER}" stroke-width="{thin}"/>')
    if over is not None:
        parts += [
            f'<path d={quoteattr(shape.path)} fill="none" stroke="{LINE}" stroke-width="1.3"/>' for shape in over.shapes
        ]
    for label in place_labels(over or picture, labels, LABEL_SIZE).values():
        lines = label.text.split("\n")
        for line, text in enumerate(lines):
            y = label.y + (line - (len(lines) - 1) / 2) * LABEL_SIZE * LINE_HEIGHT + LABEL_SIZE / 3
            parts.append(_text(label.x, y, text, LABEL_SIZE, "middle", INK, halo=True))
    return "".join([*parts, "</svg>"])


def trend_document(picture: TrendPicture, percent: Mapping[float, str]) -> str:
    """The trend line with its band; `percent` = how each share of the grid is written."""
    parts = [_opened(picture.width, picture.height)]
    for y, share in picture.grid:
        parts.append(
            f'<line x1="{picture.left}" y1="{y}" x2="{picture.right}" y2="{y}" stroke="#dddddd" stroke-width="0.8"/>'
        )
        parts.append(_text(picture.left - 6, y + 4, percent[share], 12, "end", LINE))
    parts += [f'<polygon points="{band}" fill="{BAND_COLOUR}"/>' for band in picture.bands]
    parts += [
        f'<polyline points="{line}" fill="none" stroke="{TREND_COLOUR}" stroke-width="2"/>' for line in picture.lines
    ]
    for dot in picture.dots:
        fill = TREND_COLOUR if dot.solid else PAPER
        parts.append(
            f'<circle cx="{dot.x}" cy="{dot.y}" r="3.6" fill="{fill}" stroke="{TREND_COLOUR}" stroke-width="1.6"/>'
        )
    parts += [_text(x, picture.height - 8, label, 12, "middle", LINE) for x, label in picture.ticks]
    return "".join([*parts, "</svg>"])


def _opened(width: float, height: float) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'


def _text(x: float, y: float, text: str, size: float, anchor: str, fill: str, *, halo: bool = False) -> str:
    told = f'x="{x:g}" y="{y:g}" font-family="{FONT}" font-size="{size:g}" text-anchor="{anchor}"'
    letters = f">{escape(text)}</text>"
    around = f'<text {told} fill="none" stroke="{PAPER}" stroke-width="2.6" stroke-linejoin="round"{letters}'
    return (around if halo else "") + f'<text {told} fill="{fill}"{letters}'
