"""Which servers this person knows, and by what: a file of lines, as ssh has one.

A line is `HOST:PORT` and the server's pin, or `HOST:PORT chain` for one that showed a certificate which this
system accepts, or `unix:PATH user:NUMBER` for a socket of another user's. All spellings of one host are one.
A person may read it, edit it, carry it to another computer. Knows one file.
"""

from pathlib import Path

import msgspec

from chat_tui.client.errors import ClientError
from common import private_files
from protocol.links import LinkError, canonical, normal_pin

CHAIN = "chain"
"""Stands for the pin of a server that is known by its certificate's chain: its key may change."""

USER = "user:"
"""Before the number of the user by whose process a Unix socket is known."""

LOCK_SECONDS = 5
"""For another program of the same person that is just writing; it takes none of them."""

_HEAD = "# Servers that chat-tui knows, and by what. `chat-tui forget HOST:PORT` removes a line."


class KnownServers(msgspec.Struct, frozen=True):
    """See the module. Read anew each time: several programs share it. Each method raises `ClientError`."""

    path: Path

    def find(self, address: str) -> str:
        """The pin by which it is known, or `CHAIN`, or `USER` and a number, or "" if it is not known."""
        for number, line in enumerate(self._lines(), 1):
            if _is_of(line, address):
                return self._read(number, line.split())
        return ""

    def _read(self, number: int, words: list[str]) -> str:
        # What can't be understood is an alarm, never an unknown server, which a person may be asked to trust.
        try:
            if words[1].startswith(USER) and words[1].removeprefix(USER).isdecimal():
                return words[1]
            return CHAIN if words[1] == CHAIN else normal_pin(words[1])
        except (IndexError, LinkError) as error:
            raise ClientError(
                f"line {number} of {self.path} makes no sense: behind {words[0]} comes its pin, or {CHAIN!r}"
            ) from error

    def remember(self, address: str, how: str) -> None:
        """Know it by this pin, or by `CHAIN`, from now on."""
        self._change(address, [f"{_written(address)} {how}"])

    def forget(self, address: str) -> bool:
        """Know it no longer; whether it was known."""
        return self._change(address, [])

    def _lines(self) -> list[str]:
        try:
            return private_files.read(self.path.resolve()).decode().splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise ClientError(f"cannot read {self.path}: {error}") from error

    def _change(self, address: str, new: list[str]) -> bool:
        """Put these lines in the place of the server's own; whether there were any."""
        import filelock  # takes as long as a twentieth of the start, which seldom needs it

        try:
            private_files.make_own_folder(self.path.parent)
            with filelock.FileLock(self.path.with_name(f".{self.path.name}.lock"), LOCK_SECONDS, 0o600):
                before = self._lines()
                kept = [line for line in before if not _is_of(line, address)]
                self._write([*(kept or [_HEAD]), *new])
                return len(kept) < len(before)
        except (OSError, filelock.Timeout) as error:
            raise ClientError(f"cannot write to {self.path}: {error}") from error

    def _write(self, lines: list[str]) -> None:
        path = self.path.resolve()  # a link, as people's collections of settings have them, stays one
        private_files.write(path, "".join(f"{line}\n" for line in lines).encode())


def _is_of(line: str, address: str) -> bool:
    words = line.split()
    return bool(words) and _written(words[0]) == _written(address)


def _written(address: str) -> str:
    """The one spelling of an address, without blanks."""
    return canonical(address).replace(" ", "%20")
