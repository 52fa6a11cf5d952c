"""What a meeting can do about an area's figures: one line for each thing that the figures show, the urgent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.reporting.domain.figures import CAUTION_FROM
from services.reporting.domain.quality_ruleset import load
from services.reporting.domain.small_areas import StandingOut

NAMES_SHOWN: Final = 3
Row = Mapping[str, Any]


class Advice(NamedTuple):
    """A thing to do: its code, the counts and shares that call for it, and the areas it is about."""

    code: str
    counts: dict[str, int]
    share: float | None = None
    names: tuple[str, ...] = ()


def advise(summary: Row, below: Sequence[Row], out: StandingOut) -> list[Advice]:
    """Of an area, the areas directly `below` it and those that stand `out`. What is hidden calls for nothing."""
    rules = load().reasons
    found: list[Advice] = []
    if summary["target_children"] == 0:
        found.append(Advice("nobody_registered", {}))
    elif summary["both_measured"] == 0 and summary["target_children"] is not None:
        found.append(Advice("nobody_measured", {"n": summary["target_children"]}))
    if summary["urgent"]:
        found.append(Advice("urgent", {"n": summary["urgent"]}))
    suspected = summary["suspected"]
    if suspected and summary["lab_complete"] is not None and summary["lab_complete"] < suspected:
        found.append(Advice("lab", {"n": suspected - summary["lab_complete"], "m": suspected}))
    if suspected and summary["remeasured"] is not None and summary["remeasured"] < suspected:
        found.append(Advice("remeasure", {"n": suspected - summary["remeasured"]}))
    known = [row for row in below if row["coverage_both"] is not None]
    low = [row for row in known if row["coverage_both"] < CAUTION_FROM]  # in the order of codes: no ranking
    if low:
        names = tuple(row["name"] for row in low[:NAMES_SHOWN])
        found.append(Advice("coverage", {"n": len(low), "m": len(known)}, names=names))
    if out.higher:
        names = tuple(row["name"] for row in out.higher[:NAMES_SHOWN])
        found.append(Advice("stands_out", {"n": len(out.higher)}, names=names))
    if (summary["whole_cm_share"] or 0.0) > rules["whole_cm"].limits[0]:
        found.append(Advice("whole_cm", {}, share=summary["whole_cm_share"]))
    if summary["haz_flagged"] and (summary["flagged_share"] or 0.0) > rules["flagged"].limits[0]:
        found.append(Advice("flagged", {"n": summary["haz_flagged"]}))
    return found or [Advice("nothing", {})]
