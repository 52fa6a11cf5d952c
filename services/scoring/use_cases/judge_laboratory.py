"""The laboratory evidence of a batch's families, and what it says of each: work for those who have results only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from services.scoring.domain.fold_columns import Fold
from services.scoring.domain.laboratory import GLUCOSE, LabFinding, laboratory_finding
from services.scoring.domain.laboratory_rules import SKIN
from services.scoring.domain.malnutrition import severe_malnutrition
from services.scoring.domain.reading_view import Subject
from services.scoring.domain.risk_codes import Evidence as Kind
from services.scoring.store.evidence import Evidence
from services.scoring.store.laboratory import RootEvidence, load_laboratory
from shared.postgres.pool import Connection

# Tests that are read otherwise in a child who is gizi buruk.
LOOKS_AT_GROWTH: Final = frozenset({*SKIN, GLUCOSE[0]})
Laboratory = Mapping[int, RootEvidence]  # by root number, of roots with results


async def read_laboratory(connection: Connection, evidence: Evidence) -> Laboratory:
    """Laboratory evidence of the families; a child entered in error takes its results with it."""
    root_of = {
        child_id: root
        for child_id, root, voided in zip(
            evidence.child_ids, evidence.children.root.tolist(), evidence.child_voided.tolist(), strict=True
        )
        if not voided
    }
    return await load_laboratory(connection, root_of, evidence.root_ids)


def judge_laboratory(folded: Fold, laboratory: Laboratory) -> dict[int, LabFinding]:
    """The finding of every root with valid results."""
    found = {}
    for root, rows in laboratory.items():
        if rows.results:
            birth_date: date | None = folded.roots.birth_date[root].astype(date)
            looks = not LOOKS_AT_GROWTH.isdisjoint(result.test_code for result in rows.results)
            subject = Subject(birth_date, rows.elevation_m, severe_malnutrition(folded, root) if looks else ())
            found[root] = laboratory_finding(rows.results, subject, _measured_on(folded, root), folded.rules)
    return found


def _measured_on(folded: Fold, root: int) -> date | None:
    """Day of the newest measurement that is not voided."""
    row = int(folded.risk.evidence[Kind.ANY, root])
    day: date | None = folded.measurements.measured_on[row].astype(date) if row >= 0 else None
    return day
