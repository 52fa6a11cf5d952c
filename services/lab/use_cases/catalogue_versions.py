"""The district's versions of catalogue rows: entered with the day they hold from, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from services.lab.domain.catalogue import DISTRICT, Catalogue
from services.lab.domain.catalogue_rows import Analyte, problems_beside, read_row
from services.lab.domain.result_problems import ResultProblem
from services.lab.store.catalogue import CatalogueVersion, hold_catalogue, insert_version, read_catalogue
from services.lab.use_cases.entry import Entry, RefusedError
from shared.calendar import JAKARTA
from shared.contracts.fact import new_fact_id
from shared.postgres.pool import Connection

# Fields of a row as clients name them, where the row has another name for it.
NAMES: Final[Mapping[str, str]] = {"several": "several_findings"}
COMPARED: Final = (
    "name_id", "name_en", "kind", "units", "decimals", "plausible", "critical_below", "critical_above",
    "leader", "specimens", "needs", "status", "source", "loinc", "findings", "several",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What changes of a test from a day on: `changes` in the words of the catalogue's entries."""

    test_code: str
    valid_from: date
    changes: Mapping[str, Any]
    reason_text: str


async def add_catalogue_version(connection: Connection, new: NewVersion, entry: Entry) -> tuple[Analyte, bool]:
    """The row as it will hold, and whether the test is new. RefusedError says what is wrong, field by field.

    A version of a test begins tomorrow or later, so no result that is there was drawn on a day it holds for: none is
    ever read twice. A wholly new test has read nothing, and may begin on any day: results that were held for want of
    it can be completed.
    """
    await hold_catalogue(connection)
    catalogue = await read_catalogue(connection)
    base = catalogue.analyte(new.test_code, new.valid_from)
    content = {
        **({} if base is None else base.entry),
        **new.changes,
        "code": new.test_code,
        "from": new.valid_from.isoformat(),
    }
    row, problems = read_row(content, DISTRICT)
    problems += _time_problems(new, catalogue, entry)
    changed: list[str] = []
    if row is not None:
        problems += problems_beside(row, catalogue.rows)
        changed = [
            NAMES.get(name, name) for name in COMPARED if base is None or getattr(row, name) != getattr(base, name)
        ]
        problems += _change_problems(row, base, changed)
    if problems or row is None:
        raise RefusedError(*problems)
    await insert_version(
        connection,
        CatalogueVersion(
            version_id=new_fact_id(),
            test_code=new.test_code,
            valid_from=new.valid_from,
            content={**content, "from": new.valid_from.isoformat()},
            changed=tuple(changed),
            reason_text=new.reason_text,
            entered_by=entry.account,
            entered_at=entry.known_at,
        ),
    )
    return row, new.test_code not in catalogue.rows


def _time_problems(new: NewVersion, catalogue: Catalogue, entry: Entry) -> list[ResultProblem]:
    before = catalogue.rows.get(new.test_code, ())
    if not before:
        return []
    stated = new.valid_from.isoformat()
    tomorrow = entry.now.astimezone(JAKARTA).date() + timedelta(days=1)
    if new.valid_from < tomorrow:
        return [ResultProblem("version_in_the_past", "valid_from", stated, {"day": tomorrow.isoformat()})]
    own = [row.valid_from for row in before if row.version.startswith(f"{DISTRICT}/")]
    if own and new.valid_from <= max(own):
        return [ResultProblem("version_not_later", "valid_from", stated, {"day": max(own).isoformat()})]
    return []


def _change_problems(row: Analyte, base: Analyte | None, changed: list[str]) -> list[ResultProblem]:
    if base is None:
        return []
    if not changed:
        return [ResultProblem("nothing_changed", "reason_text")]
    names = [unit.name if unit else None for unit in (row.canonical, base.canonical)]
    if row.kind != base.kind or names[0] != names[1]:
        return [ResultProblem("kind_fixed", "canonical_unit", names[0])]
    return []
