"""Waiting for something to become true, without knowing how long it takes."""

import asyncio
from collections.abc import Callable

SECONDS = 60.0
"""How long any test waits for anything. Far longer than it takes, also where every core is busy twice over: a
test that waits in vain fails all the same, only later."""


async def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Come back once the condition is true; raises `TimeoutError` if it does not become so."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # whatever it is, nothing tells us
            await asyncio.sleep(0.002)
