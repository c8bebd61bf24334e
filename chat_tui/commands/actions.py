"""What each typed command does: a method per command, named `do_` and the command's name.

Knows the client, and of the screen only what `View` says; so a command is the same whether it was typed,
chosen from a list, or its key was pressed.
"""

import importlib.metadata
from datetime import datetime
from typing import Protocol

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from chat_tui.commands import registry
from chat_tui.commands.parser import Call
from chat_tui.commands.registry import Command
from protocol import frames
from protocol.names import BadNameError, check_room_name
from protocol.text import clean_line

FOUND = 50
"""What `/search` shows at most."""


class View(Protocol):
    """What commands need of the screen."""

    @property
    def current(self) -> Room | None:
        """The room in view."""

    def tell(self, text: str) -> None:
        """Show some lines in the log, to this person only."""

    def open_room(self, name: str) -> None:
        """Bring a room into view."""

    def step_room(self, step: int) -> None:
        """Bring the room that many places further down the list into view."""

    def room_at(self, number: int) -> str | None:
        """The name of the room at that place of the list, counted from 1."""

    def choose_room(self) -> None:
        """Let the person choose a room."""

    def show_help(self) -> None:
        """Show all commands and keys."""

    def clear(self) -> None:
        """Empty the log in view."""

    def flip(self, pane: str) -> None:
        """Show or hide a side pane: `rooms` or `people`."""

    def themes(self) -> list[str]:
        """The themes there are, the one in use first."""

    def set_theme(self, name: str) -> None:
        """Use a theme, and remember it."""

    def set_draft(self, text: str) -> None:
        """Put text into the composer."""

    def name_changed(self) -> None:
        """The user has another name now; remember it if the old one was remembered."""

    def quit(self) -> None:
        """End the program."""


