"""Which rule set judges: read in the transaction that judges, so that a switch holds from its commit on, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.scoring.domain.ruleset import ACTIVE, FOLDER, RuleSet, read
from services.scoring.store import rule_sets
from services.scoring.store.rule_sets import Active
from shared.postgres.pool import Connection, Pool

SHIPPED_BY: Final = "release"


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that judge; `since` is None for the first rule set: what it says was known with the facts.

    `watching`: the replay that must hear which families a batch touched.
    """

    rules: RuleSet
    since: datetime | None = None
    watching: UUID | None = None


class RulesInForce:
    """Reads what is in force; a rule set is parsed once a process.

    Args:
        shipped: what judges before anything was activated.
    """

    def __init__(self, shipped: RuleSet) -> None:
        self._shipped = shipped
        self._parsed: tuple[str, RuleSet] | None = None  # by digest: a release may change what it ships

    async def judging(self, connection: Connection) -> InForce:
        """For who judges in the open transaction: nothing is switched before it ends."""
        await rule_sets.share_rules(connection)
        active = await rule_sets.read_active(connection)
        if active is None:
            return InForce(self._shipped)
        return InForce(await self._rules(connection, active), active.since, active.watching)

    async def now(self, connection: Connection | Pool) -> RuleSet:
        """For who reads. RuleSetError when this program cannot read what is stored."""
        active = await rule_sets.read_active(connection)
        return self._shipped if active is None else await self._rules(connection, active)

    async def _rules(self, connection: Connection | Pool, active: Active) -> RuleSet:
        if self._parsed is None or self._parsed[0] != active.sha256:
            content = await rule_sets.content_of(connection, active.version)
            self._parsed = (active.sha256, read(content or b""))
        return self._parsed[1]


async def install_shipped(connection: Connection, now: datetime) -> None:
    """Store the rule set that is shipped; where nothing was ever activated it is in force from now on."""
    content = (FOLDER / f"{ACTIVE}.toml").read_bytes()
    known = await rule_sets.content_of(connection, ACTIVE)
    if known == content and await rule_sets.read_active(connection) is not None:
        return  # at every later start: nobody has to wait for it
    await rule_sets.own_rules(connection)
    await rule_sets.add_rule_set(connection, ACTIVE, content, "shipped", SHIPPED_BY)
    await rule_sets.replace_shipped(connection, ACTIVE, content)
    if await rule_sets.read_active(connection) is None:
        await rule_sets.activate(connection, ACTIVE, now, SHIPPED_BY, None)
