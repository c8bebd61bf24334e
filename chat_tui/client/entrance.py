"""Getting in: where the server is, how often to try, and the login.

Used by `Client` again and again, and by the command line once.
"""

import random
import sys
from collections.abc import Callable
from typing import Protocol

from chat_tui.client.connection import Connection, Target
from chat_tui.client.dial import connect
from chat_tui.client.identity import Identity
from protocol import frames
from protocol.frames import Frame

CLIENT = f"chat-tui/0.1.0 ({sys.platform})"
"""Also what the list of one's devices shows."""

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds before the first attempt after a loss, and at most: after a restart people are back within a
second, and a server that is down is asked twice a minute."""


class Endpoint(Protocol):
    """Where to connect. It is asked before each attempt: an embedded server may have to be started again."""

    @property
    def label(self) -> str:
        """What people call it; also what the outbox knows it by."""

    async def locate(self) -> Target:
        """Where it is now. Raises `ClientError`."""


def backoff(attempt: int) -> float:
    """Seconds to wait before attempt 1, 2, 3 …, doubling, with half of it by chance.

    The chance keeps a thousand clients from coming back in one second ("full jitter" with a floor).
    """
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempt - 1, 16))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  # no secret


async def enter(
    target: Target, who: Identity, on_frame: Callable[[Frame], None]
) -> tuple[Connection, frames.LoginResult]:
    """Connect, say hello and log in."""
    connection = await connect(target, on_frame)
    try:
        await connection.greet(CLIENT)
        who.invite = who.invite or target.invite
        login = await who.enter(connection, target.key)
    except BaseException:
        connection.close()
        raise
    return connection, login
