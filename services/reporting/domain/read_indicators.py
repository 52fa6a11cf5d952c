"""The file of indicators (TOML): read, checked, frozen. What an area shows of itself follows from it.

A broken file is refused as a whole, with every problem told at once: `IndicatorError.problems`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeGuard, cast

from services.reporting.domain.child_month import MARKS
from services.reporting.domain.figures import COUNTS
from services.reporting.domain.indicator_set import (
    OF_CHILD,
    OFFICIAL_TARGET,
    RULES,
    ActKind,
    Count,
    Indicator,
    IndicatorSet,
    MissingList,
    Rule,
)
from shared.calendar import UNDER_FIVE_MONTHS

FILE: Final = Path(__file__).parent / "indicators" / "2024.toml"
STATUSES: Final = ("S", "S2", "P")
KINDS: Final = ("figures", "children", "not_recorded")
WINDOWS: Final = ("month", "year_to_date")
CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
MONTHS: Final = range(1, 13)
MOST_ACTS: Final = 62  # a bit each of a bigint
_INDICATOR_KEYS: Final = frozenset(
    ("code", "name", "definition", "rule", "higher_is_better", "from", "until", "source", "status", "count")
)
_COUNT_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "figures": frozenset(("kind", "numerator", "denominator", "under_two")),
    "children": frozenset(
        ("kind", "window", "age_months", "round_months", "among", "among_one_of", "counted", "without", "known_by")
    ),
    "not_recorded": frozenset(("kind",)),
}
_ACT_KEYS: Final = frozenset(("name", "type", "subjects", "doses", "all_of", "or_one_of", "lifetime"))


class IndicatorError(ValueError):
    """The file cannot be used; `problems` says why, each with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@cache
def load() -> IndicatorSet:
    """The shipped file. Raises IndicatorError, which stops the start."""
    return read(FILE.read_bytes())


def read(content: bytes) -> IndicatorSet:
    """The set in a file (TOML). IndicatorError names every problem."""
    try:
        data = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise IndicatorError([f"no TOML: {error}"]) from None
    problems = [f"unknown table {name}" for name in data if name not in {"act", "indicator", "list"}]
    acts = tuple(_act(table, f"act[{place}]", problems) for place, table in enumerate(data.get("act", ())))
    flags = frozenset((*MARKS, *OF_CHILD, *(act.name for act in acts)))
    if len(flags) != len(MARKS) + len(OF_CHILD) + len(acts):
        problems.append("act: two of one name, or named like a mark")
    _require(len(acts) <= MOST_ACTS, f"act: more than {MOST_ACTS}", problems)
    indicators = tuple(
        _indicator(table, f"indicator[{place}]", flags, problems)
        for place, table in enumerate(data.get("indicator", ()))
    )
    if not indicators:
        problems.append("indicator: there is none")
    problems += _overlaps(indicators)
    problems += _unknown_families(indicators)
    lists = tuple(_list(table, f"list[{place}]", flags, problems) for place, table in enumerate(data.get("list", ())))
    if problems:
        raise IndicatorError(problems)
    return IndicatorSet(indicators, acts, lists)


def _act(table: Mapping[str, Any], place: str, problems: list[str]) -> ActKind:
    place = f"{place} {table.get('name', '')}".strip()
    problems += [f"{place}: unknown key {key}" for key in table if key not in _ACT_KEYS]
    doses = table.get("doses", {})
    for dose, months in doses.items():
        if not _is_band(months):
            problems.append(f"{place}: doses.{dose} must be two completed months, the first below the second")
    return ActKind(
        name=_code(table, "name", place, problems),
        type=_code(table, "type", place, problems),
        subjects=_words(table, "subjects", None, place, problems, needed=True),
        doses={dose: (months[0], months[1]) for dose, months in doses.items() if _is_band(months)},
        all_of=table.get("all_of", False) is True,
        or_one_of=_words(table, "or_one_of", None, place, problems),
        lifetime=table.get("lifetime", False) is True,
    )


def _list(table: Mapping[str, Any], place: str, flags: Collection[str], problems: list[str]) -> MissingList:
    problems += [f"{place}: unknown key {key}" for key in table if key not in {"name", "title", "count"}]
    count = _count(table.get("count"), f"{place} count", flags, problems)
    _require(count.kind == "children" and count.window == "month", f"{place}: counts children of a month", problems)
    return MissingList(_code(table, "name", place, problems), _both_languages(table, "title", place, problems), count)


