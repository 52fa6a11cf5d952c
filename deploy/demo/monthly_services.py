"""A round of vitamin A and the first courses of feeding in some puskesmas: who is due is asked of the figures' API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from deploy.demo.client import Api
from deploy.demo.together import a_few_at_once
from deploy.demo.visits import VITAMIN_MONTHS
from shared.calendar import format_month, last_day

PUSKESMAS: Final = 2  # that write down what they give; the others do not, as in any district
REACHED_SHARE: Final = 0.85
FED_SHARE: Final = 0.5
AT_ONCE: Final = 4
PAGE: Final = "500"
RED_FROM_MONTHS: Final = 12
# On the day of giving a child may be a month older than at its weighing: who then turns 6 or 12 months, or 5 years, is
# left to the next round.
ON_THE_EDGE: Final = (5, 11, 58, 59)

Door = Callable[[Sequence[str]], tuple[Api, Api]]  # desa codes → measurement and reporting, as their puskesmas


async def give_services(
    door: Door, centres: Sequence[Sequence[str]], months: Sequence[date], today: date, seed: int
) -> dict[str, int]:
    """What was given, by name. `centres`: the desa of each puskesmas; `months`: those that were weighed in."""
    given: Counter[str] = Counter()
    rounds = [month for month in months if month.month in VITAMIN_MONTHS]
    for desa_codes in centres[:PUSKESMAS]:
        measurement, reporting = door(desa_codes)
        rng = np.random.default_rng([seed, *desa_codes[0].encode()])
        rows: list[dict[str, Any]] = []
        if rounds:
            on = min(last_day(rounds[-1]), today)
            due = await _missing(reporting, desa_codes, "vitamin_a", rounds[-1])
            rows += [
                _capsule(child, on)
                for child in due
                if child["age_months"] not in ON_THE_EDGE and rng.random() < REACHED_SHARE
            ]
        on = min(last_day(months[-1]), today)
        hungry = await _missing(reporting, desa_codes, "feeding", months[-1])
        rows += [_course(child, on) for child in hungry if rng.random() < FED_SHARE]
        if rows:
            answer = (await measurement.post("/v1/interventions:batch", {"rows": rows})).json()
            for row, told in zip(rows, answer["rows"], strict=True):
                if told["outcome"] == "accepted":
                    given["vitamin_a" if "supplementation" in row else "feeding"] += 1
    return dict(given)


async def _missing(reporting: Api, desa_codes: Sequence[str], service: str, month: date) -> list[dict[str, Any]]:
    """Who is due in these desa, one page of each."""

    async def of(code: str) -> list[dict[str, Any]]:
        query = {"service": service, "period": format_month(month), "limit": PAGE}
        items: list[dict[str, Any]] = (await reporting.get(f"/v1/areas/{code}/missing", **query))["items"]
        return items

    return [child for page in await a_few_at_once(of, list(desa_codes), AT_ONCE) for child in page]


def _capsule(child: dict[str, Any], on: date) -> dict[str, Any]:
    dose = "red_200000_iu" if child["age_months"] >= RED_FROM_MONTHS else "blue_100000_iu"
    given = {"supplement": "vitamin_a", "dose": dose, "given_on": on.isoformat()}
    return {"child_id": child["child_id"], "supplementation": given}


def _course(child: dict[str, Any], on: date) -> dict[str, Any]:
    course = {"feeding_class": "wasted", "product": "local", "started_on": on.isoformat()}
    return {"child_id": child["child_id"], "supplementary_feeding": course}
