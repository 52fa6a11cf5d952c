"""All routes of the board and of decisions; addresses with fixed words before those with a year in their place."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from services.reporting.http import (
    aksi_answers,
    aksi_board,
    aksi_files,
    aksi_submissions,
    aksi_templates,
    aksi_values,
    decisions,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    aksi_submissions.router,
    aksi_answers.router,
    aksi_templates.router,
    aksi_files.router,
    aksi_board.router,
    aksi_values.router,
    decisions.router,
)
