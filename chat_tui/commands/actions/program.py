"""The program itself."""

from chat_tui.client.errors import ClientError
from chat_tui.commands import registry
from chat_tui.commands.actions.base import Base
from chat_tui.commands.keymap import Keymap
from chat_tui.commands.registry import Command
from chat_tui.config.fields import SETTINGS, Setting, SettingError, find


class ProgramActions(Base):
    """Commands about the program."""

    async def do_help(self, command: str) -> None:
        """`/help [command]`."""
        if not command:
            self._view.show_help()
            return
        found = registry.BY_NAME.get(command.removeprefix("/").lower())
        if found is None:
            raise ClientError(f"There is no command {command}. /help lists them all.")
        self._view.tell(describe(found, self._view.keys))

    async def do_clear(self) -> None:
        """`/clear`."""
        self._view.clear()

    async def do_redraw(self) -> None:
        """`/redraw`."""
        self._view.draw_anew()

    async def do_reconnect(self) -> None:
        """`/reconnect`."""
        self._client.reconnect()

    async def do_theme(self, name: str) -> None:
        """`/theme [name]`."""
        themes = self._view.themes()
        if not name:
            self._view.tell(f"The theme is {themes[0]}. Others: {', '.join(themes[1:])}")
        elif name in themes:
            self._view.set_settings(theme=name)
        else:
            raise ClientError(f"There is no theme {name}. /theme lists them.")

    async def do_settings(self) -> None:
        """`/settings`."""
        self._view.show_settings()

    async def do_set(self, name: str, text: str) -> None:
        """`/set [name] [value]`."""
        values = self._view.settings
        if not name:
            lines = [f"{one.name} = {one.shown(getattr(values, one.name))}" for one in SETTINGS.values()]
            self._view.tell("\n".join(lines))
            return
        try:
            one = find(name.lower())
            if text == "":
                now = one.shown(getattr(values, one.name))
                self._view.tell(f"{one.name} = {now}. {one.help} It can be {one.allowed}.")
            else:
                self._set(one, text)
        except SettingError as error:
            raise ClientError(str(error)) from error

    def _set(self, one: Setting, text: str) -> None:
        value = one.value(text)
        if one.kind == "theme" and value not in self._view.themes():
            raise ClientError(f"There is no theme {value}. /theme lists them.")
        self._view.set_settings(**{one.name: value})
        self._view.tell(f"{one.name} = {one.shown(value)}")

    async def do_hints(self, text: str) -> None:
        """`/hints [on/off]`."""
        await self.do_set("hints", text)

    async def do_bare(self) -> None:
        """`/bare`."""
        self._view.flip_bare()

    async def do_roomlist(self) -> None:
        """`/roomlist`."""
        self._view.flip("rooms")

    async def do_people(self) -> None:
        """`/people`."""
        self._view.flip("people")

    async def do_version(self) -> None:
        """`/version`."""
        import importlib.metadata  # 20 ms that nobody shall wait for at the start

        self._view.tell(f"chat-tui {importlib.metadata.version('chat-tui')}")

    async def do_quit(self) -> None:
        """`/quit`."""
        self._view.quit()


def describe(command: Command, keys: Keymap) -> str:
    """What `/help command` shows."""
    lines = [f"{command.usage} - {command.help}"]
    if command.aliases:
        lines.append(f"Also: {', '.join('/' + alias for alias in command.aliases)}")
    if shown := keys.shown(command):
        lines.append(f"Keys: {shown}")
    if command.example:
        lines.append(f"Example: {command.example}")
    return "\n".join(lines)
