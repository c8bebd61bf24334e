"""`chat-server`, also `python -m server`: the headless server."""

import asyncio
import gc
import logging
import signal
import sys

from server import config
from server.app import Server
from server.errors import StartError

try:
    from uvloop import new_event_loop
except ImportError:  # no build for this platform
    from asyncio import new_event_loop  # type: ignore[assignment]


def main() -> None:
    """Serve until a signal comes. Ends with 0, 1 if it can't start, 2 if called wrongly."""
    settings = config.parse()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        sys.exit(runner.run(_serve(settings)))


GARBAGE = 50_000
"""Objects made before the collector looks for cycles. Only closed connections leave some; the usual 700 are
a millisecond of work under load, and each look walks over what all sessions hold."""


async def _serve(settings: config.Config) -> int:
    server = Server(settings)
    try:
        await server.start()
    except StartError as error:
        print(f"chat-server: {error}", file=sys.stderr)
        return 1
    _stop_on_signals(server)
    gc.set_threshold(GARBAGE, 20, 20)
    gc.freeze()  # what was loaded stays
    for address in server.addresses:
        print(f"listening on {address}", flush=True)
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
