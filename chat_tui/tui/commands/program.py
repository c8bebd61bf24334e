"""The program itself: settings, themes."""

from typing import TYPE_CHECKING, Final

from chat_tui.client.errors import ClientError
from chat_tui.commands.registry import Argument, command
from chat_tui.config.fields import SETTINGS, SettingError, find

if TYPE_CHECKING:
    from chat_tui.tui.appearance import Appearance
    from chat_tui.tui.screens.main import MainScreen

AREA: Final = "This program"


@command("settings", "Change the settings, with a preview.", AREA, aliases=("config",), keys=("f2",))
def open_settings(appearance: "Appearance") -> None:
    appearance.open_settings()


@command(
    "set",
    "Show the settings, or change one.",
    AREA,
    arguments=(
        Argument("setting", optional=True, completes="setting"),
        Argument("value", optional=True, rest=True),
    ),
    example="/set notifications bell",
)
def set_one(appearance: "Appearance", name: str, text: str) -> str:
    values = appearance.settings
    if not name:
        return "\n".join(f"{one.name} = {one.shown(getattr(values, one.name))}" for one in SETTINGS.values())
    try:
        one = find(name.lower())
        if text == "":
            now = one.shown(getattr(values, one.name))
            return f"{one.name} = {now}. {one.help} It can be {one.allowed}."
        value = one.value(text)
    except SettingError as error:
        raise ClientError(str(error)) from error
    if one.kind == "theme" and value not in appearance.themes():
        raise ClientError(f"There is no theme {value}. /theme lists them.")
    appearance.change(**{one.name: value})
    return f"{one.name} = {one.shown(value)}"


@command(
    "theme",
    "List the themes, or change to one.",
    AREA,
    arguments=(Argument("name", optional=True, completes="theme"),),
    example="/theme chat-light",
)
def theme(appearance: "Appearance", name: str) -> str | None:
    themes = appearance.themes()
    if not name:
        return f"The theme is {themes[0]}. Others: {', '.join(themes[1:])}"
    if name not in themes:
        raise ClientError(f"There is no theme {name}. /theme lists them.")
    appearance.change(theme=name)
    return None


@command(
    "hints",
    "Show hints about keys, one at a time: on or off.",
    AREA,
    arguments=(Argument("on/off", optional=True),),
    example="/hints off",
)
def hints(appearance: "Appearance", text: str) -> str:
    return set_one(appearance, "hints", text)


@command("redraw", "Redraw the whole screen, if something has garbled it.", AREA, keys=("ctrl+l",))
def redraw(screen: "MainScreen") -> None:
    screen.app.refresh(repaint=True, layout=True)


@command("version", "Show the version of this program.", AREA)
def version() -> str:
    import importlib.metadata  # 20 ms that nobody shall wait for at the start

    return f"chat-tui {importlib.metadata.version('chat-tui')}"


@command("quit", "Quit.", AREA, aliases=("q", "exit"), keys=("ctrl+q",))
def leave_program(screen: "MainScreen") -> None:
    screen.app.exit()
