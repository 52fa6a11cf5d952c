"""Where labels stand on a map: inside their own area where they fit, in the frame, and never upon another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from services.reporting.formats.map_svg import MapPicture, Point, Shape, map_below

LETTER: Final = 0.52  # width of a letter in the fonts of the page and of print, in font sizes
LINE_HEIGHT: Final = 1.1  # in font sizes
STEPS: Final = 17  # places tried along each side of an area
MOSTLY: Final = 0.7  # of a label inside its area: nobody takes it for a neighbour's
MARGIN: Final = 2.0  # pixels between two labels, and to the frame
PAGE_SIZE: Final = 13.0  # font size of shares on the page (page.css), in pixels of the map ...
PHONE_SIZE: Final = 19.0  # ... and on a phone, where the map is smaller than they are
LONGEST_SHARE: Final = "100,0 %"
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Box(NamedTuple):
    """What a label takes, in pixels, around its middle."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """Whether the two touch."""
        apart_x, apart_y = abs(self.x - other.x), abs(self.y - other.y)
        beside = apart_x >= (self.width + other.width) / 2 + MARGIN
        return not (beside or apart_y >= (self.height + other.height) / 2 + MARGIN)


class Label(NamedTuple):
    """The first of the texts wanted that found room; `x`, `y` is its middle."""

    text: str
    x: float
    y: float


def size_of(text: str, font_size: float) -> tuple[float, float]:
    """Width and height in pixels of a text of one or more lines, as far as can be said without the font."""
    lines = text.split("\n")
    return max(map(len, lines)) * LETTER * font_size, len(lines) * LINE_HEIGHT * font_size


def place_labels(
    picture: MapPicture,
    wanted: Mapping[str, Sequence[str]],
    font_size: float,
    taken: Iterable[Box] = (),
    least_inside: float = 0.0,
) -> dict[str, Label]:
    """Labels by code. `wanted`: the texts that would do, the best first, the last one a makeshift.

    Who holds its label wholly comes first, the smallest area before the others: it has the least choice. Who finds no
    room with its middle and `least_inside` of the label in the area has none.
    """
    boxes = list(taken)
    found: dict[str, Label] = {}
    shapes = sorted((shape for shape in picture.shapes if wanted.get(shape.code)), key=_extent)
    for share in (1.0, MOSTLY, least_inside):
        for shape in shapes:
            texts = wanted[shape.code] if share == least_inside else wanted[shape.code][:-1] or wanted[shape.code]
            for text in () if shape.code in found or share < least_inside else texts:
                box = _room(picture, shape, size_of(text, font_size), boxes, share)
                if box is not None:
                    boxes.append(box)
                    found[shape.code] = Label(text, box.x, box.y)
                    break
    return found


class SharePlace(NamedTuple):
    """Where the share of an area stands on the page; `tight`: not on a phone."""

    x: float
    y: float
    tight: bool


@cache
def places_of_shares(area: str) -> dict[str, SharePlace]:
    """Of the areas below `area`, by code: those that find room, first at a phone's size, then at that of the page."""
    picture = map_below(area)
    if picture is None:
        return {}
    wanted = {shape.code: [LONGEST_SHARE] for shape in picture.shapes}
    roomy = place_labels(picture, wanted, PHONE_SIZE, least_inside=MOSTLY)
    taken = [Box(label.x, label.y, *size_of(label.text, PHONE_SIZE)) for label in roomy.values()]
    rest = {code: texts for code, texts in wanted.items() if code not in roomy}
    tight = place_labels(picture, rest, PAGE_SIZE, taken)
    return {
        code: SharePlace(label.x, label.y, tight=code in tight)
        for labels in (roomy, tight)
        for code, label in labels.items()
    }


def _room(
    picture: MapPicture, shape: Shape, size: tuple[float, float], taken: Sequence[Box], least_inside: float
) -> Box | None:
    """The free place with most of the label inside the area, the nearest to its middle."""
    ring = np.array(shape.ring)
    tried = _grid(ring, (shape.x, shape.y))
    tried = tried[_inside(tried, ring)]
    half = np.array(size) / 2
    # Points of the label's edge and middle, of every place tried.
    reach = np.array([(across, down) for across in (-1, -0.5, 0, 0.5, 1) for down in (-1, 0, 1)]) * half
    held = _inside((tried[:, None, :] + reach).reshape(-1, 2), ring).reshape(len(tried), -1).mean(axis=1)
    away = np.hypot(*(tried - (shape.x, shape.y)).T)
    for at in np.lexsort((away, -held.round(1))):
        if held[at] < least_inside:
            continue
        box = Box(round(float(tried[at, 0]), 1), round(float(tried[at, 1]), 1), *size)
        if _is_in(picture, box) and not any(box.meets(other) for other in taken):
            return box
    return None


def _is_in(picture: MapPicture, box: Box) -> bool:
    across, down = box.width / 2 + MARGIN, box.height / 2 + MARGIN
    return across <= box.x <= picture.width - across and down <= box.y <= picture.height - down


def _extent(shape: Shape) -> float:
    x, y = np.array(shape.ring).T
    return float(np.ptp(x) * np.ptp(y))


def _grid(ring: Array, middle: Point) -> Array:
    low, high = ring.min(axis=0), ring.max(axis=0)
    x, y = (np.linspace(low[axis], high[axis], STEPS + 2)[1:-1] for axis in (0, 1))
    grid = np.array(np.meshgrid(x, y)).reshape(2, -1).T
    return np.vstack([middle, grid])


def _inside(points: Array, ring: Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which points lie in the ring: a ray from them to the right crosses it an odd number of times."""
    start, end = ring, np.roll(ring, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    crosses = (start[:, 1] > y) != (end[:, 1] > y)
    slope = (end[:, 0] - start[:, 0]) / np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    left_of = x < start[:, 0] + (y - start[:, 1]) * slope
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]] = (crosses & left_of).sum(axis=1) % 2 == 1
    return inside
