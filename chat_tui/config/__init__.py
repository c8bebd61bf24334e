"""What the client remembers between starts, and where its files are.

The settings are one TOML file that a person may edit: comments and order stay when the program writes to it.
Knows files, nothing of screens or connections.
"""

import getpass
import hashlib
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec
import platformdirs
from msgspec import Meta

from common import private_files, sockets
from protocol.names import BadNameError, check_user_name, fold

if TYPE_CHECKING:
    from tomlkit.items import Array

APP = "chat-tui"
LOCAL = "local"
"""The value of `server` that means: a chat on this computer."""

_ENCODING = "utf-8-sig"
"""Windows' editors write a mark at the beginning, which TOML does not know."""


class ConfigError(Exception):
    """The settings can't be read or written; the text says which file and why."""


class Mistake(NamedTuple):
    """What is wrong in the settings: where (a key behind the tables it is in), and what."""

    path: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return ": ".join((*self.path, self.text))


Notifications = Literal["auto", "bell", "off"]
"""When somebody names this person: all that works here, the terminal's bell only, or nothing."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server that is remembered beside the first one, and who one is there if that is another name."""

    place: str
    name: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings file. The descriptions are what a person reads who changes them, see `settings`."""

    name: Annotated[
        str, Meta(description="Who you are, unless the command line says; from the next start.")
    ] = ""
    server: Annotated[
        str,
        Meta(description="Where the chat is: host:port or `local`; from the next start."),
    ] = ""
    theme: Annotated[str, Meta(description="The colours; `terminal` has your terminal's own.")] = "chat-dark"
    notifications: Annotated[
        Notifications,
        Meta(description="When you are named and look elsewhere: all that works here, the bell, or nothing."),
    ] = "auto"
    away_minutes: Annotated[
        float,
        Meta(ge=0, le=10_000, description="Without a key press until you are shown as away; 0 is never."),
    ] = 10
    send_typing: Annotated[bool, Meta(description="Let others see that you write.")] = True
    completion_popup: Annotated[
        bool, Meta(description="Show what can be completed while you type; without it, Tab does.")
    ] = True
    highlights: Annotated[
        tuple[str, ...], Meta(description="Words that call you as your name does; ann* begins one.")
    ] = ()
    hints: Annotated[bool, Meta(description="Teach the keys, one at a time, after the first start.")] = True
    screen_reader: Annotated[
        bool,
        Meta(description="Plain lines for a screen reader: no panes, no drawing; what happens is told."),
    ] = False
    keys: Annotated[
        dict[str, str | list[str]],
        Meta(description="Other keys, by a command's name, in the table [keys]; from the next start."),
    ] = {}  # msgspec gives each struct its own
    message_keys: Annotated[
        dict[str, str | list[str]],
        Meta(description="Likewise those that act on a chosen message, in the table [message_keys]."),
    ] = {}
    servers: Annotated[
        tuple[str | Place, ...],
        Meta(description="Others that are opened beside `server`: /connect and /disconnect change these."),
    ] = ()


def login_name() -> str:
    """The name of this computer's user, if others may be called that too; else empty."""
    try:
        return check_user_name(getpass.getuser())
    except (BadNameError, OSError, KeyError, ImportError):  # a container's user often has no name at all
        return ""


def config_file() -> Path:
    """Where the settings are."""
    return platformdirs.user_config_path(APP, appauthor=False) / "config.toml"


def themes_folder() -> Path:
    """Where a person's own themes are."""
    return platformdirs.user_config_path(APP, appauthor=False) / "themes"


def hints_file() -> Path:
    """Where it is kept which keys this person has been taught."""
    return platformdirs.user_data_path(APP, appauthor=False) / "hints"


def known_servers_file() -> Path:
    """Where the keys are by which servers are known."""
    return platformdirs.user_config_path(APP, appauthor=False) / "known_servers"


def outbox_file() -> Path:
    """Where messages wait that the server has not confirmed."""
    return platformdirs.user_data_path(APP, appauthor=False) / "outbox.sqlite3"


def cache_file(server: str, name: str) -> Path:
    """Where what `name` has seen on `server` is kept."""
    which = hashlib.sha256(f"{server}\n{fold(name)}".encode()).hexdigest()[:16]
    return platformdirs.user_data_path(APP, appauthor=False) / "cache" / f"{which}.sqlite3"


def tokens_folder() -> Path:
    """Where the tokens are that let this computer in."""
    return platformdirs.user_data_path(APP, appauthor=False) / "tokens"


def local_data() -> Path:
    """Where the chat on this computer keeps its data."""
    return platformdirs.user_data_path(APP, appauthor=False) / "server"


def local_runtime() -> Path:
    """Where the running server of the chat on this computer says how to reach it."""
    # One per data folder: a second home, as in tests, has a server of its own.
    which = hashlib.sha256(str(local_data()).encode()).hexdigest()[:12]
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and os.access(given, os.W_OK):
        folder = Path(given) / APP
    elif sockets.AVAILABLE:
        folder = Path("/tmp") / f"{APP}-{sockets.own_user()}"  # noqa: S108  # checked for owner and mode, as tmux does
    else:
        folder = platformdirs.user_runtime_path(APP, appauthor=False)
    return folder / f"server-{which}.json"


def load() -> Settings:
    """The settings as they are; defaults where there is no file. Raises `ConfigError`."""
    text, table = read()
    try:
        return msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        from chat_tui.config import fields  # which is made from what is here, and says what each can be

        first, *others = fields.located(fields.sorted_out(table)[1], text)
        more = f" (and {len(others)} more: chat-tui check-config)" if others else ""
        raise ConfigError(f"cannot read the settings in {first}{more}") from error


def read() -> tuple[str, dict[str, Any]]:
    """The settings file: its text, and what that says; nothing where there is none. Raises `ConfigError`."""
    path = config_file()
    try:
        text = path.read_text(encoding=_ENCODING)
        return text, tomllib.loads(text)
    except FileNotFoundError:
        return "", {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read the settings in {path}: {error}") from error


Entry = str | dict[str, str]


def remember(**changes: str | float | bool | Sequence[Entry]) -> None:
    """Write some settings, leaving the rest of the file as it is. Raises `ConfigError`."""
    import tomlkit  # 30 ms that only who changes settings pays

    path = config_file()
    try:
        path = path.resolve()  # a link, as people's collections of settings have them, stays one
        document = tomlkit.parse(path.read_text(encoding=_ENCODING)) if path.exists() else tomlkit.document()
        for key, value in changes.items():
            document[key] = value if isinstance(value, str | int | float) else _array(value)
        private_files.make_own_folder(path.parent)
        private_files.write(path, tomlkit.dumps(document).encode())
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot write the settings to {path}: {error}") from error


def _array(entries: Sequence[Entry]) -> "Array":
    """On a line of its own each. Not as tables: what stands below in the file would become part of those."""
    import tomlkit

    array = tomlkit.array()
    for entry in entries:
        if isinstance(entry, str):
            array.append(entry)
        else:
            table = tomlkit.inline_table()
            table.update(entry)
            array.append(table)
    return array.multiline(len(entries) > 1)
