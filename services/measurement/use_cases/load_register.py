"""Load register rows: new codes become entries, changed rows revisions; the same file twice changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import ValidationError

from services.measurement.domain.dates import read_date
from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store.register import ENTRIES, known_codes
from services.measurement.use_cases.entry import Entry
from shared.contracts.fact import revised
from shared.contracts.register import RegisterEntryV1, register_fact_id
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

RegisterOutcome = Literal["accepted", "corrected", "unchanged", "rejected"]
CONTENT: Final = (
    "name", "level", "parent_code", "desa_codes", "valid_from", "valid_to", "target_children", "elevation_m",
)  # fmt: skip
DESA_LEVELS: Final = ("desa", "kelurahan")
ELEVATION: Final = re.compile(r"^-?\d{1,4}(\.\d{1,2})?$", re.ASCII)  # metres, dot or comma


@dataclass(frozen=True, slots=True)
class LoadedRow:
    """What became of a row; `row_number` as the spreadsheet counts."""

    row_number: int
    outcome: RegisterOutcome
    code: str
    problems: tuple[EntryProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What the sender may write: `inside` its areas anything, `above` them only areas that are not there yet."""

    inside: Callable[[str], bool]
    above: Callable[[str], bool]


async def load_register(
    connection: Connection, rows: Sequence[tuple[int, Mapping[str, str]]], entry: Entry, grant: Grant
) -> list[LoadedRow]:
    """Store `rows`, parents before children; for each what became of it. A row that is refused stops no other."""
    facts: dict[int, RegisterEntryV1] = {}
    results: dict[int, LoadedRow] = {}
    for number, cells in rows:
        read = _read(cells, entry)
        if isinstance(read, EntryProblem):
            results[number] = LoadedRow(number, "rejected", cells.get("code", ""), (read,))
        else:
            facts[number] = read
    stored = {
        fact.fact_id: fact
        for fact in await ENTRIES.find(connection, [fact.fact_id for fact in facts.values()], lock=True)
    }
    named = {code for fact in facts.values() for code in (fact.parent_code, fact.code, *fact.desa_codes) if code}
    known = await known_codes(connection, named)
    cells_of = dict(rows)
    new: dict[Any, RegisterEntryV1] = {}
    changed: dict[Any, RegisterEntryV1] = {}
    for number, told in sorted(facts.items(), key=lambda item: (*_depth(item[1]), item[0])):
        old = new.get(told.fact_id) or changed.get(told.fact_id) or stored.get(told.fact_id)
        fact = told
        if old is not None and "elevation_m" not in cells_of[number]:  # a file without the column says nothing of it
            fact = told.model_copy(update={"elevation_m": old.elevation_m})
        problem = _refusal(fact, old, grant, known)
        if problem is not None:
            results[number] = LoadedRow(number, "rejected", fact.code, (problem,))
            continue
        known.add(fact.code)
        outcome: RegisterOutcome = "unchanged"
        if old is None:
            new[fact.fact_id] = fact
            outcome = "accepted"
        elif _content(old) != _content(fact):
            if fact.fact_id in new:
                new[fact.fact_id] = fact
            else:
                first = stored[fact.fact_id]
                changed[fact.fact_id] = revised(first, "corrected", entry.now, voided=False, **_content(fact))
            outcome = "corrected"
        results[number] = LoadedRow(number, outcome, fact.code)
    await ENTRIES.insert(connection, list(new.values()))
    await ENTRIES.replace(connection, list(changed.values()))
    await publish(connection, [*new.values(), *changed.values()])
    return [results[number] for number, _ in rows]


def _read(cells: Mapping[str, str], entry: Entry) -> RegisterEntryV1 | EntryProblem:
    kind, code = cells.get("kind", ""), cells.get("code", "")
    days = {name: read_date(cells.get(name) or None) for name in ("valid_from", "valid_to")}
    for name, day in days.items():
        if day.problem is not None or (name == "valid_from" and day.value is None):
            return EntryProblem("wrong_row", name)
    target = cells.get("target_children", "")
    if kind == "target" and not target:
        return EntryProblem("wrong_row", "target_children")
    elevation = cells.get("elevation_m", "").replace(",", ".")
    if elevation and (kind != "area" or cells.get("level") not in DESA_LEVELS or not ELEVATION.match(elevation)):
        return EntryProblem("wrong_row", "elevation_m")
    try:
        return RegisterEntryV1(
            fact_id=register_fact_id(kind, code),
            epoch=1,
            revision=1,
            change="recorded",
            known_at=entry.known_at,
            entry=kind,  # type: ignore[arg-type]  # any text: the model refuses it below
            code=code,
            name=cells.get("name", ""),
            level=(cells.get("level") or None) if kind == "area" else None,  # type: ignore[arg-type]  # same
            parent_code=cells.get("parent_code") or None,
            desa_codes=tuple(part.strip() for part in cells.get("desa_codes", "").split("|") if part.strip()),
            valid_from=days["valid_from"].value,  # type: ignore[arg-type]  # None was refused above
            valid_to=days["valid_to"].value,
            target_children=int(target) if target.isascii() and target.isdigit() else None,
            elevation_m=float(elevation) if elevation else None,
        )
    except ValidationError as error:
        return EntryProblem("wrong_row", ".".join(str(part) for part in error.errors()[0]["loc"]))


def _depth(fact: RegisterEntryV1) -> tuple[int, int]:
    """Areas from the top down, then what refers to them: a file need not be in order."""
    return int(fact.entry != "area") + int(fact.entry in {"puskesmas", "target"}), fact.code.count(".")


_LEVEL_PARTS: Final = {"provinsi": 1, "kabupaten": 2, "kecamatan": 3, "kelurahan": 4, "desa": 4}


def _refusal(fact: RegisterEntryV1, old: RegisterEntryV1 | None, grant: Grant, known: set[str]) -> EntryProblem | None:
    """Why an entry may not be stored: a code that is none, an area above that is not there, or a foreign area."""
    parts = fact.code.split(".")
    if fact.entry == "area" and (
        fact.level is None
        or len(parts) != _LEVEL_PARTS[fact.level]
        or not all(part.isascii() and part.isdigit() for part in parts)
        or (fact.parent_code or "") != ".".join(parts[:-1])
    ):
        return EntryProblem("wrong_code", "code")
    if fact.entry == "posyandu" and fact.code.rpartition(".")[0] != fact.parent_code:
        return EntryProblem("wrong_code", "code")
    above = {code for code in (fact.parent_code, *fact.desa_codes) if code is not None}
    if fact.entry == "target":
        above.add(fact.code)
    if not above <= known:
        return EntryProblem("unknown_area", "desa_codes" if fact.parent_code in known else "parent_code")
    place = fact.parent_code if fact.entry == "puskesmas" else fact.code
    if grant.inside(place or ""):
        return None
    fills_in = fact.entry == "area" and grant.above(fact.code) and (old is None or _content(old) == _content(fact))
    return None if fills_in else EntryProblem("outside_area", "code")


def _content(fact: RegisterEntryV1) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in CONTENT}
