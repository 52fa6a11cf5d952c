"""Which laboratory an order goes to: the one that serves the smallest area around the child's residence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A laboratory of the district: `area_codes` are the areas it serves."""

    code: str
    name: str
    area_codes: tuple[str, ...]
    tests_per_day: int


def area_of(laboratory_code: str) -> str:
    """The area in a laboratory's own code: `LAB.12.19.RSUD` lies in 12.19."""
    return laboratory_code.split(".", 1)[1].rpartition(".")[0]


def route(desa_code: str | None, laboratories: Iterable[Laboratory]) -> str | None:
    """Code of the laboratory for a child of `desa_code`; None where nobody serves it. Of equals, the first by code."""
    if desa_code is None:
        return None
    served = [
        (-len(area), laboratory.code)
        for laboratory in laboratories
        for area in laboratory.area_codes
        if desa_code == area or desa_code.startswith(area + ".")
    ]
    return min(served)[1] if served else None
