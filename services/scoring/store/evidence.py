"""Evidence of children: locked by family, read back as columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
from asyncpg import Record

from services.scoring.domain.fold_columns import Bools, ChildColumns, Int64s, MeasurementColumns, ids
from shared.postgres.pool import Connection

NO_DAY: Final = -(2**31)  # a date column's missing value


STUBS: Final = """
INSERT INTO child (child_id, fact_id, epoch, revision, known_at, content_hash, root_id, sex, voided)
SELECT id, id, 0, 0, '-infinity', 0, id, 0, false FROM unnest($1::uuid[]) AS id ORDER BY id ON CONFLICT DO NOTHING
"""
ROOTS: Final = "SELECT DISTINCT root_id FROM child WHERE child_id = ANY($1::uuid[])"
FAMILY: Final = "SELECT child_id FROM child WHERE root_id = ANY($1::uuid[]) ORDER BY child_id"
LOCK: Final = "SELECT child_id, root_id FROM child WHERE child_id = ANY($1::uuid[]) ORDER BY child_id FOR UPDATE"


async def lock_families(connection: Connection, children: Collection[UUID], merged_into: Iterable[UUID]) -> set[UUID]:
    """Make stubs for unknown children and lock everything that the batch may fold together; returns the roots.

    A family is a root and all children merged into it. Locks are taken in id order. While they were being taken a
    child may have moved to another root: then the missing ones are locked too. That second round is out of order, so
    it may meet a deadlock, which the database breaks and the consumer tries again; it is as rare as merges.
    """
    asked = set(children) | set(merged_into)
    await connection.execute(STUBS, sorted(asked))
    roots = {row["root_id"] for row in await connection.fetch(ROOTS, list(asked))} | asked
    locked: set[UUID] = set()
    while True:
        family = {row["child_id"] for row in await connection.fetch(FAMILY, list(roots))} | roots
        if family <= locked:
            return roots
        rows = await connection.fetch(LOCK, sorted(family - locked))
        locked |= {row["child_id"] for row in rows}
        roots |= {row["root_id"] for row in rows}


MICROSECONDS: Final = "(extract(epoch FROM {0}) * 1000000)::bigint"
CHILD_COLUMNS: Final = f"""
array_agg(child_id) AS child_id, array_agg(root_id) AS root_id, array_agg(sex) AS sex,
       array_agg(birth_date - DATE '1970-01-01') AS birth_day, array_agg(birth_weight_kg) AS birth_weight_kg,
       array_agg(gestation_weeks::double precision) AS gestation_weeks, array_agg(voided) AS voided,
       array_agg(epoch > 0) AS known, array_agg({MICROSECONDS.format("greatest(known_at, 'epoch')")}) AS known_us,
       array_agg(died_on - DATE '1970-01-01') AS died_day, array_agg(departed_on - DATE '1970-01-01') AS departed_day
"""
READ_CHILDREN: Final = f"SELECT {CHILD_COLUMNS} FROM child WHERE root_id = ANY($1::uuid[])"
READ_MEASUREMENTS: Final = f"""
SELECT array_agg(m.fact_id) AS fact_id, array_agg(m.child_id) AS child_id, array_agg(m.epoch) AS epoch,
       array_agg(m.revision) AS revision, array_agg({MICROSECONDS.format("m.known_at")}) AS known_us,
       array_agg(m.measured_on - DATE '1970-01-01') AS day,
       array_agg({MICROSECONDS.format("m.recorded_at")}) AS recorded_us,
       array_agg(m.channel) AS channel, array_agg(m.is_remeasurement) AS is_remeasurement,
       array_agg(m.weight_kg) AS weight_kg, array_agg(m.length_height_cm) AS length_height_cm,
       array_agg(m.position) AS position, array_agg(m.muac_cm) AS muac_cm, array_agg(m.oedema) AS oedema,
       array_agg(m.head_circumference_cm) AS head_circumference_cm,
       array_agg(m.danger_signs) AS danger_signs, array_agg(m.temperature_c) AS temperature_c,
       array_agg(m.voided) AS voided, array_agg(coalesce(a.epoch, 0)) AS a_epoch,
       array_agg(coalesce(a.revision, 0)) AS a_revision,
       array_agg(coalesce({MICROSECONDS.format("a.known_at")}, 0)) AS a_known_us,
       array_agg(coalesce(a.measurement_epoch, 0)) AS a_measurement_epoch,
       array_agg(coalesce(a.measurement_revision, 0)) AS a_measurement_revision,
       array_agg(a.ruleset_version) AS a_ruleset, array_agg(a.codes) AS a_codes
