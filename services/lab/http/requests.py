"""What clients send, field by field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from services.lab.domain.orders import CancelReason
from services.lab.use_cases.correct_results import VoidReason
from services.lab.use_cases.held_results import DiscardReason
from services.lab.use_cases.new_result import MOST_FINDINGS, NewResult, ResultValues, Word
from services.lab.use_cases.specimens import RejectReason
from shared.contracts.fact import AreaCode
from shared.contracts.lab import LaboratoryCode, Orderable, Specimen, TestCode
from shared.http.bodies import Body
from shared.http.row_batch import Rows

_REMOVABLE: Final = frozenset({"critical_below", "critical_above", "leader", "loinc"})
Factor = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$", examples=["0.0349"])]


class ResultIn(NewResult, Body):
    """One result. `order_id`, or `child_id` where there is no order; the unit is never assumed."""


class ResultPatch(ResultValues, Body):
    """What to correct; a new `value` brings its `unit`, and `comparator` where it is a bound."""


class ResultsIn(Rows[ResultIn]):
    """Many results; each row is judged by itself."""


class VoidIn(Body):
    """Why a result is retracted."""

    reason: VoidReason


class CompleteIn(Body):
    """The unit of a held value, as the analyser prints it, or its findings; its test where that was not known."""

    unit: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    findings: Annotated[list[Word], Field(min_length=1, max_length=MOST_FINDINGS)] | None = None
    test_code: TestCode | None = None


class DecideIn(CompleteIn):
    """What all rows of a group mean. `remember`: what comes later in the same words means it, too."""

    remember: bool = True


class DiscardIn(Body):
    """Why a held value is not taken."""

    reason: DiscardReason


class SpecimenIn(Body):
    """A tube: what is in it and for which tests."""

    specimen: Specimen
    orderables: Annotated[list[Orderable], Field(min_length=1, max_length=20)]
    drawn_at: AwareDatetime | None = None
    drawn_on: date | None = None


class SendIn(Body):
    """That a tube left the place of the draw; now, unless it is entered later."""

    sent_at: AwareDatetime | None = None


class ReceiveIn(Body):
    """That the laboratory has the tube; now, unless it is entered later."""

    received_at: AwareDatetime | None = None


class AddTestsIn(Body):
    """A sign of the panels, or tests with the reason for them (no names, no numbers of persons)."""

    sign: Annotated[str, Field(max_length=40)] | None = None
    orderables: Annotated[tuple[Orderable, ...], Field(max_length=20)] = ()
    reason_text: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class CancelTestIn(Body):
    """Why a test is called off; `other` says it in words (no names, no numbers of persons)."""

    reason: CancelReason
    reason_text: Annotated[str, Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _other_says_what(self) -> Self:
        if self.reason == "other" and self.reason_text is None:
            raise PydanticCustomError(
                "reason_text_missing",
                "other needs words",
                {
                    "problem_id": "alasan `other` tanpa penjelasan",
                    "problem_en": "the reason `other` without words",
                    "remedy_id": "Isi `reason_text`, tanpa nama atau NIK.",
                    "remedy_en": "Give `reason_text`, without names or numbers of persons.",
                },
            )
        return self


class RejectIn(Body):
    """Why a tube is refused."""

    reason: RejectReason


class AcknowledgeIn(Body):
    """That a person was told; `read_back`: who was called repeated the value."""

    read_back: bool
    note: Annotated[str, Field(max_length=500)] | None = None


class LaboratoryIn(Body):
    """A laboratory of the district and the areas it serves."""

    code: LaboratoryCode
    name: Annotated[str, Field(min_length=1, max_length=120)]
    area_codes: Annotated[list[AreaCode], Field(min_length=1, max_length=200)]
    tests_per_day: Annotated[int, Field(ge=0, le=100_000)]


class BandIn(Body):
    """Limits for completed months of age in [from_months, to_months); without `sex` for both."""

    from_months: Annotated[int, Field(ge=0, le=240)]
    to_months: Annotated[int, Field(ge=1, le=240)]
    sex: Literal["male", "female"] | None = None
    low: Decimal | None = None
    high: Decimal | None = None


class ReferenceRangeIn(Body):
    """All bands of a test as the laboratory prints them, from a day on, in a unit that the test is reported in."""

    test_code: TestCode
    valid_from: date
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    bands: Annotated[list[BandIn], Field(min_length=1, max_length=60)]
    source_text: Annotated[str, Field(min_length=1, max_length=500)]


class UnitIn(Body):
    """A unit that a test is reported in: canonical value = reported value * times / over, exactly."""

    unit: Annotated[str, Field(min_length=1, max_length=40)]
    loinc: Annotated[str, Field(max_length=10)] | None = None
    times: Factor = "1"
    over: Factor = "1"
    aliases: Annotated[list[Annotated[str, Field(min_length=1, max_length=40)]], Field(max_length=40)]
    local: bool = False


class FindingIn(Body):
    """One thing that a qualitative test may find; `alone`: it excludes every other."""

    finding: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    name_id: Annotated[str, Field(min_length=1, max_length=80)]
    name_en: Annotated[str, Field(min_length=1, max_length=80)]
    aliases: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=80)], ...], Field(max_length=40)] = ()
    alone: bool = False


class CatalogueVersionIn(Body):
    """What changes of a test from a day on; of a wholly new test, everything. Limits are in the canonical unit."""

    valid_from: date
    reason_text: Annotated[str, Field(min_length=1, max_length=500)]
    name_id: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    name_en: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    kind: Literal["quantity", "findings"] | None = None
    canonical_unit: Annotated[str, Field(max_length=40)] | None = None
    units: Annotated[list[UnitIn], Field(min_length=1, max_length=20)] | None = None
    loinc: Annotated[str, Field(max_length=10)] | None = None
    findings: Annotated[list[FindingIn], Field(max_length=60)] | None = None
    several_findings: bool | None = None
    decimals: Annotated[int, Field(ge=0, le=6)] | None = None
    plausible: tuple[Decimal, Decimal] | None = None
    critical_below: Decimal | None = None
    critical_above: Decimal | None = None
    leader: TestCode | None = None
    specimens: Annotated[list[Specimen], Field(min_length=1, max_length=6)] | None = None
    needs: Annotated[list[str], Field(max_length=10)] | None = None
    status: Literal["S", "S2", "P"] | None = None
    source: Annotated[str, Field(min_length=1, max_length=500)] | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent, in the words of the catalogue's entries; a limit or leader sent as null is taken away."""
        sent = self.model_dump(include=self.model_fields_set - {"valid_from", "reason_text"})
        sent = {name: value for name, value in sent.items() if value is not None or name in _REMOVABLE}
        if "findings" in sent:
            sent["findings"] = [
                {"code": each.pop("finding"), "id": each.pop("name_id"), "en": each.pop("name_en"), **each}
                for each in sent["findings"]
            ]
        if "several_findings" in sent:
            sent["several"] = sent.pop("several_findings")
        numbers = {name: str(sent[name]) for name in ("critical_below", "critical_above") if sent.get(name) is not None}
        if "plausible" in sent:
            sent["plausible"] = [str(bound) for bound in sent["plausible"]]
        return sent | numbers


class CriticalLimitIn(Body):
    """What a laboratory calls critical from a day on, in the test's canonical unit; null = no limit on that side."""

    test_code: TestCode
    valid_from: date
    critical_below: Decimal | None = None
    critical_above: Decimal | None = None
    reason_text: Annotated[str, Field(min_length=1, max_length=500)]
