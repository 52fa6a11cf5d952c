"""Collected figures → what the report of the TPPS shows: words, numbers as people write them, pictures."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.reporting.domain.figures import CAUTION_FROM
from services.reporting.domain.periods import parse_period
from services.reporting.domain.quality_ruleset import GRADES
from services.reporting.domain.small_areas import StandingOut, standing_out
from services.reporting.domain.tpps_advice import Advice, advise
from services.reporting.formats.export_words import definitions
from services.reporting.formats.export_words import words as table_words
from services.reporting.formats.numbers import NOTHING, count, day_name, interval, percent, period_name
from services.reporting.formats.tpps_pictures import filled, known, legend, maps, trend
from shared.problems import Language

WORDS_FILE: Final = Path(__file__).parent / "tpps_words.toml"
SHORT_HASH: Final = 16
ADVICE_ON_COVER: Final = 5
Row = Mapping[str, Any]


def tpps_view(data: Row, language: Language, digest: str) -> dict[str, Any]:
    """Everything the template needs, as JSON knows it."""
    told = _words(language)
    summary, levels = data["summary"], data["levels"]
    first = next(iter(levels), None)
    last = next(reversed(levels), None) if levels else None
    below = known(levels[first]) if first is not None else []
    out = standing_out(known(levels[last]) if last is not None else [])
    known_on = date.fromisoformat(data["known_on"])
    named = {"name": data["name"], "day": day_name(known_on, language)}
    advice = [_advised(item, told, language, data["name"], first, last) for item in advise(summary, below, out)]
    return {
        "t": told,
        "language": language,
        "name": data["name"],
        "period": period_name(parse_period(data["period"]), language),
        "as_known": told["released" if "released_on" in data else "as_known"].replace("{day}", named["day"]),
        "date": [known_on.year, known_on.month, known_on.day],
        "hash": digest[:SHORT_HASH],
        "cover": _cover(summary, told, language),
        "advice": advice,
        "advice_on_cover": ADVICE_ON_COVER,
        "maps": maps(data, told, language),
        "legend": legend(told, language),
        "areas": _areas(data, data["levels"][first], first, told, language) if first is not None else None,
        "puskesmas": _areas(data, data["puskesmas"], "puskesmas", told, language) if data["puskesmas"] else None,
        "stands_out": _stands_out(out, data, last, told, language) if last is not None else None,
        "trend": trend(data["trend"], language),
        "cascade": _cascade(data["cascade"], told, language),
        "cascade_note": told["cascade_note"].replace("{day}", named["day"]),
        "quality": _quality(data, first, last, told, language),
        "definitions": [[told[one.term], one.text_id if language == "id" else one.text_en] for one in definitions()],
    }


@cache
def _words(language: Language) -> Mapping[str, str]:
    own = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return {**table_words(language), **{name: pair[language] for name, pair in own.items()}}


def _cover(row: Row, told: Mapping[str, str], language: Language) -> dict[str, Any]:
    def rate(title: str, numerator: str, denominator: str, share: float | None) -> dict[str, Any]:
        return {
            "title": told[title],
            "value": _share(row, share, numerator, denominator, told, language),
            "basis": filled(told["of"], k=count(row[numerator], language), n=count(row[denominator], language)),
            "in_words": share is None,
        }

    reach = interval(row["stunted_low"], row["stunted_high"], language)
    share = row["stunted_share"]
    counted = {"k": count(row["stunted"], language), "n": count(row["haz_measured"], language)}
    return {
        "value": _share(row, share, "stunted", "haz_measured", told, language),
        "has_value": share is not None,
        "basis": filled(told["basis"], range=reach, **counted) if share is not None else "",
        "coverage": filled(
            told["coverage_line" if row["target_children"] != 0 else "nobody_line"],
            share=percent(row["coverage_both"], language),
            n=count(row["target_children"], language),
        ),
        "label": told[f"label_{row['label']['code']}"],
        "caution": row["label"]["code"] != "comparable",
        "grade": row["quality_grade"] or NOTHING,
        "pending": filled(told["pending"], n=count(row["pending"], language)) if row["pending"] else "",
        "cards": [
            rate("card_weighed", "measured_children", "target_children", row["coverage"]),
            rate("card_wasted", "wasted", "whz_measured", row["wasted_share"]),
            rate("card_lab", "lab_complete", "suspected", row["lab_complete_share"]),
            {
                "title": told["card_urgent"],
                "value": count(row["urgent"], language),
                "basis": filled(told["of"], k=count(row["urgent"], language), n=count(row["suspected"], language)),
                "in_words": False,
            },
        ],
    }


def _share(
    row: Row, share: float | None, numerator: str, denominator: str, told: Mapping[str, str], language: Language
) -> str:
    if share is not None:
        return percent(share, language)
    return told["hidden" if row[numerator] is None or row[denominator] is None else "no_data"]


def _areas(data: Row, rows: Sequence[Row], level: str, told: Mapping[str, str], language: Language) -> dict[str, Any]:
    summary = data["summary"]
    highest = max((row["stunted_high"] or 0.0 for row in (*rows, summary)), default=0.0)
    return {
        "title": filled(told["by_area"], level=told[f"level_{level}"]),
        "note": filled(told["interval_note"], name=data["name"]),
        "rows": [_area(row, language) for row in rows],
        "total": {**_area(summary, language), "name": told["total"]},
        "whole": summary["stunted_share"],
        "scale": max(0.05, highest * 1.03),
    }


def _area(row: Row, language: Language) -> dict[str, Any]:
    return {
        "name": row["name"],
        "target": count(row["target_children"], language),
        "coverage": percent(row["coverage_both"], language),
        "measured": count(row["haz_measured"], language),
        "stunted": count(row["stunted"], language) if row["haz_measured"] != 0 else NOTHING,
        "share": percent(row["stunted_share"], language),
        "interval": interval(row["stunted_low"], row["stunted_high"], language),
        "grade": row["quality_grade"] or NOTHING,
        "flagged": percent(row["flagged_share"], language),
        "whole_cm": percent(row["whole_cm_share"], language),
        "parent": row.get("parent_name", ""),
        "bar": [row["stunted_low"], row["stunted_share"], row["stunted_high"]]
        if row["stunted_share"] is not None
        else None,
        "hollow": (row["coverage_both"] or 0.0) < CAUTION_FROM,
    }


def _stands_out(out: StandingOut, data: Row, level: str, told: Mapping[str, str], language: Language) -> dict[str, Any]:
    areas = len(known(data["levels"][level]))
    called = told[f"level_{level}"]
    compared = count(out.compared, language)
    return {
        "title": filled(told["stands_out"], level=called[0].upper() + called[1:]),
        "note": filled(told["stands_out_note"], level=called),
        "higher": {"title": told["higher"], "rows": [_area(row, language) for row in out.higher]},
        "lower": {"title": told["lower"], "rows": [_area(row, language) for row in out.lower]},
        "none": filled(told["none_stands_out"], n=compared, m=count(areas, language)),
    }


def _cascade(cascade: Row, told: Mapping[str, str], language: Language) -> list[dict[str, Any]]:
    counts = [step["count"] for step in cascade["steps"] if step["step"] != "measured"]
    if not any(counts) and None not in counts:
        return []
    return [
        {
            "name": told["measured_children" if step["step"] == "measured" else step["step"]],
            "count": count(step["count"], language),
            "share": percent(step["share"], language) if step["share"] is not None else "",
            "bar": step["share"],
            "days": filled(told["days"], n=count(step["median_days"], language))
            if step["median_days"] is not None
            else "",
        }
        for step in cascade["steps"]
    ]


def _quality(
    data: Row, first: str | None, last: str | None, told: Mapping[str, str], language: Language
) -> dict[str, Any]:
    rows = data["levels"][first] if first is not None else []
    spread = ""
    if last is not None and last != first:
        grades = Counter(row["quality_grade"] for row in known(data["levels"][last]))
        parts = [f"{grade} {count(grades[grade], language)}" for grade in GRADES]
        parts.append(f"{NOTHING} {count(grades[None], language)}")
        called = told[f"level_{last}"]
        spread = filled(told["grades_below"], level=called[0].upper() + called[1:], counts=", ".join(parts))
    return {
        "rows": [_area(row, language) for row in rows],
        "total": {**_area(data["summary"], language), "name": data["name"]},
        "spread": spread,
        "doubts": [
            {
                "text": one[f"text_{language}"],
                "next": one[f"next_{language}"],
                "grade": one["grade"],
                "posyandu": count(one.get("posyandu"), language),
            }
            for one in data["doubts"]
        ],
    }


def _advised(
    advice: Advice, told: Mapping[str, str], language: Language, name: str, first: str | None, last: str | None
) -> str:
    level = last if advice.code == "stands_out" else first
    return filled(
        told[f"do_{advice.code}"],
        **{key: count(number, language) for key, number in advice.counts.items()},
        share=percent(advice.share, language),
        names=", ".join(advice.names),
        level=told[f"level_{level}"] if level is not None else "",
        name=name,
    )
