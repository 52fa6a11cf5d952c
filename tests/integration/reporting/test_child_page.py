"""The page of one child: what scoring says to the person who asks, and a dashboard that does not depend on it."""

from __future__ import annotations

import asyncio
import re
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from html import unescape

import httpx
import pytest

from deploy.local.ports import LOOPBACK
from deploy.local.stack import Stack
from services.reporting.http.page_session import SESSION_COOKIE
from services.reporting.http.scoring_door import ScoringDoor
from services.scoring.app import routers
from services.scoring.domain.ruleset import load
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.http.app import create_app
from shared.http.health import Health
from shared.http.serve import Process, serve
from shared.logging import configure_logging
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office, deliver, log_in
from tests.integration.scoring import doors_desk
from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, require_tests, result
from tests.integration.shared import small_service
from tests.unit.reporting.history import (
    BORN,
    DESA,
    POSYANDU,
    assessment,
    case,
    child,
    child_id,
    measurement,
    register,
)

LINK = re.compile(r'<th scope="row"><a href="(/anak/[^"]+)">([0-9a-f]{8})</a></th>(.*?)</tr>')
MONTH = "2025-11"
Trouble = Callable[[], AbstractContextManager[str]]
PATIENT_S = 0.2  # of a door in front of nobody


@dataclass
class House:
    """Reporting and scoring, each with its own database schema and nothing between but HTTP."""

    office: Office
    desk: Desk
    stack: Stack

    async def enter(self, role: str = "puskesmas", areas: tuple[str, ...] = (DESA_A,)) -> None:
        """Log in."""
        self.office.client.cookies.clear()
        self.office.client.cookies.set(SESSION_COOKIE, await log_in(self.office.api, role, areas))

    async def page(self, path: str) -> httpx.Response:
        """One page."""
        return await self.office.client.get(path)


@asynccontextmanager
async def served(desk: Desk) -> AsyncIterator[str]:
    """Scoring's own application on a free port of this machine; its address."""
    state = {"pool": desk.api, "rules": RulesInForce(load())}
    app = create_app(
        doors_desk.SETTINGS, routers=routers(), health=Health(), verifier=small_service.verifier(), state=state
    )
    stop = asyncio.Event()
    with socket.create_server((LOOPBACK, 0)) as listener:
        serving = asyncio.create_task(serve(Process(app, Health()), listener, stop))
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        stop.set()
        assert await serving == 0


@pytest.fixture(scope="module")
async def open_house(database: Stack) -> AsyncIterator[House]:
    configure_logging("reporting")
    async with doors_desk.open_desk(database) as desk, served(desk) as url:
        door = ScoringDoor.at(url)
        async with door.client, ground.open_office(database, door) as office:
            yield House(office, desk, database)


@pytest.fixture
async def house(open_house: House) -> House:
    await ground.empty(open_house.office.worker)
    await doors_desk.empty(open_house.desk)
    return open_house


async def suspected(house: House, *numbers: int, urgent: int | None = None) -> None:
    """A district in reporting where these children are suspected in November."""
    facts = register()
    for number in numbers:
        facts.append(child(number, homes=[(BORN, DESA[0], None)]))
        taken = measurement("a", date(2025, 11, 1 + number), of=number)
        tier = "urgent" if number == urgent else "suspected"
        facts += [taken, assessment(taken, haz=-3.2, tier=tier)]
    await deliver(house.office.worker, facts)


async def test_the_page_lists_suspected_children_urgent_first_and_leads_to_each(house: House) -> None:
    await suspected(house, *range(12), urgent=3)
    reached = {"lab_ordered": date(2025, 11, 5)}
    complete = reached | {"lab_complete": date(2025, 11, 16)}
    await deliver(house.office.worker, [case(of=3, milestones=complete), case(of=11, milestones=reached)])
    await house.enter()
    text = (await house.page(f"/?wilayah={DESA[0]}&periode={MONTH}")).text
    listed = LINK.findall(text)
    order = [str(child_id(number)) for number in (3, 11, 10, 9, 8, 7, 6, 5, 4, 2)]
    assert [short for _, short, _ in listed] == [word[:8] for word in order]
    told = [re.findall(r">([^<>]+)<", rest) for _, _, rest in listed[:3]]
    assert told == [
        ["19 bulan", "Segera", "lengkap"],
        ["20 bulan", "Terduga", "ditunggu"],
        ["20 bulan", "Terduga", "belum diminta"],
    ]
    assert unescape(listed[0][0]) == f"/anak/{order[0]}?wilayah={DESA[0]}&periode={MONTH}&lang=id"


async def test_a_kader_finds_the_children_of_the_own_posyandu_and_the_way_back(house: House) -> None:
    await suspected(house, 1)
    posyandu = POSYANDU[DESA[0]][1]
    await deliver(house.office.worker, [child(2, homes=[(BORN, DESA[0], posyandu)])])
    taken = measurement("a", date(2025, 11, 4), of=2)
    await deliver(house.office.worker, [taken, assessment(taken, tier="suspected")])
    await house.enter("kader", (posyandu,))
    ((link, short, _),) = LINK.findall((await house.page(f"/?periode={MONTH}")).text)
    assert short == str(child_id(2))[:8]
    assert (await house.page(unescape(link))).status_code == 404, "scoring has not heard of the child"


