"""What puskesmas and clinicians do for some of the children on the list: a second measurement, a referral, care.

Through the same API as everybody. Only a part is seen to, as in any month: the cascade shows who drops out where.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import numpy as np

from deploy.demo.client import AnswerError, Api
from deploy.demo.together import a_few_at_once

SEEN_SHARE: Final = 0.08  # of the live cases
REFERRED_SHARE: Final = 0.4
CONFIRMED_SHARE: Final = 0.7
IN_CARE_SHARE: Final = 0.6  # of the confirmed
MEASURED_AFTER: Final = timedelta(days=7)
AT_ONCE: Final = 4
PAGE: Final = "500"


@dataclass(frozen=True, slots=True)
class Clinic:
    """One clinician's account at the two services."""

    measurement: Api
    scoring: Api
    seed: int
    last_day: date  # of the newest round: nobody is measured after it
    today: date

    async def measure_again(self) -> tuple[list[str], int]:
        """A second measurement for some children; the ids of their cases, and how many rows were sent."""
        cases = [case for case in await self._live() if self._chance(case, "seen") < SEEN_SHARE]
        due = [case for case in cases if self._day(case) > date.fromisoformat(case["content"]["opened_on"])]
        rows = [row for row in await a_few_at_once(self._visit, due, AT_ONCE) if row is not None]
        if rows:
            await self.measurement.post("/v1/measurements:batch", {"rows": rows})
        return [case["fact_id"] for case in cases], len(rows)

    async def decide(self, case_ids: Sequence[str]) -> dict[str, int]:
        """Referral, confirmation and care for those of the cases that are still live and whose results are there."""
        asked = set(case_ids)
        cases = [case for case in await self._live() if case["fact_id"] in asked and _has_results(case)]
        done: Counter[str] = Counter()
        for moves in await a_few_at_once(self._moves, cases, AT_ONCE):
            done.update(moves)
        return dict(done)

    async def _live(self) -> list[dict[str, Any]]:
        cases: list[dict[str, Any]] = []
        query = {"limit": PAGE}
        while True:
            page = await self.scoring.get("/v1/cases", **query)
            cases += page["items"]
            if page["next_cursor"] is None:
                return cases
            query["cursor"] = page["next_cursor"]

    def _day(self, case: dict[str, Any]) -> date:
        return min(date.fromisoformat(case["content"]["opened_on"]) + MEASURED_AFTER, self.last_day)

    async def _visit(self, case: dict[str, Any]) -> dict[str, Any] | None:
        """The newest visit measured again by a second person, who reads a little differently."""
        history = await self.measurement.get(f"/v1/children/{case['child_id']}/history")
        before = [each for each in history["measurements"] if not each["voided"] and each["length_height_cm"]]
        if not before:
            return None
        last, rng = before[-1], self._rng(case, "measured")
        visit = {
            "child_id": case["child_id"],
            "measured_on": self._day(case).isoformat(),
            "weight_kg": round(last["weight_kg"] + float(rng.normal(0.05, 0.1)), 1) if last["weight_kg"] else None,
            "length_height_cm": round(last["length_height_cm"] + float(rng.normal(0.2, 0.3)), 1),
            "measurement_position": last["measurement_position"],
            "is_remeasurement": True,
        }
        return {name: value for name, value in visit.items() if value is not None}

    async def _moves(self, case: dict[str, Any]) -> list[str]:
        content = case["content"]
        moves = []
        if content["tier"] == "urgent" or (
            content["anaemia"] == "yes" and self._chance(case, "refer") < REFERRED_SHARE
        ):
            moves.append("refer")
        if self._chance(case, "confirm") < CONFIRMED_SHARE:
            moves.append("confirm")
            if self._chance(case, "care") < IN_CARE_SHARE:
                moves.append("start_care")
        return [move for move in moves if await self._move(case["fact_id"], move)]

    async def _move(self, case_id: str, move: str) -> bool:
        """One move of the case as it is now; False if it ended meanwhile. Who comes second looks again."""
        path, body = f"/v1/cases/{case_id}", {"move": move, "on": self.today.isoformat()}
        while True:
            case = await self.scoring.get(path)
            if case["state"] == "closed":
                return False
            try:
                await self.scoring.post(f"{path}:move", body, case["etag"])
            except AnswerError as refused:
                if refused.status != HTTPStatus.PRECONDITION_FAILED:
                    raise
            else:
                return True

    def _chance(self, case: dict[str, Any], what: str) -> float:
        return float(self._rng(case, what).random())

    def _rng(self, case: dict[str, Any], what: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, UUID(case["fact_id"]).int, *what.encode()])


def _has_results(case: dict[str, Any]) -> bool:
    return any(each["name"] == "lab_complete" for each in case["content"]["milestones"])
