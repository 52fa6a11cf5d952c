"""One answer to all held rows of one reason, in chunks that commit with the job's cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.measurement.domain.places import PlaceBook
from services.measurement.jobs.again import again
from services.measurement.store import quarantine
from services.measurement.store.intake_rows import RowOutcome
from services.measurement.store.quarantine import Wanted
from services.measurement.store.vault import Vault
from services.measurement.use_cases.answer_held_rows import Answer, Result, answer_held_rows
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.take_file_rows import place_book
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc, today_jakarta
from shared.jobs.lease import RunningJob
from shared.jobs.runner import Done
from shared.postgres.pool import Connection, Pool

KIND: Final = "review"
CHUNK_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class ReviewAll:
    """What a person asked for: one answer to what was open at `until`, in their areas."""

    kind: str  # accepted, rejected
    reason: str
    intake_id: UUID | None
    areas: tuple[str, ...]
    until: datetime
    reject_reason: str | None = None
    reject_note: str | None = None

    def as_payload(self) -> dict[str, Any]:
        """As the job keeps it."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "intake_id": None if self.intake_id is None else str(self.intake_id),
            "areas": list(self.areas),
            "until": self.until.isoformat(),
            "reject_reason": self.reject_reason,
            "reject_note": self.reject_note,
        }

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> ReviewAll:
        """From what the job kept."""
        intake_id = payload["intake_id"]
        known = {
            "areas": tuple(payload["areas"]),
            "until": datetime.fromisoformat(payload["until"]),
            "intake_id": None if intake_id is None else UUID(intake_id),
        }
        return cls(**{**payload, **known})


@dataclass(frozen=True, slots=True)
class ReviewJob:
    """The handler. `committed` is called after each commit, so that its events leave at once."""

    pool: Pool
    vault: Vault
    committed: Callable[[], None]

    async def __call__(self, job: RunningJob) -> Done:
        """Answer chunk by chunk until no row is left that was open when it was asked for."""
        asked = ReviewAll.of(job.payload)
        async with self.pool.acquire() as connection:
            places = await place_book(connection, asked.areas)
        while await again(lambda: self._chunk(job, asked, places)):
            self.committed()
        self.committed()
        return Done((job.cursor or {}).get("counts", {}))

    async def _chunk(self, job: RunningJob, asked: ReviewAll, places: PlaceBook) -> bool:
        """One transaction; whether there may be more."""
        grant = AreaGrant(asked.areas)
        wanted = Wanted("open", reason=asked.reason, intake_id=asked.intake_id)
        entry = Entry(now_utc(), today_jakarta(), "api", job.requested_by, grant, job.requested_by)
        async with job.chunk() as chunk:
            await areas.apply(chunk.connection, grant)
            cursor = chunk.cursor or {"after": None, "counts": {}}
            rows = chunk.rows
            if rows is None:
                rows = await quarantine.count_open(chunk.connection, wanted, asked.until)
            after = None if cursor["after"] is None else UUID(cursor["after"])
            ids = await quarantine.open_ids(chunk.connection, wanted, asked.until, after, CHUNK_ROWS)
            results = await self._answered(chunk.connection, ids, job, asked, places, entry)
            last = str(ids[-1]) if ids else cursor["after"]
            counts = add_up(cursor["counts"], results)
            chunk.advance({"after": last, "counts": counts}, done=chunk.done + len(ids), rows=rows)
        return len(ids) == CHUNK_ROWS

    async def _answered(
        self,
        connection: Connection,
        ids: Sequence[UUID],
        job: RunningJob,
        asked: ReviewAll,
        places: PlaceBook,
        entry: Entry,
    ) -> list[Result]:
        answer = Answer(
            "accepted" if asked.kind == "accepted" else "rejected",
            job.requested_by,
            {},
            asked.reject_reason,
            asked.reject_note,
            job.job_id,
        )
        return await answer_held_rows(connection, ids, answer, places, entry, self.vault)


def add_up(counts: Mapping[str, int], results: Sequence[Result]) -> dict[str, int]:
    """Rows by what they became; what stays open by `open` and by the code of what is still wrong."""
    added: Counter[str] = Counter(counts)
    for result in results:
        if isinstance(result, RowOutcome):
            added[result.outcome] += 1
        elif isinstance(result, RefusedError):
            added["open"] += 1
            added.update(f"open:{code}" for code in {problem.code for problem in result.problems})
        else:
            added["answered_before"] += 1
    return dict(added)
