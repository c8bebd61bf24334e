"""The settings one by one: what each is called, what it can be, and what a text for it means.

Made from `config.Settings`, so there is one list of them. Knows no screen, and of the file only where it is.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from chat_tui.client.mentions import good_word
from chat_tui.config import LOCAL, ConfigError, Mistake, Settings, config_file
from chat_tui.config.server_list import beside
from common.nearest import nearest
from common.toml_lines import line_of
from protocol import links
from protocol.names import BadNameError, check_user_name

Value = str | float | bool | tuple[str, ...]
_YES, _NO = ("on", "yes", "true", "1"), ("off", "no", "false", "0")


class SettingError(ValueError):
    """There is no such setting, or it can't be that; the text says what can be."""


class Setting(msgspec.Struct, frozen=True):
    """One of them. `kind` says what can be chosen; `choices` are the values of a choice."""

    name: str
    help: str
    kind: Literal["text", "number", "switch", "choice", "theme", "words"]
    default: Value
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = 0

    @property
    def allowed(self) -> str:
        """What it can be, in words."""
        match self.kind:
            case "switch":
                return "on or off (in the file true or false)"
            case "number":
                return f"a number from {self.least:g} to {self.most:g}"
            case "choice":
                return "one of " + ", ".join(self.choices)
            case "theme":
                return "a theme: /theme lists them"
            case "words":
                return "words with blanks between them (in the file a list of them)"
            case "text":
                return "a text"

    def shown(self, value: object) -> str:
        """A value as one writes it."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, tuple):
            return " ".join(value)
        return f"{value:g}" if isinstance(value, float | int) else str(value)

    def value(self, text: str) -> Value:
        """What a person wrote. Raises `SettingError`."""
        text = text.strip()
        match self.kind:
            case "switch" if text.lower() in (*_YES, *_NO):
                return text.lower() in _YES
            case "number":
                return self._number(text)
            case "choice" if text in self.choices:
                return text
            case "text" | "theme":
                return self._checked(text)
            case "words":
                return self._words(text)
        raise SettingError(f"{self.name} is {self.allowed}, not {text!r}.")

    def _checked(self, text: str) -> str:
        try:
            if self.name == "name" and text:
                return check_user_name(text)
            if self.name == "server" and text:
                _check_place(text)
        except (BadNameError, links.LinkError) as error:
            raise SettingError(str(error)) from error
        return text

    @staticmethod
    def _words(text: str) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(map(good_word, text.split())))
        except ValueError as error:
            raise SettingError(str(error)) from error

    def _number(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = self.least - 1
        if not self.least <= number <= self.most:
            raise SettingError(f"{self.name} is {self.allowed}, not {text!r}.")
        return int(number) if number.is_integer() else number


def _hints() -> dict[str, tuple[Any, Meta]]:
    """The type of each field, and what is said of it."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        name: get_args(hint) if get_origin(hint) is Annotated else (hint, Meta())
        for name, hint in hints.items()
    }


def _described() -> dict[str, Setting]:
    defaults = Settings()
    found = {}
    for name, (kind, meta) in _hints().items():
        default, text = getattr(defaults, name), meta.description or ""
        if name == "theme":
            found[name] = Setting(name, text, "theme", default)
        elif get_origin(kind) is Literal:
            found[name] = Setting(name, text, "choice", default, choices=get_args(kind))
        elif kind is bool:
            found[name] = Setting(name, text, "switch", default)
        elif kind is float or kind is int:
            found[name] = Setting(name, text, "number", default, least=meta.ge or 0, most=meta.le or 0)
        elif kind == tuple[str, ...]:
            found[name] = Setting(name, text, "words", default)
        elif kind is str:
            found[name] = Setting(name, text, "text", default)
    return found


SETTINGS = _described()
"""All that are one value. The tables of keys are changed in the file, the servers by their own commands."""


