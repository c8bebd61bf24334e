"""Beginning a coroutine at once, instead of with the loop's next step.

What a handler does before it waits is done in the order in which requests came, and one that waits for
nothing costs no task. Python 3.12 has this as `asyncio.eager_task_factory`."""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def start(coroutine: Coroutine[Any, Any, T]) -> "T | asyncio.Task[T]":
    """Take the coroutine's first step: what it gives or raises, or else a task that takes the others."""
    try:
        awaited = coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    return asyncio.get_running_loop().create_task(_rest(coroutine, awaited))


@types.coroutine
def _rest(coroutine: Coroutine[Any, Any, T], awaited: object) -> Generator[Any, Any, T]:
    """Go on where the coroutine waits for `awaited`."""
    while True:
        thrown: BaseException | None = None
        sent: object = None
        try:
            sent = yield awaited
        except BaseException as error:  # noqa: BLE001  # it is for the coroutine
            thrown = error
        try:
            awaited = coroutine.send(sent) if thrown is None else coroutine.throw(thrown)
        except StopIteration as end:
            result: T = end.value
            return result
