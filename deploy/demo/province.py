"""The dinkes releases what is finished, and the province reads it."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from deploy.demo.client import AnswerError, Api

RELEASED_WITHIN_S: Final = 120.0
POLL_S: Final = 1.0


async def release_to_province(district: Api, province: Api, code: str) -> dict[str, Any]:
    """What was released of the kabupaten `code` (`periods`, `state`), and what the province sees of its newest month.

    Empty where no month's day has come yet.
    """
    try:
        asked = (await district.post("/v1/releases", {"area": code})).json()
    except AnswerError as error:
        if error.code != "nothing_to_release":
            raise
        return {}
    deadline = time.monotonic() + RELEASED_WITHIN_S
    while True:
        state = (await district.get(f"/v1/releases/requests/{asked['id']}"))["state"]
        if state == "done" or time.monotonic() >= deadline:
            break
        await asyncio.sleep(POLL_S)
    seen = await province.get(f"/v1/areas/{code}/summary")
    shown = {name: seen.get(name) for name in ("period", "released_on", "stunted", "haz_measured", "stunted_share")}
    return {"periods": asked["periods"], "state": state, "province_sees": shown}
