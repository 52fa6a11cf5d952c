"""The kinds of tallies: how each is counted in a kecamatan, and brought together for an area above."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.reporting.domain.change_tally import brought_together
from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import Tally, added_up, by_area
from services.reporting.store.change_tally import CHANGES, count_changes
from services.reporting.store.courses import COURSES, count_courses
from services.reporting.store.group_sums import GROUPS, count_groups
from services.reporting.store.growth_tally import GROWTH, count_growth
from services.reporting.store.sums import Where
from services.reporting.store.tallies import Kind
from services.reporting.use_cases.tally_services import SERVICES, count_services, count_services_of
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class TallyKind:
    """`count`: of an area and period as known now. `bring_together`: of areas by code, for the one above them.

    `count_all`: of several periods, where they share what takes long to read.
    """

    kind: Kind
    count: Callable[[Connection, Where, Period], Awaitable[Tally]]
    bring_together: Callable[[Mapping[str, Tally]], Tally]
    count_all: Callable[[Connection, Where, Sequence[Period]], Awaitable[list[Tally]]] | None = None


GROUPS_KIND: Final = TallyKind(GROUPS, count_groups, by_area)
COURSES_KIND: Final = TallyKind(COURSES, count_courses, added_up)
CHANGES_KIND: Final = TallyKind(CHANGES, count_changes, brought_together)
GROWTH_KIND: Final = TallyKind(GROWTH, count_growth, by_area)
SERVICES_KIND: Final = TallyKind(SERVICES, count_services, by_area, count_services_of)
KINDS: Final = (
    GROUPS_KIND,
    COURSES_KIND,
    SERVICES_KIND,
    CHANGES_KIND,
    GROWTH_KIND,
)
