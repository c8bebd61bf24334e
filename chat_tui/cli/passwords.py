"""Where the password of a command without a screen comes from: the environment, a file, or the terminal.

Never from an argument: those everybody on the computer can see, and shells write them down.
"""

import argparse
import getpass
import os
import sys
from pathlib import Path

import msgspec

from chat_tui.client.errors import ClientError
from protocol.text import is_whole

VARIABLE = "CHAT_TUI_PASSWORD"


class PasswordSource(msgspec.Struct, frozen=True):
    """`file` is what `--password-file` says: a path, or `-` for standard input."""

    file: str = ""

    def given(self) -> str:
        """The password that was given beforehand, empty if none was. Raises `ClientError`."""
        password = self._read() if self.file else os.environ.get(VARIABLE, "")
        if not is_whole(password):
            raise ClientError(f"the password in {self.file or VARIABLE} is not UTF-8")
        return password

    def _read(self) -> str:
        try:
            text = sys.stdin.readline() if self.file == "-" else Path(self.file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ClientError(f"cannot read the password from {self.file}: {error}") from error
        password = text.removeprefix("\ufeff").partition("\n")[0].rstrip("\r")
        if not password:
            raise ClientError(f"there is no password in the first line of {self.file}")
        return password

    def ask(self, name: str, *, twice: bool = False) -> str:
        """Ask at the terminal; empty if there is none. Raises `ClientError`."""
        if not sys.stdin.isatty():
            return ""
        try:
            password = getpass.getpass(f"Password for {name}: ")
            again = getpass.getpass("Once more: ") if twice else password
        except EOFError:
            return ""
        except UnicodeDecodeError as error:
            raise ClientError("the password is not in the terminal's encoding") from error
        if again != password:
            raise ClientError("these were two different passwords")
        return password


def add_option(parser: argparse.ArgumentParser) -> None:
    """Give a command the option that names the file."""
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        default="",
        help=f"the password's file, - for standard input (else {VARIABLE}, else it is asked for if needed)",
    )