@pytest.mark.parametrize("role", ["camat", "kecamatan", "province"])
async def test_who_sees_figures_only_is_shown_no_child(house: House, role: str) -> None:
    await suspected(house, 1)
    child, _ = await house.desk.suspected()
    await house.enter(role, ("12.19.01",))
    text = (await house.page(f"/?periode={MONTH}")).text
    assert str(child_id(1))[:8] not in text
    refused = await house.page(f"/anak/{child}")
    assert refused.status_code == 403
    assert "Akun ini tidak boleh melihat anak" in refused.text


async def test_a_child_is_explained_as_scoring_explains_it_in_both_languages(house: House) -> None:
    child, found = await house.desk.suspected()
    await require_tests(house.desk, found, ["blood_count"], {"blood_count": "ordered"})
    await house.desk.arrive(result(child, "ferritin", 9.0))
    await house.enter()
    for language, back in (("id", "Kembali ke angka"), ("en", "Back to the figures")):
        document = await house.desk.get(f"/v1/children/{child}/explanation?lang={language}", areas=(DESA_A,))
        answer = await house.page(f"/anak/{child}?lang={language}&wilayah={DESA_A}&periode={MONTH}")
        assert answer.status_code == 200
        text = unescape(answer.text)
        sentences = [line["text"] for part in document["sections"] for line in part["lines"]]
        sources = {line["source"] for part in document["sections"] for line in part["lines"] if line["source"]}
        words = [entry["text"] for entry in document["glossary"]]
        assert sentences
        assert sources
        assert words
        for told in (document["headline"], document["tier_text"], *sentences, *sources, *document["notes"], *words):
            assert told in text, told
        assert f'href="/?wilayah={DESA_A}&periode={MONTH}&lang={language}"' in text
        assert back in text
        assert f"/anak/{child}?wilayah={DESA_A}&periode={MONTH}&lang={'en' if language == 'id' else 'id'}" in text


async def test_the_page_of_a_child_runs_no_script_and_needs_nothing_but_its_own_files(house: House) -> None:
    child, _ = await house.desk.suspected()
    await house.enter()
    answer = await house.page(f"/anak/{child}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script|\son\w+=|\sstyle=|<style", answer.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert address.startswith("/"), address
    assert "Petugas &lt;Kabupaten&gt;" in answer.text


async def test_what_scoring_says_is_escaped(house: House) -> None:
    child, _ = await house.desk.suspected()
    await house.desk.worker.execute(
        "UPDATE risk_status SET content = jsonb_set(content::jsonb, '{ruleset_version}', '\"<b>2026</b>\"')::json"
    )
    await house.enter()
    text = (await house.page(f"/anak/{child}")).text
    assert "&lt;b&gt;2026" in text
    assert "<b>2026" not in text


async def test_scoring_decides_whose_child_it_is(house: House) -> None:
    child, _ = await house.desk.suspected()
    await house.enter(areas=(DESA_B,))
    for path in (child, uuid.uuid4()):
        answer = await house.page(f"/anak/{path}")
        assert answer.status_code == 404
        assert "Tidak ada penjelasan untuk anak ini" in answer.text
        assert 'action="/keluar' in answer.text
    await house.enter()
    assert (await house.page(f"/anak/{child}")).status_code == 200


async def test_who_is_not_logged_in_is_led_back_to_the_child_after_the_log_in(house: House) -> None:
    child, _ = await house.desk.suspected()
    house.office.client.cookies.clear()
    answer = await house.page(f"/anak/{child}?lang=en")
    assert answer.status_code == 401
    assert f"/masuk?back=%2Fanak%2F{child}%3Flang%3Den&amp;lang=en" in answer.text
    led = await house.page(f"/masuk?back=%2Fanak%2F{child}%3Flang%3Den&lang=en")
    assert led.status_code == 503, "the way back is allowed; only the provider is not there"


async def test_a_copy_of_the_sessions_holds_no_token(house: House) -> None:
    await house.enter()
    sealed = await house.office.api.fetchval("SELECT sealed_access_token FROM page_session LIMIT 1")
    token = small_service.token("puskesmas", (DESA_A,)).encode()
    assert len(sealed) > len(token)
    assert token[:20] not in sealed


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    yield f"http://{LOOPBACK}:{port}"


@contextmanager
def silence() -> Iterator[str]:
    """An address where a call is taken and never answered."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"


@pytest.mark.parametrize("trouble", [nobody, silence])
async def test_without_scoring_the_explanation_is_missing_and_the_figures_are_not(
    house: House, trouble: Trouble
) -> None:
    await suspected(house, 1)
    with trouble() as url:
        door = ScoringDoor.at(url, within_s=PATIENT_S)
        async with door.client, ground.open_office(house.stack, door) as office:
            alone = House(office, house.desk, house.stack)
            await alone.enter()
            answer = await alone.page(f"/anak/{child_id(1)}")
            assert answer.status_code == 503
            assert "Penjelasan sedang tidak tersedia" in answer.text
            figures = await alone.page(f"/?wilayah={DESA[0]}&periode={MONTH}")
            assert figures.status_code == 200
            assert len(LINK.findall(figures.text)) == 1


async def test_a_process_that_does_not_know_scoring_lists_children_without_a_link(house: House) -> None:
    await suspected(house, 1)
    async with ground.open_office(house.stack) as office:
        alone = House(office, house.desk, house.stack)
        await alone.enter()
        text = (await alone.page(f"/?wilayah={DESA[0]}&periode={MONTH}")).text
        assert f'<th scope="row">{str(child_id(1))[:8]}</th>' in text
        assert "/anak/" not in text
        assert (await alone.page(f"/anak/{child_id(1)}")).status_code == 503
