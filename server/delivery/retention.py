"""Removing what is older than it is kept for, a little at a time while a server runs.

Knows the log's `prune` and the writer, between whose batches it is done; nothing of SQL, sessions or clients.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

import msgspec

from server.config.retention import Retention
from server.delivery import clock_guard
from server.delivery.writer import Writer
from server.errors import StorageError
from server.state.model import State
from server.store.base import Log

logger = logging.getLogger(__name__)

STEP = 250
"""Events removed in one transaction: 4 to 9 ms, in which the sends of others gather."""

ROUND_SECONDS = 3600
"""Between two looks. Nobody counts the hours of what is kept for weeks."""


class Pruned(Protocol):
    """What of a server is needed for it."""

    state: State
    log: Log
    writer: Writer
    clock: Callable[[], int]


async def prune(server: Pruned, retention: Retention) -> int:
    """Remove what is too old now; returns how many events that were. Raises `StorageError`."""
    removed = 0
    for room in tuple(server.state.rooms):
        seconds = retention.seconds(room)
        if seconds is not None:
            before = server.clock() - seconds * 1000
            while count := await server.writer.aside(partial(server.log.prune, room, before, STEP)):
                removed += count
    if retention.audit is not None:
        before = server.clock() - retention.audit * 1000
        while await server.writer.aside(partial(server.log.prune_audit, before, STEP)):
            pass
    while await server.writer.aside(server.log.tidy):
        pass
    return removed


async def clock_is_believed(server: Pruned) -> bool:
    """Whether what seems old is old; see `clock_guard`. Raises `StorageError`."""
    stored = await server.writer.between(server.log.clock_note)
    note = clock_guard.look(msgspec.json.decode(stored or b"{}", type=clock_guard.Note), server.clock())
    await server.writer.between(partial(server.log.keep_clock_note, msgspec.json.encode(note)))
    return not note.jumped


async def keep_pruned(server: Pruned, retention: Retention) -> None:
    """Remove what is too old, now and every hour, until cancelled."""
    while not retention.forever:
        try:
            if await clock_is_believed(server):
                await prune(server, retention)
        except StorageError as error:
            logger.warning("old events could not be removed: %s", error)
        await asyncio.sleep(ROUND_SECONDS)
