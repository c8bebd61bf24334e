"""Doing something once, after a while. Knows message pumps and the event loop, nothing of what is done.

Textual's `set_timer` never calls back if the moment has passed when its task looks at the clock for the first
time (`Timer._run` skips what is late, and a timer that fires once has nothing left then): rare for 50 ms,
usual for what is left of a frame, and then a screen that waits to be drawn waits for ever.
"""

import asyncio
from collections.abc import Callable

from textual.message_pump import MessagePump


def call_after(pump: MessagePump, seconds: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
    """Have `pump` call this among its messages, after that many seconds, however late it is by then; not at
    all if it has ended. The handle takes it back."""
    return asyncio.get_running_loop().call_later(seconds, pump.call_later, callback)
