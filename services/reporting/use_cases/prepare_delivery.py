"""What a subscription is to be told next: a page of the feed with present figures, suppressed whoever asked for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

from services.reporting.domain.webhooks import delivery_body
from services.reporting.store import subscriptions
from services.reporting.store.feed import feed_page, feed_state
from services.reporting.store.subscriptions import Claimed
from services.reporting.use_cases.tell_changes import tell_changes
from shared.auth.areas import AreaGrant
from shared.postgres.pool import Connection


async def prepare_delivery(connection: Connection, claimed: Claimed, limit: int, today: date) -> Claimed | None:
    """Keep the next up to `limit` entries as what is to be sent; None where nothing is for it, or it was deleted.

    In one snapshot: entries, figures and the number up to which they go belong together.
    """
    state = await feed_state(connection)
    areas = AreaGrant(tuple(claimed.areas))
    found = await feed_page(connection, areas.codes, claimed.level, claimed.sequence, limit, exact=False)
    if not found:
        await subscriptions.nothing_to_tell(connection, claimed, state.sequence)
        return None
    told = await tell_changes(connection, found, areas.covers_area, exact=False, today=today)
    key = uuid4()
    body = delivery_body(key, claimed.feed_id, told, [entry.sequence for entry in found])
    last = found[-1].sequence if len(found) == limit else state.sequence
    if not await subscriptions.prepare_delivery(connection, claimed, key, body, len(found), last):
        return None
    return replace(claimed, pending_key=key, pending_body=body, pending_entries=len(found), pending_sequence=last)
