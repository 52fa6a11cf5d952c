"""Verify, give back, open again: the steps of units that people make on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from services.reporting.domain.aksi_board import Act, NotAllowedError, Unit, moved
from services.reporting.store.aksi_submissions import last_sent, tell_change
from services.reporting.store.aksi_units import Made, Step, make_steps
from services.reporting.store.aksi_values import hold_year
from services.reporting.use_cases.aksi_year import Standings, Year, read_standings
from shared.postgres.pool import Connection

PersonalAct = Literal["verify", "return", "reopen"]


@dataclass(frozen=True, slots=True)
class Moved:
    """Units that were moved, and those that were not with the reason, by area."""

    moved: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


async def move_units(
    connection: Connection, year: Year, aksi_code: str, act: PersonalAct, area_codes: Iterable[str] | None, made: Made
) -> Moved:
    """Move the units of an action below the area of `year`, or those named. Units that it cannot move stay.

    Raises UnknownAksiError. What the camat verifies is complete and another person's entry.
    """
    await hold_year(connection, year.kabupaten_code, year.year)
    aksi = year.aksi(aksi_code)
    standings = await read_standings(connection, year, aksi_code)
    wanted = None if area_codes is None else set(area_codes)
    outcome = Moved()
    steps = []
    for unit in standings.units(aksi):
        if wanted is not None and unit.area_code not in wanted:
            continue
        code = _hindrance(unit, act, standings, aksi_code, made.account)
        if code is not None:
            outcome.refused[unit.area_code] = code
            continue
        steps.append(Step(unit.area_code, aksi_code, act, unit.state, moved(unit.state, act)))
        outcome.moved.append(unit.area_code)
    known = {unit_code for unit_code, _, _ in year.units_of(aksi)}
    outcome.refused.update(dict.fromkeys(sorted((wanted or set()) - known), "unknown_unit"))
    await make_steps(connection, year.year, steps, made)
    if act == "reopen" and steps:
        sent = await last_sent(connection, year.kabupaten_code, year.year, aksi_code)
        if sent is not None:
            await tell_change(connection, sent, "reopened", None, made.at)
    return outcome


def _hindrance(unit: Unit, act: Act, standings: Standings, aksi_code: str, account: str) -> str | None:
    try:
        moved(unit.state, act)
    except NotAllowedError:
        return f"unit_is_{unit.state}"
    if act != "verify":
        return None
    if unit.missing:
        return "unit_incomplete"
    return "own_entry" if account in standings.makers(standings.year.aksi(aksi_code), unit.area_code) else None
