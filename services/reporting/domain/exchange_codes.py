"""Codes of another system beside ours, and the names that DHIS2 and ADX have for a period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, NamedTuple

from services.reporting.domain.figures import COUNTS
from services.reporting.domain.periods import MONTH, Period

CodeKind = Literal["orgUnit", "dataElement", "dataSet"]
DATA_SET: Final = "tumbuh"  # our name of the set that all counts belong to
# Whole numbers of children. What waits to be judged is no figure of a period.
ELEMENTS: Final = tuple(name for name in COUNTS if name != "pending")
MONTHS_AS_DURATION: Final[Mapping[int, str]] = {1: "P1M", 3: "P3M", 6: "P6M", 12: "P1Y"}


class ExchangeCode(NamedTuple):
    """`theirs` is what another system calls `ours`; None = as we do."""

    kind: CodeKind
    ours: str
    theirs: str | None
    valid_from: date


@dataclass(frozen=True, slots=True)
class CodeBook:
    """Their codes by kind and ours; what is not in it keeps our code, but for the data set, which is then not named."""

    theirs: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of(self, kind: CodeKind, ours: str) -> str:
        """What they call it."""
        return self.theirs.get((kind, ours), ours)

    @property
    def data_set(self) -> str | None:
        """What they call the set of all counts, if it was ever said."""
        return self.theirs.get(("dataSet", DATA_SET))


def code_book(codes: Iterable[ExchangeCode]) -> CodeBook:
    """The book of `codes` in force."""
    return CodeBook({(code.kind, code.ours): code.theirs for code in codes if code.theirs is not None})


def doubled(codes: Iterable[tuple[str, str | None]]) -> list[str]:
    """Of (kind, theirs) those that stand for more than one of ours: one value would overwrite the other."""
    counted = Counter((kind, theirs) for kind, theirs in codes if theirs is not None and kind != "dataSet")
    return sorted(theirs for (_, theirs), times in counted.items() if times > 1)


def dhis2_period(period: Period) -> str:
    """`202604`, `2026Q2`, `2026S1`, `2026`."""
    return f"{period.first:%Y%m}" if period.months == MONTH else str(period).replace("-", "")


def adx_period(period: Period) -> str:
    """Start and length by ISO 8601: `2026-04-01/P1M`, `…/P3M`, `…/P6M`, `2026-01-01/P1Y`."""
    return f"{period.first.isoformat()}/{MONTHS_AS_DURATION[period.months]}"
