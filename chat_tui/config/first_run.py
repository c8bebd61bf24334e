"""What a person has said at the first start, until the server that they named has answered.

Only then it is put into the settings: a mistyped address would be tried at every start from then on. Until
then the next start asks again, with what was typed. Knows the file, no screen.
"""

from pathlib import Path

import msgspec

from chat_tui import config
from chat_tui.config import ConfigError
from common import private_files


class Choice(msgspec.Struct, frozen=True):
    """What was chosen; `server` is `config.LOCAL`, or an address or link as it was written."""

    name: str
    server: str


def _file() -> Path:
    return config.hints_file().with_name("first_run.json")


def keep(choice: Choice) -> None:
    """Raises `ConfigError`."""
    path = _file()
    try:
        private_files.make_own_folder(path.parent)
        private_files.write(path, msgspec.json.encode(choice))
    except OSError as error:
        raise ConfigError(f"cannot keep what you have typed in {path}: {error}") from error


def typed() -> Choice | None:
    """What is kept, if anything is; what can't be read is asked for anew."""
    try:
        return msgspec.json.decode(private_files.read(_file()), type=Choice)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def forget() -> None:
    """It is in the settings now. Raises `ConfigError`."""
    try:
        _file().unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot remove {_file()}: {error}") from error
