"""Textual's driver for a screen in a browser, with our parser, and an end when the browser has gone."""

import os
import signal
from typing import Any

from textual.app import App
from textual.drivers._byte_stream import ByteStream
from textual.drivers.web_driver import WebDriver, _ExitInput

from chat_tui.tui.terminal import HUNG_UP
from chat_tui.tui.terminal.parser import InputParser


class BrowserDriver(WebDriver):
    """See the module."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._write = self._write_packet  # type: ignore[assignment]  # Textual's is a partial

    def _write_packet(self, data: bytes) -> int:
        try:
            return os.write(self.fileno, data)
        except OSError:  # EPIPE: nobody has the other end any more
            self._hang_up()
            return 0

    def start_application_mode(self) -> None:
        """As ever, but an interrupt leaves with a status of its own."""
        super().start_application_mode()
        self._loop.add_signal_handler(signal.SIGINT, self._leave, 128 + signal.SIGINT)

    def run_input_thread(self) -> None:
        """Read until the browser is gone; what it sends comes in packets of the process that serves it."""
        parser, packets = InputParser(), ByteStream()
        try:
            for data in self._input_reader:
                if not data and parser.pending:
                    for message in parser.flush():
                        self.process_message(message)
                for kind, payload in packets.feed(data) if data else ():
                    if kind == "D":
                        for message in parser.feed(payload):
                            self.process_message(message)
                    else:
                        self._on_meta(kind, payload)
        except _ExitInput:
            return
        finally:
            self._input_reader.close()
            if not self.exit_event.is_set():
                self._hang_up()

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """What the serving process says; `quit`: the browser has gone."""
        if packet_type == "quit":
            self._hang_up()
        else:
            super().on_meta(packet_type, payload)

    def _hang_up(self) -> None:
        self._app.call_later(self._leave, HUNG_UP)

    def _leave(self, status: int) -> None:
        self._app.exit(return_code=status)
