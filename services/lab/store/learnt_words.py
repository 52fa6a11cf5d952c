"""Rows of `learnt_word`: what was decided of a laboratory's own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.lab.domain.learnt import Learnt, Word
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class StoredWord:
    """A word with who taught it."""

    word_id: UUID
    laboratory_code: str
    kind: str
    test_code: str
    shown: str
    meaning: str
    learnt_at: datetime
    learnt_by: str


async def read_learnt(connection: Connection, laboratory_code: str) -> Learnt:
    """All that was decided of the laboratory's words."""
    rows = await connection.fetch(
        "SELECT kind, test_code, word, meaning FROM learnt_word WHERE laboratory_code = $1", laboratory_code
    )
    return Learnt({(row["kind"], row["test_code"], row["word"]): row["meaning"] for row in rows})


async def learn_words(
    connection: Connection, laboratory_code: str, words: Sequence[Word], at: datetime, account: str
) -> None:
    """Effective at once for what comes after the commit; the last decision of a word counts."""
    await connection.executemany(
        "INSERT INTO learnt_word (laboratory_code, kind, test_code, word, shown, meaning, learnt_at, learnt_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (laboratory_code, kind, test_code, word) DO UPDATE "
        "SET shown = EXCLUDED.shown, meaning = EXCLUDED.meaning, learnt_at = EXCLUDED.learnt_at, "
        "learnt_by = EXCLUDED.learnt_by",
        [(laboratory_code, each.kind, each.test_code, each.word, each.shown, each.meaning, at, account)
         for each in words],
    )  # fmt: skip


async def forget_word(connection: Connection, word_id: UUID) -> bool:
    """Whether there was such a word; None is forgotten that the caller may not see."""
    status = await connection.execute("DELETE FROM learnt_word WHERE word_id = $1", word_id)
    return int(status.rsplit(" ", 1)[-1]) == 1


async def list_words(connection: Connection, after: tuple[Any, ...] | None, limit: int) -> list[StoredWord]:
    """The newest first."""
    rows = await connection.fetch(
        "SELECT word_id, laboratory_code, kind, test_code, shown, meaning, learnt_at, learnt_by FROM learnt_word "
        "WHERE $1::timestamptz IS NULL OR (learnt_at, word_id) < ($1, $2::uuid) "
        "ORDER BY learnt_at DESC, word_id DESC LIMIT $3",
        *(after or (None, None)),
        limit,
    )
    return [StoredWord(**dict(row)) for row in rows]
