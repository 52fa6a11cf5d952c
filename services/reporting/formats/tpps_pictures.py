"""The pictures of the report: maps with their legend, and the trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.reporting.domain.areas import UNMAPPED
from services.reporting.domain.figures import CAUTION_FROM
from services.reporting.domain.periods import parse_period
from services.reporting.formats.map_classes import CLASS_LIMITS, CLASS_NAMES
from services.reporting.formats.map_svg import map_below, map_of_desa
from services.reporting.formats.numbers import percent, period_name
from services.reporting.formats.picture_svg import CLASS_COLOURS, NO_DATA_COLOUR, map_document, trend_document
from services.reporting.formats.trend_svg import Month, draw_trend
from shared.problems import Language

MOST_NAMES: Final = 16  # on a map; more do not find room
FEWEST_MONTHS: Final = 12  # that the trend shows
Row = Mapping[str, Any]


def known(rows: Sequence[Row]) -> list[Row]:
    """Areas that the register knows."""
    return [row for row in rows if row["code"] != UNMAPPED]


def filled(text: str, **values: str) -> str:
    """`text` with its {names} replaced."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _class_of(row: Row) -> int | None:
    share = row["stunted_share"]
    return None if share is None else max(0, sum(share >= limit for limit in CLASS_LIMITS))


def maps(data: Row, told: Mapping[str, str], language: Language) -> list[dict[str, str]]:
    """Of the areas directly below, and of a kabupaten its desa, too."""
    found: list[dict[str, str]] = []
    picture = map_below(data["area"])
    for level, rows in data["levels"].items():
        here = known(rows)
        classes = {row["code"]: _class_of(row) for row in here}
        title = filled(told["map_of_level"], level=told[f"level_{level}"])
        if not found and picture is not None:
            names = {shape.code: shape.name for shape in picture.shapes}
            few = len(names) <= MOST_NAMES
            labels = {
                row["code"]: _labels(names[row["code"]], percent(row["stunted_share"], language))
                for row in here
                if few and row["code"] in names
            }
            found.append({"title": title, "svg": map_document(picture, classes, labels), "note": ""})
        elif found and level == "desa":
            desa = map_of_desa(data["area"])
            if desa is not None and picture is not None:
                labels = {shape.code: _labels(shape.name) for shape in picture.shapes}
                svg = map_document(desa, classes, labels, picture)
                found.append({"title": title, "svg": svg, "note": told["map_desa"]})
    return found


def _labels(name: str, share: str | None = None) -> list[str]:
    """What may stand on an area, the best first: its name in one line or in two, or the share alone."""
    first, _, last = name.rpartition(" ")
    names = [name, f"{first}\n{last}"] if first else [name]
    return names if share is None else [*(f"{one}\n{share}" for one in names), share]


def legend(told: Mapping[str, str], language: Language) -> list[list[str]]:
    """Colour and name of each class, and of no data."""
    names = [name if language == "id" else name.replace(",", ".").replace(" %", "%") for name in CLASS_NAMES]
    return [*([colour, name] for colour, name in zip(CLASS_COLOURS, names, strict=True)),
            [NO_DATA_COLOUR, told["no_data"]]]  # fmt: skip


def trend(points: Sequence[Row], language: Language) -> str:
    """The trend as SVG, without the empty periods before the first figure."""
    begun = next((at for at, point in enumerate(points) if point["haz_measured"]), 0)
    months = [
        Month(
            period_name(parse_period(point["period"]), language, short=True),
            point["stunted_share"],
            point["stunted_low"],
            point["stunted_high"],
            (point["coverage_both"] or 0.0) >= CAUTION_FROM,
            "",
        )
        for point in points[min(begun, max(0, len(points) - FEWEST_MONTHS)) :]
    ]
    picture = draw_trend(months)
    return trend_document(picture, {share: _whole(share, language) for _, share in picture.grid})


def _whole(share: float, language: Language) -> str:
    return f"{round(share * 100)}%" if language == "en" else f"{round(share * 100)}\N{NO-BREAK SPACE}%"
