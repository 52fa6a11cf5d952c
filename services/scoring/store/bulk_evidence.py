"""Evidence of many families at once, as columns straight from the database's binary copy: no object a row.

Every column has the same width in every row, so that a block of rows is an array as it comes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
from asyncpg import Record

from services.scoring.domain.assessment_matrix import CODE_COLUMNS, Matrix
from services.scoring.domain.fold_columns import Bools, ChildColumns, Int64s, MeasurementColumns
from services.scoring.store.evidence import CHILD_COLUMNS, child_columns
from shared.postgres.pool import Connection

Rows = npt.NDArray[np.void]
HEADER_BYTES: Final = 19  # signature, flags, length of the extension
TRAILER_BYTES: Final = 2
CODES_BYTES: Final = len(CODE_COLUMNS) * 4
FIRST_DAY: Final = np.datetime64("2000-01-01", "D")  # of the database's dates
LARGEST_ID: Final = UUID(int=2**128 - 1)
FIELDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("child_id", "S16", "m.child_id"),
    ("fact_id", "S16", "m.fact_id"),
    ("day", ">i4", "m.measured_on"),
    ("recorded", ">i8", "m.recorded_at"),
    ("channel", ">i2", "m.channel"),
    ("is_remeasurement", "?", "m.is_remeasurement"),
    ("voided", "?", "m.voided"),
    ("weight_kg", ">f8", "coalesce(m.weight_kg, 'NaN')"),
    ("length_height_cm", ">f8", "coalesce(m.length_height_cm, 'NaN')"),
    ("position", ">i2", "m.position"),
    ("oedema", ">i2", "m.oedema"),
    ("muac_cm", ">f8", "coalesce(m.muac_cm, 'NaN')"),
    ("head_circumference_cm", ">f8", "coalesce(m.head_circumference_cm, 'NaN')"),
    ("danger_signs", ">i4", "m.danger_signs"),
    ("temperature_c", ">f8", "coalesce(m.temperature_c, 'NaN')"),
    ("comparable", "?", "octet_length(a.codes) IS NOT DISTINCT FROM {bytes}"),
    ("codes", f"V{CODES_BYTES}", "CASE WHEN octet_length(a.codes) = {bytes} THEN a.codes ELSE {blank} END"),
)
# A row as the database writes it: the number of columns, then each with its length before it.
ROW: Final = np.dtype(
    [
        ("columns", ">i2"),
        *((f"{name}{part}", kind) for name, own, _ in FIELDS for part, kind in (("_", ">i4"), ("", own))),
    ]
)
SELECT: Final = ", ".join(column for *_, column in FIELDS).format(
    bytes=CODES_BYTES, blank=f"decode(repeat('00', {CODES_BYTES}), 'hex')"
)
MEASUREMENTS: Final = f"""
SELECT {SELECT}
FROM measurement m LEFT JOIN assessment a ON (a.child_id, a.measurement_id) = (m.child_id, m.fact_id)
WHERE
"""
ALONE: Final = """
FROM (
    SELECT * FROM child c WHERE child_id BETWEEN $1 AND $2 AND root_id = child_id
      AND NOT EXISTS (SELECT FROM child o WHERE o.root_id = c.child_id AND o.child_id <> c.child_id)
    ORDER BY child_id
) AS found
"""
OF_ROOTS: Final = "FROM (SELECT * FROM child WHERE root_id = ANY($1::uuid[]) ORDER BY child_id) AS found"
STATUSES: Final = """
SELECT array_agg(s.tier ORDER BY n) AS tier, array_agg(coalesce(s.priority, false) ORDER BY n) AS priority,
       array_agg(coalesce(s.fingerprint, 0) ORDER BY n) AS fingerprint,
       array_agg(NOT coalesce(s.voided, true) ORDER BY n) AS speaks
FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (child_id, n) LEFT JOIN risk_status s USING (child_id)
"""
EVERY: Final = """
SELECT child_id FROM (SELECT child_id, row_number() OVER (ORDER BY child_id) AS number FROM child) AS numbered
WHERE number % $1 = 0 ORDER BY child_id
"""
FAMILIES: Final = "SELECT DISTINCT root_id FROM child WHERE root_id <> child_id ORDER BY root_id"

ROOTS_OF: Final = "SELECT DISTINCT root_id FROM child WHERE child_id = ANY($1::uuid[]) ORDER BY root_id"


class UnevenRowsError(Exception):
    """The database wrote rows of another width than asked for."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Children with ids from `first` to `last` who are families of their own, or the families of `roots`."""

    first: UUID = LARGEST_ID
    last: UUID = LARGEST_ID
    roots: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkEvidence:
    """What the fold takes, and what is stored: codes a measurement where `comparable`, a status a root.

    `root_ids[k]` is root k; `tier` is empty where no status speaks.
    """

    root_ids: list[UUID]
    child_ids: list[UUID]
    children: ChildColumns
    known: Bools
    voided: Bools
    measurements: MeasurementColumns
    comparable: Bools
    matrix: Matrix
    tier: list[str | None]
    priority: list[bool]
    fingerprint: Int64s
    speaks: Bools


