"""One root with its children, its fold and what is kept about it: the view that case and task rules work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final, Self
from uuid import UUID

from services.scoring.domain.case import CloseReason
from services.scoring.domain.findings import Finding
from services.scoring.domain.fold_columns import Fold
from services.scoring.store.evidence import NO_DAY, Evidence
from services.scoring.store.interventions import StoredIntervention
from services.scoring.store.laboratory import StoredOrder
from shared.contracts.risk import CaseV1, FollowUpV1

FIRST_DAY: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Visits:
    """Of every input row of measurements: its day, whether it is voided, whether it is a re-measurement."""

    day: list[date]
    voided: list[bool]
    remeasured: list[bool]

    @classmethod
    def of(cls, folded: Fold) -> Self:
        """Taken out of the columns once, for all families of a batch."""
        facts = folded.measurements
        return cls(facts.measured_on.tolist(), facts.voided.tolist(), facts.is_remeasurement.tolist())


@dataclass(frozen=True)
class Family:
    """One root. `cases` come with the state a closed one had before; `may_open`: a fresh finding asks for something."""

    evidence: Evidence
    folded: Fold
    found: Finding
    visits: Visits
    today: date
    now: datetime
    may_open: bool
    row_numbers: list[int]  # its measurements
    child_row: int  # the survivor
    cases: list[tuple[CaseV1, str | None]]
    tasks: list[FollowUpV1]
    orders: list[StoredOrder] = field(default_factory=list)
    interventions: list[StoredIntervention] = field(default_factory=list)  # living, by their first day

    @property
    def root_id(self) -> UUID:
        """The survivor."""
        return self.evidence.root_ids[self.found.root]

    @cached_property
    def rows(self) -> dict[UUID, int]:
        """Measurement id → input row, of this family."""
        return {self.evidence.measurement_ids[row]: row for row in self.row_numbers}

    @cached_property
    def began(self) -> dict[UUID, date]:
        """Intervention id → its first day."""
        return {act.fact_id: act.began_on for act in self.interventions}

    @cached_property
    def ending(self) -> tuple[CloseReason, date] | None:
        """How and when the survivor left the register; None while it is here."""
        row = self.child_row
        if self.evidence.child_voided[row]:
            return CloseReason.ENTERED_IN_ERROR, self.today
        for reason, days in (
            (CloseReason.DIED, self.evidence.died_day),
            (CloseReason.MOVED_OUT, self.evidence.departed_day),
        ):
            if days[row] != NO_DAY:
                return reason, FIRST_DAY + timedelta(days=int(days[row]))
        return None

    def counts(self, fact_id: UUID) -> bool:
        """Whether the measurement, result or intervention is this family's and not voided."""
        row = self.rows.get(fact_id)
        if row is None:
            return fact_id in self.found.laboratory.drawn or fact_id in self.began
        return not self.visits.voided[row]

    def happened_on(self, fact_id: UUID) -> date:
        """Day of a measurement, a valid result or a living intervention of this family."""
        row = self.rows.get(fact_id)
        if row is not None:
            return self.visits.day[row]
        return self.began[fact_id] if fact_id in self.began else self.found.laboratory.drawn[fact_id]

    def orders_of(self, case_id: UUID) -> list[StoredOrder]:
        """The orders of a case, the oldest first: lab keeps to one."""
        return [order for order in self.orders if order.case_id == case_id]
