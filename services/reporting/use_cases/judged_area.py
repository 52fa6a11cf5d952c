"""What is judged of an area, from its posyandu-months or from their sums, in the words of an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.reporting.domain.quality_counts import Counts, summed
from services.reporting.domain.quality_pool import COLUMNS, numbers_of, pooled_reasons
from services.reporting.domain.quality_ruleset import GRADES, QualityRules
from services.reporting.domain.quality_sums import KecamatanSum
from services.reporting.store.posyandu_quality import Judged
from shared.calendar import format_month


class Found(NamedTuple):
    """What is judged of an area: children by grade A to D, reasons by kind, summed counts.

    `few` = children in posyandu-months that are too small to judge; posyandu-months; those too small.
    """

    graded: Sequence[int]
    few: Sequence[int]
    reasons: list[dict[str, Any]]
    counts: Counts  # none of a past day
    pooled: Mapping[str, int]  # by COLUMNS


NOTHING: Final = Found([0] * len(GRADES), [0, 0, 0], [], {}, {})


def told(found: Found, rules: QualityRules) -> dict[str, Any]:
    """As an answer and a report tell it: how many are judged, and the reasons, the gravest first."""
    children, posyandu_months, too_small = found.few
    return {
        "children_by_grade": dict(zip(GRADES, found.graded, strict=True)),
        "children_not_judged": children,
        "posyandu_months_judged": posyandu_months - too_small,
        "posyandu_months_not_judged": too_small,
        "reasons": _gravest_first(_with_pooled(found, rules)),
    }


def of_sum(one: KecamatanSum, rules: QualityRules) -> Found:
    """Of a sum of kecamatan."""
    reasons = [
        _reason(code, rules, grade, posyandu, children)
        for code, (grade, children, posyandu) in one.reasons.items()
        if code in rules.reasons  # else of a version that is being judged anew
    ]
    return Found(one.graded, one.few, reasons, one.counts, _pooled(one.counts))


def of_judged(judged: Sequence[Judged], rules: QualityRules, *, each: bool = False) -> Found:
    """Of posyandu-months; with `each` every month's finding."""
    graded = [0] * len(GRADES)
    for one in judged:
        if one.grade is not None:
            graded[one.grade] += one.children
    small = [one.children for one in judged if one.grade is None]
    few = (sum(small), len(judged), len(small))
    counts = summed([one.counts for one in judged])
    reasons = _reasons(judged, rules, each=each)
    if counts.keys() <= set(COLUMNS):  # of a past day
        return Found(graded, few, reasons, {}, counts)
    return Found(graded, few, reasons, counts, _pooled(counts))


def _pooled(counts: Counts) -> dict[str, int]:
    return dict(zip(COLUMNS, numbers_of(counts), strict=True)) if counts else {}


def _with_pooled(found: Found, rules: QualityRules) -> list[dict[str, Any]]:
    """Reasons of posyandu, and what all children of the area show together beside them: `pooled`, else null."""
    told = {one["code"]: one | {"pooled": None} for one in found.reasons}
    for reason in pooled_reasons(rules, found.pooled):
        one = told.setdefault(reason.code, _reason(reason.code, rules, reason.grade, 0, 0))
        one["grade"] = max(one["grade"], reason.grade)
        one["pooled"] = {name: value for name, value in reason._asdict().items() if name != "code"}
    return list(told.values())


def _reasons(judged: Iterable[Judged], rules: QualityRules, *, each: bool) -> list[dict[str, Any]]:
    """By kind, the gravest first: in how many posyandu and of how many children; with `each`, every month's finding."""
    found: dict[str, list[tuple[Judged, dict[str, Any]]]] = {}
    for row in judged:
        for reason in row.reasons:
            found.setdefault(reason["code"], []).append((row, reason))
    told = []
    for code, rows in found.items():
        if code not in rules.reasons:  # of a version that is being judged anew
            continue
        grade = max(reason["grade"] for _, reason in rows)
        posyandu = len({row.key.posyandu_code or row.key.desa_code for row, _ in rows})
        one = _reason(code, rules, grade, posyandu, sum(row.children for row, _ in rows))
        if each:
            one["found"] = [
                {"month": format_month(row.key.month), **{k: v for k, v in reason.items() if k != "code"}}
                for row, reason in rows
            ]
        told.append(one)
    return told


def _reason(code: str, rules: QualityRules, grade: str, posyandu: int, children: int) -> dict[str, Any]:
    rule = rules.reasons[code]
    about = {"source": rule.source, "status": rule.status}
    return {"code": code, "grade": grade, "posyandu": posyandu, "children": children, **rule.words(), **about}


def _gravest_first(reasons: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(reasons, key=lambda one: (-GRADES.index(one["grade"]), one["code"]))
