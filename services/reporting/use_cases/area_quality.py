"""The quality of an area's measuring: grade, reasons with what to do next, measures; of itself and of those below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.reporting.domain.areas import UNMAPPED, Entry, Tree, level_of
from services.reporting.domain.quality_counts import Counts, summed
from services.reporting.domain.quality_measures import measures
from services.reporting.domain.quality_ruleset import GRADES, QualityRules, words
from services.reporting.domain.quality_sums import Codes, KecamatanSum, posyandu_of
from services.reporting.store import quality_sums
from services.reporting.store.posyandu_quality import Judged, read_area
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import Question, compare_within
from shared.calendar import format_month
from shared.postgres.pool import Connection

FIGURES: Final = ("code", "name", "level", "target_children", "measured_children", "both_measured", "coverage",
                  "coverage_both", "quality_grade")  # fmt: skip
SUMMED_LEVELS: Final = ("provinsi", "kabupaten")  # what lies below a kecamatan is told by posyandu
COVERAGE: Final = "coverage"
COVERAGE_TEXT: Final = {
    "text": {"id": "Terlalu sedikit anak ditimbang dan diukur.", "en": "Too few children are weighed and measured."},
    "next": {
        "id": "Kunjungi anak yang tidak datang; bandingkan sasaran dengan register.",
        "en": "Visit the children who did not come; compare the target with the register.",
    },
}


class Found(NamedTuple):
    """What is judged of an area: children by grade A to D, reasons by kind, summed counts."""

    graded: Sequence[int]
    reasons: list[dict[str, Any]]
    counts: Counts


async def area_quality(
    connection: Connection, tree: Tree, entry: Entry, asked: Question, rules: QualityRules
) -> dict[str, Any]:
    """Of the area and of those directly below. Reasons and measures only for those who see exact figures, and of now.

    A past `as_of` is graded by what the versions of that day hold: coverage, flagged scores, whole centimetres.
    """
    figures = await compare_within(connection, tree, entry, asked)
    own, below = figures.pop("total"), figures.pop("rows")
    told = {**figures, "rules_version": rules.version}
    if not asked.exact or asked.as_of is not None:
        basis = "sums" if asked.as_of is None else "versions"
        return {**told, "basis": basis, **_figures(own), "rows": [_figures(row) for row in below]}
    if _level(tree, entry) in SUMMED_LEVELS and await quality_sums.are_kept(connection):
        found, by_code = await _of_sums(connection, asked, rules)
    else:
        found, by_code = await _of_rows(connection, asked, rules, tree, entry)
    nothing = Found([0] * len(GRADES), [], {})
    return {
        **told,
        "basis": "measurements",
        **_told(own, found, rules),
        "rows": [_told(row, by_code.get(row["code"], nothing), rules) for row in below],
    }


def _level(tree: Tree, entry: Entry) -> str | None:
    """The level of an area below which everything belongs where its code says."""
    return level_of(entry.code) if entry.entry == "area" and tree.is_as_coded(entry.code) else None


async def _of_sums(connection: Connection, asked: Question, rules: QualityRules) -> tuple[Found, dict[str, Found]]:
    """Of the sums that are kept by kecamatan: of the area, and of the areas directly below it."""
    sums = await quality_sums.read_sums(connection, asked.code, asked.period)
    owners = await quality_sums.owners(connection, sums, asked.period)
    parts = asked.code.count(".") + 2
    by_code: dict[str, list[KecamatanSum]] = {}
    for one in sums:
        by_code.setdefault(".".join(one.kecamatan_code.split(".")[:parts]), []).append(one)
    below = {
        code: _of_some(some, owners, rules, summed([one.counts for one in some])) for code, some in by_code.items()
    }
    return _of_some(sums, owners, rules, summed([one.counts for one in below.values()])), below


def _of_some(sums: Sequence[KecamatanSum], owners: Mapping[str, Codes], rules: QualityRules, counts: Counts) -> Found:
    graded = [sum(some) for some in zip(*(one.graded for one in sums), strict=True)] or [0] * len(GRADES)
    grades: dict[str, str] = {}
    children: dict[str, int] = {}
    for one in sums:
        for code, (grade, of_children, _) in one.reasons.items():
            grades[code] = max(grades.get(code, grade), grade)
            children[code] = children.get(code, 0) + of_children
    reasons = [
        _reason(code, rules, grades[code], posyandu_of(sums, code, owners), children[code])
        for code in grades
        if code in rules.reasons  # else of a version that is being judged anew
    ]
    return Found(graded, _gravest_first(reasons), counts)


async def _of_rows(
    connection: Connection, asked: Question, rules: QualityRules, tree: Tree, entry: Entry
) -> tuple[Found, dict[str, Found]]:
    """Of each judged posyandu-month."""
    judged = await read_area(connection, where_of(entry), asked.period.first, asked.period.last_month)
    by_code: dict[str, list[Judged]] = {}
    for row in judged:
        by_code.setdefault(_code_below(tree, entry, row), []).append(row)
    below = {code: _of_judged(some, rules) for code, some in by_code.items()}
    return _of_judged(judged, rules, each=entry.entry == "posyandu"), below


def _of_judged(judged: Sequence[Judged], rules: QualityRules, *, each: bool = False) -> Found:
    graded = [0] * len(GRADES)
    for one in judged:
        graded[one.grade] += one.children
    return Found(graded, _reasons(judged, rules, each=each), summed([one.counts for one in judged]))


def _code_below(tree: Tree, entry: Entry, row: Judged) -> str:
    """Which row of a comparison a posyandu-month belongs to."""
    if entry.entry != "area":
        return entry.code
    if entry.level in {"desa", "kelurahan"}:
        return row.key.posyandu_code or UNMAPPED
    return tree.child_area_of(entry.code, row.key.desa_code)


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in FIGURES}


def _told(row: Mapping[str, Any], found: Found, rules: QualityRules) -> dict[str, Any]:
    return {
        **_figures(row),
        "children_by_grade": dict(zip(GRADES, found.graded, strict=True)),
        "reasons": [*_coverage(row, rules), *found.reasons],
        "measures": measures(found.counts),
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
    return _gravest_first(told)


def _reason(code: str, rules: QualityRules, grade: str, posyandu: int, children: int) -> dict[str, Any]:
    rule = rules.reasons[code]
    about = {"source": rule.source, "status": rule.status}
    return {"code": code, "grade": grade, "posyandu": posyandu, "children": children, **rule.words(), **about}


def _gravest_first(reasons: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(reasons, key=lambda one: (-GRADES.index(one["grade"]), one["code"]))
