"""The seven tables of data quality of a set of children, overall and by team, as text.

Columns, rows and order are those of tests/data/golden/dq_out_*: an analyst who knows nipnTK and mwana finds the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from services.reporting.domain.quality_metrics.ages import (
    HEAPING_DIVISORS,
    age_ratio,
    age_structure,
    heaping_counts,
    sex_ratio,
    whole_months,
)
from services.reporting.domain.quality_metrics.count_tests import equal_counts
from services.reporting.domain.quality_metrics.digits import DIGITS, digit_preference_score, last_digits
from services.reporting.domain.quality_metrics.distribution import (
    Distribution,
    beyond_fences,
    distribution,
    fences,
    smart_flags,
    unlikely_pairs,
    who_flags,
)
from services.reporting.domain.quality_metrics.groups import Floats, Ints, one_group, tally
from services.reporting.domain.quality_metrics.smart_score import (
    Criteria,
    class_names,
    classes_of,
    digit_class,
    smart_score,
)
from services.reporting.formats.printed import printed, round_tenths

OVERALL: Final = "overall"
INDICES: Final = ("haz", "waz", "whz")
# As read and printed: name, decimals. MUAC is shown both ways; its last digit is the same.
MEASURED: Final = (("weight", 1), ("height", 1), ("muac_mm", 0), ("muac_cm", 1))
Row = list[str]


@dataclass(frozen=True, slots=True)
class Children:
    """Columns of equal length; NaN = missing. `sex` by `shared.growth.codes.Sex`, `muac_mm` in millimetres."""

    row_id: npt.NDArray[np.str_]
    team: npt.NDArray[np.str_]
    sex: npt.NDArray[np.int8]
    age_months: Floats
    weight: Floats
    height: Floats
    muac_mm: Floats
    haz: Floats
    waz: Floats
    whz: Floats

    def rows(self, which: npt.NDArray[np.bool_]) -> Children:
        """Some of the children."""
        return Children(*(getattr(self, field.name)[which] for field in fields(self)))


def quality_tables(children: Children) -> dict[str, Sequence[Row]]:
    """Name of each file (without its ending) → its lines, the first of them its columns."""
    groups = [_Group(OVERALL, children)]
    teams = sorted(set(children.team.tolist()) - {""}, key=lambda team: (not team.isdigit(), team.zfill(20)))
    groups += [_Group(f"team{team}", children.rows(children.team == team)) for team in teams]
    tables = {
        "dps": (("group", "variable", "digits", "n", "dps", "class"), _dps),
        "dps_tables": (("group", "variable", "digit", "count", "pct"), _digit_tables),
        "age_heaping": (("group", "divisor", "n", "X2", "df", "p", "table"), _age_heaping),
        "age_sex_ratio": (("group", "test", "observed", "expected", "X2", "df", "p"), _age_sex_ratio),
        "distribution": (DISTRIBUTION_COLUMNS, _distributions),
        "outliers": (("group", "method", "variable", "q1", "q3", "n_outliers", "row_ids"), _outliers),
        "smart_score": (SCORE_COLUMNS, _scores),
    }
    return {
        name: [list(header), *([group.name, *line] for group in groups for line in lines(group))]
        for name, (header, lines) in tables.items()
    }


class _Group:
    """One set of children and what several tables need of it."""

    def __init__(self, name: str, children: Children) -> None:
        self.name = name
        self.children = children
        self.one = one_group(children.sex.size)
        self.months = whole_months(children.age_months)

    def digits(self, variable: str, decimals: int) -> Ints:
        values = self.children.muac_mm / 10.0 if variable == "muac_cm" else getattr(self.children, variable)
        counts: Ints = tally(last_digits(values, decimals), self.one, DIGITS, 1)[0]
        return counts

    def without_smart_flags(self, index: str) -> Floats:
        z: Floats = getattr(self.children, index)
        return np.where(smart_flags(z, self.one, 1), np.nan, z)

    def shape(self, values: Floats) -> Distribution:
        return distribution(values, self.one, 1)

    @cached_property
    def criteria(self) -> Criteria:
        whz = self.shape(self.without_smart_flags("whz"))
        flagged = smart_flags(self.children.whz, self.one, 1).sum()
        size = max(self.children.sex.size, 1)
        return Criteria(
            flagged=np.array([flagged / size]),
            sd=whz.sd,
            sex_ratio=sex_ratio(self.children.sex, self.one, 1).p,
            age_ratio=age_ratio(self.months, self.one, 1)[1].p,
            dps_weight=digit_preference_score(self.digits("weight", 1)[None]),
            dps_height=digit_preference_score(self.digits("height", 1)[None]),
            skew=whz.skew,
            kurtosis=whz.kurtosis,
        )


def _dps(group: _Group) -> Iterator[Row]:
    for variable, decimals in MEASURED:
        counts = group.digits(variable, decimals)
        score = digit_preference_score(counts[None])
        yield [variable, str(decimals), str(counts.sum()), printed(score[0]), class_names(digit_class(score))[0] or ""]


def _digit_tables(group: _Group) -> Iterator[Row]:
    for variable, decimals in MEASURED:
        counts = group.digits(variable, decimals).tolist()
        n = sum(counts)
        for digit, count in enumerate(counts):
            yield [variable, str(digit), str(count), printed(round_tenths(count / n * 100.0)) if n else ""]


def _age_heaping(group: _Group) -> Iterator[Row]:
    for divisor in HEAPING_DIVISORS:
        counts = heaping_counts(group.months, divisor, group.one, 1)[0]
        test = equal_counts(counts)
        yield [str(divisor), str(counts.sum()), *_test(test.x2, test.df, test.p), "|".join(map(str, counts.tolist()))]


def _age_sex_ratio(group: _Group) -> Iterator[Row]:
    ratio, ages = age_ratio(group.months, group.one, 1)
    yield ["age_ratio_6_29_vs_30_59_expected_0.85", printed(ratio[0]), "0.85", *_test(ages.x2[0], 1, ages.p[0])]
    boys = sex_ratio(group.children.sex, group.one, 1)
    yield ["sex_ratio_prop_male", printed(boys.share[0]), "0.5", *_test(boys.x2[0], 1, boys.p[0])]
    structure = age_structure(group.months, group.one, 1)
    counts = "|".join(map(str, structure.counts[0].tolist()))
    expected = "|".join(f"{value:.10g}" for value in structure.expected[0])
    test = structure.test
    yield ["age_structure_u5mr_1", counts, expected, *_test(test.x2[0], test.df, test.p[0])]


DISTRIBUTION_COLUMNS: Final = (
    "group",
    "variable",
    "exclusion",
    "n",
    "mean",
    "sd",
    "skew",
    "skew_se",
    "skew_z",
    "skew_p",
    "kurt_excess",
    "kurt_se",
    "kurt_z",
    "kurt_p",
)


def _distributions(group: _Group) -> Iterator[Row]:
    for index in INDICES:
        z = getattr(group.children, index)
        yield [index, "none", *_moments(group.shape(z))]
        yield [index, "who", *_moments(group.shape(np.where(who_flags(z, index), np.nan, z)))]
        yield [index, "smart", *_moments(group.shape(group.without_smart_flags(index)))]
    yield ["muac_mm", "none", *_moments(group.shape(group.children.muac_mm))]


def _moments(shape: Distribution) -> Row:
    parts = (
        shape.mean,
        shape.sd,
        shape.skew,
        shape.skew_se,
        shape.skew / shape.skew_se,
        shape.skew_p,
        shape.kurtosis,
        shape.kurtosis_se,
        shape.kurtosis / shape.kurtosis_se,
        shape.kurtosis_p,
    )
    return [str(shape.n[0]), *(printed(float(part[0])) for part in parts)]


def _outliers(group: _Group) -> Iterator[Row]:
    for variable in ("weight", "height", "muac_mm"):
        values = getattr(group.children, variable)
        yield ["iqr1.5", variable, *map(printed, fences(values)), *_named(group, beyond_fences(values))]
    pairs = unlikely_pairs(group.children.height, group.children.weight)
    yield ["mahalanobis_p0.001", "height+weight", "", "", *_named(group, pairs)]


def _named(group: _Group, which: npt.NDArray[np.bool_]) -> Row:
    return [str(which.sum()), "|".join(group.children.row_id[which].tolist())]


SCORE_COLUMNS: Final = (
    "group",
    "n",
    "flagged_prop",
    "flagged_class",
    "sex_ratio_class",
    "age_ratio_class",
    "dps_weight_class",
    "dps_height_class",
    "dps_muac_class",
    "sd_whz",
    "sd_class",
    "skew",
    "skew_class_signed",
    "skew_class_abs",
    "kurt",
    "kurt_class_signed",
    "kurt_class_abs",
    "score_mwana_signed",
    "class_mwana_signed",
    "score_abs",
    "class_abs",
)


def _scores(group: _Group) -> Iterator[Row]:
    criteria = group.criteria
    by_size, by_sign = classes_of(criteria), classes_of(criteria, "sign")
    muac = digit_class(digit_preference_score(group.digits("muac_mm", 0)[None]))
    words = {name: class_names(codes)[0] or "" for name, codes in by_size.items()}
    signed = {name: class_names(codes)[0] or "" for name, codes in by_sign.items()}
    cells = [str(group.children.sex.size), printed(criteria.flagged[0]), words["flagged"]]
    cells += [words[name] for name in ("sex_ratio", "age_ratio", "dps_weight", "dps_height")]
    cells += [class_names(muac)[0] or "", printed(criteria.sd[0]), words["sd"]]
    cells += [printed(criteria.skew[0]), signed["skew"], words["skew"]]
    cells += [printed(criteria.kurtosis[0]), signed["kurtosis"], words["kurtosis"]]
    for classes in (by_sign, by_size):
        points, overall = smart_score(classes)
        cells += [printed(points[0]), class_names(overall)[0] or ""]
    yield cells


def _test(x2: Floats, df: int, p: Floats) -> Row:
    return [printed(float(x2)), str(df), printed(float(p))]
