"""What surveys say of an area, each beside our own figure of that year."""

from __future__ import annotations

from typing import Any

from services.reporting.domain.areas import UNMAPPED
from services.reporting.domain.figures import RATES
from services.reporting.domain.periods import YEAR, period_of
from services.reporting.domain.survey_figures import DIFFERENCE_EN, DIFFERENCE_ID, Estimate, compared
from services.reporting.store.survey_figures import SurveyFigure, areas_above, surveys_of, targets_of
from services.reporting.use_cases.area_figures import Question, find_area, heading, own_row
from shared.postgres.pool import Connection


async def surveys_beside(connection: Connection, asked: Question, indicator: str | None) -> dict[str, Any]:
    """Survey figures of the area and those above it; of the area itself compared with ours of that year."""
    tree, entry = await find_area(connection, asked.code, asked.period)
    areas = areas_above(entry.code if entry.entry == "area" else entry.parent_code or UNMAPPED)
    years: dict[int, dict[str, Any]] = {}
    told = []
    for figure in await surveys_of(connection, areas, indicator):
        row: dict[str, Any] = {**survey_json(figure), "ours": None, "comparison": None}
        year = figure.key.year
        if figure.key.area_code == entry.code and year <= asked.period.last_day.year:
            if year not in years:
                period = period_of(asked.period.first.replace(year=year, month=1), YEAR)
                years[year] = await own_row(connection, tree, entry, asked.about(entry.code, period))
            ours = _ours(years[year], figure.key.indicator)
            theirs = Estimate(figure.share, figure.low, figure.high)
            row |= {"ours": ours, "comparison": compared(Estimate(ours["share"], ours["low"], ours["high"]), theirs)}
        told.append(row)
    targets = [target._asdict() for target in await targets_of(connection, areas, indicator)]
    return {
        **await heading(connection, tree, entry, asked),
        "surveys": told,
        "targets": targets,
        "why_two_figures": {"text_id": DIFFERENCE_ID, "text_en": DIFFERENCE_EN},
    }


async def survey_points(connection: Connection, area: str) -> dict[str, Any]:
    """Surveys and targets of the area itself and those above it, for a line of our figures."""
    areas = areas_above(area)
    return {
        "surveys": [survey_json(figure) for figure in await surveys_of(connection, areas, None)],
        "targets": [target._asdict() for target in await targets_of(connection, areas, None)],
    }


def survey_json(figure: SurveyFigure) -> dict[str, Any]:
    """A survey figure as readers see it."""
    return {
        "area": figure.key.area_code,
        "survey": figure.key.survey,
        "year": figure.key.year,
        "indicator": figure.key.indicator,
        "revision": figure.revision,
        "children": figure.children,
        "share": figure.share,
        "low": figure.low,
        "high": figure.high,
        "source": figure.source,
        "recorded_at": figure.recorded_at.isoformat(),
    }


def _ours(row: dict[str, Any], indicator: str) -> dict[str, Any]:
    numerator, denominator = RATES[indicator]
    return {
        "numerator": row[numerator],
        "denominator": row[denominator],
        "share": row[f"{indicator}_share"],
        "low": row[f"{indicator}_low"],
        "high": row[f"{indicator}_high"],
        "coverage": row["coverage"],
        "label": row["label"],
        "quality_grade": row["quality_grade"],
    }
