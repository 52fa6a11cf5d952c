"""Stored versions and cells: read, compared with a fold, changed by what differs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Generic
from uuid import UUID

from services.reporting.domain.case_course import Course
from services.reporting.domain.cells import CELL_COLUMNS, Deltas
from services.reporting.domain.child_month import ChildMonth
from services.reporting.domain.facts import Place
from services.reporting.domain.period_months import MonthPart
from services.reporting.domain.periods import Period
from services.reporting.domain.targets import Span
from services.reporting.domain.versions import ContentT, Difference, RootMonth, Version
from services.reporting.store.level_sums import add_to_levels
from shared.postgres.pool import Connection

Columns = tuple[tuple[str, str], ...]  # name and PostgreSQL type


@dataclass(frozen=True)
class VersionTable(Generic[ContentT]):
    """Versions by root and month (`month_column`); `columns` hold the content.

    `values` gives those columns of a content, `content` makes it of the key's month and those columns.
    """

    name: str
    month_column: str
    columns: Columns
    values: Callable[[ContentT], tuple[Any, ...]]
    content: Callable[..., ContentT]
    read_sql: str = field(init=False, repr=False)
    upsert_sql: str = field(init=False, repr=False)
    delete_sql: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        month = self.month_column
        key: Columns = (
            ("generation", "smallint"), ("root_id", "uuid"), (month, "date"), ("known_from", "timestamptz"),
        )  # fmt: skip
        every = (*key, ("known_to", "timestamptz"), *self.columns)
        names = [name for name, _ in every]
        read = f"SELECT {', '.join(f't.{name}' for name in names)} FROM {self.name} AS t"
        object.__setattr__(
            self,
            "read_sql",
            # Pair by pair, as group_facts looks up measurements.
            "SELECT found.* FROM unnest($1::uuid[], $2::date[]) AS asked(of_root, of_month) "
            f"CROSS JOIN LATERAL ({read} "
            # As a range from the pair to itself: only the key has it, and no index by month alone can be taken for it.
            f"WHERE (t.root_id, t.{month}) >= (asked.of_root, asked.of_month) "
            f"AND (t.root_id, t.{month}) <= (asked.of_root, asked.of_month) OFFSET 0) AS found "
            f"UNION ALL {read} WHERE t.root_id = ANY($3::uuid[])",
        )
        object.__setattr__(
            self,
            "upsert_sql",
            f"INSERT INTO {self.name} ({', '.join(names)}) SELECT * FROM unnest({_arrays(every)}) "
            f"ON CONFLICT (root_id, {month}, known_from, generation) DO UPDATE SET "
            + ", ".join(f"{name} = EXCLUDED.{name}" for name in names[len(key) :]),
        )
        object.__setattr__(
            self,
            "delete_sql",
            f"DELETE FROM {self.name} AS t "
            f"USING unnest({_arrays(key)}) AS gone(generation, root_id, month, known_from) "
            f"WHERE (t.root_id, t.{month}, t.known_from, t.generation) "
            "= (gone.root_id, gone.month, gone.known_from, gone.generation)",
        )

    async def read(
        self, connection: Connection, asked: Collection[RootMonth], whole: Collection[UUID]
    ) -> dict[int, list[Version[RootMonth, ContentT]]]:
        """Stored versions of the months `asked` for, and of every month of the roots in `whole`, by generation."""
        roots, months = [root_id for root_id, _ in asked], [month for _, month in asked]
        stored: dict[int, list[Version[RootMonth, ContentT]]] = {}
        for generation, root_id, month, since, until, *columns in await connection.fetch(
            self.read_sql, roots, months, list(whole)
        ):
            version = Version((root_id, month), since, until, self.content(month, *columns))
            stored.setdefault(generation, []).append(version)
        return stored

    async def write(self, connection: Connection, generation: int, difference: Difference[RootMonth, ContentT]) -> None:
        """Make the stored versions those of the fold."""
        gone = [(generation, *key, known_from) for key, known_from in difference.gone]
        values = self.values
        rows = [(generation, *key, since, until, *values(content)) for key, since, until, content in difference.write]
        if gone:
            await connection.execute(self.delete_sql, *_by_column(gone))
        if rows:
            await connection.execute(self.upsert_sql, *_by_column(rows))


def _arrays(columns: Columns) -> str:
    """The parameters of an `unnest` of such columns."""
    return ", ".join(f"${number}::{kind}[]" for number, (_, kind) in enumerate(columns, start=1))


def _by_column(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _month_values(content: ChildMonth) -> tuple[Any, ...]:
    course = None if content.course is None else content.course.as_object()
    return (*content.place, *(content.span_place or (None, None)), *content[2:-1], course)


def _month_content(_month: date, *columns: Any) -> ChildMonth:
    desa, posyandu, span_desa, span_posyandu, *rest, course = columns
    span_place = None if span_desa is None else Place(span_desa, span_posyandu)
    if course is not None:
        course = Course(**{**course, "opened_on": date.fromisoformat(course["opened_on"])})
    return ChildMonth._make((Place(desa, posyandu), span_place, *rest, course))


CHILD_MONTHS: Final = VersionTable(
    "child_month",
    "month",
    (
        ("desa_code", "text"),
        ("posyandu_code", "text"),
        ("span_desa_code", "text"),
        ("span_posyandu_code", "text"),
        ("sex", "text"),
        ("age_months", "smallint"),
        ("measured_on", "date"),
        ("tier", "text"),
        *((index, "double precision") for index in ("haz", "waz", "whz", "baz")),
        ("marks", "bigint"),
        ("course", "jsonb"),
    ),
    _month_values,
    _month_content,
)
CHILD_SPANS: Final = VersionTable(
    "child_span",
    "from_month",
    (
        ("to_month", "date"),
        ("desa_code", "text"),
        ("posyandu_code", "text"),
        ("sex", "text"),
        ("birth_date", "date"),
        ("has_growth_card", "boolean"),
    ),
    lambda span: (span.to_month, *span.place, *span[3:]),
    lambda from_month, to_month, desa, posyandu, *who: Span(from_month, to_month, Place(desa, posyandu), *who),
)
# The current months of each child asked for from one month to another.
CURRENT_PARTS: Final = """
SELECT found.* FROM unnest($1::uuid[], $2::date[], $3::date[]) AS asked(of_root, first, last)
CROSS JOIN LATERAL (
    SELECT t.generation, t.root_id, t.month, t.desa_code, t.posyandu_code, t.marks, t.course IS NOT NULL
    FROM child_month AS t
    WHERE (t.root_id, t.month) >= (asked.of_root, asked.first) AND (t.root_id, t.month) <= (asked.of_root, asked.last)
        AND t.known_to IS NULL
    OFFSET 0
) AS found
"""
ADD_TO_CELLS: Final = (
    f"INSERT INTO cell (generation, desa_code, posyandu_code, months, month, {', '.join(CELL_COLUMNS)}) "
    "SELECT $1, * FROM unnest($2::text[], $3::text[], $4::smallint[], $5::date[], "
    + ", ".join(f"${number}::integer[]" for number in range(6, 6 + len(CELL_COLUMNS)))
    + ") ON CONFLICT (generation, desa_code, posyandu_code, months, month) DO UPDATE SET "
    + ", ".join(f"{name} = cell.{name} + EXCLUDED.{name}" for name in CELL_COLUMNS)
)


async def read_parts(
    connection: Connection, asked: Collection[tuple[UUID, Period]]
) -> dict[tuple[int, UUID], dict[date, MonthPart]]:
    """By generation and root, what the current months of each root in the period asked for bring to long periods."""
    found: dict[tuple[int, UUID], dict[date, MonthPart]] = {}
    rows = await connection.fetch(
        CURRENT_PARTS,
        [root_id for root_id, _ in asked],
        [period.first for _, period in asked],
        [period.last_month for _, period in asked],
    )
    for generation, root_id, month, desa_code, posyandu_code, marks, has_case in rows:
        part = MonthPart(Place(desa_code, posyandu_code), marks, has_case)
        found.setdefault((generation, root_id), {})[month] = part
    return found


async def add_to_cells(connection: Connection, deltas: Mapping[int, Deltas]) -> None:
    """Move the cells of each generation and their sums. Last in every transaction, sorted: another order deadlocks."""
    moved = {generation: deltas[generation].rows() for generation in sorted(deltas)}
    for generation, cells in moved.items():
        rows = [(*key, *counts) for key, counts in cells]
        if rows:
            await connection.execute(ADD_TO_CELLS, generation, *_by_column(rows))
    for generation, cells in moved.items():
        await add_to_levels(connection, generation, cells)
