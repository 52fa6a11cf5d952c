"""Codes of the growth engine's columns. They are for ever: append, never renumber (stored rows hold them)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Sex(IntEnum):
    """Sex of the child; there is no default."""

    MISSING = 0
    MALE = 1
    FEMALE = 2


class Position(IntEnum):
    """How the child was measured."""

    UNKNOWN = 0
    LYING = 1
    STANDING = 2


class BlankReason(IntEnum):
    """Why an index has no score: a score or a reason, never an empty cell."""

    NONE = 0
    SEX_MISSING = 1
    AGE_MISSING = 2
    VISIT_BEFORE_BIRTH = 3
    AGE_60_MONTHS_OR_MORE = 4
    AGE_BELOW_91_DAYS = 5
    OEDEMA = 6
    WEIGHT_MISSING = 7
    NONPOSITIVE_WEIGHT = 8
    LENGTH_HEIGHT_MISSING = 9
    NONPOSITIVE_LENGTH_HEIGHT = 10
    LENGTH_BELOW_45 = 11
    LENGTH_ABOVE_110 = 12
    HEIGHT_BELOW_65 = 13
    HEIGHT_ABOVE_120 = 14
    HEAD_CIRCUMFERENCE_MISSING = 15
    NONPOSITIVE_HEAD_CIRCUMFERENCE = 16
    MUAC_MISSING = 17
    NONPOSITIVE_MUAC = 18
    TRICEPS_SKINFOLD_MISSING = 19
    NONPOSITIVE_TRICEPS_SKINFOLD = 20
    SUBSCAPULAR_SKINFOLD_MISSING = 21
    NONPOSITIVE_SUBSCAPULAR_SKINFOLD = 22
    NOT_FINITE = 23
    VOIDED = 24
    AFTER_CUT_OFF = 25


BLANK_REASON_NAMES: Final = tuple(reason.name.lower() if reason else "" for reason in BlankReason)
