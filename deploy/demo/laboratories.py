"""The district's laboratories as the demo sets them up, and their simulator as a process beside the demo."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from deploy.demo.client import Api
from deploy.local.data_dir import CHECKOUT
from deploy.local.errors import CommandError

#: The hospital serves the district, two puskesmas with a laboratory serve their kecamatan.
LABORATORIES: Final[tuple[dict[str, Any], ...]] = (
    {"code": "LAB.12.19.RSUD", "name": "RSUD Batu Bara", "area_codes": ["12.19"], "tests_per_day": 240},
    {"code": "LAB.12.19.02.PKM", "name": "Puskesmas Sei Suka", "area_codes": ["12.19.02"], "tests_per_day": 60},
    {"code": "LAB.12.19.04.PKM", "name": "Puskesmas Lima Puluh", "area_codes": ["12.19.04"], "tests_per_day": 60},
)
ENDS_WITHIN_S: Final = 120.0

Mint = Callable[[str, Sequence[str]], str]


async def load_laboratories(district: Api) -> None:
    """Make the laboratories known; known ones stay as they are."""
    known = {each["code"] for each in (await district.get("/v1/laboratories"))["items"]}
    for laboratory in LABORATORIES:
        if laboratory["code"] not in known:
            await district.post("/v1/laboratories", laboratory)


class Simulator:
    """The running simulator. `finish` lets it work off its lists and returns what it did."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def finish(self) -> dict[str, int]:
        """Close its standard input and wait. CommandError with its last words if it failed."""
        if self._process.stdin is not None:
            self._process.stdin.close()  # `communicate` without input leaves it open on Python 3.11
        try:
            output, said = await asyncio.wait_for(self._process.communicate(), ENDS_WITHIN_S)
        except TimeoutError:
            raise CommandError(f"the laboratory simulator did not end in {ENDS_WITHIN_S:.0f} s") from None
        if self._process.returncode:
            raise CommandError(f"the laboratory simulator failed:\n{said.decode(errors='replace')[-2000:]}")
        done: dict[str, int] = json.loads(output)
        return done


@asynccontextmanager
async def simulator(url: str, mint: Mint, seed: int) -> AsyncIterator[Simulator]:
    """The simulator at the laboratory service of `url`; it does not outlive this context."""
    told = {
        "url": url,
        "seed": seed,
        "laboratories": [{"code": each["code"], "token": mint("laboratory", [each["code"]])} for each in LABORATORIES],
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "deploy.demo.laboratory"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    try:
        if process.stdin is None:
            raise CommandError("the laboratory simulator has no standard input")
        process.stdin.write(json.dumps(told).encode() + b"\n")  # tokens never stand in arguments or environment
        await process.stdin.drain()
        yield Simulator(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
