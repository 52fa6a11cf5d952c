"""Files are read and judged in a process of their own: minutes of CPU must not hold up the loop that answers.

What comes back are small pickled pieces, so that the loop unpacks a chunk at a time. The last results are kept: a file
is usually committed soon after its diagnosis, and is then not read twice.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import pickle
import signal
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

import orjson

from services.measurement.domain.aggregates import AggregateLine
from services.measurement.domain.cells import clean_text
from services.measurement.domain.file_row import JudgedRow, Outcome, Reason
from services.measurement.formats.diagnose import Examination, examine
from services.measurement.formats.error_file import ErrorFile, line_end_of, write_error_file
from services.measurement.formats.profile_additions import Addition, catalogue_with, profile_used
from services.measurement.formats.profile_help import profile_help
from services.measurement.jobs.growth import recompute

CHUNK_ROWS: Final = 1000
KEPT_BYTES: Final = 64_000_000
_PR_SET_PDEATHSIG: Final = 1  # Linux: the child gets a signal when its parent dies, even by kill -9
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A judged file. `pieces` = pickled (rows, raw cells of those held back) of up to 1,000 rows that are not blank."""

    diagnosis: dict[str, Any]
    can_be_confirmed: bool
    received: int
    pieces: tuple[bytes, ...]
    aggregates: tuple[AggregateLine, ...] = ()  # of a table that counts children and holds none
    no_profile: dict[str, Any] | None = None  # what helps where no profile fits (`formats.profile_help`)

    @property
    def size_bytes(self) -> int:
        """What keeping it costs."""
        return sum(len(piece) for piece in self.pieces)


Piece = tuple[list[JudgedRow], dict[int, dict[str, str]]]


def load_piece(piece: bytes) -> Piece:
    """Rows and raw cells; the bytes come from our own process, never from outside."""
    rows: Piece = pickle.loads(piece)  # noqa: S301
    return rows


class Parser:
    """One process that reads files, started when first needed, gone with this one."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None
        self._kept: OrderedDict[tuple[str, date, bytes], ParsedFile] = OrderedDict()

    async def parse(
        self, sha256: str, name: str, data: bytes, today: date, profiles: Sequence[Addition] = ()
    ) -> ParsedFile:
        """The file with this digest, judged as of `today` with the shipped profiles and those added."""
        key = (sha256, today, orjson.dumps(profiles))
        if key not in self._kept:
            self._kept[key] = await self._run(parse_file, name, data, today, profiles)
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(file.size_bytes for file in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return self._kept[key]

    async def error_file(self, asked: ErrorFileAsked, data: bytes) -> ErrorFile:
        """The file of rows to mend, of the kind that came."""
        return await self._run(make_error_file, asked, data)

    def close(self) -> None:
        """End the process; work under way is dropped."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        except BrokenProcessPool:
            self.close()  # the next call gets a new process; the job decides whether there is one
            raise


def parse_file(name: str, data: bytes, today: date, profiles: Sequence[Addition] = ()) -> ParsedFile:
    """Judge a file and cut it into pieces. Runs in the other process."""
    catalogue = catalogue_with(profiles)
    examination = examine(name, data, recompute=recompute, today=today, catalogue=catalogue)
    rows = [row for row in examination.judged if row.outcome is not Outcome.BLANK]
    pieces = []
    for start in range(0, len(rows), CHUNK_ROWS):
        chunk = rows[start : start + CHUNK_ROWS]
        raw = {row.row_number: _cells(examination, row) for row in chunk if row.outcome is Outcome.QUARANTINED}
        pieces.append(pickle.dumps((chunk, raw), pickle.HIGHEST_PROTOCOL))
    diagnosis = examination.diagnosis
    diagnosis.profile = profile_used(diagnosis.profile, list(diagnosis.columns), profiles)
    unfit = {"unknown_profile", "header_not_found"} & set(diagnosis.stop_reasons)
    no_profile = profile_help(data, list(diagnosis.columns), catalogue) if unfit else None
    counted = tuple(examination.aggregates)
    return ParsedFile(diagnosis.as_json(), diagnosis.can_be_confirmed, len(rows), tuple(pieces), counted, no_profile)


@dataclass(frozen=True, slots=True)
class ErrorFileAsked:
    """Which rows to mend: those that the file itself makes doubtful, or, once it is taken, those still `held`."""

    name: str
    today: date
    profiles: Sequence[Addition]
    held: Mapping[int, tuple[str, ...]] | None


def make_error_file(asked: ErrorFileAsked, data: bytes) -> ErrorFile:
    """The rows to mend, those among them that the register could not place. Runs in the other process."""
    catalogue = catalogue_with(asked.profiles)
    examination = examine(asked.name, data, recompute=recompute, today=asked.today, catalogue=catalogue)
    if asked.held is not None:
        _mark_held(examination, asked.held)
    return write_error_file(examination, line_end=line_end_of(data))


def _mark_held(examination: Examination, held: Mapping[int, tuple[str, ...]]) -> None:
    for row in examination.judged:
        if row.row_number not in held and row.outcome is Outcome.QUARANTINED:
            row.outcome = Outcome.TAKEN  # somebody has answered it meanwhile
        elif row.row_number in held and row.outcome is not Outcome.QUARANTINED:
            row.outcome = Outcome.QUARANTINED
            row.reasons = [Reason(code, PLACED_BY.get(code, "desa_name")) for code in held[row.row_number][:1]]


# The field of a row that a reason of the register is about; the others are about the desa.
PLACED_BY: Final = {"ambiguous_child": "name"}


def _cells(examination: Examination, row: JudgedRow) -> dict[str, str]:
    """The row as it stands in the file, by column head."""
    table = examination.table
    if table is None:
        return {}
    cells = table.rows[row.row_number - table.header_row - 1]
    return {head: clean_text(cell) for head, cell in zip(table.heads, cells, strict=False) if cell not in (None, "")}


def _begin() -> None:
    """Of the other process: die with the parent, leave Ctrl-C to it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
