"""Signals that want the program to end: it does, with the terminal as it was and everything kept."""

import asyncio
import signal

from textual.app import App

_NAMES = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT")


def end_on_signals(app: App[None]) -> None:
    """Leave with the status that shells expect of a program that was ended by a signal."""
    loop = asyncio.get_running_loop()
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, _end, app, number)
        except (NotImplementedError, RuntimeError):  # Windows, and loops that are not in the main thread
            return


def _end(app: App[None], number: int) -> None:
    typed = number == signal.SIGINT or number == getattr(signal, "SIGQUIT", None)
    if not typed or not _is_lent(app):
        app.exit(return_code=128 + number)


def _is_lent(app: App[None]) -> bool:
    """Whether the terminal is an editor's now: Ctrl+C and Ctrl+\\ are meant for it, and reach us too."""
    driver = app._driver  # noqa: SLF001  # Textual does not say it otherwise
    return driver is not None and not driver._auto_restart  # noqa: SLF001