def _indicator(table: Mapping[str, Any], place: str, flags: Collection[str], problems: list[str]) -> Indicator:
    place = f"{place} {table.get('code', '')}".strip()
    problems += [f"{place}: unknown key {key}" for key in table if key not in _INDICATOR_KEYS]
    rule, status, better = table.get("rule"), table.get("status"), table.get("higher_is_better")
    since, until = table.get("from"), table.get("until")
    _require(rule in RULES, f"{place}: rule must be one of {', '.join(RULES)}", problems)
    _require(status in STATUSES, f"{place}: status must be one of {', '.join(STATUSES)}", problems)
    _require(better in {None, True, False}, f"{place}: higher_is_better must be true, false or left out", problems)
    _require(_is_day(since), f"{place}: from must be a day", problems)
    _require(until is None or _is_day(until), f"{place}: until must be a day", problems)
    _require(isinstance(table.get("source"), str) and table["source"], f"{place}: source is missing", problems)
    if _is_day(since) and _is_day(until):
        _require(since < until, f"{place}: until must lie after from", problems)
    count = _count(table.get("count"), f"{place} count", flags, problems)
    if count.kind == "children":
        fits = (rule == "cumulative") == (count.window == "year_to_date") and rule != "latest_of_child"
        _require(fits, f"{place}: rule {rule} does not go with children of the window {count.window}", problems)
    return Indicator(
        code=_code(table, "code", place, problems),
        name=_both_languages(table, "name", place, problems),
        definition=_both_languages(table, "definition", place, problems),
        rule=cast("Rule", rule if rule in RULES else RULES[0]),
        since=since if _is_day(since) else date.min,
        until=until if _is_day(until) else None,
        source=str(table.get("source", "")),
        status=str(status),
        higher_is_better=better,
        count=count,
    )


def _count(table: Any, place: str, flags: Collection[str], problems: list[str]) -> Count:
    kind = table.get("kind") if isinstance(table, dict) else None
    if kind not in KINDS:
        problems.append(f"{place}: kind must be one of {', '.join(KINDS)}")
        return Count("not_recorded")
    problems += [f"{place}: unknown key {key}" for key in table if key not in _COUNT_KEYS[kind]]
    if kind == "not_recorded":
        return Count(kind)
    if kind == "figures":
        names = (*COUNTS, OFFICIAL_TARGET)
        _require(table.get("numerator") in names, f"{place}: numerator is no count of a summary", problems)
        _require(table.get("denominator", COUNTS[0]) in names, f"{place}: denominator is no count of one", problems)
        young = table.get("under_two", False)
        _require(young in {True, False}, f"{place}: under_two must be true, false or left out", problems)
        _require(not young or OFFICIAL_TARGET not in table.values(), f"{place}: no target is known by age", problems)
        return Count(kind, str(table.get("numerator", "")), str(table.get("denominator", "")), young is True)
    months, window = table.get("age_months"), table.get("window")
    rounds = table.get("round_months", [])
    _require(_is_band(months), f"{place}: age_months must be two, the first below the second, up to 60", problems)
    _require(window in WINDOWS, f"{place}: window must be one of {', '.join(WINDOWS)}", problems)
    fine = isinstance(rounds, list) and all(month in MONTHS for month in rounds)
    _require(fine, f"{place}: round_months must be months from 1 to 12", problems)
    lists = ("among", "among_one_of", "counted", "without", "known_by")
    flagged = [_words(table, key, flags, place, problems) for key in lists]
    _require(bool(flagged[2] or flagged[3]), f"{place}: counted or without must name something", problems)
    age_from, age_before = months if _is_band(months) else (0, UNDER_FIVE_MONTHS)
    return Count(kind, "", "", False, str(window), age_from, age_before, tuple(rounds), *flagged)


def _require(fulfilled: object, otherwise: str, problems: list[str]) -> None:
    if not fulfilled:
        problems.append(otherwise)


def _is_day(value: object) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_band(value: object) -> TypeGuard[list[int]]:
    if not isinstance(value, list) or len(value) != 2 or not all(type(month) is int for month in value):
        return False
    return bool(0 <= value[0] < value[1] <= UNDER_FIVE_MONTHS)


def _code(table: Mapping[str, Any], key: str, place: str, problems: list[str]) -> str:
    value = table.get(key)
    _require(isinstance(value, str) and CODE.fullmatch(value), f"{place}: {key} must be a word like d_s", problems)
    return str(value)


def _words(
    table: Mapping[str, Any], key: str, allowed: Collection[str] | None, place: str, problems: list[str],
    *, needed: bool = False,
) -> tuple[str, ...]:  # fmt: skip
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value) or (needed and not value):
        problems.append(f"{place}: {key} must be a list of words")
        return ()
    if allowed is not None:
        problems += [f"{place}: {key}: {word} is neither a mark nor an act" for word in value if word not in allowed]
    return tuple(value)


def _both_languages(table: Mapping[str, Any], key: str, place: str, problems: list[str]) -> Mapping[str, str]:
    value = table.get(key)
    if isinstance(value, dict) and set(value) == {"id", "en"} and all(value.values()):
        return {language: str(text) for language, text in value.items()}
    problems.append(f"{place}: {key} must say id and en")
    return {"id": "", "en": ""}


def _unknown_families(indicators: Sequence[Indicator]) -> list[str]:
    """Of each family of counts one says of how many the answer is known."""
    told = {one.count.family for one in indicators if one.count.is_of_known}
    return [
        f"indicator {one.code}: nothing of its window and ages counts who has {', '.join(one.count.known_by)}"
        for one in indicators
        if one.count.known_by and one.count.family not in told
    ]


def _overlaps(indicators: Sequence[Indicator]) -> list[str]:
    """A code has one definition on a day."""
    found = []
    for code in sorted({one.code for one in indicators}):
        versions = sorted((one for one in indicators if one.code == code), key=lambda one: one.since)
        for earlier, later in pairwise(versions):
            if earlier.until is None or later.since < earlier.until:
                found.append(
                    f"indicator {code}: the definition from {later.since} begins before the one before it ends"
                )
    return found
