"""`--print-config`: the settings as a file with comments.

A setting that has its default is commented out, so that a later version's better default counts for whoever
keeps the file. Reading the file back gives the configuration that was printed.
"""

import json
import textwrap
from pathlib import Path
from typing import Any

from server import __version__
from server.config.address import Address
from server.config.fields import SECTIONS, SETTINGS, Setting, value_of, visible
from server.config.settings import Config

WIDTH = 100

_HEAD = f"""\
# The settings of chat-server {__version__}. A line that begins with `#name = ` shows a default: take the `#`
# away to change it. The same settings can be given by the environment (the name in capitals) and by flags,
# which count more. `chat-server check-config --config FILE` checks this file.
"""


def dump(config: Config) -> str:
    """The file that says what `config` says."""
    blocks = [_HEAD]
    section = ""
    for key in visible():
        setting = SETTINGS[key]
        if setting.section != section:
            section = setting.section
            blocks.append(f"\n[{section}]\n{_comment(SECTIONS[section].__doc__ or '')}")
        blocks.append(_block(setting, value_of(config, key)))
    return "\n".join(blocks)


def _block(setting: Setting, value: object) -> str:
    flag = f"{setting.variable}, {setting.flag}"
    comment = _comment(setting.why) + _comment(f"Default: {_literal(setting.default)}. {flag}")
    if value is None:
        line = f"#{setting.name} = {json.dumps(setting.example)}"
    else:
        line = f"{'#' * (value == setting.default)}{setting.name} = {_literal(value)}"
    return f"{comment}{line}\n"


def _comment(text: str) -> str:
    lines = textwrap.wrap(" ".join(text.split()), WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)


def _literal(value: Any) -> str:  # noqa: ANN401  # whatever a setting can be
    """A value as TOML writes it."""
    match value:
        case None:
            return "none"
        case tuple():
            return f"[{', '.join(map(_literal, value))}]"
        case bool() | int():
            return str(value).lower()
        case Address():
            return _literal(value.written)
        case Path():
            return _literal(str(value.absolute()))
        case _:
            return json.dumps(str(value), ensure_ascii=False)
