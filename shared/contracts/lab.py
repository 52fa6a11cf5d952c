"""Laboratory facts. Owner: lab, which converts units and calls critical values; scoring says what a value means."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.fact import ChildFact

# What is asked for: some are one analyte, `blood_count` is a tube with several.
Orderable = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$", examples=["blood_count"])]
TestCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$", examples=["haemoglobin"])]
LaboratoryCode = Annotated[str, Field(pattern=r"^LAB\.[0-9.]*[0-9]\.[A-Z0-9]{2,12}$", examples=["LAB.12.19.RSUD"])]
OrderState = Literal["open", "complete", "cancelled"]
TestState = Literal["ordered", "collected", "resulted", "cancelled"]
Comparator = Literal["<", "<=", ">", ">="]
Specimen = Literal["venous", "capillary", "stool", "urine", "skin", "other"]


class OrderedTest(BaseModel):
    """One test of an order and where it stands; tests are only added, a cancelled one stays in sight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    orderable: Orderable
    state: TestState
    added_on: date
    resulted_on: date | None = Field(default=None, description="Day the result was reported, where resulted.")
    rejections: int = Field(default=0, ge=0, description="Specimens refused so far; each opened the test again.")


class LabOrderV1(ChildFact):
    """The one order of a case: a later need adds tests to it and opens it again."""

    kind: ClassVar[str] = "lab-order"

    case_id: UUID
    laboratory_code: LaboratoryCode | None = Field(default=None, description="Empty = no laboratory serves the place.")
    priority: Literal["routine", "urgent"]
    state: OrderState = Field(description="open: a test waits; complete: none waits, one is resulted; else cancelled.")
    ordered_on: date
    completed_on: date | None = Field(default=None, description="Day of the last result, while complete.")
    tests: tuple[OrderedTest, ...] = Field(min_length=1)
    cancel_reason: str | None = Field(default=None, max_length=40, description="A code, never free text.")


class LabResultV1(ChildFact):
    """One reported value, converted once to the canonical unit; the original stays beside it as it came."""

    kind: ClassVar[str] = "lab-result"

    order_id: UUID | None = None
    laboratory_code: LaboratoryCode
    test_code: TestCode
    loinc: str | None = Field(
        default=None,
        pattern=r"^\d{3,7}-\d$",
        description="Of the reported unit: mass and substance codes differ. Empty = LOINC has none; test_code says it.",
    )
    drawn_on: date
    drawn_at: AwareDatetime | None = Field(
        default=None, description="Of a skin test when it was read. Empty = the time of day is not known."
    )
    administered_at: AwareDatetime | None = Field(default=None, description="Of a skin test: when it was injected.")
    reported_at: AwareDatetime
    specimen: Specimen
    value: float | None = Field(default=None, description="In canonical_unit; a bound where there is a comparator.")
    comparator: Comparator | None = None
    canonical_unit: str | None = Field(default=None, max_length=40, description="UCUM.")
    findings: tuple[str, ...] = Field(default=(), description="Codes of what was found, by the catalogue.")
    original_value: str = Field(max_length=80)
    original_unit: str | None = Field(default=None, max_length=40)
    method: str | None = Field(default=None, max_length=60)
    replaces: UUID | None = Field(default=None, description="The result of another child or order that was meant.")
    voided: bool = Field(default=False, description="Retracted by the laboratory.")


class CriticalValueV1(ChildFact):
    """An alert on a value that needs a person now; raised once a result."""

    kind: ClassVar[str] = "critical-value"

    result_id: UUID
    test_code: TestCode
    drawn_on: date
    value: float = Field(description="As measured: no adjustment.")
    comparator: Comparator | None = None
    canonical_unit: str
    limit: float
    side: Literal["low", "high"]
    state: Literal["raised", "acknowledged", "withdrawn"]
    raised_at: AwareDatetime
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: str | None = Field(default=None, max_length=80, description="Account, not a name.")
    read_back: bool | None = Field(default=None, description="Whether the value was repeated by who was called.")
