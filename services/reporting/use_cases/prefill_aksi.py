"""Fill in values from what the figures say, as known at the end of a day."""

from __future__ import annotations

from datetime import date

from services.reporting.domain.aksi_board import CLOSED
from services.reporting.domain.aksi_values import By, Prefill, Value, prefilled
from services.reporting.store.aksi_facts import count_facts
from services.reporting.store.aksi_units import Made, read_units
from services.reporting.store.aksi_values import hold_year, read_values, write_values
from services.reporting.use_cases.aksi_year import Year
from services.reporting.use_cases.enter_aksi_values import CHANGED_AFTER, undo_verification
from shared.postgres.pool import Connection


async def prefill_values(connection: Connection, year: Year, as_of: date, by: By) -> dict[str, int]:
    """Counts: cells `filled` or brought up to date, `beside` (a person's value stays), `unchanged`, `closed`, `undid`.

    A desa where nobody was measured gets 0, which is what was counted. `nothing_known`: cells of desa of which not even
    a registered child was known on that day; a 0 there would be no count.
    """
    await hold_year(connection, year.kabupaten_code, year.year)
    indicators = [one for one in year.programme.indicators if one.fact is not None]
    facts = await count_facts(connection, year.year, year.area_code, as_of)
    stored = {value.key: value for value in await read_values(connection, year.year, year.area_code)}
    standing = await read_units(connection, year.year, year.area_code)
    outcome = dict.fromkeys(("filled", "beside", "unchanged", "closed", "nothing_known"), 0)
    written: list[Value] = []
    changed: list[Value] = []
    for desa_code in year.desa_codes:
        for indicator in indicators:
            unit = standing.get((indicator.aksi, desa_code))
            if unit is not None and unit.state in CLOSED:
                outcome["closed"] += 1
                continue
            if desa_code not in facts:
                outcome["nothing_known"] += 1
                continue
            name = str(indicator.fact)
            key = (desa_code, indicator.code)
            fact = Prefill(facts[desa_code].get(name, 0), as_of, name)
            value = prefilled(key, fact, stored.get(key), by)
            if value is None:
                outcome["unchanged"] += 1
                continue
            written.append(value)
            person_said = value.source != "facts"
            outcome["beside" if person_said else "filled"] += 1
            if not person_said:
                changed.append(value)
    await write_values(connection, year.year, written)
    made = Made(by.account, by.at, CHANGED_AFTER)
    undone = await undo_verification(connection, year, changed, standing, made)
    return {**outcome, "undid": len(undone)}
