"""Scoring's public door, asked in the name of the person who looks: it decides what they may see of which child."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from shared.problems import Language
from shared.trace import current_traceparent

LOG = structlog.get_logger(__name__)
WITHIN_S: Final = 3.0  # a person waits


class NotExplainedError(Exception):
    """Why there is no explanation: the page's name of the message, and the status that goes with it."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Line(BaseModel):
    """One sentence, and what it rests on."""

    text: str
    source: str | None = None
    overdue: bool = False


class Section(BaseModel):
    """Sentences of one kind."""

    title: str
    lines: list[Line]


class Entry(BaseModel):
    """A word explained, in a sentence that begins with it."""

    text: str


class Explanation(BaseModel):
    """The part of scoring's answer that the page shows, in the language asked for."""

    child_id: UUID
    tier: str
    tier_text: str
    headline: str
    measured_on: date | None
    ruleset_version: str
    sections: list[Section]
    notes: list[str]
    glossary: list[Entry]


@dataclass(frozen=True, slots=True)
class ScoringDoor:
    """Where scoring answers: `client` knows its address and how long to wait."""

    client: httpx.AsyncClient

    @classmethod
    def at(cls, url: str, *, within_s: float = WITHIN_S) -> ScoringDoor:
        """Of a process that reaches scoring at `url`. Its client is to be closed."""
        return cls(httpx.AsyncClient(base_url=url, timeout=within_s, trust_env=False))

    async def explanation(self, child_id: UUID, language: Language, access_token: str) -> Explanation:
        """The child as scoring explains it to the token's bearer. NotExplainedError."""
        headers = {"authorization": f"Bearer {access_token}"}
        if traceparent := current_traceparent():
            headers["traceparent"] = traceparent
        try:
            answer = await self.client.get(
                f"/v1/children/{child_id}/explanation", params={"lang": language}, headers=headers
            )
        except httpx.HTTPError as error:
            raise _unavailable(type(error).__name__) from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotExplainedError("unknown_child", 404)
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise NotExplainedError("no_children", 403)
        if answer.status_code != httpx.codes.OK:
            raise _unavailable(str(answer.status_code))
        try:
            return Explanation.model_validate_json(answer.content)
        except ValidationError as error:
            raise _unavailable("its answer is no explanation") from error


def _unavailable(why: str) -> NotExplainedError:
    LOG.warning("scoring_unavailable", why=why)
    return NotExplainedError("explanation_unavailable", 503)
