"""`chat-server`, also `python -m server`: the headless server, and its other commands."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable

from server import config
from server.admin import invites, users
from server.app import Server
from server.errors import StartError

try:
    from uvloop import new_event_loop
except ImportError:  # no build for this platform
    from asyncio import new_event_loop  # type: ignore[assignment]


COMMANDS: dict[str, Callable[[list[str]], int]] = {"user": users.main, "invite": invites.main}
"""What the first argument may be instead of a flag; each parses the rest itself and gives the exit status."""


def main() -> None:
    """Run a command, or serve."""
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.exit(COMMANDS[first](sys.argv[2:]) if first in COMMANDS else serve(sys.argv[1:]))


def serve(arguments: list[str]) -> int:
    """Serve until a signal comes. Gives 0, or 1 if it can't start; ends with 2 if called wrongly."""
    settings = config.parse(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_serve(settings))


async def _serve(settings: config.Config) -> int:
    server = Server(settings)
    try:
        await server.start()
    except StartError as error:
        print(f"chat-server: {error}", file=sys.stderr)
        return 1
    _stop_on_signals(server)
    for address in server.addresses:
        print(f"listening on {address}", flush=True)
    if code := await server.first_invite():
        text = f"nobody has an account yet: the first one is the administrator's, by the invitation {code}"
        print(f"chat-server: {text}", file=sys.stderr, flush=True)
    await server.wait()
    return 0


def _stop_on_signals(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, server.stop)
        except (
            NotImplementedError
        ):  # Windows: its loops know no signals, so wake the loop from a plain handler
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(server.stop))


if __name__ == "__main__":
    main()
