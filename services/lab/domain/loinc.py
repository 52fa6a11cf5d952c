"""LOINC codes end in a check digit (modulus 10, the Luhn sum), which catches every single mistyped digit."""

from __future__ import annotations

import re
from typing import Final

_CODE: Final = re.compile(r"(\d{3,7})-(\d)")


def check_digit(body: str) -> int:
    """The digit after the hyphen for the digits before it."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10


def is_loinc(code: str) -> bool:
    """Whether `code` has the form and the right check digit; not whether anybody has given it a meaning."""
    match = _CODE.fullmatch(code)
    return match is not None and check_digit(match.group(1)) == int(match.group(2))
