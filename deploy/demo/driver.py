"""The demo itself: load the register, send month after month, wait until everything has settled, read the figures.

It knows the system by its public HTTP APIs alone, as an office would.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import httpx

from deploy.demo.backlog import wait_for_backlog
from deploy.demo.client import Api, connection_pool
from deploy.demo.clinic import Clinic
from deploy.demo.intake import Verdict, send_file
from deploy.demo.laboratories import load_laboratories, simulator
from deploy.demo.monthly_services import give_services
from deploy.demo.phone_posyandu import PhonePosyandu, busiest_posyandu
from deploy.demo.planted import ALERT_OF
from deploy.demo.province import release_to_province
from deploy.demo.register import register_csv
from deploy.demo.tally import Tally, stop_codes
from deploy.demo.together import a_few_at_once, task_group
from deploy.demo.uploads import Office, SentFile
from deploy.demo.world import World
from deploy.local.errors import CommandError
from shared.calendar import format_month, last_day
from shared.contracts.topics import SERVICES

DISTRICT_CODE: Final = "12.19"
PROVINCE_CODE: Final = "12"
FILES_AT_ONCE: Final = 3
SETTLED_WITHIN_S: Final = 120.0
#: An office sends a month when the last one is nearly through; a machine that is slow gets no heap it cannot eat.
BACKLOG_BETWEEN_MONTHS: Final = 20_000
SETTLE_POLL_S: Final = 1.0
SETTLE_REST: Final = 3  # pauses between two looks are so many times as long as a look, which counts every fact

Mint = Callable[[str, Sequence[str]], str]  # role, areas → bearer token
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the services answer, how to get a token, and how the ledgers are read."""

    measurement: str
    lab: str
    scoring: str
    reporting: str
    services: Sequence[str]  # all of them, for their metrics
    mint: Mint
    ledger: Callable[[], dict[str, Any]]

    @classmethod
    def of(cls, url: Callable[[str], str], mint: Mint, ledger: Callable[[], dict[str, Any]]) -> Self:
        """Of a system whose services answer at `url(service)`."""
        return cls(
            measurement=url("measurement"),
            lab=url("lab"),
            scoring=url("scoring"),
            reporting=url("reporting"),
            services=tuple(url(name) for name in SERVICES),
            mint=mint,
            ledger=ledger,
        )


