"""Our own themes, and those that people have as files; Textual's others can be chosen as well.

`terminal` has no colours of its own but those that the terminal is set to; where the terminal has none, or
NO_COLOR says so, weight, reversal and signs are enough to tell things apart.
"""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import msgspec
from rich.errors import StyleSyntaxError
from textual.color import Color, ColorParseError
from textual.css.errors import StyleValueError
from textual.css.styles import Styles
from textual.theme import Theme

from common.nearest import nearest

DARK = Theme(
    name="chat-dark",
    dark=True,
    primary="#7aa2f7",
    secondary="#7dcfff",
    accent="#e0af68",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#c8d0e8",
    background="#16181f",
    surface="#1b1e27",
    panel="#232734",
)

LIGHT = Theme(
    name="chat-light",
    dark=False,
    primary="#2f5fc4",
    secondary="#0f7391",
    accent="#a35a00",
    warning="#a35a00",
    error="#c4314b",
    success="#3d7a1f",
    foreground="#2a2f3d",
    background="#fbfbf9",
    surface="#f3f3ef",
    panel="#e7e7e1",
)

TERMINAL = Theme(
    name="terminal",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_magenta",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        # Nobody knows what colours the terminal has, or whether it has any: what is chosen is bold and
        # underlined as well (Textual drops `reverse` from the lines of a list).
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border": "ansi_blue",
        "border-blurred": "ansi_default",
        "block-cursor-foreground": "ansi_bright_white",
        "block-cursor-background": "ansi_blue",
        "block-cursor-text-style": "bold underline",
        "block-cursor-blurred-foreground": "ansi_default",
        "block-cursor-blurred-background": "ansi_default",
        "block-cursor-blurred-text-style": "bold underline",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-background": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-foreground": "ansi_default",
        "input-selection-background": "ansi_default",
        "scrollbar": "ansi_default",
        "scrollbar-hover": "ansi_default",
        "scrollbar-active": "ansi_default",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "scrollbar-corner-color": "ansi_default",
        "screen-selection-foreground": "ansi_default",
        "screen-selection-background": "ansi_default",
    },
)

OURS = (DARK, LIGHT, TERMINAL)
DEFAULT = DARK.name

_SWITCHES = {"dark", "ansi"}
_NUMBERS = {"luminosity_spread", "text_alpha"}
_COLOURS = {field.name for field in fields(Theme)} - _SWITCHES - _NUMBERS - {"name", "variables"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_STYLES = ("blink", "bold", "dim", "italic", "reverse", "strike", "underline")


class Found(msgspec.Struct, frozen=True):
    """The themes in a folder, and what is wrong with those that are none: a line each."""

    themes: tuple[Theme, ...] = ()
    problems: tuple[str, ...] = ()


class ThemeError(Exception):
    """The file is no theme; the text says where and why."""


def look_in(folder: Path) -> Found:
    """Read all `NAME.toml` there."""
    themes, problems = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            themes.append(read(path))
        except ThemeError as error:
            problems.append(str(error))
    return Found(tuple(themes), tuple(problems))


def read(path: Path) -> Theme:
    """The theme in a file. Raises `ThemeError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors write a mark at the beginning
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeError(f"{path}: {error}") from error
    try:
        return _theme(path.stem, table)
    except _FieldError as error:
        line = next((n for n, line in enumerate(text.splitlines(), 1) if error.is_in(line)), 0)
        where = f"{path}, line {line}" if line else str(path)
        raise ThemeError(f"{where}: {error}") from error


class _FieldError(ValueError):
    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}" if name else text)
        self._name = name

    def is_in(self, line: str) -> bool:
        return bool(self._name) and re.match(rf"\s*[\"']?{re.escape(self._name)}[\"']?\s*=", line) is not None


def _theme(name: str, table: dict[str, object]) -> Theme:
    if not _NAME.fullmatch(name):
        raise _FieldError("", "a theme's file has small letters, digits, - and _ for a name: my-theme.toml")
    variables = table.pop("variables", {})
    if not isinstance(variables, dict):
        raise _FieldError("variables", "a table: [variables], and below it names and colours")
    if "primary" not in table:
        raise _FieldError("", 'the colour `primary` is missing, as in primary = "#7aa2f7"')
    given = {field: _checked(field, value) for field, value in table.items()}
    theme = Theme(name=name, **given)  # type: ignore[arg-type]  # checked one by one
    known = theme.to_color_system().generate().keys() | TERMINAL.variables.keys()
    own = {field: _variable(field, value, known) for field, value in variables.items()}
    # What Textual leaves out for the terminal's own colours it asks for all the same.
    theme.variables = {**TERMINAL.variables, **own} if theme.ansi else own
    _try_out(theme)
    return theme


def _try_out(theme: Theme) -> None:
    """Make all its colours, as Textual does when it starts: one that it can't use would end that."""
    try:
        theme.to_color_system().generate()
    except ColorParseError as error:
        field = next((field for field, value in theme.variables.items() if repr(value) in str(error)), "")
        text = "other colours are made of this one, so it can have no % behind it"
        raise _FieldError(field, text if field else str(error)) from error


def _checked(field: str, value: object) -> object:
    if field in _SWITCHES:
        if not isinstance(value, bool):
            raise _FieldError(field, f"is true or false, not {value!r}")
    elif field in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise _FieldError(field, f"is a number from 0 to 1, not {value!r}")
    elif field in _COLOURS:
        return _colour(field, value, mixed=False)
    else:
        raise _FieldError(field, _unknown(field, _COLOURS | _SWITCHES | _NUMBERS | {"variables"}))
    return value


def _variable(field: str, value: object, known: set[str]) -> str:
    if field not in known:
        raise _FieldError(field, _unknown(field, known, listed=False))
    return _style(field, value) if "-style" in field else _colour(field, value, mixed=True)


def _style(field: str, value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    try:
        Styles().text_style = text
    except (StyleValueError, StyleSyntaxError) as error:
        allowed = f"{', '.join(_STYLES)}, each with or without not before it, or none alone"
        raise _FieldError(field, f"is made of {allowed}, not {value!r}") from error
    return text


def _colour(field: str, value: object, *, mixed: bool) -> str:
    """`mixed`: a percentage behind it is allowed, of how much of it there is."""
    text = value.strip() if isinstance(value, str) else ""
    colour, _, share = text.partition(" ") if mixed else (text, "", "")
    try:
        Color.parse(colour)
        if not share or re.fullmatch(r"\d{1,3}%", share):
            return text
    except ColorParseError:
        pass
    allowed = '"#7aa2f7", "rgb(122,162,247)", "ansi_blue" or ' + ('"teal 50%"' if mixed else '"teal"')
    raise _FieldError(field, f"is a colour such as {allowed}, not {value!r}")


def _unknown(field: str, known: set[str], *, listed: bool = True) -> str:
    near = nearest(field, known)
    hint = f", did you mean {near}?" if near else "."
    return f"there is no such field{hint}" + (f" There are {', '.join(sorted(known))}." if listed else "")
