"""Stored visits as the detector wants them, and back from a value to its visit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from services.scoring.domain.fold_columns import Bools, Floats, Int64s
from services.scoring.domain.plausibility.detect import STREAM_POSYANDU_DAYS
from services.scoring.domain.plausibility.values import Param, Rows, Values
from services.scoring.domain.timeline import resolve_roots
from services.scoring.store.evidence import Families
from services.scoring.store.sessions import Session
from shared.growth.codes import Position

PARAM_COLUMNS: Final = {Param.WEIGHT_KG: "weight_kg", Param.LENGTH_HEIGHT_CM: "length_height_cm"}


@dataclass(frozen=True, slots=True)
class SessionValues:
    """Visits (one row each) and their values. `visit_of[i]` is the row of value i.

    `member`: the visit belongs to a session that is judged, and its child is locked. `counted[param]` is the value of a
    visit, NaN where there is none or it does not count (voided). Times are microseconds since 1970.
    """

    measurement_ids: list[UUID]
    child_ids: list[UUID]
    root: Int64s
    place: Int64s
    day: npt.NDArray[np.int32]
    member: Bools
    known_us: Int64s
    counted: Mapping[Param, Floats]
    values: Values
    visit_of: Rows
    asked: Bools

    def known(self, row: int) -> int:
        """When the last fact became known that a verdict on this visit rests on, voided ones too."""
        until = self.day <= self.day[row]
        looked_at = (self.place == self.place[row]) & (self.day >= self.day[row] - STREAM_POSYANDU_DAYS)
        return int(self.known_us[until & (looked_at | (self.root == self.root[row]))].max())


def session_values(
    rows: Mapping[str, list[Any]], families: Families, judged: Collection[Session], locked_roots: Collection[UUID]
) -> SessionValues:
    """Columns of `sessions.read`, with the sex and birth date that each child's family has now.

    A visit whose child's fact has not arrived yet has no values: nothing can be said of it.
    """
    root = np.array([families.numbers[root_id] for root_id in rows["root_id"]], np.int64)
    roots = resolve_roots(families.children)
    known_of_root = np.zeros(len(families.numbers), np.int64)
    np.maximum.at(known_of_root, families.children.root, families.known_us)
    places = {place: number for number, place in enumerate(dict.fromkeys(rows["place"]))}
    place = np.array([places[name] for name in rows["place"]], np.int64)
    day = np.array(rows["day"], np.int32)
    epoch = date(1970, 1, 1)
    sessions = {(places[name], (on - epoch).days) for name, on in judged if name in places}
    member = np.array(
        [session in sessions for session in zip(place.tolist(), day.tolist(), strict=True)], np.bool_
    ) & np.isin(root, [families.numbers[root_id] for root_id in locked_roots if root_id in families.numbers])
    silent = np.array(rows["voided"], np.bool_) | np.isnat(roots.birth_date[root])
    counted = {
        param: np.where(silent, np.nan, np.array(rows[column], np.float64)) for param, column in PARAM_COLUMNS.items()
    }
    visit_of = {param: np.flatnonzero(~np.isnan(value)) for param, value in counted.items()}
    every = np.concatenate(list(visit_of.values()))
    of_param = np.repeat(np.array(list(visit_of), np.int8), [found.size for found in visit_of.values()])
    position = np.array(rows["position"], np.int8)[every]
    birth_day = roots.birth_date.astype("datetime64[D]").astype(np.int64)
    return SessionValues(
        measurement_ids=rows["fact_id"],
        child_ids=rows["child_id"],
        root=root,
        place=place,
        day=day,
        member=member,
        known_us=np.maximum(np.array(rows["known_us"], np.int64), known_of_root[root]),
        counted=counted,
        values=Values(
            child=root[every],
            visit=every.astype(np.int64),
            posyandu=place[every],
            day=day[every],
            birth_day=birth_day[root[every]].astype(np.int32),
            sex=roots.sex[root[every]],
            param=of_param,
            value=np.concatenate([counted[param][found] for param, found in visit_of.items()]),
            position=np.where(of_param == Param.WEIGHT_KG, np.int8(Position.UNKNOWN), position).astype(np.int8),
        ),
        visit_of=every,
        asked=member[every],
    )
