"""The board of an area and year: programme, desa, and how far each unit is. Everything else begins here."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

from services.reporting.domain.aksi_board import Unit
from services.reporting.domain.aksi_programme import Aksi, Programme
from services.reporting.domain.aksi_submission import Area
from services.reporting.domain.aksi_values import Statement, Value
from services.reporting.store.aksi_areas import read_areas
from services.reporting.store.aksi_programmes import read_programme
from services.reporting.store.aksi_units import Standing, read_units
from services.reporting.store.aksi_values import read_statements, read_values
from services.reporting.use_cases.area_figures import UnknownAreaError
from shared.calendar import JAKARTA
from shared.postgres.pool import Connection

KABUPATEN_LENGTH = len("12.19")


class UnknownYearError(LookupError):
    """No programme has begun in that year."""


class UnknownAksiError(LookupError):
    """The programme of the year has no such action."""


@dataclass(frozen=True, slots=True)
class Year:
    """What a year asks of the desa below `area_code`."""

    year: int
    area_code: str
    kabupaten_code: str
    programme: Programme
    areas: tuple[Area, ...]

    @property
    def desa_codes(self) -> tuple[str, ...]:
        """In official order."""
        return tuple(area.desa_code for area in self.areas)

    @property
    def kecamatan(self) -> dict[str, str]:
        """Names by code, in official order."""
        return {area.kecamatan_code: area.kecamatan_name for area in self.areas}

    def aksi(self, code: str) -> Aksi:
        """An action of the year. Raises UnknownAksiError."""
        found = self.programme.find_aksi(code)
        if found is None:
            raise UnknownAksiError(code)
        return found

    def units_of(self, aksi: Aksi) -> list[tuple[str, str, str]]:
        """Its units: (code, name, kecamatan)."""
        if aksi.entry == "kecamatan":
            return [(code, name, code) for code, name in self.kecamatan.items()]
        return [(area.desa_code, area.desa_name, area.kecamatan_code) for area in self.areas]


async def read_year(connection: Connection, year: int, area_code: str, today: date) -> Year:
    """The programme and the desa of an area as they are named today, or were on the last day of a past year.

    Raises UnknownYearError, UnknownAreaError (also above a kabupaten: each kabupaten has its own board).
    """
    kabupaten_code = area_code[:KABUPATEN_LENGTH]
    programme = await read_programme(connection, kabupaten_code, year)
    if programme is None or year > today.year + 1:
        raise UnknownYearError(year)
    areas = await read_areas(connection, min(today, date(year, 12, 31)), area_code)
    if areas is None or len(area_code) < KABUPATEN_LENGTH:
        raise UnknownAreaError(area_code)
    return Year(year, area_code, kabupaten_code, programme, areas)


@dataclass(frozen=True, slots=True)
class Standings:
    """Entries and states of a year, as one transaction saw them."""

    year: Year
    values: tuple[Value, ...]
    statements: tuple[Statement, ...]
    standing: dict[tuple[str, str], Standing]

    def state_of(self, aksi_code: str, area_code: str) -> Standing | None:
        """How far a unit is; None: nothing was ever said of it."""
        return self.standing.get((aksi_code, area_code))

    def units(self, aksi: Aksi) -> list[Unit]:
        """All units of an action."""
        wanted = {one.code for one in self.year.programme.of_aksi(aksi.code)}
        filled: Counter[str] = Counter()
        changed: dict[str, list[date]] = defaultdict(list)
        if aksi.entry == "desa":
            for value in self.values:
                if value.indicator_code in wanted:
                    filled[value.desa_code] += 1
                    changed[value.desa_code].append(value.changed_at.astimezone(JAKARTA).date())
        else:
            for said in self.statements:
                if said.aksi_code == aksi.code:
                    filled[said.area_code] += 1
                    changed[said.area_code].append(said.changed_at.astimezone(JAKARTA).date())
        needed = len(wanted) if aksi.entry == "desa" else 1
        return [
            self._unit(aksi.code, place, needed - filled[place[0]], max(changed[place[0]], default=None))
            for place in self.year.units_of(aksi)
        ]

    def _unit(self, aksi_code: str, place: tuple[str, str, str], missing: int, changed_on: date | None) -> Unit:
        standing = self.state_of(aksi_code, place[0])
        if standing is None:
            return Unit(*place, "draft", date(self.year.year, 1, 1), missing, changed_on)
        return Unit(*place, standing.state, standing.since.astimezone(JAKARTA).date(), missing, changed_on)

    def makers(self, aksi: Aksi, area_code: str) -> set[str]:
        """Accounts whose entries stand in a unit."""
        if aksi.entry == "kecamatan":
            return {
                one.changed_by for one in self.statements if (one.aksi_code, one.area_code) == (aksi.code, area_code)
            }
        wanted = {one.code for one in self.year.programme.of_aksi(aksi.code)}
        return {one.changed_by for one in self.values if one.desa_code == area_code and one.indicator_code in wanted}


async def read_standings(connection: Connection, year: Year, aksi_code: str | None = None) -> Standings:
    """All entries and states of the area of `year`, of one action or of all."""
    codes = None if aksi_code is None else [one.code for one in year.programme.of_aksi(aksi_code)]
    values = await read_values(connection, year.year, year.area_code, indicator_codes=codes)
    statements = await read_statements(connection, year.year, year.area_code, aksi_code)
    standing = await read_units(connection, year.year, year.area_code, aksi_code)
    return Standings(year, tuple(values), tuple(statements), standing)
