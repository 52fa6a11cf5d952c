"""What the puskesmas send in a month: their file, now and then the same again, a corrected one, or a broken one first.

Everything follows from (seed, round, puskesmas), so a file can be made whenever it is needed, in any process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from deploy.demo import dirt
from deploy.demo.growth import Bools, Ints
from deploy.demo.ministry import columns_of
from deploy.demo.styles import PLAIN, STYLES, styled
from deploy.demo.visits import Visits
from deploy.demo.workbooks import file_bytes
from deploy.demo.world import World

Purpose = Literal["monthly", "sorted_apart", "auto_date", "same_again", "corrected"]

LATE_SHARE: Final = 0.015
CORRECTED_SHARE: Final = 0.01
#: Fewer rows prove neither the order of day and month nor that columns came apart (domain.md §7: at least 20 rows).
PROVABLE_ROWS: Final = 20
BROKEN_ROUND: Final = 1  # the second month has the two famous accidents (the only one, if there is one)


@dataclass(frozen=True, slots=True)
class Upload:
    """One file to send: which round and puskesmas, and why."""

    round_index: int
    centre_index: int
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it is sent. `injected` counts by kind what is wrong in it; `unmapped` are unknown posyandu names."""

    upload: Upload
    name: str
    content: bytes
    rows: int
    injected: Counter[str]
    unmapped: frozenset[tuple[str, str]] = frozenset()

    @property
    def must_stop(self) -> bool:
        """Whether the intake has to refuse the whole file."""
        return self.upload.purpose == "sorted_apart"


class Office:
    """Makes the files of a world. `by_api` are posyandu (indexes) that send no files because they use the API."""

    def __init__(self, world: World, by_api: Collection[int] = ()) -> None:
        self.world = world
        home = {code: index for index, centre in enumerate(world.district.puskesmas) for code in centre.desa_codes}
        self._centre_of = np.array([home[post.desa_code] for post in world.district.posyandu], dtype=np.int64)
        self._centre_of[list(by_api)] = -1

    def uploads(self, round_index: int) -> Iterator[Upload]:
        """The uploads of a round in the order they are sent: a correction of last month first, a repetition last."""
        centres = len(self.world.district.puskesmas)
        again, corrected, broken, dated = self._accidents(round_index)
        if round_index > 0:
            yield Upload(round_index - 1, corrected, "corrected")
        for centre in range(centres):
            if centre == broken and self._of_centre(round_index, centre)[0].count >= 2 * PROVABLE_ROWS:
                yield Upload(round_index, centre, "sorted_apart")
            yield Upload(round_index, centre, "auto_date" if centre == dated else "monthly")
        yield Upload(round_index, again, "same_again")

    def make(self, upload: Upload) -> SentFile:
        """The file of `upload`, dirt included."""
        world = self.world
        rng = np.random.default_rng([world.seed, upload.round_index, upload.centre_index])
        injected: Counter[str] = Counter()
        visits = self._visits(upload, injected)
        plain = upload.purpose in {"sorted_apart", "auto_date"} or visits.count < PROVABLE_ROWS
        style = PLAIN if plain else STYLES[(upload.centre_index + world.seed) % len(STYLES)]
        typed = dirt.mistype(rng, world, visits, injected)
        if upload.purpose == "corrected":  # the typing errors are put right too
            injected = injected & Counter({"late_visit": visits.count})
            typed = self._corrected(upload, visits, injected)
        visits = dirt.scored(world, dirt.repeat_rows(rng, typed, injected))
        columns = columns_of(world, visits)
        dirt.soil_cells(rng, columns, world.children.nik_state[visits.child], injected)
        date_rows: list[int] = []
        if upload.purpose == "sorted_apart":
            dirt.sort_apart(columns)
            injected.clear()  # nothing else of a refused file is judged
            injected["columns_sorted_apart"] = 1
        elif upload.purpose == "auto_date":
            date_rows = dirt.auto_date(rng, columns, world.today.year, injected)
        if upload.purpose in {"same_again", "corrected"}:
            injected["row_sent_again"] += visits.count
        content = file_bytes(styled(columns, style, rng, injected), style, date_rows=date_rows)
        unmapped = dirt.unmapped_names(columns)
        return SentFile(upload, self._name(upload, style.suffix), content, visits.count, +injected, unmapped)

    def _accidents(self, round_index: int) -> tuple[int, int, int, int]:
        """Puskesmas that sends again, that corrects, whose columns came apart, whose weights became dates; or -1."""
        centres = len(self.world.district.puskesmas)
        again, corrected = (2 + 5 * round_index) % (centres - 1), (7 + 5 * round_index) % centres
        broken_round = min(BROKEN_ROUND, len(self.world.rounds) - 1)
        broken, dated = (0, 1) if round_index == broken_round else (-1, -1)
        return again, corrected, broken, dated

    def _visits(self, upload: Upload, injected: Counter[str]) -> Visits:
        """The weighings in the file: the month's without the late ones, and those late of the month before."""
        visits, late = self._of_centre(upload.round_index, upload.centre_index)
        newest = upload.round_index == len(self.world.rounds) - 1
        found = visits if newest else visits.take(~late)
        if upload.round_index > 0:
            earlier, late_then = self._of_centre(upload.round_index - 1, upload.centre_index)
            injected["late_visit"] += int(late_then.sum())
            found = found.joined(earlier.take(late_then))
        return found

    def _of_centre(self, round_index: int, centre_index: int) -> tuple[Visits, Bools]:
        """All weighings of a puskesmas in a round, in the order of posyandu, and which of them come late."""
        visits = self.world.rounds[round_index].visits
        mine: Ints = np.flatnonzero(self._centre_of[visits.posyandu] == centre_index)
        mine = mine[np.argsort(visits.posyandu[mine], kind="stable")]
        rng = np.random.default_rng([self.world.seed, round_index, centre_index, 1])
        return visits.take(mine), rng.random(mine.size) < LATE_SHARE

    def _corrected(self, upload: Upload, visits: Visits, injected: Counter[str]) -> Visits:
        """Some weights changed by 0.2 kg."""
        rng = np.random.default_rng([self.world.seed, upload.round_index, upload.centre_index, 2])
        changed = rng.random(visits.count) < CORRECTED_SHARE
        injected["corrected_value"] += int(changed.sum())
        weight = np.asarray(np.round(visits.weight_kg + 0.2 * changed, 1), dtype=np.float64)
        return replace(visits, weight_kg=weight)

    def _name(self, upload: Upload, suffix: str) -> str:
        centre = self.world.district.puskesmas[upload.centre_index].name.removeprefix("Puskesmas ")
        month = f"{self.world.rounds[upload.round_index].month:%Y-%m}"
        words = {
            "monthly": "",
            "auto_date": "",
            "sorted_apart": "-salah-urut",
            "same_again": "",
            "corrected": "-perbaikan",
        }
        return f"eppgbm-{centre.lower().replace(' ', '-')}-{month}{words[upload.purpose]}{suffix}"
