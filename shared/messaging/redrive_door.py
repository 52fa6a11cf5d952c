"""`python -m services.X redrive …`: the operator's door to dead letters, with the worker's credentials."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import orjson
from aiokafka import TopicPartition

from shared.http.serve import Command
from shared.messaging.batch import Handler
from shared.messaging.kafka import Broker
from shared.messaging.records import RawRecord
from shared.messaging.redrive import Choice, NotHereError, discard, letters, redrive, skip, stands_before
from shared.postgres.pool import Pool, open_pool
from shared.settings import ServiceSettings

FETCH_SECONDS: Final = 10.0
VERBS: Final = ("list", "apply", "discard", "skip")


def redrive_command(service: str, handler: Handler) -> Command:
    """The door of `service`; letters are applied by the same `handler` as records."""

    async def run(settings: ServiceSettings, words: Sequence[str]) -> int:
        asked = parser(service).parse_args(words)
        async with open_pool(settings.database_address("worker"), max_size=2) as pool:
            try:
                answer = await _answered(asked, pool, handler, Broker.of(settings), service)
            except NotHereError as error:
                sys.stderr.write(f"{error}\n")
                return 1
        sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n")
        return 0 if answer.get("still_open", 0) == 0 else 1

    return Command(run)


def parser(service: str) -> argparse.ArgumentParser:
    """`list|apply|discard [--topic …]`, `skip --topic T --partition P --offset O`."""
    arguments = argparse.ArgumentParser(prog=f"python -m services.{service} redrive")
    arguments.add_argument("verb", choices=VERBS)
    arguments.add_argument("--topic")
    arguments.add_argument("--partition", type=int)
    arguments.add_argument("--offset", type=int)
    arguments.add_argument("--reason")
    arguments.add_argument("--by", default="operator", help="who decides; kept with the letter")
    return arguments


async def _answered(
    asked: argparse.Namespace, pool: Pool, handler: Handler, broker: Broker, service: str
) -> dict[str, Any]:
    choice = Choice(asked.topic, asked.partition, asked.offset, asked.reason)
    if asked.verb == "list":
        return {"letters": await letters(pool, choice, state=None)}
    if asked.verb == "apply":
        tried = await redrive(pool, handler, choice, by=asked.by)
        done = sum(letter.outcome == "redriven" for letter in tried)
        return {"redriven": done, "still_open": len(tried) - done, "letters": [asdict(letter) for letter in tried]}
    if asked.verb == "discard":
        return {"discarded": await discard(pool, choice, by=asked.by)}
    if asked.topic is None or asked.partition is None or asked.offset is None:
        raise NotHereError("skip wants --topic, --partition and --offset")
    async with pool.acquire() as connection:
        following = await stands_before(connection, asked.topic, asked.partition)
    record = await _first_from(broker, service, asked.topic, asked.partition, following)
    if record.offset != asked.offset:
        raise NotHereError(f"the consumer stands before offset {record.offset}, not {asked.offset}")
    await skip(pool, record, by=asked.by)
    return {"skipped": f"{asked.topic}/{asked.partition}/{asked.offset}"}


async def _first_from(broker: Broker, service: str, topic: str, partition: int, offset: int) -> RawRecord:
    """The first record of a partition at or after `offset`, read beside the group and without moving it."""
    place = TopicPartition(topic, partition)
    consumer = broker.consumer(f"tumbuh-{service}-redrive")
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, offset)
        record: RawRecord = await asyncio.wait_for(consumer.getone(place), FETCH_SECONDS)
    except TimeoutError:
        raise NotHereError(f"{topic} {partition} has no record at or after {offset}") from None
    finally:
        await consumer.stop()
    return record
