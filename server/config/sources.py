"""Where settings come from: a TOML file, the environment, the command line; the later ones count more.

Every mistake is told with its place - the file and the key, or the variable - and all of them at once.
"""

import argparse
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from common.arguments import Parser, Version
from common.toml_lines import line_of
from server.config.address import Address
from server.config.fields import ENVIRONMENT, SECTIONS, SETTINGS, Setting, build, meant, visible
from server.config.retention import Age, Rule
from server.config.settings import APP, Config
from server.errors import SettingsError

FILE = "chat-server.toml"

WITH_MARK = "utf-8-sig"
"""Windows' editors begin a file with a mark that is not part of its text."""

_CONFIG = ENVIRONMENT + "CONFIG"

# Kubernetes tells every process of the services around it; one called `chat-server` becomes such variables.
_NOT_OURS = re.compile(rf"{ENVIRONMENT}(SERVICE_(HOST|PORT)|PORT)(_|$)")

_METAVARS: dict[Any, str] = {
    Address: "HOST:PORT",
    Rule: "[#ROOM=]AGE",
    Age: "AGE",
    Path: "PATH",
    int: "N",
    float: "N",
}


def parse(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration that a command line asks for; see `gather`. Ends the program with status 2 if the
    command line itself is wrong."""
    return gather(parser().parse_args(arguments), environ)


def gather(given: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Config:
    """What `parser` was given, and what it was not from the other sources. Raises `SettingsError`."""
    flags = vars(given)
    # An embedded server is told all by the client that starts it: what this person's settings say, they say
    # of another server, with ports of its own.
    if "runtime" in flags:
        environ = {}
    found = _Found()
    path = settings_file(given.config, environ, look="runtime" not in flags)
    if path is not None:
        found.add_file(path)
    found.add_environment(environ)
    if found.problems:
        raise SettingsError(found.problems)
    for key, setting in SETTINGS.items():
        if key in flags:
            found.values[key] = tuple(flags[key]) if setting.many else flags[key]
    config = build(found.values)
    if (config.tls.cert is None) != (config.tls.key is None):
        raise SettingsError(["tls.cert and tls.key go together: a certificate is of no use without its key"])
    return config


def settings_file(named: Path | None, environ: Mapping[str, str], *, look: bool = True) -> Path | None:
    """The file to read: the one that is named, or, if we may `look`, the platform's if it is there."""
    if named is None and environ.get(_CONFIG):
        named = Path(environ[_CONFIG])
    if named is None and look:
        return _usual_file()
    return named


def _usual_file() -> Path | None:
    try:
        path = platformdirs.user_config_path(APP, appauthor=False) / FILE
    except RuntimeError:  # a user without a home, as in containers
        return None
    return path if os.path.lexists(path) else None


@dataclass(slots=True)
class _Found:
    """Values by key, and what is wrong with others."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add_file(self, path: Path) -> None:
        try:
            text = path.read_text(encoding=WITH_MARK)
            tables = tomllib.loads(text)
        except OSError as error:
            self.problems.append(f"cannot read the settings {path}: {error.strerror or error}")
            return
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self.problems.append(f"{path}: is no TOML file: {error}")
            return
        for key, raw in _flat(tables).items():
            setting = SETTINGS.get(key)
            line = line_of(text, *key.split("."))
            where = f"{path}:{line}" if line else str(path)
            if setting is not None and not setting.hidden:
                self._read(setting, raw, f"{where}: {key}", path.parent)
            elif key in SECTIONS:
                self.problems.append(
                    f"{where}: {key}: is a section: write what is in it below a line [{key}]"
                )
            elif isinstance(raw, dict):
                self.problems.append(f"{where}: unknown section [{key}]{meant(key, list(SECTIONS))}")
            else:
                self.problems.append(f"{where}: unknown key {key}{meant(key, visible())}")

    def add_environment(self, environ: Mapping[str, str]) -> None:
        ours = {setting.variable: setting for setting in SETTINGS.values() if not setting.hidden}
        for variable, raw in sorted(environ.items()):
            # An empty one is none: what fills in templates leaves them so.
            if not variable.startswith(ENVIRONMENT) or not raw or _NOT_OURS.match(variable):
                continue
            if variable in ours:
                self._read(ours[variable], raw, variable)
            elif variable != _CONFIG:
                self.problems.append(f"unknown variable {variable}{meant(variable, [*ours, _CONFIG])}")

    def _read(self, setting: Setting, raw: object, where: str, folder: Path | None = None) -> None:
        try:
            self.values[setting.key] = setting.read(raw, folder or Path(), text=folder is None)
        except ValueError as error:
            self.problems.append(f"{where}: {error}")


def _flat(tables: dict[str, Any]) -> dict[str, Any]:
    """Keys with their section before them."""
    flat: dict[str, Any] = {}
    for name, raw in tables.items():
        if name in SECTIONS and isinstance(raw, dict):
            flat |= {f"{name}.{key}": value for key, value in raw.items()}
        else:
            flat[name] = raw
    return flat


# --- the command line


def parser() -> argparse.ArgumentParser:
    """The command line of `chat-server`. A setting that is not given is not in the result."""
    parser = Parser(
        APP,
        description="Host a chat: a headless server that chat-tui clients connect to.",
        epilog="It prints one line 'listening on HOST:PORT' per address once it serves. "
        "SIGTERM or Ctrl+C stops it; everything is stored. SIGHUP loads the certificate again. "
        f"Other commands, each with --help of its own: '{APP} check-config' checks the settings; 'pin' "
        "prints what clients know this server by; 'user' and 'invite' make accounts, "
        "'ban' keeps people out; 'room' looks after rooms, 'audit' shows who did what; 'backup', "
        "'restore', 'export' and 'prune' look after what it keeps.",
    )
    add_config(parser)
    parser.add_argument(
        "--print-config",
        action="store_true",
        help="print a settings file with every setting and its reason, and end",
    )
    for setting in SETTINGS.values():
        _add(parser, setting)
    parser.add_argument("--version", action=Version)
    return parser


def command_parser(name: str, description: str, *keys: str) -> argparse.ArgumentParser:
    """The command line of `chat-server NAME`, with the flags of some settings; for `gather` as well."""
    parser = Parser(f"{APP} {name}", description)
    add_settings(parser, *keys)
    return parser


def add_settings(parser: argparse.ArgumentParser, *keys: str) -> None:
    """Give a command line the flags of some settings, and the one that names the settings file."""
    add_config(parser)
    for key in keys:
        _add(parser, SETTINGS[key])


def add_config(parser: argparse.ArgumentParser) -> None:
    """Give a command line the flag that names the settings file."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help=f"the settings, in TOML (default: {_CONFIG}, or {FILE} in the platform's folder for settings)",
    )


def _add(parser: argparse.ArgumentParser, setting: Setting) -> None:
    what = setting.why.replace("%", "%%")
    options: dict[str, Any] = {"dest": setting.key, "default": argparse.SUPPRESS}
    if setting.kind is bool:
        options |= {"action": "store_false" if setting.default else "store_true"}
        options |= {"help": f"switch this off: {what}" if setting.default else what}
    else:
        shown = ", ".join(map(str, setting.default)) if setting.many else setting.default
        options |= {
            "type": _flag_reader(setting),
            "help": f"{what} (default: {'none' if shown is None else shown})",
        }
        options |= {"metavar": "|".join(setting.choices) or _METAVARS.get(setting.kind, "TEXT")}
        if setting.many:
            options |= {"action": "extend", "help": f"{options['help']}; may be given several times"}
    if setting.hidden:
        options["help"] = argparse.SUPPRESS
    parser.add_argument(setting.flag, **options)


def _flag_reader(setting: Setting) -> Callable[[str], Any]:
    def read(text: str) -> object:
        try:
            return setting.read(text, Path(), text=True)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read
