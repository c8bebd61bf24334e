"""What the main screen does about going somewhere else: opens the switcher, and does what was chosen in it.

A part of the main screen, in a module of its own; knows the client, and gives what was chosen to the
commands.
"""

from chat_tui.client.room import Room
from chat_tui.commands import connection_summary, registry
from chat_tui.commands.parser import Call
from chat_tui.commands.registry import Command
from chat_tui.tui.screens.server_switching import Neighbours
from chat_tui.tui.screens.switcher import Switcher, Target
from protocol.names import fold


class Switching(Neighbours):
    """See the module."""

    def choose_room(self) -> None:
        """See `View`."""
        here = self.current
        rooms = [room for room in self.around.rooms(self._order()) if room is not here]
        rooms.sort(key=lambda room: not room.unread and not self.around.visited(room))
        if here is not None:
            rooms.append(here)  # one is there, but may look for it all the same
        targets = [_room(room, here=room is here) for room in rooms]
        targets += [
            _room(room, here=False, server=connection_summary.name(client))
            for client in self.others
            for room in sorted(client.rooms.values(), key=lambda room: not room.unread)
            if not room.unused
        ]
        known = {fold(room.title) for room in rooms}
        beings = [*self.around.people(here), *self.around.strangers(here)]
        targets += [
            Target("person", f"@{being.name}", being.about)
            for being in beings
            if fold(f"@{being.name}") not in known
        ]
        targets += [
            Target("command", f"/{command.name}", command.help, self.keys.shown(command), command.aliases)
            for command in registry.slash_commands()
            if command.name != "switch"
        ]
        self.app.push_screen(Switcher(targets), self._go_to)

    def _go_to(self, target: Target | None) -> None:
        if target is None:
            return
        match target.kind:
            case "room" if target.server:
                self.servers.enter(target.server, target.name)
            case "room" | "person":
                self._do(Call(registry.BY_NAME["join"], (target.name,)))
            case "command":
                self._run_or_begin(registry.BY_NAME[target.name.removeprefix("/")])

    def _run_or_begin(self, command: Command) -> None:
        """Do it, or let the person write what it needs."""
        if all(argument.optional for argument in command.arguments):
            self._do(Call(command, ("",) * len(command.arguments)))
            return
        if self._composer.text.strip():
            self._composer.remember(self._composer.text)
            self.app.notify("Your text is kept: Up brings it back", timeout=5)
        self._composer.put(f"/{command.name} ")
        self._composer.learned()


def _room(room: Room, *, here: bool, server: str = "") -> Target:
    about = "you are here" if here else f"on {server}" if server else room.topic
    aliases = (server,) if server else ()
    return Target("room", room.title, about, aliases=aliases, unread=room.unread, server=server)
