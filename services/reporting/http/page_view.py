"""From figures to what a page shows: words, numbers, classes, shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from services.reporting.domain.figures import CAUTION_FROM
from services.reporting.domain.periods import LENGTHS, MONTH, QUARTER, SEMESTER, YEAR, Period, parse_period, period_of
from services.reporting.domain.suppression import newest_told, told_from
from services.reporting.formats.map_classes import CLASS_NAMES, share_class
from services.reporting.formats.map_labels import places_of_shares
from services.reporting.formats.map_svg import map_below
from services.reporting.formats.numbers import NOTHING, count, day_name, interval, percent, period_name
from services.reporting.formats.trend_svg import Month, draw_trend
from services.reporting.http.cascade_view import cascade_view
from services.reporting.http.page_texts import texts
from shared.problems import Language

OFFERED: Final = {MONTH: 24, QUARTER: 8, SEMESTER: 4, YEAR: 3}  # periods of each length to choose from
FEWEST_MONTHS: Final = 12  # that the trend of months shows
Row = Mapping[str, Any]


def page_view(
    summary: Row,
    comparison: Row,
    trend: Row,
    cascade: Row,
    *,
    language: Language,
    newest: Period,
    home: str,
    outside_on: date | None = None,
) -> dict[str, Any]:
    """Everything the template needs. `newest` = the last month to offer; `home` = the reader's own area.

    `outside_on`: today, for a reader outside the district, who is told findings later.
    """
    period = parse_period(summary["period"])

    def link(area: str, lang: str = language) -> str:
        return "/?" + urlencode({"wilayah": area, "periode": summary["period"], "lang": lang})

    words = texts(language)
    rows = [_table_row(row, language, link) for row in comparison["rows"]]
    own = [step for step in summary["path"] if step["code"] == home or step["code"].startswith(f"{home}.")]
    return {
        "t": words,
        "lang": language,
        "area": summary["area"],
        "name": summary["name"],
        "period_name": period_name(period, language),
        "periods": _periods(period, newest, words, language),
        "period": summary["period"],
        "known": _known(summary, words, language),
        "other_language": link(summary["area"], lang="en" if language == "id" else "id"),
        "told_later": _told_later(summary, newest, outside_on, language) if outside_on is not None else "",
        "path": [(step["name"], link(step["code"])) for step in own[:-1]],
        # A hidden count is not zero.
        "has_data": summary["measured_children"] != 0 or summary["height_measured"] != 0,
        "label": _filled(
            words["label"],
            coverage=percent(summary["coverage_both"], language),
            label=summary["label"]["text_id" if language == "id" else "text_en"],
        ),
        "low_coverage": (summary["coverage_both"] or 0.0) < CAUTION_FROM,
        "cards": _cards(summary, words, language),
        "quality_grade": summary["quality_grade"] or NOTHING,
        "pending": _filled(words["pending"], n=count(summary["pending"], language)) if summary["pending"] else "",
        "cascade": cascade_view(cascade, words, language),
        "rows": rows,
        "total": _table_row(comparison["total"], language, link),
        "map": _map(summary["area"], comparison["rows"], language, link),
        "classes": [(f"class-{number}", _class_name(name, language)) for number, name in enumerate(CLASS_NAMES)],
        "trend": draw_trend([_trend_month(point, language) for point in _begun(trend["points"])]),
        "trend_rows": [_trend_row(point, language) for point in reversed(trend["points"]) if point["haz_measured"]],
        "percent": lambda share: f"{round(share * 100)}%" if language == "en" else f"{round(share * 100)} %",
    }


def _known(summary: Row, words: Mapping[str, str], language: Language) -> str:
    """As of when the figures are: of what came in until now, outside as they were released."""
    released_on = summary.get("released_on")
    if released_on is None:
        return words["as_known"]
    return _filled(words["released"], day=day_name(date.fromisoformat(released_on), language))


def _told_later(summary: Row, newest: Period, today: date, language: Language) -> str:
    """Why findings of the shown period, or of a later month, are not there outside; empty where all are."""
    shown = parse_period(summary["period"])
    if "findings_told_from" in summary:
        name, period, day = "told_later", shown, date.fromisoformat(summary["findings_told_from"])
    elif shown == newest_told(today) != newest:
        name, period, day = "newest_told_later", newest, told_from(newest)
    else:
        return ""
    told = {"period": period_name(period, language), "day": day_name(day, language)}
    return _filled(texts(language)[name], **told)


def _filled(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _class_name(name: str, language: Language) -> str:
    return name if language == "id" else name.replace(",", ".").replace(" %", "%")


def _periods(
    asked: Period, newest: Period, words: Mapping[str, str], language: Language
) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """What can be chosen, by length: the newest that have begun, and the one asked for."""
    offered = []
    for months in LENGTHS:
        last = period_of(newest.first, months)
        periods = [last.shifted(-back) for back in range(OFFERED[months])]
        if asked.months == months and asked not in periods:
            periods.append(asked)
        named = [(str(period), period_name(period, language), period == asked) for period in periods]
        offered.append((words[f"periods_{months}"], named))
    return offered


def _cards(row: Row, words: Mapping[str, str], language: Language) -> list[dict[str, str]]:
    def rate(name: str, denominator: str) -> dict[str, str]:
        of = _filled(words["of_measured"], k=count(row[name], language), n=count(row[denominator], language))
        reach = interval(row[f"{name}_low"], row[f"{name}_high"], language)
        told = row[f"{name}_share"]
        return {
            "title": words[name],
            "value": percent(told, language) if told is not None else words["no_data"],
            "basis": of,
            "interval": _filled(words["interval"], range=reach) if told is not None else "",
        }

    coverage = row["coverage"]
    return [
        {
            "title": words["weighed"],
            "value": percent(coverage, language) if coverage is not None else words["no_data"],
            "basis": f"{count(row['measured_children'], language)} "
            + _filled(words["of_targets"], n=count(row["target_children"], language)),
            "interval": "",
        },
        rate("stunted", "haz_measured"),
        rate("wasted", "whz_measured"),
        {
            "title": words["suspected"],
            "value": count(row["suspected"], language),
            "basis": _filled(words["urgent"], n=count(row["urgent"], language)),
            "interval": "",
        },
    ]


def _table_row(row: Row, language: Language, link: Any) -> dict[str, Any]:
    below = row["level"] not in {"posyandu", "puskesmas"} and row["code"] != "unmapped"
    return {
        "name": row["name"],
        "link": link(row["code"]) if below else None,
        "target": count(row["target_children"], language),
        "measured": count(row["measured_children"], language),
        "coverage": percent(row["coverage"], language),
        "haz_measured": count(row["haz_measured"], language),
        "stunted": count(row["stunted"], language) if row["haz_measured"] else NOTHING,
        "share": percent(row["stunted_share"], language),
        "interval": interval(row["stunted_low"], row["stunted_high"], language),
        "suspected": count(row["suspected"], language),
        "urgent": count(row["urgent"], language),
        **{name: count(row[name], language) for name in ("lab_ordered", "lab_complete", "anaemic")},
        "grade": row["quality_grade"] or NOTHING,
        "low_coverage": row["coverage_both"] is not None and row["coverage_both"] < CAUTION_FROM,
        "raw": {name: "" if value is None else value for name, value in row.items()},  # what sorting goes by
    }


def _map(area: str, rows: Sequence[Row], language: Language, link: Any) -> dict[str, Any] | None:
    picture = map_below(area)
    if picture is None:
        return None
    by_code = {row["code"]: row for row in rows}
    places = places_of_shares(area)
    shapes = []
    for shape in picture.shapes:
        row = by_code.get(shape.code)
        share = row["stunted_share"] if row is not None else None
        told = percent(share, language)
        basis = "" if row is None or share is None else f" ({row['stunted']}/{row['haz_measured']})"
        shapes.append(
            {
                "shape": shape,
                "class": share_class(share),
                "title": f"{shape.name}: {told}{basis}",
                "label": told if share is not None and shape.code in places else "",
                "place": places.get(shape.code),
                "link": link(shape.code) if row is not None else None,
            }
        )
    return {"picture": picture, "shapes": shapes}


def _begun(points: Sequence[Row]) -> Sequence[Row]:
    """Without the empty months before the first figure, but a year at least."""
    empty = 0
    while empty < len(points) - FEWEST_MONTHS and not points[empty]["haz_measured"]:
        empty += 1
    return points[empty:]


def _trend_month(point: Row, language: Language) -> Month:
    period = parse_period(point["period"])
    reach = interval(point["stunted_low"], point["stunted_high"], language)
    title = f"{period_name(period, language)}: {percent(point['stunted_share'], language)} ({reach})"
    solid = (point["coverage_both"] or 0.0) >= CAUTION_FROM
    label = period_name(period, language, short=True)
    return Month(label, point["stunted_share"], point["stunted_low"], point["stunted_high"], solid, title)


def _trend_row(point: Row, language: Language) -> dict[str, str]:
    return {
        "month": period_name(parse_period(point["period"]), language),
        "basis": f"{count(point['stunted'], language)} / {count(point['haz_measured'], language)}",
        "share": percent(point["stunted_share"], language),
        "interval": interval(point["stunted_low"], point["stunted_high"], language),
        "coverage": percent(point["coverage"], language),
    }
