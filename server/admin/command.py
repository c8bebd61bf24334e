"""What the commands have in common: their options, their one line about what went wrong, passwords."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from common.arguments import Parser
from protocol import names
from protocol.passwords import BadPasswordError, check_password
from server.admin.connection import AdminError, Administration, administration
from server.config import sources
from server.config.retention import parse_age
from server.errors import SettingsError

MARK = "\ufeff"
"""Windows' editors begin a file with it; it is not part of its text."""

Work = Callable[[Administration, argparse.Namespace], Coroutine[Any, Any, None]]
Ask = Callable[[argparse.Namespace], None]


def _parser(name: str, description: str) -> Parser:
    return Parser(
        f"chat-server {name}", f"{description} It works beside the running server, and without one."
    )


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """The parser of `chat-server NAME`."""
    made = _parser(name, description)
    sources.add_settings(made, "data")
    return made


class Commands:
    """The parser of `chat-server NAME`, where more commands come behind that."""

    def __init__(self, name: str, description: str) -> None:
        self._parser = _parser(name, description)
        self._commands = self._parser.add_subparsers(metavar="COMMAND", required=True)

    def add(self, name: str, what: str, work: Work) -> argparse.ArgumentParser:
        """Add a command; what it does is `given.work`."""
        parser = self._commands.add_parser(name, help=what, description=what)
        sources.add_settings(parser, "data")
        parser.set_defaults(work=work)
        return parser

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """What was given; ends the program with status 2 if it is wrong."""
        return self._parser.parse_args(arguments)


def positive(text: str) -> int:
    """A number from 1; raises `argparse.ArgumentTypeError`."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def room(text: str) -> str:
    """A room's name, with or without `#`, which shells take for a comment; raises `ArgumentTypeError`."""
    try:
        return names.check_room_name(text)
    except names.BadNameError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def age(text: str) -> int:
    """`7d` in seconds; raises `argparse.ArgumentTypeError`."""
    try:
        return parse_age(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(work: Work, given: argparse.Namespace, *, make: bool = False, ask: Ask | None = None) -> int:
    """Do the work as the local administrator of the server in `--data`; gives the exit status.

    `ask` asks for what is missing yet, before: no server waits long. It may raise what this one tells.
    """

    async def connected(data: Path) -> None:
        async with administration(data, make=make) as connection:
            await work(connection, given)

    try:
        data = sources.gather(given).data
        if ask is not None:
            ask(given)
        asyncio.run(connected(data))
    except SettingsError as error:
        for problem in error.problems:
            print(f"chat-server: {problem}", file=sys.stderr)
        return 1
    except (AdminError, BadPasswordError) as error:
        print(f"chat-server: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def read_password(name: str) -> str:
    """A new password: asked for twice, or the first line of standard input; an argument others could see.

    Raises `AdminError`, `BadPasswordError`.
    """
    if not sys.stdin.isatty():
        return check_password(sys.stdin.readline().removeprefix(MARK).rstrip("\r\n"))
    password = check_password(getpass.getpass(f"Password for {name}: "))
    if check_password(getpass.getpass("Once more: ")) != password:
        raise AdminError("these were two different passwords")
    return password


def when(time: int) -> str:
    """A time in ms since 1970, as people write it; `-` for none."""
    return datetime.fromtimestamp(time / 1000).astimezone().strftime("%Y-%m-%d %H:%M") if time else "-"


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows as columns, the first one being their names."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
