"""Whether two records may be one child: what agrees, what differs, and how much that says (domain.md §1).

The score ranks what a person looks at and decides nothing. It is a sum of log odds, field by field, as in probabilistic
record linkage (Fellegi and Sunter 1969); the weights are provisional: set by judgement, not fitted to reviewed pairs.
Twins and siblings share nearly everything, so they are put last whatever the sum says.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Final, NamedTuple

from services.measurement.domain.names import are_near, is_part, similarity

PRIOR: Final = -5.0
WEIGHTS: Final = {
    "nik": {"same": 5.0, "same_doubtful": 2.0, "differs": -3.0},
    "name": {"same": 4.0, "near": 2.0, "part": 2.0, "of_parent": 2.0, "differs": -4.0},
    "birth_date": {"same": 3.0, "one_day": 1.5, "swapped": 1.5, "differs": -2.0},
    "sex": {"same": 0.3, "differs": -2.0},
    "parent_name": {"same": 2.0, "near": 1.5, "part": 1.0, "differs": -1.5},
    "home": {"same_posyandu": 1.0, "same_desa": 0.5, "elsewhere": -0.5},
}
# An NIK with one of these is a parent's or made up: that two children have it says little.
NIK_DOUBTS: Final = frozenset({"nik_parent_birth_date", "nik_repeated_digits"})
TWINS: Final = "twins?"
SIBLINGS: Final = "siblings?"
MOST_OF_TWINS: Final = 0.2  # the score of those who may be two
_MAY_BE_NAME: Final = frozenset({"same", "near", "part", "of_parent"})
_NEAR_DAYS: Final = frozenset({"same", "one_day"})
_SAME_NIK: Final = frozenset({"same", "same_doubtful"})
_SAME_PARENT: Final = frozenset({"same", "near", "part"})

REASON_TEXTS: Final = {
    "same_nik": ("NIK sama", "same NIK"),
    "same_name_and_birth_date": ("nama dan tanggal lahir sama", "same name and birth date"),
    "near_name_and_birth_date": (
        "nama mirip, tanggal lahir berselisih paling banyak satu hari, desa sama",
        "similar name, birth dates a day apart at most, same desa",
    ),
    "same_parent_and_birth_date": (
        "nama orang tua sama, tanggal lahir berselisih paling banyak satu hari",
        "same parent, birth dates a day apart at most",
    ),
    TWINS: ("mungkin anak kembar: dua anak, jangan digabung", "perhaps twins: two children, not to be merged"),
    SIBLINGS: ("mungkin kakak dan adik dengan satu NIK", "perhaps siblings who were given one NIK"),
}


class Person(NamedTuple):
    """What is compared of one record; names are normalised, None = not known."""

    nik: str | None
    nik_flags: tuple[str, ...]
    name: str | None
    parent_name: str | None
    birth_date: date
    sex: str | None
    desa_code: str
    posyandu_code: str | None


class Evidence(NamedTuple):
    """One field: `same`, `differs` or something between; None = one side does not know it. Never a value of either."""

    field: str
    result: str | None
    similarity: float | None = None


class Likeness(NamedTuple):
    """Why two records may be one child, and how likely that is (0 to 1)."""

    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    score: float

    @property
    def fingerprint(self) -> str:
        """What a person's verdict rests on. A move is no new evidence about who somebody is."""
        told = [f"{item.field}={item.result or 'unknown'}" for item in self.evidence if item.field != "home"]
        return " ".join(told)


def compare(one: Person, other: Person) -> Likeness | None:
    """Why these two may be the same child; None where nothing says so."""
    evidence = (
        Evidence("nik", _nik(one, other)),
        _name(one, other),
        Evidence("birth_date", _birth_date(one.birth_date, other.birth_date)),
        Evidence("sex", None if None in {one.sex, other.sex} else "same" if one.sex == other.sex else "differs"),
        _names("parent_name", one.parent_name, other.parent_name),
        Evidence("home", _home(one, other)),
    )
    found = {item.field: item.result or "unknown" for item in evidence}
    reasons = _reasons(found)
    if not reasons:
        return None
    odds = PRIOR + sum(WEIGHTS[field].get(result, 0.0) for field, result in found.items())
    score = 1 / (1 + math.exp(-odds))
    doubt = _two_children(found)
    if doubt is not None:
        reasons, score = (*reasons, doubt), min(score, MOST_OF_TWINS)
    return Likeness(reasons, evidence, round(score, 2))


def _reasons(found: dict[str, str]) -> tuple[str, ...]:
    reasons = []
    close = found["birth_date"] in _NEAR_DAYS
    if found["nik"] in _SAME_NIK:
        reasons.append("same_nik")
    if found["name"] == "same" and found["birth_date"] == "same":
        reasons.append("same_name_and_birth_date")
    elif found["name"] in _MAY_BE_NAME and close and found["home"] != "elsewhere":
        reasons.append("near_name_and_birth_date")
    if found["parent_name"] in _SAME_PARENT and close and found["name"] != "differs":
        reasons.append("same_parent_and_birth_date")
    return tuple(reasons)


def _two_children(found: dict[str, str]) -> str | None:
    """Born together to one parent, with another name or sex: twins. One NIK and nothing else in common: siblings."""
    same_nik = found["nik"] in _SAME_NIK
    if found["birth_date"] not in _NEAR_DAYS:
        return SIBLINGS if same_nik and found["name"] not in {"same", "near"} else None
    if same_nik:
        return TWINS if found["name"] == "differs" or found["sex"] == "differs" else None
    another = found["name"] in {"near", "differs"} or (found["name"] != "same" and found["nik"] == "differs")
    if found["parent_name"] in _SAME_PARENT and (another or found["sex"] == "differs"):
        return TWINS
    return None


def _nik(one: Person, other: Person) -> str | None:
    if one.nik is None or other.nik is None:
        return None
    if one.nik != other.nik:
        return "differs"
    return "same_doubtful" if NIK_DOUBTS & {*one.nik_flags, *other.nik_flags} else "same"


def _name(one: Person, other: Person) -> Evidence:
    found = _names("name", one.name, other.name)
    # Until it has a name, a newborn is entered under its mother's ("By. Ny. Siti").
    named = one.name is not None and one.name == other.parent_name
    named |= other.name is not None and other.name == one.parent_name
    return Evidence("name", "of_parent") if named and found.result != "same" else found


def _names(field: str, one: str | None, other: str | None) -> Evidence:
    if one is None or other is None:
        return Evidence(field, None)
    if one == other:
        return Evidence(field, "same", 1.0)
    result = "near" if are_near(one, other) else "part" if is_part(one, other) else "differs"
    return Evidence(field, result, None if result == "differs" else similarity(one, other))


def _birth_date(one: date, other: date) -> str:
    if one == other:
        return "same"
    if abs((one - other).days) == 1:
        return "one_day"
    swapped = one.year == other.year and (one.day, one.month) == (other.month, other.day)
    return "swapped" if swapped else "differs"


def _home(one: Person, other: Person) -> str:
    if one.desa_code != other.desa_code:
        return "elsewhere"
    return (
        "same_posyandu" if one.posyandu_code is not None and one.posyandu_code == other.posyandu_code else "same_desa"
    )