def find(name: str) -> Setting:
    """The setting of that name. Raises `SettingError`."""
    if name in SETTINGS:
        return SETTINGS[name]
    if name in (hints := _hints()):
        raise SettingError(f"/set does not change {name}. {hints[name][1].description}")
    near = nearest(name, SETTINGS)
    hint = f"did you mean {near}?" if near else "/set lists them."
    raise SettingError(f"There is no setting {name}: {hint}")


def _check_place(text: str) -> None:
    if text != LOCAL:
        links.parse(text)


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[str], object], str]]:
    """What is in each field that is a text of a certain form, and what says whether it can be."""
    names = [settings.name, *(one.name for one in beside(settings))]
    yield from (("servers" if at else "name", check_user_name, name) for at, name in enumerate(names) if name)
    if settings.server:
        yield "server", _check_place, settings.server
    yield from (("servers", _check_place, one.place) for one in beside(settings))
    yield from (("highlights", good_word, word) for word in settings.highlights)


def mistakes(settings: Settings, *fields: str) -> list[Mistake]:
    """What is in the settings and can't be; only in these `fields`, if any are named."""
    found = []
    for field, check, text in _checks(settings):
        try:
            if not fields or field in fields:
                check(text)
        except ValueError as error:
            found.append(Mistake((field,), str(error)))
    return found


def sorted_out(table: dict[str, Any]) -> tuple[Settings, list[Mistake]]:
    """What a settings file says, as far as it is of the right form; and where it is not."""
    right: dict[str, Any] = {}
    wrong: list[Mistake] = []
    for name, raw in table.items():
        if name not in _hints():
            near = nearest(name, _hints())
            hint = f": did you mean {near}?" if near else ""
            wrong.append(Mistake((name,), f"there is no such setting{hint}"))
        elif name in TABLES and isinstance(raw, dict):
            bad = [key for key, its in raw.items() if not _has_form(name, {key: its})]
            wrong += [Mistake((name, key), f"has to be {TABLES[name]}, not {raw[key]!r}") for key in bad]
            right[name] = {key: its for key, its in raw.items() if key not in bad}
        elif _has_form(name, raw):
            right[name] = raw
        else:
            allowed = SETTINGS[name].allowed if name in SETTINGS else FORMS[name]
            wrong.append(Mistake((name,), f"has to be {allowed}, not {raw!r}"))
    return msgspec.convert(right, Settings), wrong


def located(mistakes: Sequence[Mistake], text: str) -> list[str]:
    """A line for each, with its place in the settings file that has this text."""
    path, told = config_file(), []
    for mistake in mistakes:
        line = line_of(text, *mistake.path)
        told.append(
            f"{path}:{line}: {mistake}" if line else f"{path}: {mistake}" if mistake.path else str(mistake)
        )
    return told


TABLES = dict.fromkeys(("keys", "message_keys"), 'a key or several, as in "ctrl+t" or ["f5", "alt+up"]')
"""What stands behind each name in the tables of keys."""

FORMS = {
    **{name: f"a table: write the keys below a line [{name}]" for name in TABLES},
    "servers": 'a list, as in ["chat.example.org", {place = "10.0.0.7", name = "eve"}]',
}


def _has_form(name: str, raw: object) -> bool:
    try:
        msgspec.convert({name: raw}, Settings)
    except msgspec.ValidationError:
        return False
    return True


def require(settings: Settings, *fields: str) -> None:
    """What is in these fields can be used. Raises `ConfigError`."""
    for mistake in mistakes(settings, *fields):
        raise ConfigError(f"{config_file()}: {mistake}")


def changed(settings: Settings, changes: dict[str, Value]) -> Settings:
    """The settings with these values instead."""
    return msgspec.structs.replace(settings, **changes)


def setting_table() -> str:
    """The settings as a table in Markdown, for the documentation."""
    rows = ["| setting | default | |", "|---|---|---|"]
    for one in SETTINGS.values():
        default = one.default
        shown = f'"{default}"' if isinstance(default, str) else one.shown(default)
        if isinstance(default, bool):
            shown = str(default).lower()
        elif isinstance(default, tuple):
            shown = str(list(default))
        rows.append(f"| `{one.name}` | `{shown}` | {one.help} |")
    return "\n".join(rows)
