"""Waiting for something to become true, without knowing how long it takes."""

import asyncio
from collections.abc import Callable

SECONDS = 15.0
"""Longer than anything that is waited for takes, even on a busy machine."""


async def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Come back once the condition is true; raises `TimeoutError` if it does not become so."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # whatever it is, nothing tells us
            await asyncio.sleep(0.002)
