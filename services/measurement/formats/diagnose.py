"""The first product of every intake: what this file is and what would become of its rows. Nothing is stored here."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from services.measurement.domain.aggregates import AggregateLine
from services.measurement.domain.file_problems import CONFIRMABLE
from services.measurement.domain.file_row import JudgedRow, Outcome
from services.measurement.domain.problems import LABELS, Message, file_message, rows_message
from services.measurement.domain.recompute import INDICES, Recompute
from services.measurement.formats.aggregate_remarks import aggregate_remarks
from services.measurement.formats.aggregate_table import PROFILE_OF_AGGREGATES, AggregateTable, find_aggregates
from services.measurement.formats.columns import Columns, read_columns
from services.measurement.formats.duplicates import mark_duplicates
from services.measurement.formats.empty_lines import find_empty_lines
from services.measurement.formats.profiles import Catalogue, eppgbm
from services.measurement.formats.reader import Table, find_table
from services.measurement.formats.remarks import warning_messages
from services.measurement.formats.rows import Evidence, judge_rows
from services.measurement.formats.scores import ScoreCheck, check_scores, explain_slips
from services.measurement.formats.shifted_cells import shifted_rows
from services.measurement.formats.sniff import open_source
from services.measurement.formats.stops import stop_messages
from services.measurement.formats.table import FileRefusedError

_SEVERITY_ORDER: Final = ("error", "warning", "info")
_REPORTED_ORDER: Final = ("blank", "taken", "repaired", "quarantined", "duplicate")


@dataclass(slots=True)
class Diagnosis:
    """What is known about a file; `as_json` is the answer of `intake FILE --dry-run` (interfaces.md).

    `counts` always add up to `rows`. `reasons` count why rows were held back, repaired or left out as duplicates.
    """

    file: str
    sha256: str
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    profile: str | None = None
    header_row: int | None = None
    date_order: str | None = None
    rows: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {str(outcome): 0 for outcome in Outcome})
    stop_reasons: list[str] = field(default_factory=list)
    recompute: dict[str, dict[str, int]] = field(
        default_factory=lambda: {index: {"checked": 0, "equal": 0} for index in INDICES}
    )
    reasons: dict[str, int] = field(default_factory=dict)
    columns: dict[str, str | None] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        """Whether the file is not taken in as it is."""
        return bool(self.stop_reasons)

    @property
    def can_be_confirmed(self) -> bool:
        """Whether a person may overrule everything that stops the file."""
        return self.stopped and set(self.stop_reasons) <= CONFIRMABLE

    def as_json(self) -> dict[str, Any]:
        """The shape interfaces.md fixes."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "sheet": self.sheet,
            "profile": self.profile,
            "header_row": self.header_row,
            "date_order": self.date_order,
            "rows": self.rows,
            **{outcome: self.counts[outcome] for outcome in _REPORTED_ORDER},
            "stopped": self.stopped,
            "stop_reasons": self.stop_reasons,
            "recompute": self.recompute,
            "reasons": self.reasons,
            "columns": self.columns,
            "messages": [message.as_json() for message in self.messages],
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """The diagnosis, the verdict on every row, and the table with the raw cells (None where no table was found).

    `aggregates`: the lines of a table of aggregates, which holds no rows.
    """

    diagnosis: Diagnosis
    judged: list[JudgedRow]
    table: Table | None
    aggregates: Sequence[AggregateLine] = ()


Step = Literal["open", "read", "score", "judge"]


def _tell_nobody(_step: Step, _rows: int) -> None:
    pass


