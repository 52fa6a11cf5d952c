"""The quality of an area's measuring: grade, reasons with what to do next, measures; of itself and of those below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.reporting.domain.areas import UNMAPPED, Entry, Tree, level_of
from services.reporting.domain.quality_measures import measures
from services.reporting.domain.quality_ruleset import GRADES, QualityRules, words
from services.reporting.domain.quality_sums import KecamatanSum, merged, reasons_of
from services.reporting.store import quality_history, quality_sums
from services.reporting.store.posyandu_quality import Judged, read_area
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import Question, compare_within
from services.reporting.use_cases.judged_area import NOTHING, Found, of_judged, of_sum, told
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


async def area_quality(
    connection: Connection, tree: Tree, entry: Entry, asked: Question, rules: QualityRules
) -> dict[str, Any]:
    """Of the area and of those directly below. Reasons only for those who see exact figures, measures only of now.

    A past `as_of` is told as it was judged then; of days before that was kept the grade is by what the versions hold:
    coverage, flagged scores, whole centimetres.
    """
    figures = await compare_within(connection, tree, entry, asked)
    own, below = figures.pop("total"), figures.pop("rows")
    about = {**figures, "rules_version": rules.version}
    judged: list[Judged] = []
    if asked.exact and asked.as_of is not None:
        dates = (asked.period.first, asked.period.last_month, asked.as_of)
        judged = await quality_history.read_as_of(connection, where_of(entry), *dates)
    if not asked.exact or (asked.as_of is not None and not judged):
        basis = "sums" if asked.as_of is None or "released_on" in about else "versions"
        return {**about, "basis": basis, **_figures(own), "rows": [_figures(row) for row in below]}
    basis = "measurements" if asked.as_of is None else "judgements"
    if judged:
        about["rules_version"] = max(one.rules_version for one in judged)
        found, by_code = _of_places(judged, rules, tree, entry)
    elif _level(tree, entry) in SUMMED_LEVELS and await quality_sums.are_kept(connection):
        found, by_code = await _of_sums(connection, asked, rules)
    else:
        judged = await read_area(connection, where_of(entry), asked.period.first, asked.period.last_month)
        found, by_code = _of_places(judged, rules, tree, entry)
    areas = [(own, found), *((row, by_code.get(row["code"], NOTHING)) for row in below)]
    measured = measures([of_area.counts for _, of_area in areas])
    whole, *rows = [
        _told(row, of_area, rules) | {"measures": told_of}
        for (row, of_area), told_of in zip(areas, measured, strict=True)
    ]
    return {**about, "basis": basis, **whole, "rows": rows}


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
    below = {code: merged(code, some, owners) for code, some in by_code.items()}
    # A posyandu that children of two kecamatan visit counts once: only then each kecamatan is looked at again.
    whole = merged(asked.code, list(below.values()), {})
    if any(one.elsewhere for one in sums):
        whole = whole._replace(reasons=reasons_of(sums, owners))
    return of_sum(whole, rules), {code: of_sum(one, rules) for code, one in below.items()}


def _of_places(
    judged: Sequence[Judged], rules: QualityRules, tree: Tree, entry: Entry
) -> tuple[Found, dict[str, Found]]:
    """Of each judged posyandu-month."""
    by_code: dict[str, list[Judged]] = {}
    for row in judged:
        by_code.setdefault(_code_below(tree, entry, row), []).append(row)
    below = {code: of_judged(some, rules) for code, some in by_code.items()}
    return of_judged(judged, rules, each=entry.entry == "posyandu"), below


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
    judged = told(found, rules)
    judged["reasons"] = [*_coverage(row, rules), *judged["reasons"]]
    return {**_figures(row), **judged}


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
