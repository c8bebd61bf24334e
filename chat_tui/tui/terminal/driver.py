"""Textual's driver for a terminal of Unix: takes it, reads it, draws on it and gives it back.

Ends the program with the status of a hang-up when the terminal is gone, which reading, writing or the system
may find out first. Knows the terminal's modes and its line; what bytes mean is `parser`'s, that writing never
waits is `output`'s.
"""

import asyncio
import os
import select
import signal
import sys
import termios
from collections.abc import Callable
from typing import Any

from textual import constants
from textual.app import App
from textual.driver import Driver
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message

from chat_tui import splash
from chat_tui.tui.terminal import HUNG_UP
from chat_tui.tui.terminal.output import Output
from chat_tui.tui.terminal.pacing import InputQueue
from chat_tui.tui.terminal.parser import InputParser

READ_BYTES = 2**16
READS = 16
"""So much is read at once: a paste is best taken as a whole."""

LOOK_SECONDS = 0.5
"""While nothing is read, the line is looked at so often: it may be gone."""

LARGEST = (1000, 500)
"""More columns and lines than any screen has; a larger size is a mistake, and would take seconds to draw."""

_KITTY = 1 | 4 | 8 | 16
"""Tell keys apart, with the key of the usual layout, all of them, and with the text that they write."""

_MOUSE = "\x1b[?1000{0}\x1b[?1003{0}\x1b[?1015{0}\x1b[?1006{0}"
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
_LEAVE = "\x1b[?2004l\x1b[?7h"
_LEAVE_LAST = "\x1b[?1049l\x1b[?25h\x1b[?1004l"
_CLEAR = "\x1b[H\x1b[2J"
_ASK_SYNCHRONIZED = "\x1b[?2026$p"


