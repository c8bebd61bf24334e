"""Running the small programs of a desktop: those that fill its clipboard or show a notification.

Knows processes and environments, neither screens nor terminals.
"""

import asyncio
import shutil
from collections.abc import Mapping, Sequence

TOOL_SECONDS = 2.0
"""A tool that takes longer hangs: its desktop is gone, say."""


def is_remote(environment: Mapping[str, str]) -> bool:
    """Whether the person sits at another computer than the one we run on."""
    return "SSH_CONNECTION" in environment or "SSH_TTY" in environment


async def run(command: Sequence[str], environment: Mapping[str, str], data: bytes = b"") -> bool:
    """Run a program with `data` on its standard input; whether it is there and did what it should."""
    path = shutil.which(command[0], path=environment.get("PATH"))
    if path is None:
        return False
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            *command[1:],
            stdin=asyncio.subprocess.PIPE,
            # Not ours: xclip stays behind to serve the clipboard, and would keep a pipe open.
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environment),
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(TOOL_SECONDS):
            await process.communicate(data)
    except TimeoutError:
        process.kill()
        await process.wait()
    return process.returncode == 0
