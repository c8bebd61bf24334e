"""Serving: from the settings to the end of the process, with the signals that end it."""

import asyncio
import gc
import logging
import signal
import sys

from server import __version__, logs
from server.app import Server
from server.config import Config, sources
from server.config.dump import dump
from server.errors import SettingsError, StartError

try:
    from uvloop import new_event_loop
except ImportError:  # no build for this platform
    from asyncio import new_event_loop  # type: ignore[assignment]

logger = logging.getLogger("server")


def serve(arguments: list[str]) -> int:
    """Serve until a signal comes. Gives 0, or 1 if it can't start; ends with 2 if called wrongly."""
    given = sources.parser().parse_args(arguments)
    try:
        config = sources.gather(given)
    except SettingsError as error:
        for problem in error.problems:
            print(f"chat-server: {problem}", file=sys.stderr)
        return 1
    if given.print_config:
        print(dump(config), end="")
        return 0
    logs.set_up(config.log)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_serve(config))


GARBAGE = 50_000
"""Objects made before the collector looks for cycles. Only closed connections leave some; the usual 700 are
a millisecond of work under load, and each look walks over what all sessions hold."""


async def _serve(config: Config) -> int:
    asyncio.get_running_loop().set_exception_handler(logs.uncaught)
    server = Server(config)
    try:
        await server.start()
    except StartError as error:
        print(f"chat-server: {error}", file=sys.stderr)
        return 1
    _on_signals(server)
    gc.set_threshold(GARBAGE, 20, 20)
    gc.freeze()  # what was loaded stays
    for address in server.addresses:
        print(f"listening on {address}", flush=True)
    code = await server.first_invite()
    if server.certificate is not None:
        from server.admin import pin  # as late as the certificate's own module

        for line in pin.invitations(server.addresses, server.certificate, code):
            print(f"chat-server: {line}", file=sys.stderr, flush=True)
    if code:
        text = f"there is no administrator yet: the first one registers with the invitation {code}"
        print(f"chat-server: {text}", file=sys.stderr, flush=True)
    _log_start(config, server)
    await server.wait()
    logger.info("stopped")
    return 0


def _log_start(config: Config, server: Server) -> None:
    fields = {"version": __version__, "data": config.data, "addresses": server.addresses}
    if server.monitor_address is not None:
        fields["metrics"] = server.monitor_address
    logger.info("serving", extra=fields)


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
