"""Changes between two months as a matrix of whole numbers that adds up over areas, whatever area is asked about.

A row is children who counted alike in both months: where (none = 0), with which marks, and what their facts say of the
months (`Past`). It tells of no area in particular, so each area has its own reasons from the same rows. A child that
moved is in the rows of both its areas; brought together, it is in those of the area where it counts in the later month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from services.reporting.domain.change_terms import Fraction
from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.facts import Place
from services.reporting.domain.figures import RATES
from services.reporting.domain.tallies import COUNTED_LEVEL, Tally, added_up, area_above
from services.reporting.domain.why_changed import INDEX_OF, Came, Counted, Left, Past, reason_of

Rows = NDArray[np.int32]
# A place is two numbers: 121905 of a kecamatan 12.19.05 (121900 of a kabupaten) and 2004 of its desa (0 = not told).
COLUMNS: Final = (
    *("was", "was_desa", "became", "became_desa", "marks_before", "marks_after"),
    *("left", "left_home", "left_desa", "came", "came_home", "came_desa", "children"),
)
_PLACES: Final = tuple(COLUMNS.index(name) for name in ("was", "became", "left_home", "came_home"))
_WAS, _BECAME, _LEFT_HOME, _CAME_HOME = _PLACES
_BEFORE, _AFTER, _LEFT, _CAME = (COLUMNS.index(name) for name in ("marks_before", "marks_after", "left", "came"))
_LEFTS: Final = get_args(Left)  # numbered from 1; 0 = no fact
_CAMES: Final = get_args(Came)
_PLACE: Final = Place("", ""), Place("here", "")  # elsewhere and here: all that a reason asks of a home
MEASURED: Final = sum(MARK_BITS[f"{index}_measured"] for index in sorted(set(INDEX_OF.values())))
TOLD: Final = (
    MEASURED
    | sum(MARK_BITS[f"{index}_flagged"] for index in sorted(set(INDEX_OF.values())))
    | sum(MARK_BITS[RATES[name][0]] for name in INDEX_OF)
)


KindOfChange = tuple[str, Counted, Counted, int]  # reason, how each child counts before and after, how many


class Between(NamedTuple):
    """An indicator of an area in two months, and the children who count otherwise."""

    before: Fraction
    after: Fraction
    changes: list[KindOfChange]


def rows_of(kinds: Iterable[tuple[str | None, str | None, int, int, Past | None, int]], area_code: str) -> Rows:
    """From (desa before, desa after, marks before, marks after, past, children) of a kecamatan.

    Places of other kabupaten are told no finer than those.
    """
    rows = []
    for was, became, before, after, past, children in kinds:
        if before or after:
            left, left_home, came, came_home = past if past is not None else (None, None, None, None)
            rows.append(
                (
                    *(*_spot(was), *_spot(became), before, after),
                    *(_LEFTS.index(left) + 1 if left else 0, *_spot(left_home.desa_code if left_home else None)),
                    *(_CAMES.index(came) + 1 if came else 0, *_spot(came_home.desa_code if came_home else None)),
                    children,
                )
            )
    table = np.array(rows, np.int32).reshape(-1, len(COLUMNS))
    kabupaten = _spot(area_above(area_code))[0] // 100
    for column in _PLACES:
        _tell_coarsely(table, column, 100, table[:, column] // 100 != kabupaten)
    return added_up({area_code: Tally((), table)}).counts


def brought_together(below: Mapping[str, Tally]) -> Tally:
    """Rows of the area above those `below`, told by kabupaten and above by provinsi."""
    parent = area_above(next(iter(below)))
    kept = {}
    for code, tally in below.items():
        was, became = _is_inside(tally.counts, _WAS, code), _is_inside(tally.counts, _BECAME, code)
        rows = tally.counts[became | (was & ~_is_inside(tally.counts, _BECAME, parent))].copy()
        for column in _PLACES:
            _tell_coarsely(rows, column, 100 if parent.count(".") else 10_000, np.ones(len(rows), bool))
        kept[code] = Tally((), rows)
    return added_up(kept)


def between_of(tally: Tally, code: str, indicator: str) -> Between:
    """What the rows say of the area `code`: that of the tally, or a desa of its kecamatan."""
    rows = tally.counts
    finding, measured = (MARK_BITS[name] for name in RATES[indicator])
    bits = finding, measured, MARK_BITS[f"{INDEX_OF[indicator]}_flagged"]
    looks, elsewhere = [], []
    for place, marks in ((_WAS, _BEFORE), (_BECAME, _AFTER)):
        here = _is_inside(rows, place, code)
        looks.append([here & (rows[:, marks] & bit != 0) for bit in bits])
        elsewhere.append(~here & (rows[:, place] != 0))
    before, after = (Fraction(*(int(rows[counts, -1].sum(dtype=np.int64)) for counts in look[:2])) for look in looks)
    differs = (looks[0][0] != looks[1][0]) | (looks[0][1] != looks[1][1])
    homes = [_is_inside(rows, column, code) for column in (_LEFT_HOME, _CAME_HOME)]
    told = np.column_stack((*looks[0], *looks[1], *elsewhere, rows[:, _LEFT], homes[0], rows[:, _CAME], homes[1]))
    kinds = added_up({code: Tally((), np.column_stack((told, rows[:, -1]))[differs])})
    return Between(before, after, [_judged(*kind) for kind in kinds.counts.tolist()])


def _judged(*kind: int) -> KindOfChange:
    *counts, was_elsewhere, is_elsewhere, left, left_inside, came, came_inside, children = kind
    before, after = (Counted(numerator, denominator, bool(flagged)) for numerator, denominator, flagged in
                     (counts[:3], counts[3:]))  # fmt: skip
    past = None
    if left and came:
        past = Past(_LEFTS[left - 1], _PLACE[left_inside], _CAMES[came - 1], _PLACE[came_inside])
    away = bool(was_elsewhere), bool(is_elsewhere)
    return reason_of(before, after, away, past, _PLACE[1].__eq__), before, after, children


def _spot(code: str | None) -> tuple[int, int]:
    """The numbers of a place, from the code of any area."""
    if code is None:
        return 0, 0
    parts = [int(part) for part in code.split(".")]
    above, desa = parts[:COUNTED_LEVEL], parts[COUNTED_LEVEL:]
    return sum(part * 100 ** (COUNTED_LEVEL - 1 - at) for at, part in enumerate(above)), desa[0] if desa else 0


def _is_inside(rows: Rows, column: int, code: str) -> NDArray[np.bool_]:
    level = code.count(".") + 1
    above, desa = _spot(code)
    size = 100 ** max(0, COUNTED_LEVEL - level)
    inside: NDArray[np.bool_] = rows[:, column] // size == above // size
    return inside & (rows[:, column + 1] == desa) if level > COUNTED_LEVEL else inside


def _tell_coarsely(rows: Rows, column: int, size: int, which: NDArray[np.bool_]) -> None:
    """Of `which` rows, the place of a column with no more than what lies above `size`."""
    rows[which, column] = rows[which, column] // size * size
    rows[which, column + 1] = 0
