"""Reading a rule set's tables: every value typed and within limits, every problem collected, unknown keys refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

STATUSES: Final = ("S", "S2", "P")
MONTHS: Final = re.compile(r"^(\d{1,2})(?:-(\d{1,2}))?$")


class RuleSetError(ValueError):
    """The rule set cannot be used; `problems` says why, each with its place."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class Table:
    """One table of the file. A bad value is noted and a harmless one stands in, so that reading goes on."""

    def __init__(self, place: str, data: Any, problems: list[str]) -> None:
        self._place = place
        self._problems = problems
        self._used = {"source", "status"}
        self._data: dict[str, Any] = data if isinstance(data, dict) else {}
        self._inner: list[Table] = []
        self.source = ""
        self.status = "P"
        if not isinstance(data, dict):
            problems.append(f"{place}: missing")

    def require(self, fulfilled: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Note `otherwise` as a problem of this table unless it is fulfilled."""
        if not fulfilled:
            self._problems.append(f"{self._place}: {otherwise}")

    def number(self, key: str, low: float, high: float) -> float:
        """A number within limits."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.require(fulfilled=False, otherwise=f"{key} must be a number from {low} to {high}")
            return float(low)
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number within limits."""
        value = self.number(key, low, high)
        self.require(value == int(value), f"{key} must be whole")
        return int(value)

    def numbers(self, key: str, low: float, high: float) -> tuple[float, ...]:
        """A list of numbers within limits."""
        value = self._value(key)
        fine = isinstance(value, list) and all(
            isinstance(item, int | float) and not isinstance(item, bool) and low <= item <= high for item in value
        )
        self.require(fine, f"{key} must be numbers from {low} to {high}")
        return tuple(float(item) for item in value) if fine else ()

    def limits(self, key: str, low: float, high: float) -> tuple[float, float]:
        """The smallest and the largest number of a range."""
        value = self.numbers(key, low, high)
        fine = len(value) == 2 and value[0] < value[1]
        self.require(fine, f"{key}: smallest and largest")
        return (value[0], value[1]) if fine else (float(low), float(high))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of words."""
        value = self._value(key)
        fine = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        self.require(fine, f"{key} must be a list of words")
        return tuple(value) if fine else ()

    def word(self, key: str) -> str:
        """One word."""
        value = self._value(key)
        self.require(isinstance(value, str) and bool(value), f"{key} must be a word")
        return value if isinstance(value, str) else ""

    def pairs(self, key: str, high: float) -> tuple[tuple[float, float], ...]:
        """Pairs of numbers from 0 to `high`."""
        value = self._value(key)
        fine = isinstance(value, list) and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(item, int | float) and not isinstance(item, bool) and 0 <= item <= high for item in pair)
            for pair in value
        )
        self.require(fine, f"{key} must be pairs of numbers from 0 to {high}")
        return tuple((float(pair[0]), float(pair[1])) for pair in value) if fine else ()

    def rows(self, key: str) -> list[Table]:
        """A list of tables within this one, at least one."""
        value = self._value(key)
        entries = value if isinstance(value, list) else []
        self.require(bool(entries), f"{key} must be a list of tables")
        tables = [Table(f"{self._place}.{key}[{place}]", entry, self._problems) for place, entry in enumerate(entries)]
        self._inner.extend(tables)
        return tables

    def one_of(self, key: str, allowed: tuple[str, ...], otherwise: str) -> str:
        """A word of a fixed set."""
        value = self._value(key)
        self.require(value in allowed, f"{key} must be one of {', '.join(allowed)}")
        return value if value in allowed else otherwise

    def day_windows(self, key: str) -> tuple[tuple[int, int], ...]:
        """Pairs of first and last day."""
        value = self._value(key)
        fine = isinstance(value, list) and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(day, int) for day in pair)
            and 0 < pair[0] <= pair[1]
            for pair in value
        )
        self.require(fine, f"{key} must be pairs of days")
        return tuple((pair[0], pair[1]) for pair in value) if fine else ()

    def month_ranges(self, key: str, last_month: int) -> list[tuple[int, int, float]]:
        """Keys `7` or `8-11` with a number each, which must cover months 1 to `last_month` once."""
        inner = self.inner(key)
        ranges = []
        for months in inner.own_keys():
            match = MONTHS.match(months)
            inner.require(match is not None, f"{months} is neither a month nor a range of months")
            if match:
                first = int(match[1])
                ranges.append((first, int(match[2] or first), inner.number(months, 0, 2000)))
        covered = [month for first, last, _ in ranges for month in range(first, last + 1)]
        inner.require(sorted(covered) == list(range(1, last_month + 1)), f"must cover months 1 to {last_month} once")
        return [(first, last, grams) for first, last, grams in ranges if last <= last_month]

    def own_keys(self) -> tuple[str, ...]:
        """The keys of this table, but its source and status."""
        return tuple(key for key in self._data if key not in {"source", "status"})

    def inner(self, key: str) -> Table:
        """A table within this one; its source is this one's."""
        table = Table(f"{self._place}.{key}", self._value(key), self._problems)
        self._inner.append(table)
        return table

    def nothing_left(self) -> None:
        """Note every key that no rule reads: a misspelt key must not pass for a rule."""
        self._problems.extend(f"{self._place}: unknown key {key}" for key in self._data if key not in self._used)
        for table in self._inner:
            table.nothing_left()

    def _value(self, key: str) -> Any:
        self._used.add(key)
        return self._data.get(key)


class Checks:
    """The whole file: its tables with their sources, and what is wrong with them."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.problems: list[str] = []
        self._data = data
        self._tables: dict[tuple[str, ...], Table] = {}
        sources = data.get("sources")
        self._sources: dict[str, Any] = sources if isinstance(sources, dict) else {}

    def text(self, key: str) -> str:
        """A word at the top of the file."""
        value = self._data.get(key)
        if not isinstance(value, str) or not value:
            self.problems.append(f"{key}: missing")
            return ""
        return value

    def table(self, *path: str) -> Table:
        """The table at `path`, which must name its source and status."""
        data: Any = self._data
        for name in path:
            data = data.get(name) if isinstance(data, dict) else None
        table = Table(".".join(path), data, self.problems)
        if isinstance(data, dict):
            source, status = data.get("source"), data.get("status")
            table.require(source in self._sources, "source must be a key of [sources]")
            table.require(status in STATUSES, f"status must be one of {', '.join(STATUSES)}")
            table.source = str(self._sources.get(str(source), ""))
            table.status = str(status)
        self._tables[path] = table
        return table

    def nothing_left(self) -> None:
        """Note tables and keys that no rule reads."""
        heads = {"version", "sources"} | {path[0] for path in self._tables}
        self.problems.extend(f"unknown {key}" for key in self._data if key not in heads)
        for head in {path[0] for path in self._tables if len(path) > 1}:
            known = {path[1] for path in self._tables if path[0] == head}
            found = self._data.get(head)
            names = found if isinstance(found, dict) else {}
            self.problems.extend(f"unknown {head}.{name}" for name in names if name not in known)
        for table in self._tables.values():
            table.nothing_left()
