"""Carries commands out: gives each the parts of the screen that it names, and shows what it returns."""

from collections.abc import Awaitable, Mapping

from textual.screen import Screen

from chat_tui.client.errors import ClientError
from chat_tui.commands.parser import Call
from chat_tui.commands.targets import joined
from chat_tui.tui.widgets.composer.compose_area import ComposeArea
from chat_tui.tui.widgets.room_panes import RoomPanes


class CommandRunner:
    """Knows the `parts` by the names that commands have for them; besides them there are `current`, the room
    that one is in or None, and `here`, that room where a command needs one."""

    def __init__(
        self, screen: Screen[None], panes: RoomPanes, compose: ComposeArea, parts: Mapping[str, object]
    ) -> None:
        self._screen = screen
        self._panes = panes
        self._compose = compose
        self._parts = {"screen": screen, "panes": panes, "compose": compose, **parts}

    def run(self, call: Call) -> None:
        """Do it: at once if the command does so, so that keys behind it find it done."""
        try:
            done = call.command.run(self.part, call.arguments)
        except ClientError as error:
            self._panes.complain(str(error))
            self._compose.command_done(call)
            return
        if isinstance(done, Awaitable):
            self._screen.run_worker(self._finish(call, done), group="commands")
        else:
            self._compose.command_done(call)
            if done is not None:
                self._panes.tell(done)

    async def _finish(self, call: Call, done: Awaitable[str | None]) -> None:
        try:
            text = await done
            if text is not None:
                self._panes.tell(text)
        except ClientError as error:
            self._panes.complain(str(error))
        finally:
            self._compose.command_done(call)

    def part(self, name: str) -> object:
        """What a command means by the name of a parameter. Raises `ClientError` if that is not there now."""
        if name == "here":
            return joined(self._panes.current)
        return self._panes.current if name == "current" else self._parts[name]
