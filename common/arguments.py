"""Command lines that say in one line what was wrong with them. The usage is what `--help` is for."""

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class Parser(argparse.ArgumentParser):
    """As Python's, with whole names of options only."""

    def __init__(self, prog: str, description: str = "", epilog: str | None = None, **others: object) -> None:
        super().__init__(prog, description=description, epilog=epilog, allow_abbrev=False, **others)  # type: ignore[arg-type]

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:
        """Print it. Raises `OSError` if that fails: Python's own says nothing then, and is a success."""
        print(self.format_help(), end="", file=file or sys.stdout)

    def error(self, message: str) -> NoReturn:
        """End the program with status 2 and a line that says where to look."""
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help shows how)\n")


class Version(argparse.Action):
    """Says the version; who does not ask need not wait until it is found."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show program's version number and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import importlib.metadata

        print(f"{parser.prog} {importlib.metadata.version('chat-tui')}")
        parser.exit()
