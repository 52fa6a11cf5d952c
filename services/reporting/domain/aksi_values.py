"""Values of the board: whole numbers of a desa, an indicator and a year; what is refused, what is only remarked on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from services.reporting.domain.aksi_programme import Programme

Source = Literal["facts", "typed", "uploaded"]
LARGEST: Final = 9_999_999  # a desa has fewer people; a longer number is a mistyped one
CellKey = tuple[str, str]  # desa, indicator
UNSEEN: Final = 0  # the revision of a value that is not there yet


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody states. No `value` = not known, with the reason. `seen`: the revision that it replaces, if told."""

    desa_code: str
    indicator_code: str
    value: int | None
    reason: str | None = None
    seen: int | None = None

    @property
    def key(self) -> CellKey:
        """Which cell."""
        return self.desa_code, self.indicator_code


@dataclass(frozen=True, slots=True)
class Prefill:
    """What our facts say of a cell as known at the end of a day, by a named definition."""

    value: int
    as_of: date
    definition: str


@dataclass(frozen=True, slots=True)
class Value:
    """A cell as it stands. `fact` stays beside what a person said instead of it."""

    desa_code: str
    indicator_code: str
    value: int | None
    source: Source
    fact: Prefill | None
    reason: str | None
    revision: int
    changed_by: str
    changed_at: datetime

    @property
    def key(self) -> CellKey:
        """Which cell."""
        return self.desa_code, self.indicator_code


class Statement(NamedTuple):
    """What the kecamatan states of an action that takes no values."""

    area_code: str
    aksi_code: str
    text: str
    evidence: str
    revision: int
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class By:
    """Who enters, by which way and when."""

    account: str
    at: datetime
    source: Source = "typed"


def refusal(entry: Entry, stored: Value | None, programme: Programme, desa_codes: Iterable[str]) -> str | None:
    """Why an entry cannot be taken; None if it can."""
    if programme.find(entry.indicator_code) is None:
        return "unknown_indicator"
    if entry.desa_code not in desa_codes:
        return "unknown_desa"
    if entry.value is not None and not 0 <= entry.value <= LARGEST:
        return "negative" if entry.value < 0 else "too_large"
    if entry.seen is not None and entry.seen != (UNSEEN if stored is None else stored.revision):
        return None if says_the_same(entry, stored) else "stale"
    return None if entry.reason else _reason_owed(entry, stored)


def _reason_owed(entry: Entry, stored: Value | None) -> str | None:
    if entry.value is None:
        return "reason_for_nothing"
    if stored is not None and stored.fact is not None and entry.value != stored.fact.value:
        return None if says_the_same(entry, stored) else "reason_against_facts"
    return None


def says_the_same(entry: Entry, stored: Value | None) -> bool:
    """Whether the cell says it already, so that sending it again changes nothing."""
    return (
        stored is not None and stored.value == entry.value and (entry.reason is None or entry.reason == stored.reason)
    )


def entered(entry: Entry, stored: Value | None, by: By) -> Value:
    """The cell after a taken entry. Who gives a fact's own value back takes the override away."""
    fact = None if stored is None else stored.fact
    from_facts = fact is not None and entry.value == fact.value
    return Value(
        desa_code=entry.desa_code,
        indicator_code=entry.indicator_code,
        value=entry.value,
        source="facts" if from_facts else by.source,
        fact=fact,
        reason=entry.reason,
        revision=(UNSEEN if stored is None else stored.revision) + 1,
        changed_by=by.account,
        changed_at=by.at,
    )


def prefilled(key: CellKey, fact: Prefill, stored: Value | None, by: By) -> Value | None:
    """The cell after filling in from facts; None if nothing changes. A person's value stays, the fact beside it."""
    if stored is None:
        return Value(*key, fact.value, "facts", fact, None, UNSEEN + 1, by.account, by.at)
    same = stored.fact is not None and (stored.fact.value, stored.fact.definition) == (fact.value, fact.definition)
    if stored.source == "facts" and not same:
        return replace(
            stored, value=fact.value, fact=fact, revision=stored.revision + 1, changed_by=by.account, changed_at=by.at
        )
    # Whose value it is stays: only what stands beside it is new.
    return None if same else replace(stored, fact=fact, revision=stored.revision + 1)


class Finding(NamedTuple):
    """Something to look at in a value that may be true all the same."""

    desa_code: str
    indicator_code: str
    code: Literal["above_denominator", "differs_from_facts", "parts_above_whole"]
    value: int
    other: int


def findings(values: Sequence[Value], programme: Programme) -> list[Finding]:
    """Values above what they are a part of, beside our facts, or parts that together exceed their whole."""
    known: Mapping[CellKey, int] = {one.key: one.value for one in values if one.value is not None}
    found: list[Finding] = []
    for one in values:
        indicator = programme.find(one.indicator_code)
        if indicator is None or one.value is None:
            continue
        whole = None if indicator.denominator is None else known.get((one.desa_code, indicator.denominator))
        if whole is not None and one.value > whole:
            found.append(Finding(*one.key, "above_denominator", one.value, whole))
        if one.fact is not None and one.value != one.fact.value:
            found.append(Finding(*one.key, "differs_from_facts", one.value, one.fact.value))
    return [*found, *_classes(known)]


# Severely stunted and stunted are classes of the same children: together they are no more than those measured.
CLASSES: Final = (("DS3", ("DS4", "DS5")),)


def _classes(known: Mapping[CellKey, int]) -> Iterable[Finding]:
    for whole_code, parts in CLASSES:
        for desa_code in sorted({desa_code for desa_code, code in known if code == whole_code}):
            whole = known[desa_code, whole_code]
            counts = [known.get((desa_code, part)) for part in parts]
            total = sum(count for count in counts if count is not None)
            if None not in counts and total > whole and all(count <= whole for count in counts if count is not None):
                yield Finding(desa_code, whole_code, "parts_above_whole", total, whole)


def missing_of(programme: Programme, aksi_code: str, filled: Iterable[str]) -> int:
    """How many indicators of an action a desa still owes. `filled`: codes of its values."""
    return len({one.code for one in programme.of_aksi(aksi_code)} - set(filled))
