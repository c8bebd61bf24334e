"""`chat-server`, also `python -m server`: the headless server."""

import asyncio
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
    """Serve until a signal comes, or do what the first argument asks for.

    Ends with 0, 1 if it can't, 2 if called wrongly.
    """
    if sys.argv[1:2] == ["pin"]:
        from server import pins

        sys.exit(pins.main(sys.argv[2:]))
    settings = config.parse()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        sys.exit(runner.run(_serve(settings)))


async def _serve(settings: config.Config) -> int:
    server = Server(settings)
    try:
        await server.start()
    except StartError as error:
        print(f"chat-server: {error}", file=sys.stderr)
        return 1
    _on_signals(server)
    for address in server.addresses:
        print(f"listening on {address}", flush=True)
    if server.certificate is not None:
        from server import pins  # as late as the certificate's own module

        for line in pins.invitations(server.addresses, server.certificate):
            print(f"chat-server: {line}", file=sys.stderr, flush=True)
    await server.wait()
    return 0


def _on_signals(server: Server) -> None:
    loop = asyncio.get_running_loop()
    if server.certificate is not None and sys.platform != "win32":
        loop.add_signal_handler(signal.SIGHUP, server.reload)
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, server.stop)
        except (
            NotImplementedError
        ):  # Windows: its loops know no signals, so wake the loop from a plain handler
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(server.stop))


if __name__ == "__main__":
    main()
