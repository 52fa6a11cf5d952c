"""What a sign asks for and how long specimens keep: read from `orders.toml`, checked, frozen."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("orders.toml")


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that is seen in a child, and the tests it asks for."""

    code: str
    text_id: str
    text_en: str
    tests: tuple[str, ...]
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class OrderRules:
    """Signs by code; hours that a specimen keeps, by orderable."""

    signs: Mapping[str, Sign]
    stable_hours: Mapping[str, int]
    default_hours: int

    def keeps_hours(self, orderables: Collection[str]) -> int:
        """How long a specimen for these tests keeps: as long as the most delicate of them."""
        return min((self.stable_hours.get(code, self.default_hours) for code in orderables), default=self.default_hours)


@cache
def order_rules() -> OrderRules:
    """The shipped rules."""
    return read(FILE.read_bytes())


def read(content: bytes) -> OrderRules:
    """Rules from TOML; ValueError, KeyError or TypeError where they are broken."""
    data = tomllib.loads(content.decode())
    signs = [Sign(**{**entry, "tests": tuple(entry["tests"])}) for entry in data["sign"]]
    if len({sign.code for sign in signs}) < len(signs):
        raise ValueError("two signs have one code")
    stability = data["stability"]
    hours = {"default_hours": stability["default_hours"], **stability["hours"]}
    if any(type(value) is not int or value <= 0 for value in hours.values()):
        raise ValueError("hours are whole and positive")
    return OrderRules({sign.code: sign for sign in signs}, stability["hours"], stability["default_hours"])
