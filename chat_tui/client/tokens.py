"""The tokens by which this computer is let in: a file for each server and name, readable by this person only.

A token is as good as a password for the one account, so nobody has to type that again. Knows files, nothing
of connections.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from chat_tui.client.errors import ClientError
from common import private_files
from protocol.names import fold


class Saved(msgspec.Struct, frozen=True):
    """A login on a server. `name` is what the user is called now, which may be another than the file's;
    `epoch` is that of the store that gave the token."""

    server: str
    name: str
    token: str
    epoch: str


class Tokens:
    """See the module. Without a folder they are in memory only."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held: dict[tuple[str, str], Saved] = {}

    def find(self, server: str, name: str) -> Saved | None:
        """The login of who calls themself `name` there. Raises `ClientError`."""
        if self._folder is None:
            return self._held.get((server, fold(name)))
        return _read(self._path(self._folder, server, name))

    def name_of(self, server: str, name: str) -> str:
        """What who calls themself `name` there is called now, as far as this computer knows."""
        saved = self.find(server, name)
        return saved.name if saved is not None else name

    def keep(self, name: str, saved: Saved) -> None:
        """Keep a login for who calls themself `name`. Raises `ClientError` if the disk refuses."""
        if self._folder is None:
            self._held[saved.server, fold(name)] = saved
            return
        path = self._path(self._folder, saved.server, name)
        try:
            private_files.make_own_folder(path.parent)
            private_files.write(path, msgspec.json.encode(saved))
        except OSError as error:
            raise ClientError(f"cannot keep the login in {path}: {error.strerror or error}") from error

    def forget(self, server: str, name: str) -> None:
        """There is no login under that name any more; the token may still be under another."""
        self._held.pop((server, fold(name)), None)
        if self._folder is not None:
            _remove(self._path(self._folder, server, name))

    def drop(self, token: str) -> None:
        """The token has ended, under whatever names it is kept."""
        self._held = {key: saved for key, saved in self._held.items() if saved.token != token}
        for path in self._files():
            saved = _read(path)
            if saved is not None and saved.token == token:
                _remove(path)

    def _files(self) -> Iterator[Path]:
        if self._folder is not None:
            with suppress(OSError):  # there is none yet
                yield from self._folder.glob("*.json")

    @staticmethod
    def _path(folder: Path, server: str, name: str) -> Path:
        which = hashlib.sha256(f"{server}\n{fold(name)}".encode()).hexdigest()[:16]
        return folder / f"{which}.json"


def _read(path: Path) -> Saved | None:
    try:
        return msgspec.json.decode(private_files.read(path), type=Saved)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return None  # a damaged one is worth no more than none: the password is asked for again
    except OSError as error:
        raise ClientError(f"cannot read the login in {path}: {error.strerror or error}") from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ClientError(f"cannot remove the login in {path}: {error.strerror or error}") from error
