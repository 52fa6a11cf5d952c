"""Every kind of job of this service and who works on it."""

from __future__ import annotations

from services.reporting.jobs import exports
from services.reporting.jobs.exports import ExportJob
from shared.jobs.runner import Handler
from shared.postgres.pool import Pool


def handlers(pool: Pool) -> dict[str, Handler]:
    """By kind."""
    return {exports.KIND: ExportJob(pool)}
