"""Every event kind and the model that reads it."""

from __future__ import annotations

from typing import Final

from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import Fact
from shared.contracts.hint import HintV1
from shared.contracts.intervention import InterventionV1
from shared.contracts.lab import CriticalValueV1, LabOrderV1, LabResultV1
from shared.contracts.register import RegisterEntryV1
from shared.contracts.risk import AssessmentV1, CaseV1, FollowUpV1, RiskStatusV1

KINDS: Final[dict[str, type[Fact]]] = {
    model.kind: model
    for model in (
        RegisterEntryV1,
        ChildV1,
        MeasurementV1,
        InterventionV1,
        LabOrderV1,
        LabResultV1,
        CriticalValueV1,
        AssessmentV1,
        RiskStatusV1,
        CaseV1,
        FollowUpV1,
        HintV1,
    )
}