class Actions:
    """See the module."""

    def __init__(self, client: Client, view: View) -> None:
        self._client = client
        self._view = view

    async def run(self, call: Call) -> None:
        """Do it. Raises `ClientError` with what went wrong."""
        await getattr(self, f"do_{call.command.name}")(*call.arguments)

    def _here(self) -> Room:
        room = self._view.current
        if room is None:
            raise ClientError("You are in no room. /join #name enters one, /rooms lists them.")
        return room

    # --- rooms

    async def do_join(self, room: str) -> None:
        """`/join #room`."""
        name = _room_name(room)
        if name in self._client.rooms:
            self._view.open_room(name)
        else:
            await self._client.join(name)

    async def do_leave(self, room: str) -> None:
        """`/leave [#room]`."""
        await self._client.leave(_room_name(room) if room else self._here().name)

    async def do_rooms(self) -> None:
        """`/rooms`."""
        result = await self._client.list_rooms()
        names = [clean_line(info.room, 40) for info in result.rooms]
        width = max(map(len, names), default=0)
        lines = [f"{result.total} room{'s' * (result.total != 1)} on this server; /join #name enters one:"]
        for name, info in zip(names, result.rooms, strict=True):
            people = f"{info.members:>4} {'people' if info.members != 1 else 'person'}"
            here = "·" if info.joined else " "
            lines.append(f"{here} {name:<{width}} {people:<11}  {clean_line(info.topic, 80)}".rstrip())
        if result.total > len(names):
            lines.append(f"… and {result.total - len(names)} more")
        self._view.tell("\n".join(lines))

    async def do_topic(self, text: str) -> None:
        """`/topic [text]`."""
        room = self._here()
        if not text:
            self._view.tell(
                f"The topic of {room.name}: {room.topic}" if room.topic else f"{room.name} has no topic"
            )
        else:
            await self._client.set_topic(room.name, "" if text == "-" else text)

    async def do_switch(self, room: str) -> None:
        """`/switch [#room]`: a number or the beginning of a name will do."""
        if not room:
            self._view.choose_room()
            return
        name = self._view.room_at(int(room)) if room.isascii() and room.isdigit() else None
        wanted = room.removeprefix("#").casefold()
        matching = [one for one in self._client.rooms if one.removeprefix("#").startswith(wanted)]
        name = name or next(iter(sorted(matching, key=len)), None)
        if name is None:
            raise ClientError(f"You are in no room like {room}. /join {room} enters it.")
        self._view.open_room(name)

    async def do_next(self) -> None:
        """`/next`."""
        self._view.step_room(1)

    async def do_previous(self) -> None:
        """`/previous`."""
        self._view.step_room(-1)

    # --- people and messages

    async def do_me(self, text: str) -> None:
        """`/me text`."""
        self._client.say(self._here().name, text, frames.ACTION)

    async def do_nick(self, name: str) -> None:
        """`/nick name`."""
        await self._client.nick(name)
        self._view.name_changed()

    async def do_online(self) -> None:
        """`/online`."""
        result = await self._client.list_online()
        names = [clean_line(person.name, 32) for person in result.people]
        width = max(map(len, names), default=0)
        lines = [f"{result.total} {'people are' if result.total != 1 else 'person is'} online:"]
        for name, person in zip(names, result.people, strict=True):
            lines.append(
                f"  {name:<{width}}  {' '.join(clean_line(room, 40) for room in person.rooms)}".rstrip()
            )
        if result.total > len(names):
            lines.append(f"… and {result.total - len(names)} more")
        self._view.tell("\n".join(lines))

    async def do_search(self, words: str) -> None:
        """`/search words`."""
        found = self._client.search(words.split(), self._here().name, FOUND)
        lines = [f"{len(found)} message{'s' * (len(found) != 1)} with {clean_line(words, 60)}:"]
        for event in found:
            when = datetime.fromtimestamp(event.time / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
            lines.append(f"  {when} {event.sender}: {clean_line(event.text, 200)}")
        if len(found) == FOUND:
            lines.append("  older ones are left out")
        self._view.tell("\n".join(lines))

    async def do_retry(self) -> None:
        """`/retry`."""
        count = self._client.sender.retry(self._here().name)
        self._view.tell(
            f"Trying {count} message{'s' * (count != 1)} again" if count else "Nothing has failed here"
        )

    async def do_discard(self) -> None:
        """`/discard`: the last one comes back into the composer, so nothing is lost by mistake."""
        given_up = self._client.sender.discard(self._here().name)
        if not given_up:
            self._view.tell("Nothing has failed here")
            return
        self._view.set_draft(given_up[-1].text)
        self._view.tell(f"Discarded {len(given_up)}; the last one is in the input line")

    # --- the program

    async def do_help(self, command: str) -> None:
        """`/help [command]`."""
        if not command:
            self._view.show_help()
            return
        found = registry.BY_NAME.get(command.removeprefix("/").lower())
        if found is None:
            raise ClientError(f"There is no command {command}. /help lists them all.")
        self._view.tell(describe(found))

    async def do_clear(self) -> None:
        """`/clear`."""
        self._view.clear()

    async def do_reconnect(self) -> None:
        """`/reconnect`."""
        self._client.reconnect()

    async def do_theme(self, name: str) -> None:
        """`/theme [name]`."""
        themes = self._view.themes()
        if not name:
            self._view.tell(f"The theme is {themes[0]}. Others: {', '.join(themes[1:])}")
        elif name in themes:
            self._view.set_theme(name)
        else:
            raise ClientError(f"There is no theme {name}. /theme lists them.")

    async def do_roomlist(self) -> None:
        """`/roomlist`."""
        self._view.flip("rooms")

    async def do_people(self) -> None:
        """`/people`."""
        self._view.flip("people")

    async def do_version(self) -> None:
        """`/version`."""
        self._view.tell(f"chat-tui {importlib.metadata.version('chat-tui')}")

    async def do_quit(self) -> None:
        """`/quit`."""
        self._view.quit()


def describe(command: Command) -> str:
    """What `/help command` shows."""
    lines = [f"{command.usage} - {command.help}"]
    if command.aliases:
        lines.append(f"Also: {', '.join('/' + alias for alias in command.aliases)}")
    if command.keys:
        lines.append(f"Keys: {registry.key_names(command)}")
    if command.example:
        lines.append(f"Example: {command.example}")
    return "\n".join(lines)


def _room_name(text: str) -> str:
    try:
        return check_room_name(text)
    except BadNameError as error:
        raise ClientError(f"{text} can't be a room: {error}") from error