@dataclass
class Outcome:
    """Everything a demo has to tell."""

    tally: Tally
    period: str
    kecamatan: list[dict[str, Any]]
    ledger: dict[str, Any]
    seconds: float
    laboratory: dict[str, int] = field(default_factory=dict)  # what the laboratories did
    care: dict[str, int] = field(default_factory=dict)  # what clinicians did, by move
    services: dict[str, int] = field(default_factory=dict)  # what was given, by service
    releases: dict[str, Any] = field(default_factory=dict)  # what the province is told since
    explanation: dict[str, Any] | None = None  # of one child
    real_files: list[Verdict] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether the ledgers balance."""
        return self.ledger.get("state") == "balanced"


async def run_demo(doors: Doors, world: World, real_files: Sequence[Path], tell: Tell) -> Outcome:
    """Send the world of `world` in and come back with the district's figures.

    Raises CommandError when a service refuses what it has to take.
    """
    telephone = busiest_posyandu(world)
    office, tally = Office(world, by_api={telephone}), Tally()
    tell("  menulis berkas puskesmas ...")
    months = await asyncio.to_thread(_write_files, office)
    async with connection_pool() as pool:
        phone = _phone(pool, doors, world, telephone)
        begun = time.monotonic()
        await _load_register(pool, doors, world)
        await load_laboratories(_api(pool, doors.lab, doors, "district", [DISTRICT_CODE]))
        async with simulator(doors.lab, doors.mint, world.seed) as laboratories:
            for index, (entry, files) in enumerate(zip(world.rounds, months, strict=True)):
                await wait_for_backlog(pool, doors.services, BACKLOG_BETWEEN_MONTHS, SETTLED_WITHIN_S)
                async with task_group() as group:
                    group.create_task(_send_files(pool, doors, world, files, tally))
                    by_phone = group.create_task(phone.send_month(index))
                tally.api_rows += by_phone.result()
                tell(f"  {format_month(entry.month)}: {tally.files} berkas, {tally.rows} baris terkirim")
            tell("  menunggu sampai semua tercatat dan laboratorium selesai ...")
            await wait_for_backlog(pool, doors.services, 0, SETTLED_WITHIN_S)  # then every order is on its list
            laboratory = await laboratories.finish()
        given = await _give_services(pool, doors, world)
        care = await _care(pool, doors, world, tally)
        ledger = await _settle(pool, doors)
        seconds = time.monotonic() - begun
        period = format_month(world.rounds[-1].month)
        tally.add_mappings(await _names_waiting(pool, doors))
        district = _api(pool, doors.reporting, doors, "district", [DISTRICT_CODE])
        tally.add_planted(await _alerts_at(district, world))
        figures = await district.get(f"/v1/areas/{DISTRICT_CODE}/comparison", period=period)
        outcome = Outcome(tally, period, figures["rows"], ledger, seconds, laboratory, care, given)
        province = _api(pool, doors.reporting, doors, "province", [PROVINCE_CODE])
        outcome.releases = await release_to_province(district, province, DISTRICT_CODE)
        outcome.explanation = await _one_explanation(_api(pool, doors.scoring, doors, "district", [DISTRICT_CODE]))
        outcome.real_files = await _show_real_files(pool, doors, real_files)
    return outcome


async def has_no_register(doors: Doors) -> bool:
    """Whether the system knows no posyandu yet, that is, holds no district."""
    async with connection_pool() as pool:
        district = _api(pool, doors.measurement, doors, "district", [DISTRICT_CODE])
        page = await district.get("/v1/register", entry="posyandu", limit="1")
    return not page["items"]


def _api(pool: httpx.AsyncClient, url: str, doors: Doors, role: str, areas: Sequence[str]) -> Api:
    return Api(pool, url, doors.mint(role, areas))


def _phone(pool: httpx.AsyncClient, doors: Doors, world: World, posyandu: int) -> PhonePosyandu:
    post = world.district.posyandu[posyandu]
    kader = _api(pool, doors.measurement, doors, "kader", [post.code])
    puskesmas = _api(pool, doors.measurement, doors, "puskesmas", [post.desa_code])
    return PhonePosyandu(world, posyandu, kader, puskesmas)


async def _load_register(pool: httpx.AsyncClient, doors: Doors, world: World) -> None:
    """Areas, posyandu and puskesmas. Every entry must be taken."""
    district = _api(pool, doors.measurement, doors, "district", [DISTRICT_CODE])
    answer = await district.post_bytes("/v1/register", register_csv(world.district), "text/csv")
    report = answer.json()
    if report["rejected"]:
        raise CommandError(f"the register refused {report['rejected']} entries: {report['rows'][:3]}")


def _write_files(office: Office) -> list[list[SentFile]]:
    """The files of every month, before the clock starts; a puskesmas without a weighing sends none."""
    rounds = range(len(office.world.rounds))
    return [[file for upload in office.uploads(index) if (file := office.make(upload)).rows] for index in rounds]


async def _send_files(
    pool: httpx.AsyncClient, doors: Doors, world: World, files: Sequence[SentFile], tally: Tally
) -> None:
    """All files of a month, a few at once; the tally is kept in the order of the answers."""

    async def send(file: SentFile) -> None:
        centre = world.district.puskesmas[file.upload.centre_index]
        api = _api(pool, doors.measurement, doors, "puskesmas", centre.desa_codes)
        verdict = await send_file(api, file.name, file.content, commit=not file.must_stop)
        if (verdict.state == "stopped") != file.must_stop:
            reasons = ", ".join(stop_codes(verdict)) or "nothing stopped it"
            raise CommandError(f"{file.name} came out wrong: {verdict.state}, {reasons}")
        tally.add(file, verdict)

    await a_few_at_once(send, files, FILES_AT_ONCE)


async def _settle(pool: httpx.AsyncClient, doors: Doors) -> dict[str, Any]:
    """The ledgers once they balance, or as they stand when patience ends."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while True:
        await wait_for_backlog(pool, doors.services, 0, deadline - time.monotonic())
        begun = time.monotonic()
        ledger = await asyncio.to_thread(doors.ledger)
        now = time.monotonic()
        if ledger["state"] == "balanced" or now >= deadline:
            return ledger
        await asyncio.sleep(min(max(SETTLE_POLL_S, SETTLE_REST * (now - begun)), deadline - now))


