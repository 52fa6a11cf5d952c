"""The map as shapes: boundaries projected once, coloured by class when a page is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson

FOLDER: Final = Path(__file__).parent / "boundaries"
WIDTH: Final = 640.0
TALLEST: Final = 560.0
MARGIN: Final = 6.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """One area on the map; `x`, `y` is where its label stands."""

    code: str
    name: str
    path: str
    x: float
    y: float
    wide: float


@dataclass(frozen=True, slots=True)
class MapPicture:
    """Shapes in one frame, in pixels."""

    width: float
    height: float
    shapes: tuple[Shape, ...]


@cache
def _features(name: str) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = orjson.loads((FOLDER / name).read_bytes())["features"]
    return features


@cache
def map_below(area: str) -> MapPicture | None:
    """The areas directly below `area`; None where there are no boundaries for them."""
    for name in ("batubara-kecamatan.geojson", "batubara-desa.geojson", "sumut-kabupaten.geojson"):
        features = [
            feature for feature in _features(name) if str(feature["properties"]["code"]).rpartition(".")[0] == area
        ]
        if features:
            return _drawn(features)
    return None


def _drawn(features: Sequence[dict[str, Any]]) -> MapPicture:
    rings = {feature["properties"]["code"]: list(_rings(feature["geometry"])) for feature in features}
    every = [point for group in rings.values() for ring in group for point in ring]
    west, east = min(lon for lon, _ in every), max(lon for lon, _ in every)
    south, north = min(lat for _, lat in every), max(lat for _, lat in every)
    # A district is small: one scale for its middle latitude distorts less than a pixel.
    shrink = math.cos(math.radians((south + north) / 2))
    scale = min((WIDTH - 2 * MARGIN) / ((east - west) * shrink), (TALLEST - 2 * MARGIN) / (north - south))
    width, height = (east - west) * shrink * scale + 2 * MARGIN, (north - south) * scale + 2 * MARGIN

    def place(point: Point) -> Point:
        return (point[0] - west) * shrink * scale + MARGIN, (north - point[1]) * scale + MARGIN

    shapes = []
    for feature in features:
        code, name = feature["properties"]["code"], feature["properties"]["name"]
        placed = [[place(point) for point in ring] for ring in rings[code]]
        largest = max(placed, key=lambda ring: abs(_area(ring)))
        x, y = _middle(largest)
        wide = max(point[0] for point in largest) - min(point[0] for point in largest)
        shapes.append(Shape(code, name, _path(placed), round(x, 1), round(y, 1), wide))
    return MapPicture(round(width, 1), round(height, 1), tuple(shapes))


def _rings(geometry: dict[str, Any]) -> Iterable[list[Point]]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for polygon in polygons:
        for ring in polygon:
            yield [(point[0], point[1]) for point in ring]


def _path(rings: Iterable[Sequence[Point]]) -> str:
    parts = []
    for ring in rings:
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in ring[:-1])
        parts.append(f"M{steps}Z")
    return "".join(parts)


def _area(ring: Sequence[Point]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) / 2


def _middle(ring: Sequence[Point]) -> Point:
    """The centre of mass of a ring; of one without area its first point."""
    area = _area(ring)
    if abs(area) < 1e-9:
        return ring[0]
    x = y = 0.0
    for (x1, y1), (x2, y2) in pairwise(ring):
        cross = x1 * y2 - x2 * y1
        x += (x1 + x2) * cross
        y += (y1 + y2) * cross
    return x / (6 * area), y / (6 * area)
