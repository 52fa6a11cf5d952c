"""The measurements of a child with their judgements, in the order of its history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.scoring.domain.assessment_codes import State
from services.scoring.domain.assessment_matrix import CODE_COLUMNS, Matrix, read_matrix
from shared.postgres.pool import Connection

ROOT: Final = "SELECT root_id FROM child WHERE child_id = $1 AND NOT voided"
SERIES: Final = "SELECT * FROM family_growth($1)"


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement as it was taken; codes as in `assessment_codes`."""

    measurement_id: UUID
    measured_on: date
    weight_kg: float | None
    length_height_cm: float | None
    position: int
    oedema: int
    muac_cm: float | None
    head_circumference_cm: float | None
    reported_letter: int
    ruleset_version: str


@dataclass(frozen=True, slots=True)
class Series:
    """Measurements of a root and of those merged into it; row i of `codes` judges measurement i."""

    root_id: UUID
    measured: list[Measured]
    codes: Matrix

    def judged(self) -> Iterator[tuple[Measured, dict[str, int]]]:
        """Measurements with their assessments' columns, oldest first; of several on one day the last counts."""
        for measured, codes in zip(self.measured, self.codes.tolist(), strict=True):
            code = dict(zip(CODE_COLUMNS, codes, strict=True))
            if code["state"] == State.JUDGED:
                yield measured, code


async def growth_series(connection: Connection, child_id: UUID) -> Series | None:
    """The series of the child, or of the one it was merged into; None for a child that is not visible."""
    root_id: UUID | None = await connection.fetchval(ROOT, child_id)
    if root_id is None:
        return None
    rows = await connection.fetch(SERIES, root_id)
    measured = [
        Measured(
            measurement_id=row["measurement_id"],
            measured_on=row["measured_on"],
            weight_kg=row["weight_kg"],
            length_height_cm=row["length_height_cm"],
            position=row["position"],
            oedema=row["oedema"],
            muac_cm=row["muac_cm"],
            head_circumference_cm=row["head_circumference_cm"],
            reported_letter=row["reported_letter"] or 0,
            ruleset_version=row["ruleset_version"],
        )
        for row in rows
    ]
    return Series(root_id, measured, read_matrix([row["codes"] for row in rows]))
