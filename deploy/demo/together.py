"""Several requests at once, whose first refusal comes out as itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from deploy.local.errors import CommandError

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose first CommandError comes out as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:  # not `except*`: older interpreters wrap what it raises into a group again
        refusal: BaseException | None = errors.subgroup(CommandError)
        if refusal is None:
            raise
        while isinstance(refusal, BaseExceptionGroup):
            refusal = refusal.exceptions[0]
        raise refusal from None


async def a_few_at_once(
    do: Callable[[ItemT], Coroutine[Any, Any, ResultT]], items: Iterable[ItemT], at_once: int
) -> list[ResultT]:
    """What `do` gives for each item, in their order, with at most `at_once` under way."""
    waiting = asyncio.Semaphore(at_once)

    async def one(item: ItemT) -> ResultT:
        async with waiting:
            return await do(item)

    async with task_group() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]
