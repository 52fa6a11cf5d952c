"""A name was decided on, or a decision taken back: rows that waited are tried again, rows taken without it follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.measurement.domain.places import MappingKey, key_of
from services.measurement.jobs.again import again
from services.measurement.jobs.review import add_up
from services.measurement.store import intake_rows, mappings, quarantine
from services.measurement.store.vault import Vault
from services.measurement.use_cases.answer_held_rows import Answer, answer_held_rows
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.move_taken_rows import move_taken_rows
from services.measurement.use_cases.take_file_rows import place_book
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc, today_jakarta
from shared.jobs.lease import Chunk, RunningJob
from shared.jobs.runner import Done
from shared.postgres.pool import Pool

KIND: Final = "mapping"
CHUNK_ROWS: Final = 500


def payload_of(key_text: str, before: str | None, after: str | None) -> dict[str, Any]:
    """What a job needs: the name and what it meant before and means now (None = not decided)."""
    return {"name": key_text, "before": before, "after": after}


@dataclass(frozen=True, slots=True)
class MappingJob:
    """The handler. `committed` is called after each commit, so that its events leave at once."""

    pool: Pool
    vault: Vault
    committed: Callable[[], None]

    async def __call__(self, job: RunningJob) -> Done:
        """First the rows that are held back, then those that were taken without a posyandu."""
        while await again(lambda: self._chunk(job)):
            self.committed()
        self.committed()
        return Done((job.cursor or {}).get("counts", {}))

    async def _chunk(self, job: RunningJob) -> bool:
        """One transaction under the name's lock; whether there may be more. A later decision ends this one's work."""
        async with job.chunk() as chunk:
            cursor = chunk.cursor or {"phase": "held", "after": None, "counts": {}}
            name = await mappings.find_name(chunk.connection, key_of(job.payload["name"]))
            if name is None or name["code"] != job.payload["after"]:
                chunk.advance({**cursor, "phase": "end"}, done=chunk.done)
                return False
            step = self._try_held if cursor["phase"] == "held" else self._move_taken
            advanced, done = await step(job, chunk, cursor)
            chunk.advance(advanced, done=chunk.done + done)
        return bool(advanced["phase"] != "end")

    async def _try_held(self, job: RunningJob, chunk: Chunk, cursor: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Rows go the way they would have gone, within the areas of who sent them."""
        if job.payload["after"] is None:
            return {**cursor, "phase": "taken", "after": None}, 0
        after = None if cursor["after"] is None else UUID(cursor["after"])
        waiting = await quarantine.waiting_for(chunk.connection, job.payload["name"], after, CHUNK_ROWS)
        senders: dict[tuple[str, ...], list[UUID]] = {}
        for row, codes in waiting:
            senders.setdefault(codes, []).append(row)
        counts = cursor["counts"]
        for codes, ids in senders.items():
            entry = Entry(now_utc(), today_jakarta(), "file", job.requested_by, AreaGrant(codes), job.requested_by)
            places = await place_book(chunk.connection, codes)
            answer = Answer("accepted", job.requested_by, {}, job_id=job.job_id)
            counts = add_up(counts, await answer_held_rows(chunk.connection, ids, answer, places, entry, self.vault))
        if len(waiting) < CHUNK_ROWS:
            return {"phase": "taken", "after": None, "counts": counts}, len(waiting)
        return {"phase": "held", "after": str(waiting[-1][0]), "counts": counts}, len(waiting)

    async def _move_taken(self, job: RunningJob, chunk: Chunk, cursor: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Only a posyandu may be missing from a row that was taken."""
        key: MappingKey = key_of(job.payload["name"])
        if key[0] != "posyandu":
            return {**cursor, "phase": "end"}, 0
        after = None if cursor["after"] is None else (UUID(cursor["after"][0]), int(cursor["after"][1]))
        rows = await intake_rows.taken_under(chunk.connection, job.payload["name"], after, CHUNK_ROWS)
        entry = Entry(now_utc(), today_jakarta(), "file", job.requested_by, AreaGrant(), job.requested_by)
        posyandu = (job.payload["before"], job.payload["after"])
        moved = await move_taken_rows(chunk.connection, rows, key[1], posyandu, entry) if rows else 0
        counts = dict(Counter(cursor["counts"]) + Counter(moved=moved))
        if len(rows) < CHUNK_ROWS:
            return {"phase": "end", "after": None, "counts": counts}, len(rows)
        last = [str(rows[-1].intake_id), rows[-1].row_number]
        return {"phase": "taken", "after": last, "counts": counts}, len(rows)
