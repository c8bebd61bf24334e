"""The terminal that the screen is in: what comes from it, what goes to it, and that it may go away.

Textual's drivers serve a terminal that stays and says what they expect. Ours are the same to Textual, but
take any byte, and end the program when nobody is there any more.
"""

from textual.driver import Driver

HUNG_UP = 129
"""The status of a program whose terminal has gone: 128 and the number of SIGHUP."""


def driver_class(found: type[Driver]) -> type[Driver]:
    """Ours for the driver that Textual would take, which TEXTUAL_DRIVER may say."""
    match found.__module__.rpartition(".")[2]:
        case "linux_driver":
            from chat_tui.tui.terminal.driver import TerminalDriver  # there is none like it on Windows

            return TerminalDriver
        case "web_driver":
            from chat_tui.tui.terminal.web import BrowserDriver

            return BrowserDriver
    return found
