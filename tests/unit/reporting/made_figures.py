"""Made-up figures of a district, as use cases collect them."""

from __future__ import annotations

from typing import Any

from services.reporting.domain.child_month import MARKS
from services.reporting.domain.figures import COUNTS, derived, figures
from services.reporting.domain.small_areas import with_shrunk

INDICATORS: list[dict[str, Any]] = [
    {
        "code": "vitamin_a", "name_id": "Vitamin A", "name_en": "Vitamin A", "numerator": 10.5, "denominator": 20,
        "share": 0.525, "low": 0.3, "high": 0.74, "suppressed": False, "reason": None, "coverage_both": 0.83,
        "quality_grade": "B",
    },
    {
        "code": "deworming", "name_id": "Obat cacing", "name_en": "Deworming", "numerator": None,
        "denominator": None, "share": None, "low": None, "high": None, "suppressed": True,
        "reason": {"code": "suppressed", "text_id": "disembunyikan", "text_en": "hidden"}, "coverage_both": 0.83,
        "quality_grade": "B",
    },
]  # fmt: skip
DOUBTS: list[dict[str, Any]] = [
    {
        "code": "whole_cm", "grade": "C", "posyandu": 7, "children": 210, "text_id": "Tinggi dibulatkan.",
        "text_en": "Heights are rounded.", "next_id": "Latih ulang.", "next_en": "Train again.",
    },
    {
        "code": "coverage", "grade": "B", "value": 0.83, "limit": 0.9, "n": 300, "text_id": "Terlalu sedikit.",
        "text_en": "Too few.", "next_id": "Kunjungi.", "next_en": "Visit.",
    },
]  # fmt: skip
HOSTILE = '=HYPERLINK("http://evil.test","Desa")'


def row(code: str, name: str, target: int, measured: int, stunted: int, **more: Any) -> dict[str, Any]:
    """Figures of one area: all measured have a score; one in ten heights is a whole centimetre."""
    sums = {"target_children": target, "pending": 0, **dict.fromkeys(MARKS, 0)}
    for name_ in ("weighed", "height_measured", "both_measured", "haz_measured", "waz_measured", "whz_measured"):
        sums[name_] = measured
    sums |= {"stunted": stunted, "suspected": stunted, "height_whole_cm": measured // 10, "letter_n": measured}
    level = {2: "kabupaten", 3: "kecamatan", 4: "desa", 5: "posyandu"}[code.count(".") + 1]
    return {"code": code, "name": name, "level": level, "official_target": None, **figures(sums), **more}


def hidden(whole: dict[str, Any], *columns: str) -> dict[str, Any]:
    """A row as it leaves the door of suppression."""
    counts = {name: None if name in columns else whole[name] for name in COUNTS}
    gone = dict.fromkeys(("quality_grade", "flagged_share", "whole_cm_share")) if columns else {}
    return {**whole, **counts, **gone, **derived(counts), "suppressed": sorted(columns)}


def district(*, exact: bool = True, period: str = "2026-04") -> dict[str, Any]:
    """A kabupaten of two kecamatan with three desa, one of them without anybody."""
    summary = row("12.19", "Batu Bara & Sekitarnya", 300, 250, 63) | {"path": [], "as_of": None}
    kecamatan = [row("12.19.01", "Medang Deras", 200, 190, 60), row("12.19.02", "Sei Suka", 100, 60, 3)]
    desa = [
        row("12.19.01.2003", HOSTILE, 150, 145, 58),
        row("12.19.01.2004", "-2.31", 50, 45, 2),
        row("12.19.02.2009", "Kosong", 0, 0, 0),
    ]
    if not exact:
        desa = [hidden(desa[0], "stunted", "severely_stunted"), hidden(desa[1], "stunted"), hidden(desa[2])]
        summary, kecamatan = hidden(summary, "anaemic"), [hidden(item) for item in kecamatan]
    parents = {"12.19": "Batu Bara", "12.19.01": "Medang Deras", "12.19.02": "Sei Suka"}
    levels = {
        level: [
            {**item, "parent_code": item["code"].rpartition(".")[0], "parent_name": parents[item["code"][:-5]]
             if level == "desa" else "Batu Bara"}
            for item in with_shrunk(rows)
        ]
        for level, rows in (("kecamatan", kecamatan), ("desa", desa))
    }  # fmt: skip
    steps = ("measured", "suspected", "remeasured", "lab_ordered", "lab_complete", "referred", "in_care", "recovered")
    counts = dict(zip(steps, (250, 63, 40, 63, 50, 9, 7, 0), strict=True))
    rate = {"numerator": 50, "denominator": 63, "share": 50 / 63, "low": 0.68, "high": 0.87}
    return {
        "area": "12.19",
        "name": "Batu Bara & Sekitarnya",
        "level": "kabupaten",
        "period": period,
        "as_of": None,
        "known_on": "2026-05-03",
        "suppressed": not exact,
        "summary": summary,
        "levels": levels,
        "trend": [{**summary, "period": f"2026-0{month}"} for month in (2, 3, 4)],
        "indicators": INDICATORS,
        "doubts": DOUBTS if exact else [],
        "puskesmas": [
            {
                **kecamatan[0],
                "code": "PKM-12.19-1",
                "name": "Puskesmas Medang Deras",
                "level": "puskesmas",
                "parent_code": "12.19",
                "parent_name": "Batu Bara",
            }
        ]
        if exact
        else [],
        "cascade": {
            "steps": [
                {
                    "step": step,
                    "count": count,
                    "share": None if step == "measured" else count / 63,
                    "median_days": 9 if step == "remeasured" else None,
                }
                for step, count in counts.items()
            ],
            "lab_coverage": rate,
            "anaemia": {**rate, "numerator": 20, "denominator": 48, "share": 20 / 48, "low": 0.29, "high": 0.56},
            **({"suppressed": summary["suppressed"]} if not exact else {}),
        },
    }


def children() -> dict[str, Any]:
    """A work list of two children."""
    listed = [
        {
            "child_id": f"0196f0c0-0000-7000-8000-00000000000{number}",
            "sex": "female",
            "age_months": 14 + number,
            "desa_code": "12.19.01.2003",
            "posyandu_code": None,
            "tier": "suspected",
            "priority": False,
            "reasons": 2,
            "measured_on": None if number else "2026-04-12",
            "haz": None if number else -2.31,
            "waz": -0.5,
            "whz": 0.25,
            "baz": 0.31,
        }
        for number in (0, 1)
    ]
    return {"area": "12.19.01", "name": "Medang Deras", "known_on": "2026-05-03", "children": listed}