def examine(
    name: str,
    data: bytes,
    *,
    recompute: Recompute,
    today: date,
    catalogue: Catalogue | None = None,
    progress: Callable[[Step, int], None] = _tell_nobody,
) -> Examination:
    """Read and judge a file. Never raises for what a file may contain: a refusal is a diagnosis too.

    `recompute` is the growth engine, `today` the day after which nothing can have been measured. `progress` is told
    what begins now and how many rows it is about (0 before they can be counted); a large file takes seconds for each.
    """
    catalogue = catalogue or eppgbm()
    diagnosis = Diagnosis(file=name, sha256=hashlib.sha256(data).hexdigest())
    progress("open", 0)
    try:
        source = open_source(data, catalogue)
        diagnosis.encoding, diagnosis.delimiter = source.encoding, source.delimiter
        aggregates = find_aggregates(source, catalogue)
        if aggregates is not None:
            _describe_aggregates(diagnosis, aggregates)
            return Examination(diagnosis, [], None, aggregates.lines)
        table = find_table(source, catalogue)
        _describe(diagnosis, table)
        _check_heads(table, catalogue)
    except FileRefusedError as refusal:
        _stop(diagnosis, [file_message(refusal.code, **refusal.facts)])
        return Examination(diagnosis, [], None)
    progress("read", len(table.rows))
    columns = read_columns(table, catalogue)
    progress("score", columns.size)
    check = check_scores(columns, recompute)
    progress("judge", columns.size)
    lines = find_empty_lines(table, columns)
    shifted = {row: field for row, field in shifted_rows(table, columns).items() if row not in lines.blank}
    slips = explain_slips(columns, check, recompute)
    judged = judge_rows(Evidence(table, columns, check, slips, lines, shifted, today))
    check = check.without([row for row, verdict in enumerate(judged) if _has_exchanged_date(verdict)])
    mark_duplicates(judged, has_identity=bool({"nik", "name"} & columns.present))
    _conclude(diagnosis, table, columns, check, judged)
    _stop(diagnosis, stop_messages(table, columns, check, judged, recompute))
    diagnosis.messages += warning_messages(table, columns, check, lines)
    _finish(diagnosis)
    return Examination(diagnosis, judged, table)


def _describe(diagnosis: Diagnosis, table: Table) -> None:
    diagnosis.sheet = table.sheet.name
    diagnosis.header_row = table.header_row
    diagnosis.profile = table.profile.code if table.profile else None
    diagnosis.columns = table.theirs_to_ours()


def _describe_aggregates(diagnosis: Diagnosis, table: AggregateTable) -> None:
    diagnosis.sheet, diagnosis.header_row, diagnosis.profile = table.sheet.name, table.header_row, PROFILE_OF_AGGREGATES
    diagnosis.columns = table.columns
    _stop(diagnosis, [file_message("aggregate_file", count=len(table.lines))])
    diagnosis.messages += aggregate_remarks(table)


def _check_heads(table: Table, catalogue: Catalogue) -> None:
    if table.doubled:
        raise FileRefusedError("duplicate_header", columns=", ".join(table.doubled))
    if table.profile is None:
        missing = catalogue.missing_fields(table.positions)
        raise FileRefusedError("unknown_profile", missing=", ".join(LABELS[name] for name in missing))


def _conclude(
    diagnosis: Diagnosis, table: Table, columns: Columns, check: ScoreCheck, judged: Sequence[JudgedRow]
) -> None:
    diagnosis.date_order = columns.order.form
    diagnosis.rows = len(judged)
    diagnosis.counts |= Counter(str(verdict.outcome) for verdict in judged)
    for index in INDICES:
        checked, failed = int(check.checked[index].sum()), int(check.failed[index].sum())
        diagnosis.recompute[index] = {"checked": checked, "equal": checked - failed}
    reasons = _rows_by_code((verdict.row_number, reason.code) for verdict in judged for reason in verdict.reasons)
    notes = _rows_by_code((verdict.row_number, note.code) for verdict in judged for note in verdict.notes)
    diagnosis.reasons = {code: len(rows) for code, rows in reasons.items()}
    diagnosis.messages += [
        rows_message(code, [table.place(row) for row in rows]) for code, rows in (reasons | notes).items()
    ]


def _finish(diagnosis: Diagnosis) -> None:
    diagnosis.messages.sort(key=lambda message: _SEVERITY_ORDER.index(message.severity))
    diagnosis.messages.insert(0, file_message("summary", rows=diagnosis.rows, **diagnosis.counts))


def _has_exchanged_date(verdict: JudgedRow) -> bool:
    return any(reason.code == "date_day_month_swapped" for reason in verdict.reasons)


def _rows_by_code(pairs: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    """Rows of each code, the most frequent code first; a row counts once for a code."""
    rows: dict[str, dict[int, None]] = {}
    for row, code in pairs:
        rows.setdefault(code, {})[row] = None
    return {code: list(found) for code, found in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0]))}


def _stop(diagnosis: Diagnosis, messages: Iterable[Message]) -> None:
    for message in messages:
        diagnosis.messages.append(message)
        if message.code not in diagnosis.stop_reasons:
            diagnosis.stop_reasons.append(message.code)
