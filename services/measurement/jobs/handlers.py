"""Every kind of job of this service and who works on it."""

from __future__ import annotations

from collections.abc import Callable

from services.measurement.jobs import exports, intake, mapping, reconciliations, review, void
from services.measurement.jobs.exports import ExportJob
from services.measurement.jobs.intake import IntakeJob
from services.measurement.jobs.mapping import MappingJob
from services.measurement.jobs.parsing import Parser
from services.measurement.jobs.reconciliations import ReconciliationJob
from services.measurement.jobs.review import ReviewJob
from services.measurement.jobs.void import VoidJob
from services.measurement.store.vault import Vault
from shared.jobs.runner import Handler
from shared.postgres.pool import Pool


def handlers(pool: Pool, vault: Vault, parser: Parser, committed: Callable[[], None]) -> dict[str, Handler]:
    """By kind. `committed` is called after each commit, so that its events leave at once."""
    return {
        intake.KIND: IntakeJob(pool, vault, parser, committed),
        review.KIND: ReviewJob(pool, vault, committed),
        mapping.KIND: MappingJob(pool, vault, committed),
        void.KIND: VoidJob(pool, committed),
        exports.KIND: ExportJob(pool, vault),
        reconciliations.KIND: ReconciliationJob(pool, vault, parser),
    }
