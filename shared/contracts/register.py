"""Register facts: areas, posyandu, puskesmas, official targets. Owner: measurement."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID, uuid5

from pydantic import Field

from shared.contracts.fact import AreaCode, DesaCode, Fact

REGISTER_NAMESPACE = UUID("5d6b2f3a-3a53-5b0e-9a0d-6f2f5d0f7a11")

RegisterKind = Literal["area", "posyandu", "puskesmas", "target"]
AreaLevel = Literal["provinsi", "kabupaten", "kecamatan", "kelurahan", "desa"]


def register_fact_id(entry: str, code: str) -> UUID:
    """A register entry is known by its code: two loads of one file are one fact."""
    return uuid5(REGISTER_NAMESPACE, f"{entry}:{code}")


class RegisterEntryV1(Fact):
    """One entry of the register, effective-dated."""

    kind: ClassVar[str] = "register-entry"

    entry: RegisterKind
    code: str = Field(min_length=1, max_length=40, description="Kemendagri code, dotted; posyandu: <desa>.PNNN.")
    name: str = Field(min_length=1, max_length=120)
    level: AreaLevel | None = Field(default=None, description="Of an area; empty otherwise.")
    parent_code: AreaCode | None = Field(default=None, description="Area above; of a posyandu: its desa.")
    desa_codes: tuple[DesaCode, ...] = Field(default=(), description="Of a puskesmas: the desa it serves.")
    valid_from: date
    valid_to: date | None = Field(default=None, description="First day it is no longer valid.")
    target_children: int | None = Field(default=None, ge=0, description="Of a target: official children under five.")
    elevation_m: float | None = Field(default=None, ge=-100, le=5_500, description="Of a desa: above the sea.")
    voided: bool = False

    @property
    def key(self) -> str:
        """The code, with its kind: the topic is compacted by it."""
        return f"{self.entry}:{self.code}"
