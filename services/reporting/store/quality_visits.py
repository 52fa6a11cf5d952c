"""The visits of posyandu-months as columns: those that count there in figures, and those of the month before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from asyncpg import Record

from services.reporting.domain.quality_counts import LYING, NOT_STATED, STANDING, Bools, Floats, Ints, Visits
from services.reporting.store.generations import LIVE
from services.reporting.store.quality_marks import PosyanduMonth
from shared.calendar import UNDER_FIVE_MONTHS, add_months
from shared.postgres.pool import Connection

# As the fold has it: a root's place of a month; of its children the facts that are newest now; of a measurement the
# newest assessment and the revision that it judged. Greatest precedence last. What was judged under another place or
# month before stands in no row here.
_VISITS: Final = f"""
WITH asked AS (
    SELECT number, desa_code, posyandu_code, month, is_before
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::date[], $5::boolean[])
        AS asked (number, desa_code, posyandu_code, month, is_before)
), root AS (
    SELECT a.number, a.is_before, a.month, c.root_id FROM asked a
    JOIN child_month c ON c.month = a.month AND c.desa_code = a.desa_code AND c.posyandu_code = a.posyandu_code
        AND c.generation = {LIVE} AND c.known_to IS NULL
), member AS (
    SELECT number, is_before, month, root_id, root_id AS child_id FROM root
    UNION
    SELECT r.number, r.is_before, r.month, r.root_id, l.child_id FROM root r JOIN child_link l USING (root_id)
    WHERE (SELECT f.merged_into FROM child_fact f WHERE f.child_id = l.child_id
           ORDER BY f.epoch DESC, f.revision DESC LIMIT 1) = r.root_id
)
SELECT v.number, v.is_before, v.root_id, m.measured_on, b.birth_date, m.weight_kg, m.length_height_cm,
       m.measurement_position, m.muac_cm, m.reported_letter, m.device_id, m.is_remeasurement,
       (m.recorded_at AT TIME ZONE 'Asia/Jakarta')::date AS recorded_on,
       a.haz, a.waz, a.whz, a.haz_flagged, a.waz_flagged, a.whz_flagged, a.letter
FROM member v
CROSS JOIN LATERAL (
    SELECT f.birth_date FROM child_fact f WHERE f.child_id = v.root_id ORDER BY f.epoch DESC, f.revision DESC LIMIT 1
) AS b
JOIN assessment_fact a ON a.child_id = v.child_id AND NOT a.voided
JOIN measurement_fact m ON m.child_id = a.child_id AND m.fact_id = a.measurement_id
    AND m.epoch = a.measurement_epoch AND m.revision = a.measurement_revision AND NOT m.voided
    AND m.measured_on >= v.month AND m.measured_on < v.month + interval '1 month'
WHERE NOT EXISTS (
    SELECT FROM assessment_fact n WHERE n.child_id = a.child_id AND n.measurement_id = a.measurement_id
        AND (n.epoch, n.revision, n.fact_id) > (a.epoch, a.revision, a.fact_id)
)
ORDER BY v.number, v.is_before, v.root_id, m.measured_on, a.is_primary, m.is_remeasurement, m.channel = 'api',
         m.recorded_at, m.fact_id DESC
"""
_LETTERS: Final = {letter: code for code, letter in enumerate("NTOB")}
_POSITIONS: Final = {"lying": LYING, "standing": STANDING}


class Read(NamedTuple):
    """Visits of the asked posyandu-months, numbered as asked, and the devices that they name by index."""

    visits: Visits
    devices: tuple[str, ...]


async def read_visits(connection: Connection, asked: Sequence[PosyanduMonth]) -> list[Record]:
    """The judged visits of the children that count in `asked`, for `as_visits`."""
    twice = [(number, key, False) for number, key in enumerate(asked)]
    twice += [(number, key._replace(month=add_months(key.month, -1)), True) for number, key in enumerate(asked)]
    rows: list[Record] = await connection.fetch(
        _VISITS,
        [number for number, _, _ in twice],
        [key.desa_code for _, key, _ in twice],
        [key.posyandu_code for _, key, _ in twice],
        [key.month for _, key, _ in twice],
        [is_before for _, _, is_before in twice],
    )
    return rows


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _days(values: Sequence[date]) -> Ints:
    return np.array(values, dtype="datetime64[D]").astype(np.int64)


def _codes(values: Sequence[str | None], codes: dict[str, int]) -> Ints:
    return np.array([codes.get(value or "", NOT_STATED) for value in values], dtype=np.int64)


def _parts(values: Sequence[date]) -> tuple[Ints, Ints]:
    """Month since the year 0 and day of the month."""
    return (
        np.array([value.year * 12 + value.month for value in values], dtype=np.int64),
        np.array([value.day for value in values], dtype=np.int64),
    )


def as_visits(rows: Sequence[Record]) -> Read:
    """Rows as columns, without children of five completed years or more. Takes its time: away from the loop."""
    columns: dict[str, list[Any]] = {}
    if rows:
        columns = dict(zip(rows[0].keys(), map(list, zip(*rows, strict=True)), strict=True))

    def of(name: str) -> list[Any]:
        return columns.get(name, [])

    def flags(name: str) -> Bools:
        return np.array(of(name), dtype=bool)

    devices = tuple(sorted({device for device in of("device_id") if device}))
    numbers = {root_id: number for number, root_id in enumerate(sorted(set(of("root_id"))))}
    day, birth = _days(of("measured_on")), _days(of("birth_date"))
    (month, of_month), (birth_month, birth_day) = _parts(of("measured_on")), _parts(of("birth_date"))
    completed = month - birth_month - (of_month < birth_day)
    every = Visits(
        group=np.array(of("number"), dtype=np.int64),
        before=flags("is_before"),
        child=np.array([numbers[root_id] for root_id in of("root_id")], dtype=np.int64),
        day=day,
        age_days=day - birth,
        weight_kg=_floats(of("weight_kg")),
        length_height_cm=_floats(of("length_height_cm")),
        position=_codes(of("measurement_position"), _POSITIONS),
        haz=_floats(of("haz")),
        waz=_floats(of("waz")),
        whz=_floats(of("whz")),
        haz_flagged=flags("haz_flagged"),
        waz_flagged=flags("waz_flagged"),
        whz_flagged=flags("whz_flagged"),
        letter=_codes(of("letter"), _LETTERS),
        reported_letter=_codes(of("reported_letter"), _LETTERS),
        late_days=_days(of("recorded_on")) - day,
        birth_day=birth_day,
        birth_month=(birth_month - 1) % 12 + 1,
        is_remeasurement=flags("is_remeasurement"),
        device=_codes(of("device_id"), {device: number for number, device in enumerate(devices)}),
        has_muac=np.isfinite(_floats(of("muac_cm"))),
    )
    return Read(every.take((completed >= 0) & (completed < UNDER_FIVE_MONTHS)), devices)
