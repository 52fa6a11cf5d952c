"""Survey figures and targets: every revision is kept, the highest holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.postgres.pool import Connection

COUNTRY: Final = "00"


class SurveyKey(NamedTuple):
    """Which figure: of an area, a survey (`SSGI`, `SKI`), a year and an indicator of ours."""

    area_code: str
    survey: str
    year: int
    indicator: str


class SurveyFigure(NamedTuple):
    """What a survey found: children measured (None: not stated), share with interval (0 to 1), and its source."""

    key: SurveyKey
    revision: int
    children: int | None
    share: float
    low: float | None
    high: float | None
    source: str
    voided: bool
    recorded_at: datetime
    recorded_by: str


class TargetFigure(NamedTuple):
    """A share to be reached in a year."""

    area_code: str
    year: int
    indicator: str
    revision: int
    share: float
    source: str


_COLUMNS: Final = (
    "area_code, survey, year, indicator, revision, children, share, low, high, source, voided, recorded_at, recorded_by"
)


async def insert_survey(connection: Connection, figure: SurveyFigure) -> bool:
    """False where the key has this revision already: somebody else was quicker."""
    inserted = await connection.fetchval(
        f"INSERT INTO survey_figure ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
        "ON CONFLICT DO NOTHING RETURNING true",
        *figure.key,
        *figure[1:],
    )
    return bool(inserted)


async def newest_survey(connection: Connection, key: SurveyKey) -> SurveyFigure | None:
    """The revision that holds, voided or not."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM survey_figure WHERE (area_code, survey, year, indicator) = ($1, $2, $3, $4) "
        "ORDER BY revision DESC LIMIT 1",
        *key,
    )
    return None if row is None else _figure(tuple(row))


async def surveys_of(connection: Connection, areas: Sequence[str], indicator: str | None) -> list[SurveyFigure]:
    """Figures that hold of `areas` (an area and those above it), by area, year and survey."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM (SELECT DISTINCT ON (area_code, survey, year, indicator) * FROM survey_figure "
        "WHERE area_code = ANY($1::text[]) AND ($2::text IS NULL OR indicator = $2) "
        "ORDER BY area_code, survey, year, indicator, revision DESC) AS newest WHERE NOT voided "
        "ORDER BY area_code, year, survey, indicator",
        list(areas),
        indicator,
    )
    return [_figure(tuple(row)) for row in rows]


async def targets_of(connection: Connection, areas: Sequence[str], indicator: str | None) -> list[TargetFigure]:
    """Targets that hold of `areas`, by area and year."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (area_code, year, indicator) area_code, year, indicator, revision, share, source "
        "FROM target_figure WHERE area_code = ANY($1::text[]) AND ($2::text IS NULL OR indicator = $2) "
        "ORDER BY area_code, year, indicator, revision DESC",
        list(areas),
        indicator,
    )
    return [TargetFigure._make(row) for row in rows]


def _figure(row: tuple[object, ...]) -> SurveyFigure:
    return SurveyFigure(SurveyKey._make(row[:4]), *row[4:])  # type: ignore[arg-type]


def areas_above(code: str) -> list[str]:
    """The area of a dotted code, those above it, and the country."""
    parts = code.split(".")
    return [COUNTRY, *(".".join(parts[:count]) for count in range(1, len(parts) + 1))]
