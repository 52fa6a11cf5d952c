"""Units of laboratory values: how they are written, and exact conversion.

Factors are fractions, so that there and back is the value again and every way between two units is the same factor.
What is stored is rounded once, half up, to the decimals of the test.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit a test is reported in. `factor`: canonical value of one.

    Without a `loinc` it is understood, and accepted only where the test is `local`: has a code of ours and none else.
    """

    name: str  # UCUM
    factor: Fraction
    loinc: str | None
    aliases: tuple[str, ...] = ()
    local: bool = False
    spellings: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spellings", frozenset(plain(name) for name in (self.name, *self.aliases)))

    @property
    def accepted(self) -> bool:
        """Whether results may be reported in it."""
        return self.loinc is not None or self.local


def plain(text: str) -> str:
    """A unit as it is compared: no blanks, no case, `u` for both signs for micro, plain digits for raised ones."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(folded.split()).replace("\u03bc", "u")


_METRIC: Final = re.compile(r"([kmunpf]?)(g|mol)/([dcmunp]?)L")
_PREFIXES: Final = {"k": 3, "": 0, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}


def scale(name: str) -> tuple[str, Fraction] | None:
    """What a UCUM unit of concentration measures, `g` or `mol`, and how much of it a litre has; None for others."""
    match = _METRIC.fullmatch(name)
    if match is None:
        return None
    return match.group(2), Fraction(10) ** (_PREFIXES[match.group(1)] - _PREFIXES[match.group(3)])


def exact(value: float) -> Fraction:
    """The decimal number that was written, not the binary one next to it."""
    return Fraction(Decimal(repr(value)))


def convert(value: Fraction, source: Unit, target: Unit) -> Fraction:
    """`value` of one unit in another of the same test."""
    return value * source.factor / target.factor


def rounded(value: Fraction, decimals: int) -> Decimal:
    """Half up at so many decimals, whatever the sign."""
    exactly = Decimal(value.numerator) / Decimal(value.denominator)
    return exactly.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def written(value: float) -> str:
    """A JSON number in plain digits: 112, 11.2, never 1.12e2."""
    digits = f"{Decimal(repr(value)):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
