"""A release: what is told outside of a period of several kabupaten of a provinsi, once and for good.

What comes in afterwards changes nothing in it. So no two answers have a difference, whenever they are asked, and
what is hidden has to withstand no more than the one table. Kabupaten of one provinsi released at different times
are tables of their own: each hides by itself, and the provinsi shows the sum of those totals that are all shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.reporting.domain.areas import Tree
from services.reporting.domain.periods import Period

TOP: Final = ""  # what the provinsi of a release lies below


@dataclass(slots=True)
class Batch:
    """One release in the making: the areas of a period, what they add up to, and what of it is hidden so far.

    `below`: codes of the areas directly below each one, from the provinsi ({TOP: [provinsi]}) to the kecamatan, in the
    order of going down, siblings by code. `belongs`: of each desa all areas that it counts in, itself included, from
    the provinsi on. `sums`: by area, in the order of `columns`. `hidden`: by area, names of counts.
    """

    provinsi: str
    period: Period
    tree: Tree
    below: Mapping[str, Sequence[str]]
    belongs: Mapping[str, Sequence[str]]
    columns: Sequence[str]
    sums: Mapping[str, npt.NDArray[np.int64]]
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def kabupaten(self) -> Sequence[str]:
        """The kabupaten that the release tells of."""
        return self.below[self.provinsi]

    def families(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Each area and those directly below it, from the top (TOP and the provinsi) down."""
        yield from self.below.items()

    def siblings_of(self, parent: str) -> list[tuple[int | None, str]]:
        """Official target and code of the areas below one: what their fixed order is made of."""
        return [(self.tree.official_target(code), code) for code in self.below[parent]]


@dataclass(frozen=True, slots=True)
class Released:
    """An area of a release, as it is kept: `sums` by name (whole), names of `hidden` counts; the rest as json holds it.

    None: not part of this release, or not asked for.
    """

    area_code: str
    parent_code: str
    sums: Mapping[str, int]
    hidden: frozenset[str]
    groups: Any = None
    counted: Any = None
    changes: Any = None
    growth: Any = None
    days: Any = None
