"""The map as shapes: boundaries projected once, coloured by class when a page is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

FOLDER: Final = Path(__file__).parent / "boundaries"
DESA_FILE: Final = "batubara-desa.geojson"
KECAMATAN_FILE: Final = "batubara-kecamatan.geojson"
PROVINCE_FILE: Final = "sumut-kabupaten.geojson"
WIDTH: Final = 640.0
TALLEST: Final = 560.0
MARGIN: Final = 6.0
SMALLEST_RING: Final = 1.5  # square pixels
SMALLEST_FRAMED: Final = 0.02  # of the land: smaller parts may lie outside the frame ...
MOST_SEA: Final = 0.5  # ... where it would be less than half as large without them
Point = tuple[float, float]


class Boundary(NamedTuple):
    """An area as closed rings of longitude and latitude."""

    code: str
    name: str
    rings: list[list[Point]]


@dataclass(frozen=True, slots=True)
class Shape:
    """One area on the map; `ring` is the outline of its largest part, `x`, `y` the middle of that."""

    code: str
    name: str
    path: str
    x: float
    y: float
    ring: tuple[Point, ...]


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
    for name in (DESA_FILE, PROVINCE_FILE):
        here = [
            Boundary(
                str(feature["properties"]["code"]), feature["properties"]["name"], list(_rings(feature["geometry"]))
            )
            for feature in _features(name)
        ]
        if name == DESA_FILE:
            below = [boundary for boundary in here if boundary.code.rpartition(".")[0] == area]
            here = below or _kecamatan(area, here)
        else:
            here = [boundary for boundary in here if boundary.code.rpartition(".")[0] == area]
        if here:
            return _drawn(here)
    return None


@cache
def map_of_desa(area: str) -> MapPicture | None:
    """All desa of a kabupaten in the frame of `map_below`, whose shapes can be laid over them; None without borders."""
    here = [
        Boundary(str(feature["properties"]["code"]), feature["properties"]["name"], list(_rings(feature["geometry"])))
        for feature in _features(DESA_FILE)
        if str(feature["properties"]["code"]).startswith(f"{area}.")
    ]
    return _drawn(here) if here and area.count(".") == 1 else None


def _kecamatan(area: str, desa: Sequence[Boundary]) -> list[Boundary]:
    """Kecamatan of `area` put together from their desa, whose borders are finer than those of the kecamatan file."""
    names = {str(item["properties"]["code"]): item["properties"]["name"] for item in _features(KECAMATAN_FILE)}
    return [
        Boundary(
            code, name, dissolve([ring for part in desa if part.code.startswith(f"{code}.") for ring in part.rings])
        )
        for code, name in names.items()
        if code.rpartition(".")[0] == area
    ]


def dissolve(rings: Iterable[Sequence[Point]]) -> list[list[Point]]:
    """The outline of areas that touch: a border between two of them runs once each way and falls out."""
    edges: dict[Point, list[Point]] = {}
    for ring in rings:
        clockwise = ring if _area(ring) > 0 else ring[::-1]
        for start, end in pairwise(clockwise):
            if start in edges.get(end, ()):
                edges[end].remove(start)
            else:
                edges.setdefault(start, []).append(end)
    outline: list[list[Point]] = []
    for start, ends in edges.items():
        while ends:
            ring = [start]
            while not (len(ring) > 1 and ring[-1] == start):
                ring.append(edges[ring[-1]].pop())
            outline.append(ring)
    return outline


def _drawn(boundaries: Sequence[Boundary]) -> MapPicture:
    every = [point for ring in _framed([ring for boundary in boundaries for ring in boundary.rings]) for point in ring]
    west, east = min(lon for lon, _ in every), max(lon for lon, _ in every)
    south, north = min(lat for _, lat in every), max(lat for _, lat in every)
    # A district is small: one scale for its middle latitude distorts less than a pixel.
    shrink = math.cos(math.radians((south + north) / 2))
    scale = min((WIDTH - 2 * MARGIN) / ((east - west) * shrink), (TALLEST - 2 * MARGIN) / (north - south))
    width, height = (east - west) * shrink * scale + 2 * MARGIN, (north - south) * scale + 2 * MARGIN

    def place(point: Point) -> Point:
        return round((point[0] - west) * shrink * scale + MARGIN, 1), round((north - point[1]) * scale + MARGIN, 1)

    shapes = []
    for boundary in boundaries:
        placed = [[place(point) for point in ring] for ring in boundary.rings]
        largest = max(placed, key=lambda ring: abs(_area(ring)))
        # Where two borders do not run through the same points, slivers are left; an islet of a pixel goes with them.
        placed = [ring for ring in placed if ring is largest or abs(_area(ring)) >= SMALLEST_RING]
        x, y = _middle(largest)
        shapes.append(Shape(boundary.code, boundary.name, _path(placed), round(x, 1), round(y, 1), tuple(largest)))
    return MapPicture(round(width, 1), round(height, 1), tuple(shapes))


def _framed(rings: Sequence[list[Point]]) -> list[list[Point]]:
    """The rings that the frame is drawn around: islets far out would make the land a spot in a corner of the sea."""
    area = sum(abs(_area(ring)) for ring in rings)
    land = [ring for ring in rings if abs(_area(ring)) >= SMALLEST_FRAMED * area]
    return land if land and _spread(land) < MOST_SEA * _spread(rings) else list(rings)


def _spread(rings: Sequence[Sequence[Point]]) -> float:
    """The extent of a frame around rings, in square degrees."""
    lon, lat = ([point[axis] for ring in rings for point in ring] for axis in (0, 1))
    return (max(lon) - min(lon)) * (max(lat) - min(lat))


def _rings(geometry: dict[str, Any]) -> Iterable[list[Point]]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for polygon in polygons:
        for ring in polygon:
            yield [(point[0], point[1]) for point in ring]


def _path(rings: Iterable[Sequence[Point]]) -> str:
    parts = []
    for ring in rings:
        kept = [point for point, following in pairwise(ring) if point != following]
        if len(kept) > 2:
            parts.append("M" + " ".join(f"{x:g},{y:g}" for x, y in kept) + "Z")
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
