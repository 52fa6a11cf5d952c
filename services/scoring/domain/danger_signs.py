"""Danger signs as a mask of integers: what a visit states, and what its temperature says by itself.

A sign stands until a newer visit states that there is none, as oedema does: a visit that does not speak of danger signs
clears nothing, nor does a normal temperature, which says nothing of convulsions.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag
from typing import Final

import numpy as np

from services.scoring.domain.fold_columns import Floats, Int32s
from services.scoring.domain.tier_rules import TierRule


class DangerSign(IntFlag):
    """Bit mask of a visit. Codes are for ever: append, never renumber."""

    NOT_STATED = 0
    STATED = 1 << 0  # with no other bit: looked for, none seen
    CANNOT_DRINK_OR_FEED = 1 << 1
    VOMITS_EVERYTHING = 1 << 2
    CONVULSIONS = 1 << 3
    LETHARGIC = 1 << 4
    SEVERE_DEHYDRATION = 1 << 5
    CHEST_INDRAWING = 1 << 6
    VERY_HIGH_TEMPERATURE = 1 << 7
    VERY_LOW_TEMPERATURE = 1 << 8


SIGNS: Final = tuple(sign for sign in DangerSign if sign is not DangerSign.STATED)
SIGN_NAMES: Final = tuple(str(sign.name).lower() for sign in SIGNS)


def mask_of(signs: Iterable[str] | None) -> int:
    """The mask of stated signs (codes); None = nothing was stated."""
    if signs is None:
        return int(DangerSign.NOT_STATED)
    mask = DangerSign.STATED
    for sign in signs:
        mask |= DangerSign[sign.upper()]
    return int(mask)


def names_in(mask: int) -> tuple[str, ...]:
    """The signs of a mask, most telling first (the order of `DangerSign`)."""
    return tuple(name for sign, name in zip(SIGNS, SIGN_NAMES, strict=True) if mask & sign)


def seen_signs(stated: Int32s, temperature_c: Floats, rule: TierRule) -> Int32s:
    """The masks with what temperatures (degrees Celsius, NaN = not taken) add by the limits of the rule."""
    high = temperature_c >= rule.temperature_at_least_c
    low = temperature_c < rule.temperature_below_c
    mask: Int32s = stated | (high * np.int32(DangerSign.VERY_HIGH_TEMPERATURE))
    return mask | (low * np.int32(DangerSign.VERY_LOW_TEMPERATURE))
