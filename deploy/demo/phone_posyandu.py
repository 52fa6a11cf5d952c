"""One posyandu whose kader sends by telephone: children and measurements through the API instead of a file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np

from deploy.demo.children import EPOCH
from deploy.demo.client import Api
from deploy.demo.visits import Visits
from deploy.demo.world import World
from deploy.local.errors import CommandError

CORRECTED_A_MONTH: Final = 2
VOIDED_A_MONTH: Final = 1
WELL_FORMED: Final = frozenset({"good", "other_birth_date", "other_sex", "foreign_region"})
POSITIONS: Final = {False: "lying", True: "standing"}
SEXES: Final = ("male", "female")
GROWTH_CARDS: Final = {"Ya": True, "Tidak": False}


def busiest_posyandu(world: World) -> int:
    """Index of the posyandu with most weighings in the newest round."""
    return int(np.bincount(world.rounds[-1].visits.posyandu, minlength=len(world.district.posyandu)).argmax())


class PhonePosyandu:
    """Remembers which children it has registered; `kader` writes, `puskesmas` corrects."""

    def __init__(self, world: World, posyandu: int, kader: Api, puskesmas: Api) -> None:
        self._world, self._index = world, posyandu
        self._post = world.district.posyandu[posyandu]
        self._kader, self._puskesmas = kader, puskesmas
        self._child_ids: dict[int, str] = {}

    async def send_month(self, round_index: int) -> int:
        """Register new children, record the month, correct some weights and void one. Returns the rows sent."""
        all_visits = self._world.rounds[round_index].visits
        visits = all_visits.take(all_visits.posyandu == self._index)
        for child in visits.child.tolist():
            if child not in self._child_ids:
                self._child_ids[child] = await self._register(child)
        if visits.count == 0:
            return 0
        report = (await self._kader.post("/v1/measurements:batch", {"rows": self._rows(visits)})).json()
        if report["rejected"]:
            raise CommandError(f"the API rejected {report['rejected']} of {visits.count} measurements")
        ids = [row.get("measurement_id") for row in report["rows"]]
        for place in range(min(CORRECTED_A_MONTH, visits.count)):
            await self._correct(ids[place], round(float(visits.weight_kg[place]) + 0.1, 1))
        for measurement_id in ids[CORRECTED_A_MONTH : CORRECTED_A_MONTH + VOIDED_A_MONTH]:
            await self._void(measurement_id)
        return visits.count

    async def _register(self, child: int) -> str:
        """The id of a new child. An NIK that cannot be one is left out, as a form would insist."""
        people = self._world.children
        identity = {"name": people.name[child], "parent_name": people.mother[child]}
        if people.nik_state[child] in WELL_FORMED:
            identity["nik"] = people.nik[child]
        birth_date = _date(people.birth_day[child])
        answer = await self._kader.post(
            "/v1/children",
            {
                "identity": identity,
                "sex": SEXES[people.sex[child]],
                "birth_date": birth_date,
                "desa_code": self._post.desa_code,
                "posyandu_code": self._post.code,
                "resident_since": birth_date,
                "birth_weight_kg": float(people.birth_weight_kg[child]),
                "birth_length_cm": float(people.birth_length_cm[child]),
                "has_growth_card": GROWTH_CARDS.get(str(people.growth_card[child])),
            },
        )
        return str(answer.json()["child_id"])

    def _rows(self, visits: Visits) -> list[dict[str, Any]]:
        return [
            {
                "child_id": self._child_ids[child],
                "measured_on": _date(day),
                "weight_kg": weight_kg,
                "length_height_cm": length_height_cm,
                "measurement_position": POSITIONS[standing],
                "desa_code": self._post.desa_code,
                "posyandu_code": self._post.code,
            }
            for child, day, weight_kg, length_height_cm, standing in zip(
                visits.child.tolist(),
                visits.measured_day.tolist(),
                visits.weight_kg.tolist(),
                visits.length_height_cm.tolist(),
                visits.standing.tolist(),
                strict=True,
            )
        ]

    async def _correct(self, measurement_id: str, weight_kg: float) -> None:
        stored = await self._puskesmas.get(f"/v1/measurements/{measurement_id}")
        await self._puskesmas.patch(f"/v1/measurements/{measurement_id}", {"weight_kg": weight_kg}, stored["etag"])

    async def _void(self, measurement_id: str) -> None:
        stored = await self._puskesmas.get(f"/v1/measurements/{measurement_id}")
        await self._puskesmas.post(
            f"/v1/measurements/{measurement_id}:void", {"reason": "entered_in_error"}, stored["etag"]
        )


def _date(day_number: int) -> str:
    return (EPOCH + timedelta(days=int(day_number))).isoformat()