class TerminalDriver(Driver):
    """See the module."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._input = 0
        self._drawn_on, self._encoding = _drawn_on()
        self._size = self._measured()
        self._attributes: list[Any] | None = splash.shown.attributes if splash.shown is not None else None
        self._parser = InputParser()
        self._queue = InputQueue(app)
        self._output: Output | None = None
        self._reading = self._gone = False
        self._flushing: asyncio.TimerHandle | None = None
        for number, handler in (
            (signal.SIGWINCH, self._send_size),
            (signal.SIGTSTP, self._stop),
            (signal.SIGCONT, self._continue),
        ):
            self._loop.add_signal_handler(number, handler)

    @property
    def can_suspend(self) -> bool:
        """It can: an editor gets the terminal then."""
        return True

    # --- taking the terminal, and giving it back

    def start_application_mode(self) -> None:
        """Take the terminal and begin to read."""
        self._take_line()
        self._output = Output(
            self._drawn_on,
            self._encoding,
            lambda: self._from_thread(self._lost),
            lambda: self._from_thread(self._draw_anew),
        )
        self._output.start()
        self._send_size()
        self._take_screen()
        if not constants.DISABLE_KITTY_KEY:
            self.write(f"\x1b[>{_KITTY}u")
        self._reading = True
        self._loop.add_reader(self._input, self._read)

    def _take_line(self) -> None:
        """Have keys come one by one, as they are. A program in the background is stopped here until it is in
        the foreground again."""
        try:
            now = termios.tcgetattr(self._input)
            if self._attributes is None:
                self._attributes = now
            raw = splash.for_a_screen(now)
            if not os.environ.get("TEXTUAL_ALLOW_SIGNALS"):
                raw[3] &= ~termios.ISIG
            termios.tcsetattr(self._input, termios.TCSANOW, raw)
        except termios.error:
            self._lost()

    def _take_screen(self) -> None:
        self.write(_ENTER)
        if self._mouse:
            self.write(_MOUSE.format("h"))
        if os.environ.get("TERM_PROGRAM", "") != "Apple_Terminal":  # it would print the `p`
            self.write(_ASK_SYNCHRONIZED)

    def disable_input(self) -> None:
        """Read no more, and have nobody else read what was meant for us."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._input)
            if self._flushing is not None:
                self._flushing.cancel()
            self._queue.clear()
            try:
                termios.tcflush(self._input, termios.TCIFLUSH)
            except termios.error:  # it is gone, and what was typed with it
                return

    def stop_application_mode(self) -> None:
        """Put the terminal back as it was."""
        self.write(_LEAVE)
        if self._mouse:
            self.write(_MOUSE.format("l"))
        self.disable_input()
        self._give_line_back()
        if not constants.DISABLE_KITTY_KEY:
            self.write("\x1b[<u")  # first: either screen has its own
        self.write(_LEAVE_LAST)

    def _give_line_back(self) -> None:
        if self._attributes is not None:
            try:
                termios.tcsetattr(self._input, termios.TCSANOW, self._attributes)
            except termios.error:  # it is gone
                return

    def close(self) -> None:
        """Have all written."""
        output, self._output = self._output, None
        if output is not None:
            output.stop()

    def suspend_application_mode(self) -> None:
        """Lend the terminal to another program; that it goes away shall be noticed all the same."""
        super().suspend_application_mode()
        self._look()

    def _look(self) -> None:
        if not self._reading and not self._gone:
            poll = select.poll()
            poll.register(self._input, 0)
            if poll.poll(0):
                self._lost()
            else:
                self._loop.call_later(LOOK_SECONDS, self._look)

    def _lost(self) -> None:
        """The terminal is gone: so is the person."""
        if not self._gone:
            self._gone = True
            if self._reading:
                self._reading = False
                self._loop.remove_reader(self._input)
            self._app.exit(return_code=HUNG_UP)

    def _from_thread(self, what: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(what)
        except RuntimeError:  # the program has come to its end meanwhile
            return

    # --- being stopped by the shell, and going on

    def _stop(self) -> None:
        if self._auto_restart and self._output is not None:
            self.suspend_application_mode()
        # The system stops nobody whom no shell would let go on (in a window with nothing but this program),
        # if it is left to do what it does by itself.
        self._loop.remove_signal_handler(signal.SIGTSTP)
        signal.raise_signal(signal.SIGTSTP)
        self._loop.add_signal_handler(signal.SIGTSTP, self._stop)
        if self._output is None:
            self._continue()

    def _continue(self) -> None:
        """Take the terminal again: after `_stop`, or after a stop of which nobody told us, when others may
        have written on our screen."""
        if not self._auto_restart:
            return
        if self._output is None:
            self.start_application_mode()
            self._app.post_message(self.SignalResume())
        else:
            self._take_line()
            self._take_screen()
            if not constants.DISABLE_KITTY_KEY:
                self.write(f"\x1b[={_KITTY}u")  # set, not put on the stack once more
        self._draw_anew()

    def _draw_anew(self) -> None:
        self.write(_CLEAR)
        self._app.refresh(repaint=True, layout=True)

    # --- drawing

    def write(self, data: str) -> None:
        """Write to the terminal, if it is there."""
        if self._output is not None and not self._gone:
            self._output.write(data)

    def _send_size(self) -> None:
        self._size = self._measured()  # Textual asks for it here before the message has come
        size = Size(*self._size)
        self._app.post_message(Resize(size, size))

    def _measured(self) -> tuple[int, int]:
        try:
            width, height = os.get_terminal_size(self._drawn_on)
        except OSError:
            width, height = 0, 0
        return min(width or 80, LARGEST[0]), min(height or 24, LARGEST[1])

    # --- reading

    def _read(self) -> None:
        data, ended = self._read_all()
        self._take(self._parser.feed(data))
        if ended:
            self._lost()

    def _read_all(self) -> tuple[bytes, bool]:
        """What is there, and whether nothing will come any more."""
        data = b""
        try:
            while len(data) < READS * READ_BYTES:
                part = os.read(self._input, READ_BYTES)
                if not part:
                    return data, True
                data += part
                if not select.select([self._input], (), (), 0)[0]:
                    break
        except BlockingIOError:  # a program beside us has changed the line
            return data, False
        except OSError:  # EIO: nobody has the other end any more
            return data, True
        return data, False

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            self.process_message(message)
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if self._parser.pending:
            self._flushing = self._loop.call_later(constants.ESCAPE_DELAY, self._flush)

    def _flush(self) -> None:
        self._take(self._parser.flush())

    def send_message(self, message: Message) -> None:
        """Hand it to the program, after all that came before."""
        self._queue.put(message)


def _drawn_on() -> tuple[int, str]:
    """Where to draw, and in what encoding: where errors go, as ever, or where output goes."""
    stream = sys.__stderr__ if os.isatty(2) else sys.__stdout__
    return (2 if os.isatty(2) else 1), (stream.encoding if stream is not None else "utf-8")
