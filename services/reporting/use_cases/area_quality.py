"""The quality of an area's measuring: grade, reasons with what to do next, measures; of itself and of those below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.reporting.domain.areas import UNMAPPED, Entry, Tree
from services.reporting.domain.quality_counts import summed
from services.reporting.domain.quality_measures import measures
from services.reporting.domain.quality_ruleset import GRADES, QualityRules, words
from services.reporting.store.posyandu_quality import Judged, read_area
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import Question, compare, find_area
from shared.calendar import format_month
from shared.postgres.pool import Connection

FIGURES: Final = ("code", "name", "level", "target_children", "measured_children", "both_measured", "coverage",
                  "coverage_both", "quality_grade")  # fmt: skip
COVERAGE: Final = "coverage"
COVERAGE_TEXT: Final = {
    "text": {"id": "Terlalu sedikit anak ditimbang dan diukur.", "en": "Too few children are weighed and measured."},
    "next": {
        "id": "Kunjungi anak yang tidak datang; bandingkan sasaran dengan register.",
        "en": "Visit the children who did not come; compare the target with the register.",
    },
}


async def area_quality(connection: Connection, asked: Question, rules: QualityRules) -> dict[str, Any]:
    """Of the area and of those directly below. Reasons and measures only for those who see exact figures, and of now.

    A past `as_of` is graded by what the versions of that day hold: coverage, flagged scores, whole centimetres.
    """
    figures = await compare(connection, asked)
    tree, entry = await find_area(connection, asked.code, asked.period)
    own, below = figures.pop("total"), figures.pop("rows")
    told = {**figures, "rules_version": rules.version}
    if not asked.exact or asked.as_of is not None:
        basis = "sums" if asked.as_of is None else "versions"
        return {**told, "basis": basis, **_figures(own), "rows": [_figures(row) for row in below]}
    judged = await read_area(connection, where_of(entry), asked.period.first, asked.period.last_month)
    by_code: dict[str, list[Judged]] = {}
    for row in judged:
        by_code.setdefault(_code_below(tree, entry, row), []).append(row)
    return {
        **told,
        "basis": "measurements",
        **_told(own, judged, rules, each=entry.entry == "posyandu"),
        "rows": [_told(row, by_code.get(row["code"], []), rules) for row in below],
    }


def _code_below(tree: Tree, entry: Entry, row: Judged) -> str:
    """Which row of a comparison a posyandu-month belongs to."""
    if entry.entry != "area":
        return entry.code
    if entry.level in {"desa", "kelurahan"}:
        return row.key.posyandu_code or UNMAPPED
    return tree.child_area_of(entry.code, row.key.desa_code)


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in FIGURES}


def _told(
    row: Mapping[str, Any], judged: Sequence[Judged], rules: QualityRules, *, each: bool = False
) -> dict[str, Any]:
    children = dict.fromkeys(GRADES, 0)
    for one in judged:
        children[GRADES[one.grade]] += one.children
    return {
        **_figures(row),
        "children_by_grade": children,
        "reasons": [*_coverage(row, rules), *_reasons(judged, rules, each=each)],
        "measures": measures(summed([one.counts for one in judged])),
    }


def _coverage(row: Mapping[str, Any], rules: QualityRules) -> list[dict[str, Any]]:
    """Coverage as a reason, where the area has any children and falls short."""
    share = row["coverage_both"]
    short = 0 if share is None else sum(share < limit for limit in rules.coverage_at_least)
    if not short:
        return []
    return [
        {
            "code": COVERAGE,
            "grade": GRADES[short],
            "value": share,
            "limit": rules.coverage_at_least[short - 1],
            "n": row["target_children"],
            **words(COVERAGE_TEXT),
        }
    ]


def _reasons(judged: Iterable[Judged], rules: QualityRules, *, each: bool) -> list[dict[str, Any]]:
    """By kind, the gravest first: in how many posyandu and of how many children; with `each`, every month's finding."""
    found: dict[str, list[tuple[Judged, dict[str, Any]]]] = {}
    for row in judged:
        for reason in row.reasons:
            found.setdefault(reason["code"], []).append((row, reason))
    told = []
    for code, rows in found.items():
        rule = rules.reasons.get(code)
        if rule is None:  # of a version that is being judged anew
            continue
        one = {
            "code": code,
            "grade": max(reason["grade"] for _, reason in rows),
            "posyandu": len({row.key.posyandu_code or row.key.desa_code for row, _ in rows}),
            "children": sum(row.children for row, _ in rows),
            **rule.words(),
            "source": rule.source,
            "status": rule.status,
        }
        if each:
            one["found"] = [
                {"month": format_month(row.key.month), **{k: v for k, v in reason.items() if k != "code"}}
                for row, reason in rows
            ]
        told.append(one)
    return sorted(told, key=lambda one: (-GRADES.index(one["grade"]), one["code"]))