FROM measurement m LEFT JOIN assessment a ON (a.child_id, a.measurement_id) = (m.child_id, m.fact_id)
WHERE m.child_id = ANY($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored assessment of each measurement row; epoch 0 = none yet."""

    epoch: Int64s
    revision: Int64s
    known_us: Int64s
    measurement_epoch: Int64s
    measurement_revision: Int64s
    ruleset: list[str | None]
    codes: list[bytes | None]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything about some roots, as the fold wants it, with ids, orders and what is stored already.

    `child_ids[i]` is row i of `children`, `measurement_ids[j]` row j of `measurements`; `root_ids[k]` is root k.
    Times are microseconds since 1970 (UTC). A child without its fact yet (`child_known` false) is not judged.
    """

    root_ids: list[UUID]
    child_ids: list[UUID]
    children: ChildColumns
    child_known: Bools
    child_known_us: Int64s
    child_voided: Bools
    died_day: Int64s  # NO_DAY where alive
    departed_day: Int64s  # NO_DAY where here
    measurement_ids: list[UUID]
    measurements: MeasurementColumns
    epoch: Int64s
    revision: Int64s
    known_us: Int64s
    stored: Stored


@dataclass(frozen=True, slots=True)
class Families:
    """All children of some roots; `numbers[root_id]` is their root's number in `children`."""

    numbers: Mapping[UUID, int]
    children: ChildColumns
    known_us: Int64s


async def read_families(connection: Connection, roots: Collection[UUID]) -> Families:
    """The children of `roots` and when their facts became known."""
    c = await connection.fetchrow(READ_CHILDREN, list(roots))
    if c is None or c["child_id"] is None:
        raise LookupError("no child of these roots")
    numbers = {root: number for number, root in enumerate(sorted(set(c["root_id"])))}
    return Families(numbers, child_columns(c, numbers), np.array(c["known_us"], np.int64))


async def load_evidence(connection: Connection, roots: Collection[UUID]) -> Evidence:
    """Read the families of `roots` from the tables, after the merge and under their locks."""
    c = await connection.fetchrow(READ_CHILDREN, list(roots))
    if c is None or c["child_id"] is None:
        raise LookupError("no child of these roots: lock them first")
    m = await connection.fetchrow(READ_MEASUREMENTS, c["child_id"])
    root_ids = sorted(set(c["root_id"]))
    root_number = {root: number for number, root in enumerate(root_ids)}
    child_row = {child: row for row, child in enumerate(c["child_id"])}
    voided_children = np.array(c["voided"], np.bool_)
    child = np.array([child_row[child] for child in _list(m, "child_id")], np.int64)
    return Evidence(
        root_ids=root_ids,
        child_ids=c["child_id"],
        children=child_columns(c, root_number),
        child_known=np.array(c["known"], np.bool_),
        child_known_us=np.array(c["known_us"], np.int64),
        child_voided=voided_children,
        died_day=_days(c["died_day"]),
        departed_day=_days(c["departed_day"]),
        measurement_ids=_list(m, "fact_id"),
        measurements=MeasurementColumns(
            fact_id=ids(_list(m, "fact_id")),
            child=child,
            measured_on=_dates(_list(m, "day")),
            recorded_at=np.array(_list(m, "recorded_us"), np.int64),
            channel=np.array(_list(m, "channel"), np.int8),
            is_remeasurement=np.array(_list(m, "is_remeasurement"), np.bool_),
            # A child entered in error takes its measurements with it.
            voided=np.array(_list(m, "voided"), np.bool_) | voided_children[child],
            weight_kg=_floats(_list(m, "weight_kg")),
            length_height_cm=_floats(_list(m, "length_height_cm")),
            position=np.array(_list(m, "position"), np.int8),
            oedema=np.array(_list(m, "oedema"), np.int8),
            muac_cm=_floats(_list(m, "muac_cm")),
            head_circumference_cm=_floats(_list(m, "head_circumference_cm")),
            danger_signs=np.array(_list(m, "danger_signs"), np.int32),
            temperature_c=_floats(_list(m, "temperature_c")),
        ),
        epoch=np.array(_list(m, "epoch"), np.int64),
        revision=np.array(_list(m, "revision"), np.int64),
        known_us=np.array(_list(m, "known_us"), np.int64),
        stored=Stored(
            epoch=np.array(_list(m, "a_epoch"), np.int64),
            revision=np.array(_list(m, "a_revision"), np.int64),
            known_us=np.array(_list(m, "a_known_us"), np.int64),
            measurement_epoch=np.array(_list(m, "a_measurement_epoch"), np.int64),
            measurement_revision=np.array(_list(m, "a_measurement_revision"), np.int64),
            ruleset=_list(m, "a_ruleset"),
            codes=_list(m, "a_codes"),
        ),
    )


def child_columns(c: Record, root_number: Mapping[UUID, int]) -> ChildColumns:
    """The row of `READ_CHILDREN` as columns."""
    return ChildColumns(
        child_id=ids(c["child_id"]),
        root=np.array([root_number[root] for root in c["root_id"]], np.int64),
        is_root=np.array([a == b for a, b in zip(c["child_id"], c["root_id"], strict=True)], np.bool_),
        sex=np.array(c["sex"], np.int8),
        birth_date=_dates(c["birth_day"]),
        birth_weight_kg=_floats(c["birth_weight_kg"]),
        gestation_weeks=_floats(c["gestation_weeks"]),
    )


def _list(row: Any, name: str) -> list[Any]:
    values: list[Any] | None = None if row is None else row[name]
    return [] if values is None else values


def _floats(values: Sequence[float | None]) -> npt.NDArray[np.float64]:
    return np.array(values, np.float64)  # None becomes NaN


def _days(days: Sequence[int | None]) -> Int64s:
    return np.array([NO_DAY if day is None else day for day in days], np.int64)


def _dates(days: Sequence[int | None]) -> npt.NDArray[np.datetime64]:
    known = _days(days)
    return np.where(known == NO_DAY, np.datetime64("NaT", "D"), known.astype("datetime64[D]"))
