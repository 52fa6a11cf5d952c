"""Areas: whose children a caller may see, in Python, in SQL conditions and for row-level security."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from shared.postgres.pool import Connection
from shared.problems import ProblemKind

OUTSIDE_AREA: Final = ProblemKind(
    code="outside_area",
    status=403,
    title_id="Di luar wilayah Anda",
    title_en="Outside your area",
    remedy_id="Gunakan akun wilayah itu, atau minta petugas wilayah itu melakukannya.",
    remedy_en="Use an account of that area, or ask its staff to do it.",
)
# At most five parts, as in 12.19.01.2003.P002; no comma, since the setting joins codes with it.
_CODE: Final = re.compile(r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+){0,4}")


class NoTransactionError(Exception):
    """The areas were to be set outside a transaction: they would be gone before the first query."""


@dataclass(frozen=True, slots=True)
class AreaGrant:
    """Dotted codes of kabupaten, kecamatan, desa or posyandu (or a facility's code, which covers no area)."""

    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for code in self.codes:
            if not _CODE.fullmatch(code):
                raise ValueError(f"{code!r} is not an area code")

    def covers(self, desa_code: str | None, posyandu_code: str | None = None) -> bool:
        """Whether a child living in `desa_code`, at home in `posyandu_code`, belongs to this grant.

        The same rule as the SQL function `area_visible`: an area is compared with the residence, a posyandu with the
        home posyandu only. So a puskesmas does not see a child who lives elsewhere and is merely weighed there.
        """
        return any(
            (desa_code is not None and (desa_code == code or desa_code.startswith(code + ".")))
            or (posyandu_code is not None and posyandu_code == code)
            for code in self.codes
        )

    def covers_area(self, code: str) -> bool:
        """Whether the whole area (or posyandu) `code` lies inside the grant: what figures of `code` demand."""
        return any(code == own or code.startswith(own + ".") for own in self.codes)

    def holds(self, code: str) -> bool:
        """Whether exactly `code` was granted: a laboratory or hospital."""
        return code in self.codes

    def demand(self, desa_code: str | None, posyandu_code: str | None = None) -> None:
        """Problem `outside_area` unless covered."""
        if not self.covers(desa_code, posyandu_code):
            raise OUTSIDE_AREA.problem()

    def demand_area(self, code: str) -> None:
        """Problem `outside_area` unless the area lies inside."""
        if not self.covers_area(code):
            raise OUTSIDE_AREA.problem()

    def ranges(self) -> list[tuple[str, str]]:
        """Half-open ranges `[code, code + "/")` in collation C that hold each area and all below it.

        `.` sorts just before `/`, so the range holds `12.19.01` and `12.19.01.2003` but not `12.19.010`. An index on
        a collation C column serves them; `LIKE` would not.
        """
        return [(code, code + "/") for code in sorted(self.codes)]


async def apply(connection: Connection, areas: AreaGrant) -> None:
    """Tell row-level security whose rows this transaction may see. Unset, or no area, means no rows.

    Raises NoTransactionError outside a transaction: the setting is local to it, and a pooled connection must never
    carry one caller's areas to the next.
    """
    if not connection.is_in_transaction():
        raise NoTransactionError("open the transaction first; the areas live and die with it")
    await connection.execute("SELECT set_config('tumbuh.areas', $1, true)", ",".join(areas.codes))
