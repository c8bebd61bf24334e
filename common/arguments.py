"""Command lines that say in one line what was wrong with them. The usage is what `--help` is for."""

import argparse
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """As Python's, with whole names of options only."""

    def __init__(self, prog: str, description: str = "", epilog: str | None = None, **others: object) -> None:
        super().__init__(prog, description=description, epilog=epilog, allow_abbrev=False, **others)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """End the program with status 2 and a line that says where to look."""
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help shows how)\n")