async def _give_services(pool: httpx.AsyncClient, doors: Doors, world: World) -> dict[str, int]:
    """Vitamin A and courses of feeding, as a few puskesmas write them down."""

    def door(desa_codes: Sequence[str]) -> tuple[Api, Api]:
        as_puskesmas = ("puskesmas", desa_codes)
        measurement = _api(pool, doors.measurement, doors, *as_puskesmas)
        return measurement, _api(pool, doors.reporting, doors, *as_puskesmas)

    centres = [centre.desa_codes for centre in world.district.puskesmas]
    return await give_services(door, centres, [each.month for each in world.rounds], world.today, world.seed)


async def _care(pool: httpx.AsyncClient, doors: Doors, world: World, tally: Tally) -> dict[str, int]:
    """Some children are measured again and seen by a clinician; what was decided."""
    clinician = ("clinician", [DISTRICT_CODE])
    clinic = Clinic(
        measurement=_api(pool, doors.measurement, doors, *clinician),
        scoring=_api(pool, doors.scoring, doors, *clinician),
        seed=world.seed,
        last_day=min(last_day(world.rounds[-1].month), world.today),
        today=world.today,
    )
    seen, rows = await clinic.measure_again()
    tally.api_rows += rows
    await wait_for_backlog(pool, doors.services, 0, SETTLED_WITHIN_S)
    return await clinic.decide(seen)


async def _one_explanation(district: Api) -> dict[str, Any] | None:
    """Why one child is on the list, as the system says it: of a child whose results are there, if there is one."""
    cases: list[dict[str, Any]] = (await district.get("/v1/cases", limit="200"))["items"]
    if not cases:
        return None

    def told(case: dict[str, Any]) -> tuple[bool, bool]:
        content = case["content"]
        return content["anaemia"] == "yes", any(each["name"] == "lab_complete" for each in content["milestones"])

    found: dict[str, Any] = await district.get(f"/v1/children/{max(cases, key=told)['child_id']}/explanation")
    return found


async def _names_waiting(pool: httpx.AsyncClient, doors: Doors) -> int:
    """Names in the mapping list that nobody has decided yet."""
    district = _api(pool, doors.measurement, doors, "district", [DISTRICT_CODE])
    count, query = 0, {"limit": "500"}
    while True:
        page = await district.get("/v1/mappings", **query)
        count += len(page["items"])
        if page["next_cursor"] is None:
            return count
        query["cursor"] = page["next_cursor"]


async def _alerts_at(district: Api, world: World) -> dict[str, bool]:
    """Of each planted fault of a posyandu, whether an alert of its kind names the posyandu."""
    found = {}
    for kind, index in world.planted.items():
        code = world.district.posyandu[index].code
        page = await district.get("/v1/quality-alerts", area=code, kind=ALERT_OF[kind], state="open")
        found[kind] = bool(page["items"])
    return found


async def _show_real_files(pool: httpx.AsyncClient, doors: Doors, paths: Sequence[Path]) -> list[Verdict]:
    """Real exports of other districts: diagnosed, never committed, so never counted."""
    district = _api(pool, doors.measurement, doors, "district", [DISTRICT_CODE])
    return [
        await send_file(district, path.name, await asyncio.to_thread(path.read_bytes), commit=False) for path in paths
    ]