async def buckets(connection: Connection, children_each: int) -> list[Bucket]:
    """All families, some thousand children at a time; merged ones, who lie anywhere, in buckets of their own."""
    ends = [UUID(str(row["child_id"])) for row in await connection.fetch(EVERY, children_each)]
    firsts = [UUID(int=0), *(UUID(int=end.int + 1) for end in ends)]
    spans = [Bucket(first, last) for first, last in zip(firsts, [*ends, LARGEST_ID], strict=True)]
    roots = [row["root_id"] for row in await connection.fetch(FAMILIES)]
    return spans + [
        Bucket(roots=tuple(roots[start : start + children_each])) for start in range(0, len(roots), children_each)
    ]


async def read_bucket(connection: Connection, bucket: Bucket) -> BulkEvidence | None:
    """Everything about the families of a bucket, in one repeatable-read transaction; None where there is no family."""
    which, asked = (OF_ROOTS, (list(bucket.roots),)) if bucket.roots else (ALONE, (bucket.first, bucket.last))
    c = await connection.fetchrow(f"SELECT {CHILD_COLUMNS} {which}", *asked)
    if c is None or c["child_id"] is None:
        return None
    root_ids = sorted(set(c["root_id"]))
    status = await connection.fetchrow(STATUSES, root_ids)
    if bucket.roots:
        listed = ",".join(map(str, c["child_id"]))
        rows = await copied(connection, f"{MEASUREMENTS} m.child_id = ANY('{{{listed}}}'::uuid[])")
    else:
        rows = await copied(connection, f"{MEASUREMENTS} m.child_id BETWEEN '{bucket.first}' AND '{bucket.last}'")
    if status is None:
        raise LookupError("an aggregate without a row")
    return _evidence(c, root_ids, status, rows)


async def copied(connection: Connection, query: str) -> Rows:
    """The rows of a query over `FIELDS` as one array. UnevenRowsError when they are not all alike."""
    blocks = bytearray()

    async def take(block: bytes) -> None:
        blocks.extend(block)

    await connection.copy_from_query(query, output=take, format="binary")
    count, rest = divmod(len(blocks) - HEADER_BYTES - TRAILER_BYTES, ROW.itemsize)
    rows = np.frombuffer(blocks, ROW, count, HEADER_BYTES) if count > 0 else np.zeros(0, ROW)
    if rest or not all((rows[f"{name}_"] == ROW[name].itemsize).all() for name, *_ in FIELDS):
        raise UnevenRowsError(f"{len(blocks)} bytes are no rows of {ROW.itemsize}")
    return rows


def _evidence(c: Record, root_ids: list[UUID], status: Record, rows: Rows) -> BulkEvidence:
    child_ids = np.frombuffer(b"".join(child_id.bytes for child_id in c["child_id"]), "S16")  # sorted
    child = np.searchsorted(child_ids, rows["child_id"])
    inside = child < child_ids.size
    inside[inside] = child_ids[child[inside]] == rows["child_id"][inside]
    if not inside.all():  # of merged children that lie between the others
        rows, child = rows[inside], child[inside]
    number = {root_id: place for place, root_id in enumerate(root_ids)}
    voided = np.array(c["voided"], np.bool_)
    return BulkEvidence(
        root_ids=root_ids,
        child_ids=c["child_id"],
        children=child_columns(c, number),
        known=np.array(c["known"], np.bool_),
        voided=voided,
        measurements=MeasurementColumns(
            fact_id=_ids(rows["fact_id"]),
            child=child,
            measured_on=FIRST_DAY + rows["day"].astype(np.int64),
            recorded_at=rows["recorded"].astype(np.int64),
            channel=rows["channel"].astype(np.int8),
            is_remeasurement=rows["is_remeasurement"].copy(),
            voided=rows["voided"] | voided[child],
            position=rows["position"].astype(np.int8),
            oedema=rows["oedema"].astype(np.int8),
            danger_signs=rows["danger_signs"].astype(np.int32),
            **{
                name: rows[name].astype(np.float64)
                for name in ("weight_kg", "length_height_cm", "muac_cm", "head_circumference_cm", "temperature_c")
            },
        ),
        comparable=rows["comparable"].copy(),
        matrix=np.ascontiguousarray(rows["codes"]).view("<i4").reshape(-1, len(CODE_COLUMNS)),
        tier=_where(status["tier"], status["speaks"]),
        priority=status["priority"],
        fingerprint=np.array(status["fingerprint"], np.int64),
        speaks=np.array(status["speaks"], np.bool_),
    )


def _where(tiers: Sequence[str | None], speaks: Sequence[bool]) -> list[str | None]:
    return [tier if said else None for tier, said in zip(tiers, speaks, strict=True)]


def _ids(column: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(column).view(">u8").reshape(-1, 2).astype(np.uint64)


async def roots_of(connection: Connection, children: Collection[UUID]) -> list[UUID]:
    """The present roots of these children, those that are roots themselves among them."""
    rows = await connection.fetch(ROOTS_OF, list(children))
    return [row["root_id"] for row in rows]
